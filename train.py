"""Trains, evaluates and prepares: `python train.py --help`, `python train.py fit --help`."""

from __future__ import annotations

import os

os.environ.setdefault(
    "OMP_WAIT_POLICY", "PASSIVE"
)  # idle threads sleep, so that training shares a machine well

import logging
import shlex
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import tyro
from accelerate import Accelerator

from citygan import checkpoints, evaluation, palette, reports, streets
from citygan import data as datasets
from citygan.recipes import RECIPES, TrainConfig
from citygan.runs import DatasetNote, Run, best_precision
from citygan.synthesis import Synthesizer, find_device
from citygan.training import TrainingError

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


def prepare(
    data: Path,
    out: Path,
    *,
    height_px: int = 286,
    splits: tuple[str, ...] = ("train", "val", "test"),
    skip_bad: bool = False,
) -> None:
    """Resizes a data set once into a compact folder that `fit` reads quickly.

    Args:
        data: The data set, in any known layout.
        out: Where the compact copy goes.
        height_px: Of the copy; the width follows the aspect.
        splits: Which splits to copy.
        skip_bad: Leave out samples that cannot be read, and count them.
    """
    note = datasets.prepare(data, out, height_px, splits=splits, skip_bad=skip_bad)
    print(f"{out}: {note['splits']}, {len(note['skipped'])} left out")


def evaluate(
    model: str,
    data: Path,
    *,
    split: Literal["train", "val", "test"] = "test",
    device: Literal["auto", "cpu", "cuda"] = "auto",
    csv: Path | None = None,
    record: bool = False,
) -> None:
    """Scores a checkpoint on one split: mean SSIM and PSNR at the model's own size.

    Args:
        model: A checkpoint, a path or a Hub id.
        data: The data set, in any known layout.
        split: Which part of it.
        device: What computes; auto is CUDA where there is one.
        csv: Where to write each sample's scores.
        record: Write the mean SSIM (and over val its percentiles) into the checkpoint's .json.
    """
    synthesizer = Synthesizer(model, device)
    samples = datasets.open_split(data, split, synthesizer.info.height_px, progress=True)
    scores = evaluation.evaluate(synthesizer, samples)
    if csv:
        reports.write_scores(scores, csv)
    ssim = round(float(scores.ssim.mean()), 4)
    recorded = synthesizer.info.ssim.get(split)
    said = "" if recorded is None else f" (its .json says {recorded:.4f})"
    print(
        f"{model} on {split}, {len(samples)} photos: SSIM {ssim:.4f}{said}, PSNR {scores.psnr.mean():.2f} dB"
    )
    print(f"SSIM: {synthesizer.info.ssim_definition}. Device: {synthesizer.device_name}")
    if record:
        percentiles = {"val_ssim_percentiles": scores.ssim_percentiles} if split == "val" else {}
        info = replace(synthesizer.info, ssim=synthesizer.info.ssim | {split: ssim}, **percentiles)
        checkpoints.write_info(Path(model), info)


def export(checkpoint: Path, out: Path, *, half: bool = True) -> None:
    """Copies a checkpoint under another name, by default in half precision, for shipping.

    Args:
        checkpoint: For example runs/NAME/best.
        out: For example checkpoints/camvid-unet.
        half: Store float16.
    """
    generator, info = checkpoints.load(checkpoint)
    checkpoints.save(out, generator, replace(info, name=out.name), half=half)


def draw(model: str, out: Path, *, seed: int | None = None) -> None:
    """Draws the photos that a checkpoint makes of our own eight streets, below their label maps.

    Args:
        model: A checkpoint, a path or a Hub id.
        out: A .jpg file.
        seed: Of the photos.
    """
    synthesizer = Synthesizer(model)
    maps = [streets.street(name, 342, 256) for name in streets.NAMES]
    columns = [(palette.colorize(m), synthesizer(m, seed)) for m in maps]
    half = len(columns) // 2
    reports.draw_grid(
        [above + below for above, below in zip(columns[:half], columns[half:], strict=True)], out
    )


@dataclass(frozen=True)
class _RecipeFlag:
    recipe: RecipeName = "citygan"


def main(arguments: list[str]) -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    chosen, _ = tyro.cli(_RecipeFlag, args=arguments, return_unknown_args=True, add_help=False)
    fit.__defaults__ = (RECIPES[chosen.recipe],)  # the flags' defaults, and what --help shows
    commands = {"fit": fit, "prepare": prepare, "evaluate": evaluate, "export": export, "draw": draw}
    try:
        tyro.extras.subcommand_cli_from_dict(commands, args=arguments)
    except (ValueError, TrainingError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # before or after the training, which saves by itself
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
