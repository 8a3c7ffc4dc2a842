"""`citygan prepare`: a data set resized once into a folder that training reads quickly."""

from __future__ import annotations

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image
from tqdm import tqdm

from citygan.data.dataset import NOTE, describe
from citygan.data.layouts import DataError, Layout, Pair, find_layout
from citygan.files import PART, plain_failures, remove_leftovers, write_picture

_WRITTEN = {"leftImg8bit", "gtFine", NOTE}


def prepare(
    data: Path,
    out: Path,
    *,
    height_px: int = 286,
    splits: tuple[str, ...] = ("train", "val", "test"),
    leave_out: tuple[str, ...] = (),
    skip_bad: bool = False,
) -> None:
    """Resizes a data set once, keeping its aspect, into the Cityscapes layout with JPEG photos and PNG ids.

    The copy is made beside OUT and takes its place when it is whole, and that of an earlier one with it.

    Args:
        data: The data set, in any known layout.
        out: Where the compact copy goes.
        height_px: Of the copy; the width follows the aspect.
        splits: Which splits to copy.
        leave_out: Leave out samples whose names contain one of these, for example one drive.
        skip_bad: Leave out samples that cannot be read, and count them.
    """
    out = out.resolve()  # a link stays one
    _check_free(out, data)
    with plain_failures(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(out.parent, out.name)
        with TemporaryDirectory(prefix=f".{out.name}.", suffix=PART, dir=out.parent) as beside:
            copy = Path(beside, "copy")
            note = _write(data, copy, height_px, splits, leave_out, skip_bad)
            if out.exists():
                os.replace(out, Path(beside, "earlier"))
            os.replace(copy, out)
    print(f"{out}: {note['splits']}, {len(note['skipped'])} left out")


def _check_free(out: Path, data: Path) -> None:
    """Whether the folder may be replaced.

    Raises:
        DataError: it holds what `prepare` did not write, or is the data set.
    """
    names = {p.name for p in out.iterdir()} if out.exists() else set()
    foreign = sorted(names - _WRITTEN if NOTE in names else names)
    if foreign:
        raise DataError(f"{out} holds {foreign[0]}, which prepare did not write; choose another --out")
    if out == data.resolve():
        raise DataError(f"{out} is the data set itself; choose another --out")


def _write(
    data: Path, out: Path, height_px: int, splits: tuple[str, ...], leave_out: tuple[str, ...], skip_bad: bool
) -> dict:
    """Writes the pictures and the note, which is returned: `{"name", "aspect", "height_px", "leave_out",
    "splits": {split: samples}, "skipped": [reasons]}`."""
    layout = find_layout(data)
    aspects: list[float] = []
    counts: dict[str, int] = {}
    skipped: list[str] = []
    for split in splits:
        pairs = [p for p in layout.pairs(data, split) if not any(part in p.name for part in leave_out)]
        before = len(aspects)
        for pair in tqdm(pairs, f"preparing {split}"):
            try:
                aspects.append(_write_one(layout, pair, out, split, height_px))
            except DataError as error:
                if not skip_bad:
                    raise
                skipped.append(str(error))
        counts[split] = len(aspects) - before
    if not aspects:
        raise DataError(f"{data} has no samples in {', '.join(splits)}")
    note = {
        "name": describe(data, splits[0])["name"],
        "aspect": float(np.median(aspects)),
        "height_px": height_px,
        "leave_out": list(leave_out),
        "splits": counts,
        "skipped": skipped,
    }
    (out / NOTE).write_text(json.dumps(note, indent=1))
    return note


def _write_one(layout: Layout, pair: Pair, out: Path, split: str, height_px: int) -> float:
    label_map, photo = layout.read(pair)
    aspect = photo.shape[1] / photo.shape[0]
    size = (round(height_px * aspect), height_px)
    stem = pair.name.removeprefix("all/").replace("/", "_")
    photo_path = out / "leftImg8bit" / split / "all" / f"{stem}_leftImg8bit.jpg"
    label_path = out / "gtFine" / split / "all" / f"{stem}_gtFine_labelIds.png"
    photo_path.parent.mkdir(parents=True, exist_ok=True)
    label_path.parent.mkdir(parents=True, exist_ok=True)
    resized = Image.fromarray(photo).resize(size, Image.Resampling.LANCZOS)
    write_picture(resized, photo_path, "JPEG", quality=95)
    write_picture(Image.fromarray(label_map).resize(size, Image.Resampling.NEAREST), label_path, "PNG")
    return aspect
