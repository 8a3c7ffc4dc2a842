"""Files that are either whole or not there."""

from __future__ import annotations

import csv
import glob
import hashlib
import io
import os
import shutil
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from PIL import Image

from citygan.errors import CityGANError

PART = ".part"  # what is not yet whole ends so


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Calls `write(temporary path)` and moves the result into place: a full disk loses nothing earlier.

    Each call has a temporary name of its own beside `path`, so several may write the same file: the last one
    that is done wins, and every reader sees one of them whole.

    Args:
        path: Its folder is made if it is not there.
        write: Writes the file that it is given, which is not there yet.

    Raises:
        CityGANError: it could not be written; an earlier one is whole.
    """
    temporary = path.with_name(f".{path.name[:100]}.{uuid4().hex}{PART}")
    try:
        with plain_failures(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.touch()
            mode = temporary.stat().st_mode  # of new files; safetensors makes them its owner's alone
            temporary.unlink()
            write(temporary)
            temporary.chmod(mode)
            os.replace(temporary, path)
    finally:
        with suppress(OSError):  # it was moved, or never made
            temporary.unlink()


@contextmanager
def plain_failures(path: Path) -> Generator[None]:
    """Turns what a full or forbidden disk raises into a `CityGANError` that names what was to be written."""
    try:
        yield
    except Exception as error:
        if not _is_failed_write(error):
            raise
        raise CityGANError(
            f"{path} could not be written ({error}); is the disk full? An earlier one is whole"
        ) from error


def write_picture(image: Image.Image, path: Path, kind: str, **options: object) -> None:
    """Saves an image; on a full disk Pillow itself takes the first part of a JPEG or a GIF for all of it.

    Args:
        image: What is saved.
        path: The file, which is replaced.
        kind: As Pillow calls it: "JPEG", "PNG", "GIF".
        options: Of `Image.save`.

    Raises:
        OSError: it could not be written.
    """
    packed = io.BytesIO()
    image.save(packed, kind, **options)
    path.write_bytes(packed.getbuffer())


def remove_leftovers(folder: Path, name: str = "") -> None:
    """Removes what a process that was killed while it wrote left in a folder.

    Args:
        folder: One that no other process writes to.
        name: Of what was written there; by default anything.
    """
    for left in folder.glob(f".{glob.escape(name) if name else '*'}.*{PART}"):
        with suppress(OSError):  # what cannot be removed does no harm
            shutil.rmtree(left) if left.is_dir() else left.unlink()


def _is_failed_write(error: Exception) -> bool:
    """Whether it is a full or forbidden disk, as the system, torch or safetensors put it; torch and
    safetensors have no class of their own for that."""
    return isinstance(error, (OSError, RuntimeError)) or type(error).__name__ == "SafetensorError"


def write_csv(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Writes a table: a column for each key of the rows, in the order in which they first occur."""
    names = list(dict.fromkeys(name for row in rows for name in row))

    def write(temporary: Path) -> None:
        with temporary.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, names, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    write_atomically(path, write)


def sha256(file: Path) -> str:
    """The hash of a file's content."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
