"""What a camera behind a windscreen sees: a pinhole camera, the ground, houses and foliage.

Everything is a polygon on an image of class ids without anti-aliasing, so each pixel is exactly one class.
The world is in metres: x to the right of the middle of the road, y up, z ahead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from PIL import Image, ImageDraw

from citygan.palette import CLASSES
from citygan.streets.foliage import paste_crown

_ID = {c.name: c.id for c in CLASSES}
ROAD, SIDEWALK, BUILDING, FENCE = (_ID[name] for name in ("road", "sidewalk", "building", "fence"))
POLE, SIGN, VEGETATION, SKY = (_ID[name] for name in ("pole", "traffic sign", "vegetation", "sky"))
PERSON, RIDER, CAR = (_ID[name] for name in ("person", "rider", "car"))

NEAR_M, FAR_M = 1.2, 260.0  # how near and how far the camera sees
EYE_M = 1.45  # how high it stands
SEEN_M = 190.0  # how far things are drawn that stand along the road
FOCAL = 1.15  # focal length in image heights: 47 degrees from top to bottom

Point = tuple[float, float]


class Scene:
    """A label map in the making. Add things in any order; `finish` draws the far ones first."""

    def __init__(
        self,
        width_px: int,
        height_px: int,
        rng: np.random.Generator,
        horizon: float,
        camera_x_m: float,
        bend: float,
        yaw: float,
    ):
        """`horizon`, `camera_x_m`, `bend` and `yaw` are those of a `Layout`."""
        self.rng = rng
        self.origin_m = 0.0  # what z counts from, in metres from the camera: of what is added from now on
        self.seen_m = SEEN_M
        self.image = Image.new("L", (width_px, height_px), SKY)
        self.canvas = ImageDraw.Draw(self.image)
        self._focal_px = FOCAL * height_px
        self._center_px = (width_px * (0.5 + yaw), height_px * horizon)
        self.camera_x_m = camera_x_m
        self._bend = bend
        self._things: list[tuple[float, float, Callable[[], None]]] = []

    def add(self, z: float, draw: Callable[[], None]) -> None:
        """Has `draw` called after everything that is farther away than `z`."""
        self._things.append((z + self.origin_m, self.origin_m, draw))

    def finish(self) -> np.ndarray:
        """Draws what was added, far to near, and returns the label map, `(H, W) uint8`."""
        for distance, origin, draw in sorted(self._things, key=lambda thing: -thing[0]):
            if distance > NEAR_M and (distance <= self.seen_m or not origin):
                self.origin_m = origin
                draw()
        return np.array(self.image)

    def project(self, x: float, y: float, z: float) -> Point:
        """Where a point of the world is on the image; what is nearer than `NEAR_M` is moved there."""
        z = max(z + self.origin_m, NEAR_M)
        u = self._center_px[0] + self._focal_px * ((x - self.camera_x_m) / z + self._bend * z)
        return u, self._center_px[1] + self._focal_px * (EYE_M - y) / z

    def pixels(self, metres: float, z: float) -> float:
        """How long something is on the image at the distance `z`."""
        return metres * self._focal_px / max(z + self.origin_m, NEAR_M)

    def _depths(self, spaced: Callable[..., np.ndarray], z0: float, z1: float, count: int) -> np.ndarray:
        """`count` distances along what reaches from `z0` to `z1`, as far as the camera sees it."""
        near, far = (max(z + self.origin_m, NEAR_M) for z in (z0, z1))
        return spaced(near, far, count) - self.origin_m

    def fill(self, class_id: int, points: Iterable[Point]) -> None:
        """Fills a polygon of the image."""
        self.canvas.polygon(list(points), fill=class_id)

    def fill_upright(self, class_id: int, corners: Iterable[Point], z: float) -> None:
        """Fills a polygon of (x, y) metres that faces the camera at the distance `z`."""
        self.fill(class_id, [self.project(x, y, z) for x, y in corners])

    # The ground, and what runs along the road

    def ground(self, class_id: int, x0: float, x1: float, z0: float = NEAR_M, z1: float = FAR_M) -> None:
        """Draws a strip of ground now, so strips lie on each other in the order of the calls."""
        depths = self._depths(np.geomspace, z0, z1, 40)
        left = [self.project(x0, 0, z) for z in depths]
        self.fill(class_id, left + [self.project(x1, 0, z) for z in depths[::-1]])

    def wall(self, class_id: int, x: float, z0: float, z1: float, bottom: float, top: float) -> None:
        """Adds an upright strip along the road: a fence, a guard rail."""

        def draw() -> None:
            depths = self._depths(np.linspace, z0, z1, 12)
            low = [self.project(x, bottom, z) for z in depths]
            self.fill(class_id, low + [self.project(x, top, z) for z in depths[::-1]])

        self.add(z1, draw)

    def house(self, x: float, z0: float, z1: float, height: float, roof: float, depth: float) -> None:
        """Adds a house that stands along the road.

        Args:
            x, z0, z1: its street wall.
            height: of that wall.
            roof: how far the ridge is above it; 0 for a flat roof.
            depth: how far it reaches away from the road; negative to the left.
        """
        ridge, chimney_z = x + depth / 2, self.rng.uniform(z0, z1)

        def draw() -> None:
            depths = self._depths(np.linspace, z0, z1, 8)
            eaves = [self.project(x, height, z) for z in depths]
            self.fill(BUILDING, eaves + [self.project(x, 0, z) for z in depths[::-1]])
            self.fill(BUILDING, eaves + [self.project(ridge, height + roof, z) for z in depths[::-1]])
            gable = [(x, 0), (x, height), (ridge, height + roof), (x + depth, height), (x + depth, 0)]
            self.fill_upright(BUILDING, gable, z0)
            if roof:
                left, right, up = ridge - 0.5, ridge + 0.5, height + roof + 1.1
                stack = [(left, height), (left, up), (right, up), (right, height)]
                self.fill_upright(BUILDING, stack, chimney_z)

        self.add(z1, draw)

    def facade(self, x0: float, x1: float, z: float, height: float, roof: float) -> None:
        """Adds a house that stands across the view."""
        outline = [(x0, 0), (x0, height), ((x0 + x1) / 2, height + roof), (x1, height), (x1, 0)]
        self.add(z, lambda: self.fill_upright(BUILDING, outline, z))

    # Foliage

    def tree(self, x: float, z: float, height: float, crown: float) -> None:
        """Adds a tree whose crown has a radius of `crown` metres. Trunks are vegetation, as in CamVid."""
        half, lean = 0.03 * height * self.rng.uniform(0.6, 1.0), self.rng.uniform(-0.02, 0.02) * height
        top = height - crown
        trunk = [(x - 1.3 * half, 0), (x + 1.3 * half, 0), (x + lean + half, top), (x + lean - half, top)]

        def draw() -> None:
            self.fill_upright(VEGETATION, trunk, z)
            self._crown(x + lean, top, z, crown)

        self.add(z, draw)

    def hedge(self, x: float, z0: float, z1: float, height: float) -> None:
        """Adds a row of bushes along the road."""
        z = z0
        while z < z1:
            self._bush(x, z, height * self.rng.uniform(0.45, 0.62))
            step = max(height * 0.5, z * 0.04)
            for between in np.arange(z + height * 0.5, min(z + step, z1), height * 0.5):
                self._bush(x, between, height * 0.53, within_m=z)  # from afar those at z are enough
            z += step

    def _bush(self, x: float, z: float, radius: float, within_m: float = FAR_M) -> None:
        def draw() -> None:
            if z + self.origin_m < within_m:
                self._crown(x, radius * 0.8, z, radius)

        self.add(z, draw)

    def _crown(self, x: float, y: float, z: float, radius: float) -> None:
        """Draws a crown whose middle is at a point of the world; where it stands says which one it is."""
        crown = int(abs(x) * 7.0 + abs(z) * 13.0)
        paste_crown(self.image, VEGETATION, crown, self.project(x, y, z), self.pixels(radius, z))
