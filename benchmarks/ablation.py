"""What each part of the present recipes brings: thin networks from random weights, on equal images, scored
on a drive that none of them saw.

The parts: A, a light and classes that norms are told; B, a discriminator that reads the street; C, a trunk
at half the size with an end beside the map; D, a light that the seed varies; K, a discriminator that knows
ImageNet; G, guessed light; E, even maps.

`python benchmarks/ablation.py --data CAMVID [--out runs/ablation] [--epochs 10] [--rows photo C]`
trains each row in two processes on the CPU, goes on after a kill, and prints the table.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as train.py sets it

import json
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
import tyro
from figures import ROOT, machine

from citygan.checkpoint import Checkpoint
from citygan.data import dataset as datasets
from citygan.evaluation import judges
from citygan.evaluation.evaluate import score_split
from citygan.evaluation.judging import Judges, evenly
from citygan.evaluation.segmenter import Segmenter
from citygan.files import write_atomically
from citygan.models import GENERATORS
from citygan.models.light import light_of
from citygan.models.street_unet import StreetUNet, ToldNorm
from citygan.synthesis.synthesizer import Synthesizer
from citygan.training.config import TrainConfig
from citygan.training.fit import fit
from citygan.training.recipes import RECIPES

HELD_OUT = "0006R0"
PROCESSES = 2  # of each training, which make its batch
# No average of the weights: after so few steps it would be mostly of the first ones
THIN: dict[str, Any] = {"width": 16, "discriminator_width": 16, "decay_epochs": 0, "ema_decay": 0.0}
PHOTO = replace(RECIPES["citygan-photo"], **THIN)


def _of(recipe: str, *names: str) -> dict[str, Any]:
    return {name: getattr(RECIPES[recipe], name) for name in names}


_LOSSES = ("feature_weight", "l1_weight", "pooled_l1_weight", "ssim_weight", "ssim_pool", "class_balance")
# The reading discriminator with the losses that go with it
READS = _of("citygan-light", "discriminator", "adversarial_loss", "frequency_weight", *_LOSSES)
# The generator that ends at twice the size of its trunk; its noise is its own
ENDS_LATER: dict[str, Any] = {
    "generator": "street-unet",
    "noise": False,
    "refine": False,
    "dropout": TrainConfig.dropout,  # it has none
}
KNOWS = _of("citygan-projected", "upsampling", "discriminator", "pretrained", "window_px", *_LOSSES)
LIT = _of("citygan-projected", "light_weight")


@dataclass(frozen=True)
class Row:
    what: str
    config: TrainConfig
    told: bool = True  # whether the street-unet's norms are told the classes and the light


_LATER = replace(PHOTO, **ENDS_LATER)
_LIT_LATER = replace(_LATER, **LIT)
_KNOWING = replace(_LIT_LATER, **KNOWS)
ROWS = {
    "photo": Row("`citygan-photo`, where all of them start", PHOTO),
    "B": Row("B alone: a discriminator that reads the street, and its losses", replace(PHOTO, **READS)),
    "C": Row("C alone: the trunk at half the size, an end beside the map", _LATER, told=False),
    "AC": Row("A and C: its norms are told the classes and the light", _LIT_LATER),
    "ABC": Row("A, B and C", replace(_LIT_LATER, **READS)),
    "KAC": Row("K, A and C: against what an ImageNet network says, as in `citygan-projected`", _KNOWING),
    "GKAC": Row(
        "the same with two of five photos in the guessed light", replace(_KNOWING, guessed_light=0.4)
    ),
    "EKAC": Row("K, A and C with even maps", replace(_KNOWING, even_weight=5.0)),
}


class Untold(StreetUNet):
    """A street-unet whose norms learn nothing of classes and light: plain instance norms, as they begin."""

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        for module in self.modules():
            if isinstance(module, ToldNorm):
                module.of_classes.requires_grad_(False)
                module.of_light.requires_grad_(False)


def train_row(name: str, data: Path, out: Path, epochs: int) -> None:
    """One process of a row's training."""
    row = ROWS[name]
    if not row.told:
        GENERATORS["street-unet"] = Untold
    fit(
        data,
        out / name,
        replace(row.config, epochs=epochs),
        recipe=f"ablation-{name}",  # ty: ignore[invalid-argument-type]: what its checkpoint says
        device="cpu",
        leave_drive_out=HELD_OUT,
        validate_every=epochs,
    )


def score_row(name: str, data: Path, out: Path, segmenter: Segmenter) -> dict[str, float]:
    """A row's figures on the drive that was held out, and its SSIM on val."""
    checkpoint = Checkpoint.find(out / name / "last")
    synthesizer = Synthesizer(checkpoint, "cpu")
    height, aspect = checkpoint.info.height_px, checkpoint.info.width_px / checkpoint.info.height_px
    train, val = (datasets.open_split(data, split, height, aspect=aspect) for split in ("train", "val"))
    held = datasets.leave_drive_out(train, HELD_OUT)[1]
    photos: list[np.ndarray] = []
    scores = score_split(synthesizer, held, segmenter=segmenter, photos=photos)
    judged = Judges(synthesizer, segmenter, None)(photos, held, scores.reading, {})[datasets.NO_DRIVE]
    found = {"SSIM": float(scores.ssim.mean())}
    found["SSIM on val"] = float(score_split(synthesizer, val).ssim.mean())
    for figure in judged:
        found[figure.judge] = figure.generated
        if figure.real is not None:
            found[f"{figure.judge}, real"] = figure.real
    known = light_of(checkpoint.load())
    if known is not None:  # D: how much of the seeds' difference is light
        maps = [held[i][0] for i in evenly(len(held), 10)]
        lights = [tuple(known.guess_of_map(m[None])[0].tolist()) for m in maps]
        one, two = (
            torch.from_numpy(
                np.stack(
                    [synthesizer(m.numpy(), seed, light=light) for m, light in zip(maps, lights, strict=True)]
                )
            )
            for seed in (1, 2)
        )
        found["seeds differ by, in one light"] = judges.variety(one, two)
    return found


def main(
    data: Path,
    *,
    out: Path = Path("runs/ablation"),
    epochs: int = 10,
    rows: tuple[str, ...] = tuple(ROWS),
    segmenter: Path = ROOT / "checkpoints" / "camvid-segmenter",
    row: str | None = None,
) -> None:
    """Trains and scores rows, and prints their table.

    Args:
        data: CamVid, as published with SegNet.
        out: Where runs and figures go.
        epochs: Of each row.
        rows: Which of them.
        segmenter: What judges.
        row: Be one process of this row's training (torchrun passes it).
    """
    if row:
        train_row(row, data, out, epochs)
        return
    reader = Segmenter(segmenter, "cpu")
    found = {}
    for name in rows:
        file = out / f"{name}-{epochs}.json"
        if not file.is_file():
            words = ["--data", data, "--out", out, "--epochs", epochs, "--row", name]
            launcher = [sys.executable, "-m", "torch.distributed.run", f"--nproc_per_node={PROCESSES}"]
            environment = os.environ | {"OMP_NUM_THREADS": "1"}
            subprocess.run([*launcher, __file__, *map(str, words)], check=True, env=environment)
            figures = json.dumps(score_row(name, data, out, reader), indent=1)
            write_atomically(file, lambda path, text=figures: path.write_text(text, encoding="utf-8"))
        found[name] = json.loads(file.read_text(encoding="utf-8"))
    print(f"{epochs} epochs, {HELD_OUT} held out and scored; {PROCESSES} processes, {machine()['cpu']}")
    figures = list(dict.fromkeys(figure for each in found.values() for figure in each))
    print("| |", " | ".join(ROWS[name].what for name in found), "|")
    print("|---" * (len(found) + 1) + "|")
    for figure in figures:
        values = (found[name].get(figure) for name in found)
        print(f"| {figure} |", " | ".join("-" if v is None else f"{v:.3g}" for v in values), "|")


if __name__ == "__main__":
    tyro.cli(main)
