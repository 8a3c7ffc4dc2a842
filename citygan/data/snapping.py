"""The way from colours to classes: the nearest colour of a table, and how far a picture was from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from citygan.errors import CityGANError
from citygan.palette import CLASSES, UNLABELED

NEAR_DISTANCE = 32.0  # RGB units: JPEG noise around a flat colour stays below, a photo does not
# After JPEG and resizing, at most 38 % of a colour map's pixels are farther than 16 RGB units from a class
# colour (CamVid's maps at 128x128, quality 50); of street photos at least 62 %. Pixels nearest to black do
# not count: a photo taken at night would pass as a map of unlabeled pixels.
PHOTO_DISTANCE = 16.0
_GROUP = 32  # colours of a table that are looked at together
_CHUNK = 1 << 14  # colours of an image that are: what is made of them fits the cache


class ColorTable(NamedTuple):
    """Colours, and the class that each stands for."""

    colors: np.ndarray  # (N, 3) uint8, sRGB
    ids: np.ndarray  # (N,) uint8, of `CLASSES`


COLORS = ColorTable(
    np.array([c.color for c in CLASSES], np.uint8), np.array([c.id for c in CLASSES], np.uint8)
)


@dataclass(frozen=True)
class SnapReport:
    """How far an image was from the palette. The three shares sum to 1."""

    exact: float  # share of pixels that had a palette colour
    near: float  # share within NEAR_DISTANCE of one
    far: float  # share farther away than that
    max_distance: float  # largest Euclidean RGB distance, 0-441.7
    photo_like: float  # share farther away than PHOTO_DISTANCE among the pixels that are not unlabeled

    @property
    def snapped(self) -> float:
        """Share of pixels whose colour was changed."""
        return self.near + self.far


def snap(image: np.ndarray, table: ColorTable = COLORS) -> tuple[np.ndarray, SnapReport]:
    """Turns any image into a label map: exact colours of a table first, then the nearest colour in RGB.

    Each distinct colour is looked at once, so the cost grows with the colours of the image, not with its
    pixels times the classes.

    Args:
        image: `(H, W, 3) uint8` sRGB, at least one pixel.
        table: the colours to look for, by default those of Cityscapes.

    Returns:
        The label map, `(H, W) uint8`, and the report of how far the image was from the table.

    Raises:
        CityGANError: another shape or type.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise CityGANError(f"expected an (H, W, 3) uint8 image with pixels, got {image.dtype} {image.shape}")
    packed = pack(image).ravel()
    ends_run = np.append(packed[1:] != packed[:-1], True)  # maps are flat: few pixels are left to sort
    colors = np.unique(packed[ends_run])
    at, squared = nearest(unpack(colors), table.colors)
    ids = table.ids[at]
    how_far = np.digitize(squared, [0, PHOTO_DISTANCE**2, NEAR_DISTANCE**2], right=True)  # 0 to 3
    known = np.empty(1 << 24, np.uint8)  # of every colour, but only what occurs is ever touched
    known[colors] = ids | how_far << 6  # ids take the lower six bits
    found = known[packed]
    counts = np.bincount(found, minlength=256).reshape(4, 64)  # how far, id
    exact, *near, far = (counts.sum(1) / packed.size).tolist()
    labeled = np.delete(counts, UNLABELED, 1)
    photo_like = float(labeled[2:].sum() / max(1, labeled.sum()))
    report = SnapReport(exact, sum(near), far, float(np.sqrt(squared.max())), photo_like)
    return (found & 63).reshape(image.shape[:2]), report


def pack(colors: np.ndarray) -> np.ndarray:
    """Colours `(..., 3) uint8` as numbers 0xRRGGBB, `(...) int32`."""
    r, g, b = np.moveaxis(colors, -1, 0)
    return (r.astype(np.int32) << 8 | g) << 8 | b


def unpack(packed: np.ndarray) -> np.ndarray:
    """Numbers 0xRRGGBB `(...) int32` as colours, `(..., 3) uint8`."""
    return np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=-1).astype(np.uint8)


def nearest(colors: np.ndarray, table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest colour of a table to each of many.

    Args:
        colors: `(N, 3)` whole numbers, 0-255.
        table: `(M, 3)` likewise, at least one.

    Returns:
        Its index in the table, `(N,) int32`, the first of equally near ones; and the squared distance in RGB
        units, `(N,) float32`, 0-195075.
    """
    best = np.zeros(len(colors), np.int32)
    squared = np.full(len(colors), np.inf, np.float32)
    for start in range(0, len(table), _GROUP):
        group = table[start : start + _GROUP].astype(np.float32)
        # |c - p|^2 = |c|^2 + (|p|^2 - 2 c.p). The bracket times 32, plus the index of the colour, makes one
        # minimum give both; each term is a whole number below 2^24, so float32 is exact.
        slope = -2 * _GROUP * group
        offset = (_GROUP * (group**2).sum(1) + np.arange(len(group)))[:, None].astype(np.float32)
        for first in range(0, len(colors), _CHUNK):
            part = slice(first, first + _CHUNK)
            rgb = colors[part].T.astype(np.float32)
            least = (slope @ rgb + offset).min(0).astype(np.int32)
            found = (rgb**2).sum(0) + (least >> 5)
            nearer = found < squared[part]
            best[part] = np.where(nearer, start + (least & (_GROUP - 1)), best[part])
            squared[part] = np.where(nearer, found, squared[part])
    return best, squared
