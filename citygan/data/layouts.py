"""The ways in which people's data sets lie on the disk: Cityscapes, CamVid, and side-by-side pairs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from citygan import palette
from citygan.data.snapping import snap
from citygan.errors import CityGANError

NO_DRIVE = "all"  # the drive of samples whose names tell none
PHOTO_SUFFIXES = {".png", ".jpg", ".jpeg"}
# CamVid as published with SegNet (ids 0-11): sky building pole road pavement tree sign fence car pedestrian
# bicyclist void
CAMVID_IDS = np.array([23, 11, 17, 7, 8, 21, 20, 13, 26, 24, 25, 0], np.uint8)


class DataError(CityGANError):
    """A folder or a file that is not what a data set should be; the message names it."""


@dataclass(frozen=True)
class Pair:
    """One sample on the disk. For a side-by-side picture both paths are the same."""

    name: str
    photo: Path
    labels: Path


@dataclass(frozen=True)
class Layout:
    """One way in which a data set lies on the disk."""

    name: str
    pairs: Callable[[Path, str], list[Pair]]  # (folder, split) -> samples, sorted by name
    read: Callable[[Pair], tuple[np.ndarray, np.ndarray]]  # -> label map (H, W), photo (H, W, 3), both uint8


def _images(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in PHOTO_SUFFIXES)


def _open(path: Path) -> Image.Image:
    try:
        image = Image.open(path)
        image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    return image


def _grey(path: Path) -> np.ndarray:
    values = np.asarray(_open(path))
    if values.ndim != 2 or values.dtype != np.uint8:
        raise DataError(f"{path} should hold one 8-bit id a pixel, but is {values.dtype} {values.shape}")
    return values


def _ids(path: Path, table: np.ndarray | None = None) -> np.ndarray:
    """Reads a picture of ids; `table` maps them to Cityscapes ids."""
    ids = _grey(path)
    limit = len(table) - 1 if table is not None else palette.MAX_ID
    if ids.max() > limit:
        raise DataError(f"{path} has the label {ids.max()}; the classes go from 0 to {limit}")
    return table[ids] if table is not None else palette.fold(ids)


def _photo(path: Path, like: np.ndarray, labels: Path) -> np.ndarray:
    photo = np.asarray(_open(path).convert("RGB"))
    if photo.shape[:2] != like.shape:
        raise DataError(f"{path} is {photo.shape[1::-1]}, but its label map {labels} is {like.shape[::-1]}")
    return photo


def _cityscapes_pairs(folder: Path, split: str) -> list[Pair]:
    pairs = []
    for photo in (p for d in sorted((folder / "leftImg8bit" / split).glob("*/")) for p in _images(d)):
        name = photo.stem.removesuffix("_leftImg8bit")
        labels = folder / "gtFine" / split / photo.parent.name
        candidates = [labels / f"{name}_gtFine_{kind}.png" for kind in ("labelIds", "labelTrainIds", "color")]
        found = next((p for p in candidates if p.is_file()), candidates[0])
        pairs.append(Pair(f"{photo.parent.name}/{name}", photo, found))
    return pairs


def _read_cityscapes(pair: Pair) -> tuple[np.ndarray, np.ndarray]:
    if pair.labels.stem.endswith("_color"):
        label_map, _ = snap(np.asarray(_open(pair.labels).convert("RGB")))
    elif pair.labels.stem.endswith("_labelTrainIds"):
        train_ids = _grey(pair.labels)
        unknown = set(np.unique(train_ids).tolist()) - palette.TRAIN_IDS - {255}
        if unknown:
            raise DataError(
                f"{pair.labels} has the train ids {sorted(unknown)}; they go from 0 to 18, and 255"
            )
        label_map = palette.from_train_ids(train_ids)
    else:
        label_map = _ids(pair.labels)
    return label_map, _photo(pair.photo, label_map, pair.labels)


def _camvid_pairs(folder: Path, split: str) -> list[Pair]:
    return [Pair(p.stem, p, folder / f"{split}annot" / f"{p.stem}.png") for p in _images(folder / split)]


def _read_camvid(pair: Pair) -> tuple[np.ndarray, np.ndarray]:
    label_map = _ids(pair.labels, CAMVID_IDS)
    return label_map, _photo(pair.photo, label_map, pair.labels)


def _side_by_side_pairs(folder: Path, split: str) -> list[Pair]:
    return [Pair(p.stem, p, p) for p in _images(folder / split)]


def _read_side_by_side(pair: Pair) -> tuple[np.ndarray, np.ndarray]:
    both = np.asarray(_open(pair.photo).convert("RGB"))
    if both.shape[1] % 2 or both.shape[1] < 2:
        raise DataError(f"{pair.photo} is {both.shape[1]} px wide; a side-by-side pair has an even width")
    return split_side_by_side(both)


def split_side_by_side(both: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`(H, 2W, 3) uint8` -> label map and photo. The half that lies nearer to the palette is the label
    map."""
    left, right = np.split(both, 2, axis=1)
    (left_map, left_report), (right_map, right_report) = snap(left), snap(right)
    if left_report.far <= right_report.far:
        return left_map, right
    return right_map, left


CITYSCAPES = Layout("Cityscapes", _cityscapes_pairs, _read_cityscapes)
CAMVID = Layout("CamVid", _camvid_pairs, _read_camvid)
PAIRS = Layout("side-by-side pairs", _side_by_side_pairs, _read_side_by_side)


def find_layout(folder: Path) -> Layout:
    """Says which layout a folder has, by looking at it.

    Raises:
        DataError: it is no folder, or has none of the known layouts.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder")
    if (folder / "leftImg8bit").is_dir() and (folder / "gtFine").is_dir():
        return CITYSCAPES
    if any((folder / f"{split}annot").is_dir() for split in ("train", "val", "test")):
        return CAMVID
    if any(_images(folder / split) for split in ("train", "val", "test")):
        return PAIRS
    raise DataError(
        f"{folder} is no data set that is known here: expected leftImg8bit/ and gtFine/ (Cityscapes), "
        "train/ and trainannot/ (CamVid), or train/ with side-by-side pictures (pix2pix)"
    )
