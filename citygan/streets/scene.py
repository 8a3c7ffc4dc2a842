"""What a camera behind a windscreen sees: a pinhole camera, the ground, houses and foliage.

Everything is a polygon on an image of class ids without anti-aliasing, so each pixel is exactly one class.
The world is in metres: x to the right of the middle of the road, y up, z ahead.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
from PIL import Image, ImageDraw

from citygan.palette import CLASSES

_ID = {c.name: c.id for c in CLASSES}
ROAD, SIDEWALK, BUILDING, FENCE = (_ID[name] for name in ("road", "sidewalk", "building", "fence"))
POLE, SIGN, VEGETATION, SKY = (_ID[name] for name in ("pole", "traffic sign", "vegetation", "sky"))
PERSON, RIDER, CAR = (_ID[name] for name in ("person", "rider", "car"))

NEAR_M, FAR_M = 1.2, 260.0  # how near and how far the camera sees
EYE_M = 1.45  # how high it stands
FOCAL = 1.15  # focal length in image heights: 47 degrees from top to bottom
LEAF_PX = 5.0  # radius of the blobs that fray a crown

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
        self.image = Image.new("L", (width_px, height_px), SKY)
        self.canvas = ImageDraw.Draw(self.image)
        self._focal_px = FOCAL * height_px
        self._center_px = (width_px * (0.5 + yaw), height_px * horizon)
        self._camera_x_m = camera_x_m
        self._bend = bend
        self._things: list[tuple[float, Callable[[], None]]] = []

    def add(self, z: float, draw: Callable[[], None]) -> None:
        """Has `draw` called after everything that is farther away than `z`."""
        self._things.append((z, draw))

    def finish(self) -> np.ndarray:
        """Draws what was added, far to near, and returns the label map, `(H, W) uint8`."""
        for _, draw in sorted(self._things, key=lambda thing: -thing[0]):
            draw()
        return np.array(self.image)

    def project(self, x: float, y: float, z: float) -> Point:
        """Where a point of the world is on the image; what is nearer than `NEAR_M` is moved there."""
        z = max(z, NEAR_M)
        u = self._center_px[0] + self._focal_px * ((x - self._camera_x_m) / z + self._bend * z)
        return u, self._center_px[1] + self._focal_px * (EYE_M - y) / z

    def pixels(self, metres: float, z: float) -> float:
        """How long something is on the image at the distance `z`."""
        return metres * self._focal_px / max(z, NEAR_M)

    def fill(self, class_id: int, points: Iterable[Point]) -> None:
        """Fills a polygon of the image."""
        self.canvas.polygon(list(points), fill=class_id)

    def fill_upright(self, class_id: int, corners: Iterable[Point], z: float) -> None:
        """Fills a polygon of (x, y) metres that faces the camera at the distance `z`."""
        self.fill(class_id, [self.project(x, y, z) for x, y in corners])

    # The ground, and what runs along the road

    def ground(self, class_id: int, x0: float, x1: float, z0: float = NEAR_M, z1: float = FAR_M) -> None:
        """Draws a strip of ground now, so strips lie on each other in the order of the calls."""
        depths = np.geomspace(max(z0, NEAR_M), z1, 40)
        left = [self.project(x0, 0, z) for z in depths]
        self.fill(class_id, left + [self.project(x1, 0, z) for z in depths[::-1]])

    def wall(self, class_id: int, x: float, z0: float, z1: float, bottom: float, top: float) -> None:
        """Adds an upright strip along the road: a fence, a guard rail."""

        def draw() -> None:
            depths = np.linspace(max(z0, NEAR_M), z1, 12)
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
            depths = np.linspace(max(z0, NEAR_M), max(z1, NEAR_M), 8)
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
            self._foliage(self.project(x + lean, top, z), self.pixels(crown, z))

        self.add(z, draw)

    def hedge(self, x: float, z0: float, z1: float, height: float) -> None:
        """Adds a row of bushes along the road."""
        z = z0
        while z < z1:
            self._bush(x, z, height * self.rng.uniform(0.45, 0.62))
            z += max(height * 0.5, z * 0.04)

    def _bush(self, x: float, z: float, radius: float) -> None:
        self.add(z, lambda: self._foliage(self.project(x, radius * 0.8, z), self.pixels(radius, z)))

    def _foliage(self, center: Point, radius_px: float) -> None:
        """Draws a frayed crown with gaps that show what is behind it."""
        reach = radius_px * 1.3
        left, top = (max(0, int(middle - reach)) for middle in center)
        right, bottom = (min(s, int(c + reach)) for s, c in zip(self.image.size, center, strict=True))
        if left >= right or top >= bottom:
            return
        mask = Image.new("1", (right - left, bottom - top))
        canvas = ImageDraw.Draw(mask)
        leaf = min(0.12, LEAF_PX / radius_px)
        for fill, inner, outer, size, count in (
            (1, 0.0, 0.05, 0.74, 1),
            (1, 0.45, 0.66, 0.36, 12),
            (1, 0.84, 1.02, leaf, min(5 / leaf, 2 * radius_px)),
            (0, 0.6, 0.98, leaf * 0.6, min(1.2 / leaf, radius_px / 3)),
        ):
            for angle in self.rng.uniform(0, math.tau, int(min(count, 120))):
                away = radius_px * self.rng.uniform(inner, outer)
                u = center[0] - left + away * math.cos(angle)
                v = center[1] - top + away * math.sin(angle) * 0.9
                self._blob(canvas, fill, u, v, radius_px * size * self.rng.uniform(0.75, 1.25))
        self.image.paste(VEGETATION, (left, top), mask)

    def _blob(self, canvas: ImageDraw.ImageDraw, fill: int, u: float, v: float, radius_px: float) -> None:
        turns = np.linspace(0, math.tau, 16 if radius_px > 4 else 7, endpoint=False)
        a, b = self.rng.uniform(0, math.tau, 2)
        radii = radius_px * (1 + 0.13 * np.sin(3 * turns + a) + 0.1 * np.sin(5 * turns + b))
        canvas.polygon(
            np.stack([u + radii * np.cos(turns), v + radii * np.sin(turns)], 1).ravel().tolist(), fill=fill
        )
