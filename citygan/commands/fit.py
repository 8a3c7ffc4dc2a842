"""`train.py fit`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal

import tyro
from accelerate import Accelerator

from citygan import data as datasets
from citygan.recipes import RECIPES, TrainConfig
from citygan.runs import DatasetNote, Run, best_precision
from citygan.synthesis import find_device

RecipeName = Literal[tuple(RECIPES)]
Config = Annotated[TrainConfig, tyro.conf.OmitArgPrefixes]


def fit(
    data: Path,
    out: Path,
    config: Config,
    *,
    recipe: RecipeName = "citygan",
    device: Literal["auto", "cpu", "cuda"] = "auto",
    precision: Literal["auto", "no", "bf16"] = "auto",
    skip_bad: bool = False,
    save_minutes: float = 5.0,
    dataset_name: str = "",
    weights_license: str = "as the licence of the training data demands",
    start_from: Path | None = None,
) -> None:
    """Trains a recipe; the same command again resumes. Each field of the recipe is a flag.

    Args:
        data: The data set, in any known layout.
        out: The folder of this run.
        config: Overrides of the recipe.
        recipe: Where the configuration starts from.
        device: What trains; auto is CUDA where there is one.
        precision: auto is bf16 where the machine computes in it.
        skip_bad: Leave out samples that cannot be read, and count them.
        save_minutes: Time between saves of the training state inside an epoch.
        dataset_name: What the checkpoint says it was trained on; default: the layout.
        weights_license: What the checkpoint says of its own licence.
        start_from: The folder of another run, whose networks are trained on.
    """
    find_device(device)
    precision = best_precision(device) if precision == "auto" else precision
    accelerator = Accelerator(cpu=device == "cpu", mixed_precision=precision)
    train_set = datasets.open_split(data, "train", config.load_px_max, skip_bad=skip_bad, progress=True)
    val_set = datasets.open_split(data, "val", config.size_px, skip_bad=skip_bad, progress=True)
    note = datasets.describe(data)
    dataset = DatasetNote(dataset_name or note["name"], note["aspect"], weights_license)
    run = Run(
        out, recipe, config, train_set, val_set, dataset, accelerator, save_minutes, start_from=start_from
    )
    if not run.go():
        print(f"stopped and saved; go on with: python {shlex.join(sys.argv)}")
