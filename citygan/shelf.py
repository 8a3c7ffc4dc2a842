"""The checkpoints at hand, each loaded when it is first asked for."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

KEPT = 3  # checkpoints in memory beside the one that the page uses


def find_runs(folder: Path) -> list[str]:
    """The best checkpoint of each run below a folder, `NAME/best` and `GROUP/NAME/best`, in order of name."""
    found = (p.with_suffix("") for pattern in ("*/best", "*/*/best") for p in folder.glob(pattern + ".json"))
    return sorted(str(p) for p in found if p.with_suffix(".safetensors").is_file())


class Shelf:
    """Opens checkpoints by name, and keeps those that were used last.

    Args:
        first: What stands for the checkpoint that is open already.
        name: Its name.
        others: Names of further checkpoints: paths or Hugging Face Hub ids.
        open_model: Loads one of them by its name; its results are what is kept.
    """

    def __init__(self, first: Any, name: str, others: Sequence[str], open_model: Callable[[str], Any]):
        self._first, self._first_name, self._open = first, name, open_model
        self.names = [name, *(other for other in others if other != name)]
        self._models: OrderedDict[str, Any] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, name: str) -> Any:
        """What `open_model` made of a name.

        Raises:
            ValueError: no such name here, or it cannot be loaded.
        """
        if name == self._first_name:
            return self._first
        if name not in self.names:
            raise ValueError(f"there is no checkpoint {name!r} here")
        with self._lock:
            if name not in self._models:
                self._models[name] = self._open(name)
            self._models.move_to_end(name)
            while len(self._models) > KEPT:
                self._models.popitem(last=False)
            return self._models[name]
