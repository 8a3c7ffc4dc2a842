"""From a layout to a label map: puts each thing in its place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from citygan.errors import CityGANError
from citygan.streets import things
from citygan.streets.plans import Layout
from citygan.streets.scene import EYE_M, FAR_M, FENCE, FOCAL, ROAD, SEEN_M, SIDEWALK, VEGETATION, Scene
from citygan.streets.specks import without_specks
from citygan.streets.traffic import Traffic
from citygan.streets.view import STILL, Camera, View

MAX_SIDE_PX = 2048
SMALLEST_PX = 16  # two by two pixels of a model that sees half of the size
SIDES = (-1, 1)  # left, right
STOREY_M = 3.1
FENCE_FROM_M = 2.0
DRAWS_BACK = 0.6  # metres for each one driven
PARKED_M = 1.05  # from the kerb to the middle of a parked car
CLEARANCE_M = 2.5  # from there to who drives past, and from him to who comes toward him
WINDING = 0.0009  # the most that is added to a road's bend


def draw(layout: Layout, seed: int, width_px: int, height_px: int, view: View = STILL) -> np.ndarray:
    """Draws a layout as a label map, `(H, W) uint8`, from a place and at a moment of a drive along it.

    A drive never comes to an end: behind the layout stand blocks of the same kind, each from a seed of its
    own, and houses that close the view draw back.

    Raises:
        CityGANError: the size is out of range.
    """
    if not (16 <= width_px <= MAX_SIDE_PX and 16 <= height_px <= MAX_SIDE_PX):
        raise CityGANError(f"a street is 16 to {MAX_SIDE_PX} px wide and high, not {width_px} x {height_px}")
    rng = np.random.default_rng(seed)
    camera_x_m, bend = _camera_x(layout, view.at_m), _bend(layout, view.at_m)
    scene = Scene(width_px, height_px, rng, layout.horizon, camera_x_m, bend, layout.yaw)
    end = _end(layout, view.at_m)
    blocks = _blocks(layout, view.at_m) if view.moves else []
    _ground(scene, layout, end)
    for block, start in [(layout, 0.0), *((replace(layout, end_m=0.0), at) for _, at in blocks)]:
        scene.origin_m = start - view.at_m
        _crossing_ground(scene, block)
    scene.origin_m = 0.0
    _distance(scene, layout, end)
    scene.seen_m = end - 1.0 if end else SEEN_M
    scene.origin_m = -view.at_m
    traffic = Traffic(view, seed)
    _block(scene, layout, traffic)
    _traffic(scene, layout, traffic)
    _crossing(scene, layout, traffic)
    for number, start in blocks:
        scene.origin_m, scene.rng = start - view.at_m, np.random.default_rng((seed, number))
        _block(scene, replace(layout, end_m=0.0), traffic)
        _crossing(scene, replace(layout, gantry_m=0.0), traffic)
    label_map = scene.finish()
    return label_map if view.moves else without_specks(label_map, SMALLEST_PX)


def camera(layout: Layout, view: View = STILL) -> Camera:
    """What `draw` sees a layout with."""
    center = 0.5 + layout.yaw
    return Camera(view.at_m, FOCAL, EYE_M, layout.horizon, center, _bend(layout, view.at_m))


def _bend(layout: Layout, at_m: float) -> float:
    """A road winds: it is bent here in one way, and there in another."""
    return layout.bend + WINDING * np.sin(at_m / 80.0) * np.sin(at_m / 130.0)


def _camera_x(layout: Layout, at_m: float) -> float:
    """Who drives keeps clear of parked cars; the still street may be seen from among them."""
    if not layout.parked[0]:
        return layout.camera_x_m
    clear = max(layout.camera_x_m, PARKED_M + CLEARANCE_M - layout.road_m / 2)
    share = min(at_m / 15.0, 1.0)
    return layout.camera_x_m + (clear - layout.camera_x_m) * share**2 * (3.0 - 2.0 * share)


def _end(layout: Layout, at_m: float) -> float:
    """How far away houses close the view; 0 for an open road. They draw back from who comes near."""
    return min(layout.end_m + DRAWS_BACK * at_m, SEEN_M) if layout.end_m else 0.0


def _blocks(layout: Layout, at_m: float) -> list[tuple[int, float]]:
    """The blocks behind the layout that can be seen: the number of each, and where it starts."""
    first = layout.end_m or SEEN_M
    numbers = range(1, 3 + int(max(at_m - first, 0.0) // SEEN_M))
    starts = [(number, first + (number - 1) * SEEN_M) for number in numbers]
    return [(n, start) for n, start in starts if start + SEEN_M > at_m and start < at_m + SEEN_M]


def _block(scene: Scene, layout: Layout, traffic: Traffic) -> None:
    """What stands beside a stretch of the road, and who walks there."""
    for side in SIDES:
        _behind_sidewalk(scene, layout, side)
        _kerb(scene, layout, side)
        _parked(scene, layout, side)
        _people(scene, layout, side, traffic)


def _of(pair: tuple, side: int):
    return pair[0] if side < 0 else pair[1]


def _opening(layout: Layout) -> tuple[float, float]:
    """From where to where a crossing street parts the houses."""
    return (layout.crossing_m - 5.0, layout.crossing_m + 5.0) if layout.crossing_m else (FAR_M, FAR_M)


def _ground(scene: Scene, layout: Layout, closed_m: float) -> None:
    half, end = layout.road_m / 2, closed_m or FAR_M
    for side in SIDES:
        edge = half + _of(layout.sidewalk_m, side)
        paved = _of(layout.behind, side) == "houses"
        scene.ground(SIDEWALK if paved else VEGETATION, side * edge, side * 120.0)
        scene.ground(SIDEWALK, side * half, side * edge)
    if closed_m:
        scene.ground(SIDEWALK, -120.0, 120.0, end - 4.0, end + 4.0)
    scene.ground(ROAD, -half, half, z1=end - 4.0 if closed_m else FAR_M)


def _crossing_ground(scene: Scene, layout: Layout) -> None:
    near, far = _opening(layout)
    if layout.crossing_m and 0.0 < far + scene.origin_m < SEEN_M:
        half = layout.road_m / 2
        scene.ground(SIDEWALK, -120.0, 120.0, near, far)
        scene.ground(ROAD, -120.0, 120.0, near + 2.0, far - 2.0)
        scene.ground(ROAD, -half, half, near, far)


def _distance(scene: Scene, layout: Layout, closed_m: float) -> None:
    """What closes the view: houses across the road, or trees and roofs at the horizon."""
    rng = scene.rng
    if closed_m:
        x = -70.0
        while x < 70.0:
            width, height = rng.uniform(8.0, 16.0), STOREY_M * (0.5 + rng.uniform(*layout.floors))
            scene.facade(x, x + width, closed_m + 4.0, height, rng.choice([0.0, 2.5]))
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
    x = side * (layout.road_m / 2 - PARKED_M)
    room = abs(x - layout.camera_x_m)  # a car right beside the camera would fill the picture
    for z in np.arange(4.0 + 14.0 / room + rng.uniform(0.0, 4.0), min(layout.end_m or 90.0, 90.0) - 6.0, 5.6):
        if rng.random() < _of(layout.parked, side) and not near - 4.0 < z < far + 4.0:
            things.car(scene, x, z, rng.uniform(-0.03, 0.03), rng.choice(["car", "van"], p=[0.85, 0.15]))


def _people(scene: Scene, layout: Layout, side: int, traffic: Traffic) -> None:
    rng = scene.rng
    farthest = min(layout.end_m or 60.0, 60.0)
    z = 5.5
    for _ in range(_of(layout.people, side)):
        z = z * rng.uniform(1.12, 1.5) + rng.uniform(0.0, 1.5)
        if z > farthest:
            z = rng.uniform(7.0, farthest)
        x = side * (layout.road_m / 2 + rng.uniform(0.25, 0.85) * max(_of(layout.sidewalk_m, side), 1.5))
        there = z + traffic.walked(z)
        things.person(scene, x, there, rng.uniform(1.55, 1.86))
        if rng.random() < 0.35:
            things.person(scene, x + rng.uniform(0.45, 0.6), there + 0.2, rng.uniform(1.5, 1.8))


def _traffic(scene: Scene, layout: Layout, traffic: Traffic) -> None:
    """Who drives along the road, before us and toward us."""
    rng = scene.rng
    lane = layout.road_m / 4
    for kind, distances in (("car", layout.cars), ("bus", layout.buses)):
        for z in distances:
            x = (-lane if z > 0 else lane) + rng.uniform(-0.3, 0.3)
            x = x if z > 0 or not traffic.moves else max(x, scene.camera_x_m + CLEARANCE_M)
            there = traffic.ahead(z) if z > 0 else traffic.oncoming(-z)
            things.car(scene, x, there, rng.uniform(-0.02, 0.02), kind)
    for z in traffic.newcomers():
        things.car(scene, max(lane, scene.camera_x_m + CLEARANCE_M), z)
    for z in layout.riders:
        across = bool(layout.crossing_m) and rng.random() < 0.5
        x = rng.uniform(0.9, 2.2) - layout.road_m / 2
        if across:
            things.rider(scene, x - traffic.crossed(), layout.crossing_m, True)
        else:
            things.rider(scene, x, traffic.ahead(z), False)


def _crossing(scene: Scene, layout: Layout, traffic: Traffic) -> None:
    """Who waits at a crossing street or walks over the road there, and the signs above the road."""
    rng = scene.rng
    if layout.crossing_m:
        for x in rng.uniform(8.0, 16.0, 2) * SIDES:
            things.car(scene, x, layout.crossing_m + 1.4, np.pi / 2)
        x = rng.uniform(-3.0, 3.0)
        aside = traffic.crossed() if x > layout.camera_x_m else -traffic.crossed()  # out of our way
        things.person(scene, x + aside, layout.crossing_m - 4.0, 1.75)
    if layout.gantry_m:
        things.gantry(scene, -layout.road_m / 2 - 1.5, layout.road_m / 2 + 1.5, layout.gantry_m)
