"""`train.py fit`."""

from __future__ import annotations

import logging
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from citygan.checkpoint import Checkpoint
from citygan.data import dataset as datasets
from citygan.publishing.push import check_repo, push_run
from citygan.synthesis.onnx_graph import add_graph
from citygan.training.accelerator import open_accelerator
from citygan.training.config import TrainConfig
from citygan.training.recipes import RECIPES
from citygan.training.run import WEIGHTS_LICENSE, Run, RunData, RunOptions

RecipeName = Literal[tuple(RECIPES)]  # ty: ignore[invalid-type-form]: the names of the table
Config = Annotated[TrainConfig, tyro.conf.OmitArgPrefixes]


def fit(
    data: Path,
    out: Path,
    config: Config,
    *,
    recipe: RecipeName = "citygan",
    device: Literal["auto", "cpu", "cuda"] = "auto",
    precision: Literal["auto", "no", "bf16"] = "auto",
    leave_drive_out: str | None = None,
    skip_bad: bool = False,
    save_minutes: float = 5.0,
    validate_every: int = 1,
    dataset_name: str = "",
    weights_license: str = WEIGHTS_LICENSE,
    start_from: Path | None = None,
    generator_weights: Path | None = None,
    memory_gib: float = 8.0,
    workers: int = 2,
    compile: bool = True,
    push_to_hub: str | None = None,
) -> None:
    """Trains a recipe; the same command again resumes. Each field of the recipe is a flag.

    Args:
        data: The data set, in any known layout.
        out: The folder of this run.
        config: Overrides of the recipe.
        recipe: Where the configuration starts from.
        device: What trains; auto is CUDA where there is one.
        precision: auto is bf16 where the machine computes in it.
        leave_drive_out: A drive of the training split to validate on, in place of val, and not to train on.
        skip_bad: Leave out samples that cannot be read, and count them.
        save_minutes: Time between saves of the training state inside an epoch.
        validate_every: Epochs between validations, each with its checkpoint and its samples.
        dataset_name: What the checkpoint says it was trained on; default: the layout.
        weights_license: What the checkpoint says of its own licence.
        start_from: The folder of another run, whose networks are trained on.
        generator_weights: What the generator alone starts from: a checkpoint, or weights of another pix2pix
            project, such as latest_net_G.pth.
        memory_gib: A split is kept in memory where it takes no more than this, else read when needed.
        workers: Processes that read ahead where the training set is not kept in memory.
        compile: On CUDA, run each step as one CUDA graph (in one process; nothing on a CPU).
        push_to_hub: OWNER/NAME on the Hugging Face Hub, where the best checkpoint goes at the end.
    """
    if push_to_hub:
        check_repo(push_to_hub)
    accelerator = open_accelerator(device, precision)
    if not accelerator.is_main_process:
        logging.getLogger().setLevel(logging.WARNING)  # the main process alone speaks
    how = {"skip_bad": skip_bad, "memory_gib": memory_gib, "progress": accelerator.is_main_process}
    run = Run(
        config,
        _open_data(data, config, leave_drive_out, dataset_name, weights_license, **how),
        RunOptions(
            out,
            recipe,
            save_minutes=save_minutes,
            start_from=start_from,
            generator_weights=generator_weights,
            compile=compile,
            workers=workers,
            validate_every=validate_every,
        ),
        accelerator,
    )
    done = run.go()
    if not accelerator.is_main_process:
        return
    if done:
        _publish(out, push_to_hub)
    else:
        again = f"python {shlex.join(sys.argv)}" if accelerator.num_processes == 1 else "the same torchrun"
        print(f"stopped and saved; go on with: {again}")


def _open_data(
    data: Path,
    config: TrainConfig,
    leave_drive_out: str | None,
    dataset_name: str,
    weights_license: str,
    *,
    memory_gib: float,
    **how: Any,
) -> RunData:
    """Both splits, and what a checkpoint says of them; arguments as for `fit`, `how` as for `open_split`."""
    how |= {"memory_gib": memory_gib, "aspect": config.aspect}
    train_set = datasets.open_split(data, "train", config.load_px_max, **how)
    note = datasets.describe(data)
    name = dataset_name or note["name"]
    if leave_drive_out:
        train_set, held_out = datasets.leave_drive_out(train_set, leave_drive_out)
        val_set = held_out.resized(config.size_px, memory_gib=memory_gib)
        name += f" without its drive {leave_drive_out}, on which it is validated"
    else:
        val_set = datasets.open_split(data, "val", config.size_px, **how)
    return RunData(train_set, val_set, name, note["aspect"], weights_license)


def _publish(out: Path, repo: str | None) -> None:
    """Gives the best checkpoint of a run its graph, and pushes it where a repository is named."""
    if (out / "best.json").is_file():
        add_graph(Checkpoint.find(out / "best"))
    if repo:
        push_run(out, repo)


@dataclass(frozen=True)
class _RecipeFlag:
    recipe: RecipeName = "citygan"


def fit_from_recipe(words: list[str]) -> Callable[..., None]:
    """`fit`, whose flags have the defaults of the recipe that the words of a command line name."""
    chosen, _ = tyro.cli(_RecipeFlag, args=words, return_unknown_args=True, add_help=False)
    return partial(fit, config=RECIPES[chosen.recipe])
