"""What the values in a label map's file stand for: Cityscapes' label ids or train ids, or CamVid's ids.

All three are small whole numbers, and a file does not say which it holds. What tells them apart is the street
that comes of them: read wrongly, the sky lies below and the road is made of poles. What colours stand for is
in `colormaps.py`.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from citygan import palette
from citygan.data import colormaps
from citygan.data.layouts import CAMVID_IDS

COLORS = colormaps.CITYSCAPES
OWN = colormaps.OWN
PHOTO = "photo"  # of a picture that is no map: a network finds one in it
NAMES = {  # of all readings: of colours, then of values
    **{key: named.name for key, named in colormaps.tables().items()},
    OWN: "your own colours",
    "label-ids": "Cityscapes label ids",
    "train-ids": "Cityscapes train ids",
    "camvid-ids": "CamVid ids",
    PHOTO: "a photo",
}
IGNORED = 255
NO_CLASS = -1

# How much of the upper, the middle and the lower third of a picture a class takes, in percent: of CamVid's
# 367 training maps. What CamVid has not is guessed from its share in Cityscapes (Cordts et al. 2016, figure
# 5) and from where it stands.
_PERCENT: dict[str, tuple[float, float, float]] = {
    "unlabeled": (2.4, 7.0, 2.5),
    "road": (0.0, 12.9, 82.1),
    "sidewalk": (0.0, 5.2, 8.3),
    "building": (34.3, 34.4, 1.1),
    "wall": (0.1, 1.0, 0.5),
    "fence": (0.1, 2.9, 0.4),
    "pole": (0.9, 1.9, 0.2),
    "traffic light": (0.5, 0.3, 0.0),
    "traffic sign": (1.1, 2.4, 0.1),
    "vegetation": (15.3, 13.5, 0.4),
    "terrain": (0.0, 1.0, 2.0),
    "sky": (45.9, 4.6, 0.0),
    "person": (0.0, 1.7, 0.2),
    "rider": (0.0, 0.6, 0.2),
    "car": (0.2, 12.9, 4.5),
    "truck": (0.1, 0.5, 0.1),
    "bus": (0.1, 0.5, 0.1),
    "train": (0.1, 0.5, 0.1),
    "motorcycle": (0.0, 0.2, 0.1),
    "bicycle": (0.0, 0.6, 0.3),
}
_RARE_PERCENT = 0.02  # of every other class, and of each where it was never seen


class Reading(NamedTuple):
    """One meaning of the values 0 to 255."""

    table: np.ndarray  # (256,) int16: the class of each value, NO_CLASS where it is none
    log_shares: np.ndarray  # (3, 256): how likely a pixel of that value is in each third of a picture


def classes_of(values: np.ndarray, key: str) -> np.ndarray:
    """The label map `(H, W) uint8` that values `(H, W)` stand for, in a reading that is `possible`."""
    return _readings()[key].table[values].astype(np.uint8)


def misfit(values: np.ndarray, key: str) -> str:
    """Why values `(H, W)` are not to be read so, as the end of a sentence."""
    if key not in _readings():
        return "too few of its pixels have such colours"
    ids = np.flatnonzero(_readings()[key].table[:IGNORED] != NO_CLASS)
    strange = np.setdiff1d(values, [*ids, IGNORED])
    return f"its value {strange[0]} is none of the ids 0 to {ids[-1]}, or {IGNORED} for ignored"


def possible(values: np.ndarray) -> list[str]:
    """The readings that have a class for each of the values `(H, W)`, the most plausible street first."""
    if values.min() < 0 or values.max() > IGNORED:
        return []
    thirds = [np.bincount(part.ravel(), minlength=IGNORED + 1) for part in np.array_split(values, 3)]
    counts = np.stack(thirds)
    found = np.flatnonzero(counts.sum(0))
    fitting = {key: r for key, r in _readings().items() if (r.table[found] != NO_CLASS).all()}
    if found.tolist() == [0]:
        return list(fitting)  # of nothing but 0 no street comes: unlabeled, rather than all road or all sky
    return sorted(fitting, key=lambda key: -(counts * fitting[key].log_shares).sum())


@cache
def _readings() -> dict[str, Reading]:
    classes = {
        "label-ids": palette.fold(np.arange(palette.MAX_ID + 1)),
        "train-ids": palette.from_train_ids(np.arange(len(palette.TRAIN_IDS), dtype=np.uint8)),
        "camvid-ids": CAMVID_IDS,
    }
    return {key: _reading(ids, ignores=key == "train-ids") for key, ids in classes.items()}


def _reading(ids: np.ndarray, ignores: bool) -> Reading:
    """The reading of values that stand for `ids` in this order.

    255 is unlabeled in each, but files of train ids alone (`ignores`) really have it.
    """
    table = np.full(IGNORED + 1, NO_CLASS, np.int16)
    table[: len(ids)] = ids
    table[IGNORED] = palette.UNLABELED
    percent = np.full((3, palette.MAX_ID + 1), _RARE_PERCENT)
    for c in palette.CLASSES:
        percent[:, c.id] = np.maximum(_PERCENT.get(c.name, 0), _RARE_PERCENT)
    log_shares = np.log(percent[:, table] / 100)
    if not ignores:
        log_shares[:, IGNORED] = np.log(_RARE_PERCENT / 100)
    return Reading(table, log_shares)


def describe() -> list[dict[str, Any]]:
    """All of it for a page that reads files by itself, `ValueReading` in `standalone/labels.js`."""
    return [
        {
            "key": key,
            "name": NAMES[key],
            "classes": [None if i == NO_CLASS else i for i in reading.table.tolist()],
            "log_shares": reading.log_shares.round(2).tolist(),
        }
        for key, reading in _readings().items()
    ]
