"""The commands: `citygan --help`, which is `python train.py --help` and `python -m citygan --help`.

Each command is a function beside what it drives; its signature and its docstring are its flags and its help.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # idle threads sleep: training shares a machine well

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import tyro

from citygan.data.prepare import prepare
from citygan.errors import CityGANError
from citygan.evaluation.evaluate import evaluate
from citygan.evaluation.segmenter_command import segmenter
from citygan.paper.search_command import search
from citygan.paper.table import table
from citygan.publishing.export import draw, export
from citygan.publishing.import_weights import import_weights
from citygan.publishing.push import push
from citygan.publishing.space import space
from citygan.synthesis.folder import synthesize
from citygan.training.fit import RecipeName, fit
from citygan.training.recipes import RECIPES

COMMANDS: dict[str, Callable[..., int | None]] = {
    "synthesize": synthesize,
    "fit": fit,
    "prepare": prepare,
    "evaluate": evaluate,
    "export": export,
    "draw": draw,
    "segmenter": segmenter,
    "table": table,
    "search": search,
    "import-weights": import_weights,
    "push": push,
    "space": space,
}


@dataclass(frozen=True)
class _RecipeFlag:
    recipe: RecipeName = "citygan"


def main(arguments: list[str] | None = None) -> int:
    """Runs the command that the arguments name, by default those of the process; the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    chosen, _ = tyro.cli(_RecipeFlag, args=arguments, return_unknown_args=True, add_help=False)
    # the recipe's fields are the flags' defaults, and what --help shows
    commands = COMMANDS | {"fit": partial(fit, config=RECIPES[chosen.recipe])}
    try:
        return tyro.extras.subcommand_cli_from_dict(commands, args=arguments) or 0
    except CityGANError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # before or after the training, which saves by itself
        return 130


if __name__ == "__main__":
    sys.exit(main())
