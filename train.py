"""Trains, evaluates and prepares: `python train.py --help`, `python train.py fit --help`."""

from __future__ import annotations

import os

os.environ.setdefault(
    "OMP_WAIT_POLICY", "PASSIVE"
)  # idle threads sleep, so that training shares a machine well

import logging
import sys
from dataclasses import dataclass

import tyro

from citygan.commands import COMMANDS
from citygan.commands.fit import RecipeName, fit
from citygan.recipes import RECIPES
from citygan.training import TrainingError


@dataclass(frozen=True)
class _RecipeFlag:
    recipe: RecipeName = "citygan"


def main(arguments: list[str]) -> int:
    """Runs the command that the arguments name; the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    chosen, _ = tyro.cli(_RecipeFlag, args=arguments, return_unknown_args=True, add_help=False)
    fit.__defaults__ = (RECIPES[chosen.recipe],)  # the flags' defaults, and what --help shows
    try:
        tyro.extras.subcommand_cli_from_dict(COMMANDS, args=arguments)
    except (ValueError, TrainingError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # before or after the training, which saves by itself
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
