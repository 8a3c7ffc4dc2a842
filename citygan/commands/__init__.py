"""The commands of `train.py`, each a function whose signature and docstring are its flags and its help."""

from __future__ import annotations

from collections.abc import Callable

from .checkpoint import draw, export
from .evaluate import evaluate
from .fit import fit
from .prepare import prepare

COMMANDS: dict[str, Callable[..., None]] = {
    "fit": fit,
    "prepare": prepare,
    "evaluate": evaluate,
    "export": export,
    "draw": draw,
}
