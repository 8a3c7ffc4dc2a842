"""The file of a training state: what `torch.save` wrote of tensors and plain values, and no code."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import torch

from citygan.errors import CityGANError


def read_state(path: Path, parts: Collection[str]) -> dict:
    """Reads a training state onto the CPU.

    Args:
        path: The file.
        parts: The keys that it cannot do without.

    Raises:
        CityGANError: there is none, or it is damaged: each of its bytes is compared with a checksum.
    """
    if not path.is_file():
        raise CityGANError(f"there is no training state {path}")
    try:
        with ZipFile(path) as archive:  # torch reads it without a look at the checksums
            if damaged := archive.testzip():
                raise BadZipFile(f"the checksum of {damaged} is wrong")
        saved = torch.load(path, map_location="cpu", weights_only=True)
        if missing := set(parts) - saved.keys():
            raise LookupError(f"it has no {', '.join(sorted(missing))}")
    except Exception as error:  # zipfile, pickle and torch raise whatever they meet in a broken file
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise CityGANError(
            f"{path} is damaged or no training state ({reason}); move it away to start over"
        ) from error
    return saved
