"""The Cityscapes classes: ids, names and colours, and what stands in for one that was never seen.

Names, ids and colours are those of the data set, as `torchvision.datasets.Cityscapes.classes` lists them. A
test compares the two: importing torchvision takes longer than all of this page. Ids that share a colour are
one class here (black 0-4 -> 0, polegroup -> pole, license plate -> car), so that a label map and its colour
map carry the same information.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from citygan.errors import CityGANError

UNLABELED = 0
MAX_ID = 33


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
