"""The checkpoints at hand, each loaded when it is first asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from citygan.errors import CityGANError

KEPT = 3  # checkpoints in memory beside the one that the page uses


def find_runs(folder: Path) -> list[str]:
    """The best checkpoint of each run below a folder, `NAME/best` and `GROUP/NAME/best`, in order of name."""
    found = (p.with_suffix("") for pattern in ("*/best", "*/*/best") for p in folder.glob(pattern + ".json"))
    return sorted(str(p) for p in found if p.with_suffix(".safetensors").is_file())


def short_name(source: str) -> str:
    """How a checkpoint is called on the page, which says nothing of the machine's folders.

    `runs/first/best` is `first`, `runs/table/citygan/best` is `table/citygan`, ids of the Hub are themselves.
    """
    path = Path(source.removesuffix(".safetensors"))
    if not path.with_name(f"{path.name}.json").is_file():
        return source
    parts = path.parts[:-1] if path.name == "best" else path.parts
    return "/".join(parts[-2:]).removeprefix("runs/").removeprefix("checkpoints/")


class Shelf:
    """Opens checkpoints by name, and keeps those that were used last.

    Args:
        first: What stands for the checkpoint that is open already.
        name: Its name.
        others: Further checkpoints: paths or Hugging Face Hub ids.
        open_model: Loads one of them; its results are what is kept.
    """

    def __init__(self, first: Any, name: str, others: Sequence[str], open_model: Callable[[str], Any]):
        self._first = first
        sources = {short_name(other): other for other in others}
        self.names = [name, *(other for other in sources if other != name)]
        self._opened = lru_cache(KEPT)(lambda other: open_model(sources[other]))
        self._lock = threading.Lock()

    def __call__(self, name: str) -> Any:
        """What `open_model` made of a name.

        Raises:
            CityGANError: no such name here, or it cannot be loaded.
        """
        if name == self.names[0]:
            return self._first
        if name not in self.names:
            raise CityGANError(f"there is no checkpoint {name!r} here")
        with self._lock:  # so that two visitors load it once
            return self._opened(name)
