"""From a layout to a label map: puts each thing in its place."""

from __future__ import annotations

import numpy as np

from citygan.errors import CityGANError
from citygan.streets import things
from citygan.streets.plans import Layout
from citygan.streets.scene import FAR_M, FENCE, ROAD, SIDEWALK, VEGETATION, Scene
from citygan.streets.specks import without_specks

MAX_SIDE_PX = 2048
SMALLEST_PX = 16  # two by two pixels of a model that sees half of the size
SIDES = (-1, 1)  # left, right
STOREY_M = 3.1
FENCE_FROM_M = 2.0


def draw(layout: Layout, seed: int, width_px: int, height_px: int) -> np.ndarray:
    """Draws a layout as a label map, `(H, W) uint8`.

    Raises:
        CityGANError: the size is out of range.
    """
    if not (16 <= width_px <= MAX_SIDE_PX and 16 <= height_px <= MAX_SIDE_PX):
        raise CityGANError(f"a street is 16 to {MAX_SIDE_PX} px wide and high, not {width_px} x {height_px}")
    rng = np.random.default_rng(seed)
    scene = Scene(width_px, height_px, rng, layout.horizon, layout.camera_x_m, layout.bend, layout.yaw)
    _ground(scene, layout)
    _distance(scene, layout)
    for side in SIDES:
        _behind_sidewalk(scene, layout, side)
        _kerb(scene, layout, side)
        _parked(scene, layout, side)
        _people(scene, layout, side)
    _traffic(scene, layout)
    return without_specks(scene.finish(), SMALLEST_PX)


def _of(pair: tuple, side: int):
    return pair[0] if side < 0 else pair[1]


def _opening(layout: Layout) -> tuple[float, float]:
    """From where to where a crossing street parts the houses."""
    return (layout.crossing_m - 5.0, layout.crossing_m + 5.0) if layout.crossing_m else (FAR_M, FAR_M)


def _ground(scene: Scene, layout: Layout) -> None:
    half, end = layout.road_m / 2, layout.end_m or FAR_M
    for side in SIDES:
        edge = half + _of(layout.sidewalk_m, side)
        paved = _of(layout.behind, side) == "houses"
        scene.ground(SIDEWALK if paved else VEGETATION, side * edge, side * 120.0)
        scene.ground(SIDEWALK, side * half, side * edge)
    if layout.end_m:
        scene.ground(SIDEWALK, -120.0, 120.0, end - 4.0, end + 4.0)
    if layout.crossing_m:
        near, far = _opening(layout)
        scene.ground(SIDEWALK, -120.0, 120.0, near, far)
        scene.ground(ROAD, -120.0, 120.0, near + 2.0, far - 2.0)
    scene.ground(ROAD, -half, half, z1=end - 4.0 if layout.end_m else FAR_M)


def _distance(scene: Scene, layout: Layout) -> None:
    """What closes the view: houses across the road, or trees and roofs at the horizon."""
    rng = scene.rng
    if layout.end_m:
        x = -70.0
        while x < 70.0:
            width, height = rng.uniform(8.0, 16.0), STOREY_M * (0.5 + rng.uniform(*layout.floors))
            scene.facade(x, x + width, layout.end_m + 4.0, height, rng.choice([0.0, 2.5]))
            x += width
        return
    for x in np.arange(-240.0, 240.0, 8.0):
        scene.tree(x, FAR_M - 8.0, rng.uniform(6.0, 12.0), rng.uniform(5.0, 7.5))
        if rng.random() < 0.2:
            scene.facade(x - 6.0, x + 7.0, FAR_M - 12.0, rng.uniform(6.0, 9.0), 3.0)


def _behind_sidewalk(scene: Scene, layout: Layout, side: int) -> None:
    edge = side * (layout.road_m / 2 + _of(layout.sidewalk_m, side))
    end = layout.end_m or 190.0
    kind = _of(layout.behind, side)
    if kind == "park":
        _park(scene, edge, side, end)
    elif kind == "meadow":
        _meadow(scene, edge, side)
    else:
        _houses(scene, layout, edge, side, end)


def _meadow(scene: Scene, edge: float, side: int) -> None:
    rng = scene.rng
    scene.hedge(edge + side * 26.0, 24.0, 120.0, 4.0)
    for z in rng.uniform(28.0, 110.0, 5):
        scene.tree(edge + side * rng.uniform(9.0, 30.0), z, rng.uniform(5.0, 9.0), rng.uniform(2.0, 3.2))


def _park(scene: Scene, edge: float, side: int, end: float) -> None:
    rng = scene.rng
    z = 9.0
    while z < end:
        height = rng.uniform(6.0, 11.0)
        scene.tree(edge + side * rng.uniform(4.5, 9.0), z, height, height * rng.uniform(0.36, 0.44))
        z += rng.uniform(4.0, 9.0)
    scene.hedge(edge + side * 11.0, 9.0, end, 4.0)
    if rng.random() < 0.4:
        scene.wall(
            FENCE, edge + side * 0.5, FENCE_FROM_M, rng.uniform(30.0, 70.0), 0.0, rng.uniform(1.0, 1.5)
        )


def _houses(scene: Scene, layout: Layout, edge: float, side: int, end: float) -> None:
    rng = scene.rng
    gardens = _of(layout.behind, side) == "gardens"
    near, far = _opening(layout)
    z = -2.0
    while z < end:
        if near - 1.0 <= z < far:
            z = far
        length = rng.uniform(6.0, 16.0)
        if z < near:
            length = min(length, near - z)
        set_back = rng.uniform(4.0, 6.0) if gardens else rng.uniform(0.0, 0.7)
        height = STOREY_M * rng.integers(layout.floors[0], layout.floors[1] + 1) + rng.uniform(0.0, 1.2)
        roof = 2.8 if gardens else rng.choice([0.0, 2.0, 3.2])
        scene.house(edge + side * set_back, z, z + length, height, roof, side * 10.0)
        if gardens:
            _garden(scene, edge, side, z, z + length)
        z += length + (rng.uniform(1.0, 5.0) if gardens else rng.choice([0.0, 0.0, 0.0, 2.5]))


def _garden(scene: Scene, edge: float, side: int, z0: float, z1: float) -> None:
    rng = scene.rng
    border = rng.choice(["fence", "hedge", "open"], p=[0.4, 0.4, 0.2])
    if border == "fence" and z1 > FENCE_FROM_M:
        scene.wall(FENCE, edge + side * 0.3, max(z0, FENCE_FROM_M), z1, 0.0, rng.uniform(0.9, 1.4))
    elif border == "hedge":
        scene.hedge(edge + side * 0.9, max(z0, 5.0), z1, rng.uniform(1.2, 1.7))
    if rng.random() < 0.4 and z1 > 10.0:
        scene.tree(edge + side * 2.6, z1 - 1.0, rng.uniform(4.0, 6.5), rng.uniform(1.4, 2.2))


def _kerb(scene: Scene, layout: Layout, side: int) -> None:
    """Trees, lamps, signs, bollards and rails at the edge of the road."""
    rng = scene.rng
    half, end = layout.road_m / 2, (layout.end_m - 5.0 if layout.end_m else 130.0)
    near, far = _opening(layout)
    kerb = side * (half + 0.6)
    every_m = _of(layout.trees_every_m, side)
    for z in np.arange(rng.uniform(8.0, 14.0), end, every_m) if every_m else ():
        if not near - 1.0 < z < far + 1.0:
            height = rng.uniform(*layout.tree_height_m)
            scene.tree(kerb + side * 0.5, z, height, height * layout.crown * rng.uniform(0.85, 1.1))
    for z in np.arange(rng.uniform(8.0, 18.0), end, layout.lamps_every_m) if layout.lamps_every_m else ():
        things.lamp(scene, kerb, z, rng.uniform(6.5, 8.5), -side * rng.uniform(0.8, 1.8))
    for z in rng.uniform(9.0, 45.0, layout.signs):
        kind = rng.choice(things.SIGN_KINDS)
        things.sign(scene, kerb + side * rng.uniform(0.0, 0.8), z, kind, rng.uniform(2.1, 2.8))
    for z in (near - 0.5, far + 0.5) if layout.crossing_m else ():
        things.sign(scene, kerb, z, "light", 2.3)
    for z in np.arange(5.0, min(end, 45.0), 2.6) if _of(layout.bollards, side) else ():
        things.bollard(scene, side * (half + 0.3), z)
    if _of(layout.rails, side):
        scene.wall(FENCE, kerb, FENCE_FROM_M, 160.0, 0.3, 0.85)


def _parked(scene: Scene, layout: Layout, side: int) -> None:
    rng = scene.rng
    near, far = _opening(layout)
    x = side * (layout.road_m / 2 - 1.05)
    room = abs(x - layout.camera_x_m)  # a car right beside the camera would fill the picture
    for z in np.arange(4.0 + 14.0 / room + rng.uniform(0.0, 4.0), min(layout.end_m or 90.0, 90.0) - 6.0, 5.6):
        if rng.random() < _of(layout.parked, side) and not near - 4.0 < z < far + 4.0:
            things.car(scene, x, z, rng.uniform(-0.03, 0.03), rng.choice(["car", "van"], p=[0.85, 0.15]))


def _people(scene: Scene, layout: Layout, side: int) -> None:
    rng = scene.rng
    farthest = min(layout.end_m or 60.0, 60.0)
    z = 5.5
    for _ in range(_of(layout.people, side)):
        z = z * rng.uniform(1.12, 1.5) + rng.uniform(0.0, 1.5)
        if z > farthest:
            z = rng.uniform(7.0, farthest)
        x = side * (layout.road_m / 2 + rng.uniform(0.25, 0.85) * max(_of(layout.sidewalk_m, side), 1.5))
        things.person(scene, x, z, rng.uniform(1.55, 1.86))
        if rng.random() < 0.35:
            things.person(scene, x + rng.uniform(0.45, 0.6), z + 0.2, rng.uniform(1.5, 1.8))


def _traffic(scene: Scene, layout: Layout) -> None:
    rng = scene.rng
    lane = layout.road_m / 4
    for kind, distances in (("car", layout.cars), ("bus", layout.buses)):
        for z in distances:
            x = (-lane if z > 0 else lane) + rng.uniform(-0.3, 0.3)
            things.car(scene, x, abs(z), rng.uniform(-0.02, 0.02), kind)
    for z in layout.riders:
        across = bool(layout.crossing_m) and rng.random() < 0.5
        things.rider(
            scene, rng.uniform(0.9, 2.2) - layout.road_m / 2, layout.crossing_m if across else z, across
        )
    if layout.crossing_m:
        for x in rng.uniform(8.0, 16.0, 2) * SIDES:
            things.car(scene, x, layout.crossing_m + 1.4, np.pi / 2)
        things.person(scene, rng.uniform(-3.0, 3.0), layout.crossing_m - 4.0, 1.75)
    if layout.gantry_m:
        things.gantry(scene, -layout.road_m / 2 - 1.5, layout.road_m / 2 + 1.5, layout.gantry_m)
