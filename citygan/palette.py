"""The Cityscapes classes: ids, names and colours, and the way from any image to a label map.

Every name, id and colour comes from ``torchvision.datasets.Cityscapes.classes``. Ids that share a colour
are one class here (black 0-4 -> 0, polegroup -> pole, license plate -> car), so that a label map and its
colour map carry the same information.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from torchvision.datasets import Cityscapes

from citygan.errors import CityGANError

UNLABELED = 0
MAX_ID = 33
NEAR_DISTANCE = 32.0  # RGB units: JPEG noise around a flat colour stays below, a photo does not


@dataclass(frozen=True)
class LabelClass:
    """One paintable class."""

    id: int  # 0-33, the value in a label map
    name: str
    category: str  # void, flat, construction, object, nature, sky, human, vehicle
    color: tuple[int, int, int]  # sRGB, 0-255


def _fold() -> tuple[tuple[LabelClass, ...], dict[int, int]]:
    """The classes of distinct colour, and the id that each of torchvision's ids is folded onto."""
    by_color: dict[tuple[int, int, int], LabelClass] = {}
    folded: dict[int, int] = {}
    for c in Cityscapes.classes:
        first = by_color.setdefault(c.color, LabelClass(c.id, c.name, c.category, c.color))
        folded[c.id] = first.id
    return tuple(sorted(by_color.values(), key=lambda c: c.id)), folded


CLASSES, _FOLDED = _fold()
CLASS_BY_ID = {c.id: c for c in CLASSES}

_FOLD_TABLE = np.arange(256, dtype=np.uint8)
_FOLD_TABLE[[i for i in _FOLDED if i >= 0]] = [to for i, to in _FOLDED.items() if i >= 0]
_KNOWN = np.zeros(256, bool)
_KNOWN[[c.id for c in CLASSES]] = True

_COLOR_TABLE = np.zeros((256, 3), np.uint8)
_COLOR_TABLE[[c.id for c in CLASSES]] = [c.color for c in CLASSES]

_TRAIN_ID_TABLE = np.zeros(256, np.uint8)  # 255 (ignored) and every unknown value -> unlabeled
for _c in Cityscapes.classes:
    if not _c.ignore_in_eval:
        _TRAIN_ID_TABLE[_c.train_id] = _c.id
TRAIN_IDS = frozenset(c.train_id for c in Cityscapes.classes if not c.ignore_in_eval)

# What stands in for a class that a checkpoint never saw: the first of these that it did see.
SUBSTITUTES: dict[str, tuple[str, ...]] = {
    "dynamic": ("unlabeled",),
    "ground": ("sidewalk", "road"),
    "sidewalk": ("road",),
    "parking": ("road", "sidewalk"),
    "rail track": ("road",),
    "wall": ("fence", "building"),
    "fence": ("wall", "building"),
    "guard rail": ("fence", "wall", "building"),
    "bridge": ("building",),
    "tunnel": ("building",),
    "pole": ("traffic sign", "building"),
    "traffic light": ("traffic sign", "pole"),
    "traffic sign": ("traffic light", "pole"),
    "vegetation": ("terrain",),
    "terrain": ("vegetation",),
    "person": ("rider",),
    "rider": ("bicycle", "motorcycle", "person"),
    "car": ("truck", "bus"),
    "truck": ("car", "bus"),
    "bus": ("car", "truck"),
    "caravan": ("car", "truck"),
    "trailer": ("car", "truck"),
    "train": ("car", "bus"),
    "motorcycle": ("rider", "bicycle"),
    "bicycle": ("rider", "motorcycle"),
}


@dataclass(frozen=True)
class SnapReport:
    """How far an image was from the palette. The three shares sum to 1."""

    exact: float  # share of pixels that had a palette colour
    near: float  # share within NEAR_DISTANCE of one
    far: float  # share farther away than that
    max_distance: float  # largest Euclidean RGB distance, 0-441.7

    @property
    def snapped(self) -> float:
        """Share of pixels whose colour was changed."""
        return self.near + self.far


def fold(ids: np.ndarray) -> np.ndarray:
    """Folds Cityscapes ids onto the ids that have a colour of their own.

    Args:
        ids: `(H, W)` integers, 0-33, or -1 for a license plate.

    Returns:
        A label map, `(H, W) uint8`.

    Raises:
        CityGANError: a value is no Cityscapes id.
    """
    ids = np.asarray(ids)
    wide = np.where(ids == -1, _FOLDED[-1], ids) if ids.dtype.kind == "i" else ids
    if wide.size and (wide.min() < 0 or wide.max() > MAX_ID):
        bad = np.unique(wide[(wide < 0) | (wide > MAX_ID)])[:5].tolist()
        raise CityGANError(f"ids {bad} are no Cityscapes ids; they go from 0 to {MAX_ID}")
    return _FOLD_TABLE[wide.astype(np.uint8)]


def check_label_map(label_map: np.ndarray) -> np.ndarray:
    """Returns the label map if it is one: `(H, W) uint8`, not empty, every id a class of `CLASSES`.

    Raises:
        CityGANError: the shape, the type or an id is wrong; the message names it.
    """
    if not isinstance(label_map, np.ndarray) or label_map.dtype != np.uint8 or label_map.ndim != 2:
        got = f"{getattr(label_map, 'dtype', type(label_map).__name__)} {getattr(label_map, 'shape', '')}"
        raise CityGANError(f"a label map is a (H, W) uint8 array of class ids, not {got.strip()}")
    if label_map.size == 0:
        raise CityGANError(f"the label map has no pixels: {label_map.shape}")
    counts = np.bincount(label_map.ravel(), minlength=256)
    if counts[~_KNOWN].any():
        bad = np.flatnonzero(counts.astype(bool) & ~_KNOWN)[:5].tolist()
        raise CityGANError(f"ids {bad} are no classes of the palette; known are {[c.id for c in CLASSES]}")
    return label_map


def from_train_ids(train_ids: np.ndarray) -> np.ndarray:
    """Train ids `(H, W) uint8` (0-18, all else ignored) -> label map `(H, W) uint8`."""
    return _TRAIN_ID_TABLE[train_ids]


def colorize(label_map: np.ndarray) -> np.ndarray:
    """Label map `(..., H, W) uint8` -> colour map `(..., H, W, 3) uint8`."""
    return _COLOR_TABLE[label_map]


def shares(label_map: np.ndarray) -> dict[int, float]:
    """The share of each class that occurs in a label map, by id, largest first; they sum to 1."""
    counts = np.bincount(label_map.ravel(), minlength=256)
    order = np.argsort(-counts, kind="stable")
    return {int(i): float(counts[i] / label_map.size) for i in order if counts[i]}


@cache
def substitutes(seen: frozenset[int]) -> dict[int, int]:
    """For each class that is not in `seen`, the id drawn in its place (unlabeled if there is none)."""
    by_name = {c.name: c.id for c in CLASSES}
    table = {}
    for c in CLASSES:
        if c.id not in seen and c.id != UNLABELED:
            stands_in = (by_name[name] for name in SUBSTITUTES.get(c.name, ()))
            table[c.id] = next((i for i in stands_in if i in seen), UNLABELED)
    return table


def replace_unseen(label_map: np.ndarray, seen: frozenset[int]) -> np.ndarray:
    """Draws each class outside `seen` as the nearest class of `SUBSTITUTES` that is in it. Shapes
    unchanged."""
    table = np.arange(256, dtype=np.uint8)
    for i, to in substitutes(seen).items():
        table[i] = to
    return table[label_map]


def snap(image: np.ndarray) -> tuple[np.ndarray, SnapReport]:
    """Turns any image into a label map: exact palette colours first, then the nearest colour in RGB.

    Each distinct colour is looked at once, so the cost grows with the colours of the image, not with its
    pixels times the classes.

    Args:
        image: `(H, W, 3) uint8` sRGB, at least one pixel.

    Returns:
        The label map, `(H, W) uint8`, and the report of how far the image was from the palette.

    Raises:
        CityGANError: another shape or type.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise CityGANError(f"expected an (H, W, 3) uint8 image with pixels, got {image.dtype} {image.shape}")
    r, g, b = (image[..., c].astype(np.int32) for c in range(3))
    packed = ((r << 16) | (g << 8) | b).ravel()
    counts = np.bincount(packed, minlength=1 << 24)
    colors = np.flatnonzero(counts)
    counts = counts[colors]
    ids, squared = _nearest(colors)
    table = np.zeros(1 << 24, np.uint8)
    table[colors] = ids
    total = packed.size
    exact = counts[squared == 0].sum() / total
    near = counts[(squared > 0) & (squared <= NEAR_DISTANCE**2)].sum() / total
    far = counts[squared > NEAR_DISTANCE**2].sum() / total
    report = SnapReport(float(exact), float(near), float(far), float(np.sqrt(squared.max())))
    return table[packed].reshape(image.shape[:2]), report


def _nearest(packed_colors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest class id and the squared distance of each packed 0xRRGGBB colour, in chunks that fit the
    cache."""
    ids = np.array([c.id for c in CLASSES], np.uint8)
    palette = np.array([c.color for c in CLASSES], np.float32)
    # |c - p|^2 = |c|^2 + (|p|^2 - 2 c.p). The bracket times 32, plus the index of the class, makes one
    # minimum give both; each term is a whole number below 2^24, so float32 is exact.
    slope = -64 * palette
    offset = (32 * (palette**2).sum(1) + np.arange(len(ids)))[:, None].astype(np.float32)
    best = np.empty(len(packed_colors), np.uint8)
    squared = np.empty(len(packed_colors), np.float32)
    chunk = 1 << 14
    for start in range(0, len(packed_colors), chunk):
        part = packed_colors[start : start + chunk]
        rgb = np.stack([part >> 16, (part >> 8) & 255, part & 255]).astype(np.float32)
        least = (slope @ rgb + offset).min(0).astype(np.int32)
        best[start : start + chunk] = ids[least & 31]
        squared[start : start + chunk] = (rgb**2).sum(0) + (least >> 5)
    return best, squared
