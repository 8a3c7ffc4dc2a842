"""What a training run leaves to look at: the log, the loss curves, sample grids and their animation."""

from __future__ import annotations

import csv
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image
from torch.utils.tensorboard import SummaryWriter

from .checkpoints import write_atomically
from .evaluation import Evaluation

matplotlib.use("Agg")
from matplotlib import pyplot as plt


class RunLog:
    """The metrics of a run, a row an epoch: in `metrics.csv` and for TensorBoard.

    After a resume the rows from `epoch` on are dropped, since those epochs are trained again.
    """

    def __init__(self, folder: Path, epoch: int):
        self.file = folder / "metrics.csv"
        self.rows = [row for row in read_log(folder) if row["epoch"] <= epoch]
        self.board = SummaryWriter(folder / "tensorboard", purge_step=epoch + 1)

    def add(self, row: dict[str, float]) -> None:
        self.rows.append(row)
        names = list(dict.fromkeys(name for r in self.rows for name in r))

        def write(path: Path) -> None:
            with path.open("w", newline="") as stream:
                writer = csv.DictWriter(stream, names, lineterminator="\n")
                writer.writeheader()
                writer.writerows(self.rows)

        write_atomically(self.file, write)
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
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
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
    plt.close(figure)


def draw_grid(columns: list[tuple[np.ndarray, ...]], path: Path) -> None:
    """Draws samples as columns of `(H, W, 3) uint8` pictures: the label map, the generated and the real
    photo."""
    grid = np.concatenate([np.concatenate(column, 0) for column in columns], 1)
    write_atomically(path, lambda p: Image.fromarray(grid).save(p, format="JPEG", quality=90))


def draw_animation(grids: list[Path], path: Path, *, most_frames: int = 60) -> None:
    """Puts the sample grids of a run's epochs together as a GIF, evenly thinned to `most_frames`."""
    chosen = [grids[i] for i in np.unique(np.linspace(0, len(grids) - 1, most_frames).round().astype(int))]
    frames = [Image.open(g).convert("P", palette=Image.Palette.ADAPTIVE) for g in chosen]
    duration_ms = [150] * (len(frames) - 1) + [2000]
    write_atomically(
        path,
        lambda p: frames[0].save(
            p, format="GIF", save_all=True, append_images=frames[1:], duration=duration_ms, loop=0
        ),
    )


def write_scores(scores: Evaluation, path: Path) -> None:
    """Writes each sample's name, SSIM and PSNR as a CSV."""
    rows = zip(scores.names, scores.ssim, scores.psnr, strict=True)
    lines = ["name,ssim,psnr", *(f"{name},{ssim:.4f},{psnr:.2f}" for name, ssim, psnr in rows)]
    write_atomically(path, lambda p: p.write_text("\n".join(lines) + "\n"))
