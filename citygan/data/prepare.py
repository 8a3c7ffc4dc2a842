"""`train.py prepare`."""

from __future__ import annotations

from pathlib import Path

from citygan.data import dataset as datasets


def prepare(
    data: Path,
    out: Path,
    *,
    height_px: int = 286,
    splits: tuple[str, ...] = ("train", "val", "test"),
    leave_out: tuple[str, ...] = (),
    skip_bad: bool = False,
) -> None:
    """Resizes a data set once into a compact folder that `fit` reads quickly.

    Args:
        data: The data set, in any known layout.
        out: Where the compact copy goes.
        height_px: Of the copy; the width follows the aspect.
        splits: Which splits to copy.
        leave_out: Leave out samples whose names contain one of these, for example one drive.
        skip_bad: Leave out samples that cannot be read, and count them.
    """
    note = datasets.prepare(data, out, height_px, splits=splits, leave_out=leave_out, skip_bad=skip_bad)
    print(f"{out}: {note['splits']}, {len(note['skipped'])} left out")
