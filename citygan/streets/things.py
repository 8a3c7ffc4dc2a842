"""What stands and moves on a street. Each function adds one thing to a scene; lengths are in metres.

As in CamVid's labels, traffic lights are signs, buses are cars, and a bicycle belongs to its rider.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from citygan.streets.scene import CAR, PERSON, POLE, RIDER, SIGN, Point, Scene

SIGN_KINDS = ("disc", "triangle", "board", "light")
_HALF_SIZES = {"disc": (0.36, 0.36), "triangle": (0.42, 0.38), "board": (0.6, 0.45), "light": (0.2, 0.55)}

# Convex bodies as two layers of (height, front, back, half width): bumpers, shoulders, cabin.
_BODIES = {
    "car": (
        ((0.3, 2.0, -2.0, 0.8), (0.55, 2.12, -2.12, 0.86)),
        ((0.55, 2.12, -2.12, 0.86), (0.92, 1.75, -2.05, 0.84)),
        ((0.85, 1.15, -1.95, 0.8), (1.46, 0.3, -1.35, 0.6)),
    ),
    "van": (
        ((0.3, 2.4, -2.4, 0.92), (0.95, 2.35, -2.45, 0.95)),
        ((0.95, 2.3, -2.45, 0.95), (1.95, 1.3, -2.35, 0.85)),
    ),
    "bus": (
        ((0.35, 5.4, -5.4, 1.22), (2.8, 5.4, -5.4, 1.25)),
        ((2.8, 5.3, -5.3, 1.25), (3.1, 5.0, -5.0, 1.1)),
    ),
}
_AXLES = {"car": (-1.3, 1.35), "van": (-1.5, 1.55), "bus": (-3.2, 3.6)}

# Parts of upright figures in units of their own height, feet at (0, 0).
_TORSO = [(-0.1, 0.84), (0.1, 0.84), (0.125, 0.78), (0.1, 0.46), (-0.1, 0.46), (-0.125, 0.78)]
_COAT = [(-0.1, 0.6), (0.1, 0.6), (0.13, 0.34), (-0.13, 0.34)]
_FROM_BEHIND = (
    _TORSO,
    [(-0.1, 0.5), (-0.02, 0.5), (-0.04, 0.14), (-0.1, 0.16)],  # legs
    [(0.1, 0.5), (0.02, 0.5), (0.05, 0.24), (0.11, 0.26)],
    [(-0.12, 0.8), (-0.2, 0.56), (0.2, 0.56), (0.12, 0.8)],  # arms and handlebar
)
_FROM_THE_SIDE = (
    [(-0.3, 0.18), (-0.12, 0.5), (0.22, 0.5), (0.32, 0.18), (0.26, 0.2), (0.0, 0.14), (-0.26, 0.2)],  # frame
    [(-0.2, 0.52), (0.04, 0.84), (0.13, 0.8), (0.28, 0.56), (0.22, 0.54), (0.1, 0.66), (0.0, 0.48)],  # body
    [(-0.2, 0.54), (-0.02, 0.5), (0.1, 0.36), (0.04, 0.12), (-0.04, 0.12), (0.0, 0.34), (-0.2, 0.44)],  # leg
)


def lamp(scene: Scene, x: float, z: float, height: float, arm: float) -> None:
    """A lamp post; `arm` is how far its arm reaches to the right, or, negative, to the left."""

    def draw() -> None:
        _post(scene, x, z, height, 0.16)
        joint, elbow = scene.project(x, height, z), scene.project(x + arm, height + 0.25, z)
        head = scene.project(x + arm * 1.3, height + 0.2, z)
        scene.canvas.line([joint, elbow], fill=POLE, width=_thickness(scene, 0.1, z))
        scene.canvas.line([elbow, head], fill=POLE, width=_thickness(scene, 0.22, z))

    scene.add(z, draw)


def bollard(scene: Scene, x: float, z: float) -> None:
    """A post that keeps cars off the sidewalk."""
    scene.add(z, lambda: _post(scene, x, z, 1.0, 0.14))


def sign(scene: Scene, x: float, z: float, kind: str, height: float) -> None:
    """A post of `height` with one of `SIGN_KINDS` on it."""
    half_width, half_height = _HALF_SIZES[kind]

    def draw() -> None:
        _post(scene, x, z, height, 0.09)
        left, top = scene.project(x - half_width, height + 2 * half_height, z)
        right, bottom = scene.project(x + half_width, height, z)
        right, bottom = max(right, left + 3), max(bottom, top + 3)
        if kind == "disc":
            scene.canvas.ellipse([left, top, right, bottom], fill=SIGN)
        elif kind == "triangle":
            scene.fill(SIGN, [(left, bottom), (right, bottom), ((left + right) / 2, top)])
        else:
            scene.canvas.rectangle([left, top, right, bottom], fill=SIGN)

    scene.add(z, draw)


def gantry(scene: Scene, x0: float, x1: float, z: float) -> None:
    """A bridge of signs over the road."""

    def draw() -> None:
        for x in (x0, x1):
            _post(scene, x, z, 6.8, 0.36)
        scene.fill_upright(POLE, [(x0, 6.4), (x1, 6.4), (x1, 6.9), (x0, 6.9)], z)
        for start, end in ((0.12, 0.44), (0.56, 0.9)):
            a, b = x0 + (x1 - x0) * start, x0 + (x1 - x0) * end
            scene.fill_upright(SIGN, [(a, 5.3), (b, 5.3), (b, 8.1), (a, 8.1)], z)

    scene.add(z, draw)


def car(scene: Scene, x: float, z: float, turn: float = 0.0, kind: str = "car") -> None:
    """A "car", "van" or "bus" around (x, z), turned by `turn` radians from the road's direction."""

    def draw() -> None:
        for layers in _BODIES[kind]:
            body = [(a, s * half, y) for y, *ends, half in layers for a in ends for s in (-1, 1)]
            _fill_body(scene, body, x, z, turn)
        for axle in _AXLES[kind]:
            for side in (-1, 1):
                rim = [(0.33 * math.cos(a), 0.33 * math.sin(a)) for a in np.linspace(0, math.tau, 10)]
                tire = [(axle + a, side * half, 0.33 + y) for a, y in rim for half in (0.6, 0.82)]
                _fill_body(scene, tire, x, z, turn)

    scene.add(z, draw)


def person(scene: Scene, x: float, z: float, height: float) -> None:
    """Somebody on foot, in the middle of a step."""
    swing, reach, coat = scene.rng.uniform(0.02, 0.13), scene.rng.uniform(0.0, 0.1), scene.rng.random() < 0.4
    parts = [_TORSO, _COAT] if coat else [_TORSO]
    for side, hand in ((-1, 0.15 + reach), (1, 0.25 - reach)):
        leg = [(0.095, 0.5), (-0.01, 0.5), (swing - 0.03, 0.02), (swing + 0.06, 0.0)]
        arm = [(0.1, 0.83), (0.13, 0.8), (hand, 0.48), (hand - 0.05, 0.46)]
        parts += [[(side * px, py) for px, py in part] for part in (leg, arm)]
    scene.add(z, lambda: _figure(scene, PERSON, x, z, height, parts, [(0.0, 0.925, 0.06, 0.075)]))


def rider(scene: Scene, x: float, z: float, sideways: bool) -> None:
    """Somebody on a bicycle, seen from the side or from behind."""
    if sideways:
        parts = _FROM_THE_SIDE
        discs = [(-0.3, 0.19, 0.19, 0.19), (0.32, 0.19, 0.19, 0.19), (0.14, 0.9, 0.06, 0.075)]
    else:
        parts, discs = _FROM_BEHIND, [(0.0, 0.92, 0.065, 0.075), (0.0, 0.2, 0.035, 0.2)]
    scene.add(z, lambda: _figure(scene, RIDER, x, z, 1.8, parts, discs))


def _thickness(scene: Scene, metres: float, z: float) -> int:
    return max(2, round(scene.pixels(metres, z)))


def _post(scene: Scene, x: float, z: float, height: float, width: float) -> None:
    (u, top), (_, bottom) = scene.project(x, height, z), scene.project(x, 0, z)
    width_px = _thickness(scene, width, z)
    scene.canvas.rectangle([u - width_px / 2, top, u + width_px / 2 - 1, bottom], fill=POLE)


def _figure(
    scene: Scene, class_id: int, x: float, z: float, height: float, parts: Iterable[list[Point]], discs: list
) -> None:
    """Draws polygons and (x, y, x radius, y radius) discs that are given in units of the figure's height."""
    u, v = scene.project(x, 0, z)
    scale = scene.pixels(height, z)
    for part in parts:
        scene.fill(class_id, [(u + scale * px, v - scale * py) for px, py in part])
    for px, py, rx, ry in discs:
        box = [u + scale * (px - rx), v - scale * (py + ry), u + scale * (px + rx), v - scale * (py - ry)]
        scene.canvas.ellipse(box, fill=class_id)


def _fill_body(scene: Scene, corners: list, x: float, z: float, turn: float) -> None:
    """Draws the outline of a convex body given by (along, across, up) around the ground at (x, z)."""
    sin, cos = math.sin(turn), math.cos(turn)
    points = [scene.project(x + a * sin + w * cos, y, z + a * cos - w * sin) for a, w, y in corners]
    scene.fill(CAR, _hull(points))


def _hull(points: list[Point]) -> list[Point]:
    """The convex hull of points, by Andrew's monotone chain."""

    def half(ordered: list[Point]) -> list[Point]:
        chain: list[Point] = []
        for p in ordered:
            while len(chain) > 1 and not _turns_left(chain[-2], chain[-1], p):
                chain.pop()
            chain.append(p)
        return chain[:-1]

    points = sorted(set(points))
    return half(points) + half(points[::-1])


def _turns_left(a: Point, b: Point, c: Point) -> bool:
    return (b[0] - a[0]) * (c[1] - a[1]) > (b[1] - a[1]) * (c[0] - a[0])
