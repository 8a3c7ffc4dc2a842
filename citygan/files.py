"""Files that are either whole or not there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import mkstemp


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Calls `write(temporary path)` and moves the result into place: a full disk loses nothing earlier.

    Each call has a temporary file of its own beside `path`, so several may write the same file: the last one
    that is done wins, and every reader sees one of them whole.

    Args:
        path: Its folder is made if it is not there.
        write: Writes the file that it is given, anew.

    Raises:
        OSError: it could not be written; an earlier one is whole.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        temporary.chmod(0o644)
        os.replace(temporary, path)
    except Exception as error:
        if not _is_failed_write(error):
            raise
        raise OSError(
            f"{path} could not be written; is the disk full? An earlier one is whole. ({error})"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def _is_failed_write(error: Exception) -> bool:
    """Whether it is what torch or safetensors make of a full disk; neither says so in a class of its own."""
    return isinstance(error, RuntimeError) or type(error).__name__ == "SafetensorError"
