"""`train.py search`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

from citygan.data import dataset as datasets
from citygan.paper.search import Search, finished, open_study
from citygan.paper.search_report import write_search
from citygan.synthesis.device import hardware
from citygan.training.accelerator import open_accelerator
from citygan.training.fit import RecipeName
from citygan.training.recipes import RECIPES


def search(
    data: Path,
    *,
    sampler: Literal["grid", "random", "tpe"] = "tpe",
    trials: int = 20,
    epochs: int = 5,
    recipe: RecipeName = "citygan",
    widths: tuple[int, ...] = (16, 32),
    out: Path = Path("runs/search"),
    results: Path = Path("results/search"),
    device: Literal["auto", "cpu", "cuda"] = "auto",
    precision: Literal["auto", "no", "bf16"] = "auto",
) -> None:
    """Searches for a better recipe in short runs; the same command again goes on, several share one study.

    It varies learning rate, L1 and SSIM weight, width, adversarial loss, label smoothing and augmentation. A
    trial that stands below the median after its second epoch, or a later one, is pruned.

    Args:
        data: The data set, in any known layout.
        sampler: What proposes trials: a fixed grid in random order, chance, or a tree of Parzen estimators.
        trials: How many the study has in the end, those of earlier commands and other processes included.
        epochs: Of one trial.
        recipe: What is varied.
        widths: Widths of both networks to choose from.
        out: Where the study is kept.
        results: Where the plots, the trials and the best recipe go.
        device: What trains; auto is CUDA where there is one.
        precision: auto is bf16 where the machine computes in it.
    """
    base = replace(RECIPES[recipe], epochs=epochs)
    accelerator = open_accelerator(device, precision)
    about = {
        "recipe": recipe,
        "epochs": epochs,
        "dataset": datasets.describe(data)["name"],
        "hardware": hardware(accelerator.device),
    }
    study = open_study(out, sampler, widths, about)
    train_set = datasets.open_split(data, "train", base.load_px_max, progress=True)
    val_set = datasets.open_split(data, "val", base.size_px, progress=True)
    Search(base, widths, train_set, val_set, accelerator).run(study, trials)
    command = write_search(study, results)
    print(f"{finished(study)} trials; the best is in {results}/README.md:\n{command}")
