"""The commands of `train.py`, each a function whose signature and docstring are its flags and its help."""

from __future__ import annotations

from collections.abc import Callable

from .checkpoint import draw, export
from .evaluate import evaluate
from .fit import fit
from .import_weights import import_weights
from .prepare import prepare
from .push import push
from .search import search
from .segmenter import segmenter
from .space import space
from .table import table

COMMANDS: dict[str, Callable[..., None]] = {
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
