"""The Cityscapes classes: ids, names and colours, and the way from any image to a label map.

Names, ids and colours are those of the data set, as `torchvision.datasets.Cityscapes.classes` lists them. A
test compares the two: importing torchvision takes longer than all of this page. Ids that share a colour are
one class here (black 0-4 -> 0, polegroup -> pole, license plate -> car), so that a label map and its colour
map carry the same information.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

from citygan.errors import CityGANError

UNLABELED = 0
MAX_ID = 33
NEAR_DISTANCE = 32.0  # RGB units: JPEG noise around a flat colour stays below, a photo does not
# After JPEG and resizing, at most 38 % of a colour map's pixels are farther than 16 RGB units from a class
# colour (CamVid's maps at 128x128, quality 50); of street photos at least 62 %. Pixels nearest to black do
# not count: a photo taken at night would pass as a map of unlabeled pixels.
PHOTO_DISTANCE = 16.0
_GROUP = 32  # colours of a table that are looked at together
_CHUNK = 1 << 14  # colours of an image that are: what is made of them fits the cache


@dataclass(frozen=True)
class LabelClass:
    """A class of the data set."""

    name: str
    id: int  # 0-33, the value in a label map; -1 for the license plate, which has none
    train_id: int  # 0-18 for the 19 classes that are evaluated, else 255 or -1
    category: str  # void, flat, construction, object, nature, sky, human, vehicle
    color: tuple[int, int, int]  # sRGB, 0-255


_CITYSCAPES = (
    LabelClass("unlabeled", 0, 255, "void", (0, 0, 0)),
    LabelClass("ego vehicle", 1, 255, "void", (0, 0, 0)),
    LabelClass("rectification border", 2, 255, "void", (0, 0, 0)),
    LabelClass("out of roi", 3, 255, "void", (0, 0, 0)),
    LabelClass("static", 4, 255, "void", (0, 0, 0)),
    LabelClass("dynamic", 5, 255, "void", (111, 74, 0)),
    LabelClass("ground", 6, 255, "void", (81, 0, 81)),
    LabelClass("road", 7, 0, "flat", (128, 64, 128)),
    LabelClass("sidewalk", 8, 1, "flat", (244, 35, 232)),
    LabelClass("parking", 9, 255, "flat", (250, 170, 160)),
    LabelClass("rail track", 10, 255, "flat", (230, 150, 140)),
    LabelClass("building", 11, 2, "construction", (70, 70, 70)),
    LabelClass("wall", 12, 3, "construction", (102, 102, 156)),
    LabelClass("fence", 13, 4, "construction", (190, 153, 153)),
    LabelClass("guard rail", 14, 255, "construction", (180, 165, 180)),
    LabelClass("bridge", 15, 255, "construction", (150, 100, 100)),
    LabelClass("tunnel", 16, 255, "construction", (150, 120, 90)),
    LabelClass("pole", 17, 5, "object", (153, 153, 153)),
    LabelClass("polegroup", 18, 255, "object", (153, 153, 153)),
    LabelClass("traffic light", 19, 6, "object", (250, 170, 30)),
    LabelClass("traffic sign", 20, 7, "object", (220, 220, 0)),
    LabelClass("vegetation", 21, 8, "nature", (107, 142, 35)),
    LabelClass("terrain", 22, 9, "nature", (152, 251, 152)),
    LabelClass("sky", 23, 10, "sky", (70, 130, 180)),
    LabelClass("person", 24, 11, "human", (220, 20, 60)),
    LabelClass("rider", 25, 12, "human", (255, 0, 0)),
    LabelClass("car", 26, 13, "vehicle", (0, 0, 142)),
    LabelClass("truck", 27, 14, "vehicle", (0, 0, 70)),
    LabelClass("bus", 28, 15, "vehicle", (0, 60, 100)),
    LabelClass("caravan", 29, 255, "vehicle", (0, 0, 90)),
    LabelClass("trailer", 30, 255, "vehicle", (0, 0, 110)),
    LabelClass("train", 31, 16, "vehicle", (0, 80, 100)),
    LabelClass("motorcycle", 32, 17, "vehicle", (0, 0, 230)),
    LabelClass("bicycle", 33, 18, "vehicle", (119, 11, 32)),
    LabelClass("license plate", -1, -1, "vehicle", (0, 0, 142)),
)


def _fold() -> tuple[tuple[LabelClass, ...], dict[int, int]]:
    """The classes of distinct colour, which can be painted, and the id that each id is folded onto."""
    by_color: dict[tuple[int, int, int], LabelClass] = {}
    folded: dict[int, int] = {}
    for c in _CITYSCAPES:
        folded[c.id] = by_color.setdefault(c.color, c).id
    return tuple(sorted(by_color.values(), key=lambda c: c.id)), folded


CLASSES, _FOLDED = _fold()
CLASS_BY_ID = {c.id: c for c in CLASSES}

_FOLD_TABLE = np.arange(256, dtype=np.uint8)
_FOLD_TABLE[[i for i in _FOLDED if i >= 0]] = [to for i, to in _FOLDED.items() if i >= 0]
_KNOWN = np.zeros(256, bool)
_KNOWN[[c.id for c in CLASSES]] = True

_COLOR_TABLE = np.zeros((256, 3), np.uint8)
_COLOR_TABLE[[c.id for c in CLASSES]] = [c.color for c in CLASSES]


class ColorTable(NamedTuple):
    """Colours, and the class that each stands for."""

    colors: np.ndarray  # (N, 3) uint8, sRGB
    ids: np.ndarray  # (N,) uint8, of `CLASSES`


COLORS = ColorTable(
    np.array([c.color for c in CLASSES], np.uint8), np.array([c.id for c in CLASSES], np.uint8)
)

_TRAIN_ID_TABLE = np.zeros(256, np.uint8)  # 255 (ignored) and every unknown value -> unlabeled
TRAIN_IDS = frozenset(range(19))
for _c in _CITYSCAPES:
    if _c.train_id in TRAIN_IDS:
        _TRAIN_ID_TABLE[_c.train_id] = _c.id

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
    photo_like: float  # share farther away than PHOTO_DISTANCE among the pixels that are not unlabeled

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
    return _COLOR_TABLE.take(label_map, axis=0)  # a sixth of the time that indexing takes


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
