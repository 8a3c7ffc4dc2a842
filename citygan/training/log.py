"""The log of a training run and its loss curves."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from torch.utils.tensorboard import SummaryWriter

from citygan.files import plain_failures, write_atomically, write_csv


class RunLog:
    """The metrics of a run, a row an epoch: in `metrics.csv` and for TensorBoard.

    After a resume the rows from `epoch` on are dropped, since those epochs are trained again.
    """

    def __init__(self, folder: Path, epoch: int):
        self.file = folder / "metrics.csv"
        self.rows = [row for row in read_log(folder) if row["epoch"] <= epoch]
        with plain_failures(folder / "tensorboard"):
            self.board = SummaryWriter(folder / "tensorboard", purge_step=epoch + 1)

    def add(self, row: dict[str, float]) -> None:
        self.rows.append(row)
        write_csv(self.file, self.rows)
        for name, value in row.items():
            if name != "epoch":
                self.board.add_scalar(name, value, int(row["epoch"]))
        self.board.flush()


def read_log(folder: Path) -> list[dict[str, float]]:
    """The rows of a run's `metrics.csv`; none where there is no such file."""
    file = folder / "metrics.csv"
    if not file.is_file():
        return []
    with file.open(newline="") as stream:
        return [{k: _number(v) for k, v in row.items() if v} for row in csv.DictReader(stream)]


def _number(text: str) -> float:
    return int(text) if text.isdigit() else float(text)


def draw_curves(rows: list[dict[str, float]], path: Path) -> None:
    """Draws the losses and the validation SSIM over the epochs."""
    epochs = [row["epoch"] for row in rows]
    figure = Figure(figsize=(11, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name in rows[-1]:
        if name.startswith("loss/"):
            left.plot(epochs, [row.get(name, np.nan) for row in rows], label=name.removeprefix("loss/"))
    left.set(xlabel="epoch", ylabel="mean loss, unweighted", yscale="log")
    left.legend(frameon=False)
    right.plot(epochs, [row["val_ssim"] for row in rows], color="tab:green")
    right.set(xlabel="epoch", ylabel="validation SSIM")
    for axis in (left, right):
        axis.grid(alpha=0.3)
    write_atomically(path, lambda p: figure.savefig(p, format="png", dpi=110))
