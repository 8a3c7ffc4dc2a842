"""Label maps with their photos, in memory: opening a split, its drives, and what a data set is."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import torch
from torch.nn.functional import interpolate
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from citygan.data.layouts import NO_DRIVE, DataError, Layout, Pair, find_layout

NOTE = "dataset.json"  # what `prepare` leaves beside the pictures
_DRIVE = re.compile(r"(?:all/)?([^/_]+)[/_]")  # prepare puts "all/" before the name, and "_" for its "/"

log = logging.getLogger(__name__)


@dataclass
class LabelPhotoSet(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """The samples of one split, of one size, as uint8 tensors; in memory where they fit the budget.

    `set[i]` is a label map `(H, W) uint8` and its photo `(3, H, W) uint8`, both resized to a height of
    `size_px` and a width of `aspect` times that.
    """

    pairs: list[Pair]
    layout: Layout
    size_px: int
    aspect: float = 1.0
    skipped: list[str] = field(default_factory=list)  # what --skip-bad left out, with the reason
    memory: tuple[torch.Tensor, torch.Tensor] | None = None  # label maps (M, H, W) and photos (M, 3, H, W)
    rows: list[int] = field(default_factory=list)  # where each sample stands in memory and in pixels_of_ids
    # (M, 256) int32: how many pixels each id has in each sample
    pixels_of_ids: torch.Tensor = field(default_factory=lambda: torch.zeros(0, 256, dtype=torch.int32))

    def __len__(self) -> int:
        return len(self.pairs)

    @property
    def _size(self) -> tuple[int, int]:
        return self.size_px, round(self.size_px * self.aspect)

    @cached_property
    def shares(self) -> dict[int, float]:
        """The share of each id among all pixels, largest first."""
        counts = self.pixels_of_ids[self.rows].sum(0)
        order = counts.argsort(descending=True, stable=True)
        return {int(i): float(counts[i] / counts.sum()) for i in order if counts[i]}

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        if not -len(self) <= index < len(self):
            raise IndexError(f"there is no sample {index}; there are {len(self)}")
        if self.memory is None:
            return self._read(self.pairs[index])
        row = self.rows[index]
        return self.memory[0][row], self.memory[1][row]

    def batches(
        self, order: list[list[int]], device: torch.device, *, workers: int = 0
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Label maps `(N, H, W)` and photos `(N, 3, H, W)` on the device, a batch for each list of indices.

        Args:
            order: Which samples each batch has.
            device: Where they are wanted.
            workers: Processes that read ahead where the set is not in memory.
        """
        if self.memory is not None:
            for chosen in order:
                rows = [self.rows[i] for i in chosen]
                yield self.memory[0][rows].to(device), self.memory[1][rows].to(device)
            return
        pinned = device.type == "cuda"
        loader = DataLoader(self, batch_sampler=order, num_workers=workers, pin_memory=pinned)
        for labels, photos in loader:
            yield labels.to(device, non_blocking=pinned), photos.to(device, non_blocking=pinned)

    def to(self, device: torch.device) -> LabelPhotoSet:
        """Moves the samples that are in memory to that device."""
        if self.memory is not None:
            labels, photos = self.memory
            self.memory = labels.to(device), photos.to(device)
        return self

    def subset(self, indices: Sequence[int]) -> LabelPhotoSet:
        """Those samples alone, in that order, with shares of their own. What is in memory is not copied."""
        return replace(
            self, pairs=[self.pairs[i] for i in indices], rows=[self.rows[i] for i in indices], skipped=[]
        )

    def resized(self, size_px: int, *, memory_gib: float = 8.0) -> LabelPhotoSet:
        """The same samples, read again at another size."""
        return LabelPhotoSet(self.pairs, self.layout, size_px, self.aspect).load(
            skip_bad=False, memory_gib=memory_gib
        )

    def load(self, *, skip_bad: bool, memory_gib: float, progress: bool = False) -> LabelPhotoSet:
        """Reads every sample once, so that a bad file is found now; keeps them where they fit the memory."""
        count, (height, width) = len(self), self._size
        memory = None
        if count * 4 * height * width <= memory_gib * 2**30:
            memory = (
                torch.empty(count, height, width, dtype=torch.uint8),
                torch.empty(count, 3, height, width, dtype=torch.uint8),
            )
        kept, pixels = [], torch.zeros(count, 256, dtype=torch.int32)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            read = pool.map(lambda pair: self._read_or_reason(pair, skip_bad), self.pairs)
            bar = tqdm(read, "reading", count, disable=not progress, leave=False)
            for pair, sample in zip(self.pairs, bar, strict=True):
                if isinstance(sample, str):
                    self.skipped.append(sample)
                    continue
                pixels[len(kept)] = torch.bincount(sample[0].flatten(), minlength=256)
                if memory is not None:
                    memory[0][len(kept)], memory[1][len(kept)] = sample
                kept.append(pair)
        self.pairs, self.rows, self.pixels_of_ids = kept, list(range(len(kept))), pixels[: len(kept)]
        self.memory = None if memory is None else (memory[0][: len(kept)], memory[1][: len(kept)])
        return self

    def _read(self, pair: Pair) -> tuple[torch.Tensor, torch.Tensor]:
        label_map, photo = self.layout.read(pair)
        ids = torch.from_numpy(label_map.copy())[None, None]
        labels = interpolate(ids, self._size, mode="nearest-exact")[0, 0]
        image = torch.from_numpy(photo.copy()).permute(2, 0, 1)[None]
        image = interpolate(image, self._size, mode="bilinear", antialias=True)[0]
        return labels, image.contiguous()

    def _read_or_reason(self, pair: Pair, skip_bad: bool) -> tuple[torch.Tensor, torch.Tensor] | str:
        try:
            return self._read(pair)
        except DataError as error:
            if not skip_bad:
                raise
            return str(error)


def open_split(
    folder: Path | str,
    split: str,
    size_px: int,
    *,
    aspect: float = 1.0,
    skip_bad: bool = False,
    memory_gib: float = 8.0,
    progress: bool = False,
) -> LabelPhotoSet:
    """Opens one split of a data set of any known layout.

    Args:
        folder: The data set; the layout is recognized by looking at it.
        split: "train", "val" or "test".
        size_px: The height that every sample is resized to.
        aspect: Their width / height; 1 makes squares of them, as pix2pix does.
        skip_bad: Leave out samples that cannot be read, and count them, instead of raising.
        memory_gib: The samples are kept in memory where they take no more than this, else read each time.
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
    opened = LabelPhotoSet(pairs, layout, size_px, aspect, skipped=unpaired).load(
        skip_bad=skip_bad, memory_gib=memory_gib, progress=progress
    )
    if not opened.pairs:
        raise DataError(f"not one sample of {folder} ({split}) can be read: {opened.skipped[0]}")
    left_out = f", {len(opened.skipped)} left out" if opened.skipped else ""
    log.info("%s: %s layout, %s, %d samples%s", folder, layout.name, split, len(opened), left_out)
    return opened


def describe(folder: Path, split: str = "train") -> dict:
    """`{"name", "aspect"}` of a data set: from the `dataset.json` that `prepare` left, else from its first
    photo."""
    noted = folder / NOTE
    if noted.is_file():
        try:
            note = json.loads(noted.read_text(encoding="utf-8"))
            return {"name": note["name"], "aspect": note["aspect"]}
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{noted} is damaged ({error}); run train.py prepare again") from error
    layout = find_layout(folder)
    pairs = layout.pairs(folder, split)
    if not pairs:
        raise DataError(f"{folder} has no samples for the split {split!r} (layout: {layout.name})")
    _, photo = layout.read(pairs[0])
    return {"name": layout.name, "aspect": photo.shape[1] / photo.shape[0]}


def drives(samples: LabelPhotoSet) -> dict[str, list[int]]:
    """The samples of each drive, by its name: CamVid's file names start with the drive, Cityscapes' with the
    city, as shot or as prepared. Samples whose names start with neither are one drive, `NO_DRIVE`."""
    found: dict[str, list[int]] = {}
    for index, pair in enumerate(samples.pairs):
        found.setdefault(_drive_of(pair), []).append(index)
    return dict(sorted(found.items()))


def drives_of_split(folder: Path, split: str) -> frozenset[str]:
    """The drives of a split, by its file names alone; none where it has no photos."""
    return frozenset(map(_drive_of, find_layout(folder).pairs(folder, split)))


def _drive_of(pair: Pair) -> str:
    start = _DRIVE.match(pair.name)
    return start[1] if start else NO_DRIVE


def leave_drive_out(samples: LabelPhotoSet, drive: str) -> tuple[LabelPhotoSet, LabelPhotoSet]:
    """The samples of all other drives, and those of this one.

    Raises:
        DataError: there is no such drive, or no other.
    """
    indices = drives(samples)
    if drive not in indices or len(indices) < 2:
        raise DataError(f"the drive {drive!r} cannot be left out; the samples are of {', '.join(indices)}")
    others = sorted(i for name, chosen in indices.items() if name != drive for i in chosen)
    return samples.subset(others), samples.subset(indices[drive])
