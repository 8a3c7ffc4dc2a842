"""Label maps and their photos: readers for the layouts people have, and paired augmentation.

Label maps are transformed as ids (nearest neighbour) and coloured last, so nothing leaves the palette.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as TF
from tqdm import tqdm

from . import palette

log = logging.getLogger(__name__)

PHOTO_SUFFIXES = {".png", ".jpg", ".jpeg"}
# CamVid as published with SegNet (ids 0-11): sky building pole road pavement tree sign fence car pedestrian
# bicyclist void
CAMVID_IDS = np.array([23, 11, 17, 7, 8, 21, 20, 13, 26, 24, 25, 0], np.uint8)
MEMORY_BUDGET_BYTES = 8 * 2**30


class DataError(ValueError):
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


@dataclass
class LabelPhotoSet:
    """The samples of one split, of one size, as uint8 tensors; in memory where they fit the budget.

    `set[i]` is a label map `(H, W) uint8` and its photo `(3, H, W) uint8`, both resized to `size_px` square.
    """

    pairs: list[Pair]
    layout: Layout
    size_px: int
    skipped: list[str] = field(default_factory=list)  # what --skip-bad left out, with the reason
    memory: list[tuple[torch.Tensor, torch.Tensor]] | None = None

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.memory[index] if self.memory is not None else self._load(self.pairs[index])

    def _load(self, pair: Pair) -> tuple[torch.Tensor, torch.Tensor]:
        label_map, photo = self.layout.read(pair)
        size = [self.size_px, self.size_px]
        ids = torch.from_numpy(label_map.copy())[None]
        labels = TF.resize(ids, size, interpolation=InterpolationMode.NEAREST_EXACT)[0]
        image = TF.resize(torch.from_numpy(photo.copy()).permute(2, 0, 1), size, antialias=True)
        return labels, image.contiguous()

    def load(self, *, skip_bad: bool, progress: bool = False) -> LabelPhotoSet:
        """Reads every sample once, so that a bad file is found now; keeps them where they fit the memory
        budget."""
        fits = len(self) * 4 * self.size_px**2 <= MEMORY_BUDGET_BYTES
        kept, memory = [], []

        def load_or_reason(pair: Pair):
            try:
                return self._load(pair)
            except DataError as error:
                if not skip_bad:
                    raise
                return str(error)

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            loaded = pool.map(load_or_reason, self.pairs)
            for pair, sample in zip(
                self.pairs, tqdm(loaded, "reading", len(self), disable=not progress, leave=False), strict=True
            ):
                if isinstance(sample, str):
                    self.skipped.append(sample)
                    continue
                kept.append(pair)
                if fits:
                    memory.append(sample)
        self.pairs, self.memory = kept, memory if fits else None
        return self


def open_split(
    folder: Path | str, split: str, size_px: int, *, skip_bad: bool = False, progress: bool = False
) -> LabelPhotoSet:
    """Opens one split of a data set of any known layout.

    Args:
        folder: The data set; the layout is recognized by looking at it.
        split: "train", "val" or "test".
        size_px: Every sample is resized to this square, as pix2pix does.
        skip_bad: Leave out samples that cannot be read, and count them, instead of raising.
        progress: Show a progress bar while reading.

    Raises:
        DataError: No known layout, no such split, an unpaired file, a truncated image, a label outside the
        classes.
    """
    folder = Path(folder)
    layout = find_layout(folder)
    pairs, unpaired = [], []
    for pair in layout.pairs(folder, split):
        missing = next((p for p in (pair.photo, pair.labels) if not p.is_file()), None)
        (unpaired.append(f"{pair.name}: there is no {missing}") if missing else pairs.append(pair))
    if unpaired and not skip_bad:
        raise DataError(f"{unpaired[0]} ({len(unpaired)} unpaired in all); mend it or pass --skip-bad")
    if not pairs:
        raise DataError(f"{folder} has no samples for the split {split!r} (layout: {layout.name})")
    opened = LabelPhotoSet(pairs, layout, size_px, skipped=unpaired).load(
        skip_bad=skip_bad, progress=progress
    )
    if not opened.pairs:
        raise DataError(f"not one sample of {folder} ({split}) can be read: {opened.skipped[0]}")
    left_out = f", {len(opened.skipped)} left out" if opened.skipped else ""
    log.info("%s: %s layout, %s, %d samples%s", folder, layout.name, split, len(opened), left_out)
    return opened


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


def describe(folder: Path, split: str = "train") -> dict:
    """`{"name", "aspect"}` of a data set: from the `dataset.json` that `prepare` left, else from its first
    photo."""
    noted = folder / "dataset.json"
    if noted.is_file():
        try:
            return json.loads(noted.read_text())
        except ValueError as error:
            raise DataError(f"{noted} is damaged ({error}); run train.py prepare again") from error
    layout = find_layout(folder)
    pairs = layout.pairs(folder, split)
    if not pairs:
        raise DataError(f"{folder} has no samples for the split {split!r} (layout: {layout.name})")
    _, photo = layout.read(pairs[0])
    return {"name": layout.name, "aspect": photo.shape[1] / photo.shape[0]}


def prepare(
    folder: Path, out: Path, height_px: int, *, splits: Sequence[str], skip_bad: bool = False
) -> dict:
    """Resizes a data set once, keeping its aspect, into the Cityscapes layout with JPEG photos and PNG ids.

    Returns:
        What was written: `{"name", "aspect", "splits": {split: samples}, "skipped": [reasons]}`; also left as
        `dataset.json` beside the pictures.
    """
    layout = find_layout(folder)
    aspects: list[float] = []
    note: dict = {
        "name": describe(folder, splits[0])["name"],
        "height_px": height_px,
        "splits": {},
        "skipped": [],
    }
    for split in splits:
        pairs, skipped = layout.pairs(folder, split), len(note["skipped"])
        for pair in tqdm(pairs, f"preparing {split}"):
            try:
                aspects.append(_prepare_one(layout, pair, out, split, height_px))
            except DataError as error:
                if not skip_bad:
                    raise
                note["skipped"].append(str(error))
        note["splits"][split] = len(pairs) - (len(note["skipped"]) - skipped)
    if not aspects:
        raise DataError(f"{folder} has no samples in {', '.join(splits)}")
    note["aspect"] = float(np.median(aspects))
    (out / "dataset.json").write_text(json.dumps(note, indent=1))
    return note


def _prepare_one(layout: Layout, pair: Pair, out: Path, split: str, height_px: int) -> float:
    label_map, photo = layout.read(pair)
    aspect = photo.shape[1] / photo.shape[0]
    size = (round(height_px * aspect), height_px)
    stem = f"{pair.name.replace('/', '_')}"
    photo_path = out / "leftImg8bit" / split / "all" / f"{stem}_leftImg8bit.jpg"
    label_path = out / "gtFine" / split / "all" / f"{stem}_gtFine_labelIds.png"
    photo_path.parent.mkdir(parents=True, exist_ok=True)
    label_path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(photo).resize(size, Image.Resampling.LANCZOS).save(photo_path, quality=95)
    Image.fromarray(label_map).resize(size, Image.Resampling.NEAREST).save(label_path)
    return aspect


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
        label_map, _ = palette.snap(np.asarray(_open(pair.labels).convert("RGB")))
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
    (left_map, left_report), (right_map, right_report) = palette.snap(left), palette.snap(right)
    if left_report.far <= right_report.far:
        return left_map, right
    return right_map, left


CITYSCAPES = Layout("Cityscapes", _cityscapes_pairs, _read_cityscapes)
CAMVID = Layout("CamVid", _camvid_pairs, _read_camvid)
PAIRS = Layout("side-by-side pairs", _side_by_side_pairs, _read_side_by_side)


def class_shares(label_maps: Iterable[torch.Tensor]) -> dict[int, float]:
    """The share of pixels of each id over many label maps, largest first."""
    counts = sum(torch.bincount(m.flatten().long(), minlength=256) for m in label_maps)
    order = counts.argsort(descending=True, stable=True)
    return {int(i): float(counts[i] / counts.sum()) for i in order if counts[i]}
