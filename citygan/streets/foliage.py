"""Crowns of trees and bushes: frayed, with gaps that show what is behind them.

A crown is drawn once in each of its sizes and kept: it has the same leaves in each picture of a drive.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

CROWNS = 24  # that differ
REACH = 1.3  # half the side of a mask, in radii
LEAF_PX = 5.0  # radius of the blobs that fray a crown
_SMALLEST, _LARGEST = 1, 8  # powers of two: the radii in which crowns are drawn, in pixels


def paste_crown(
    image: Image.Image, class_id: int, crown: int, center_px: tuple[float, float], radius_px: float
) -> None:
    """Draws the part of a crown that is on an image of class ids.

    Args:
        image: Of mode "L".
        class_id: What it is drawn with.
        crown: Which one; any whole number.
        center_px: Its middle.
        radius_px: Its radius, above 0.
    """
    reach = radius_px * REACH
    left, top = (max(0, int(middle - reach)) for middle in center_px)
    right, bottom = (min(s, int(c + reach)) for s, c in zip(image.size, center_px, strict=True))
    if left >= right or top >= bottom:
        return
    octave = min(max(math.ceil(math.log2(radius_px)), _SMALLEST), _LARGEST)
    mask = _mask(crown % CROWNS, octave)
    scale = mask.width / (2 * reach)
    corners = (left - center_px[0], top - center_px[1], right - center_px[0], bottom - center_px[1])
    x0, y0, x1, y1 = (min(max((c + reach) * scale, 0), mask.width) for c in corners)
    size = (right - left, bottom - top)
    image.paste(class_id, (left, top), mask.resize(size, Image.Resampling.NEAREST, (x0, y0, x1, y1)))


@lru_cache(maxsize=CROWNS * (_LARGEST - _SMALLEST + 1))
def _mask(crown: int, octave: int) -> Image.Image:
    rng = np.random.default_rng((crown, octave))
    radius_px = 2.0**octave
    middle = radius_px * REACH
    mask = Image.new("1", (round(2 * middle), round(2 * middle)))
    canvas = ImageDraw.Draw(mask)
    leaf = min(0.12, LEAF_PX / radius_px)
    for fill, inner, outer, size, count in (
        (1, 0.0, 0.05, 0.74, 1),
        (1, 0.45, 0.66, 0.36, 12),
        (1, 0.84, 1.02, leaf, min(5 / leaf, 2 * radius_px)),
        (0, 0.6, 0.98, leaf * 0.6, min(1.2 / leaf, radius_px / 3)),
    ):
        for angle in rng.uniform(0, math.tau, int(min(count, 120))):
            away = radius_px * rng.uniform(inner, outer)
            u, v = middle + away * math.cos(angle), middle + away * math.sin(angle) * 0.9
            _blob(canvas, rng, fill, u, v, radius_px * size * rng.uniform(0.75, 1.25))
    return mask


def _blob(
    canvas: ImageDraw.ImageDraw, rng: np.random.Generator, fill: int, u: float, v: float, radius_px: float
) -> None:
    turns = np.linspace(0, math.tau, 16 if radius_px > 4 else 7, endpoint=False)
    a, b = rng.uniform(0, math.tau, 2)
    radii = radius_px * (1 + 0.13 * np.sin(3 * turns + a) + 0.1 * np.sin(5 * turns + b))
    outline = np.stack([u + radii * np.cos(turns), v + radii * np.sin(turns)], 1)
    canvas.polygon(outline.ravel().tolist(), fill=fill)
