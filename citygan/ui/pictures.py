"""Image files of visitors, read one after the other: while one of 50 megapixels is decoded, it takes up to
750 MB."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import numpy as np

from citygan.data import images, label_maps
from citygan.data.images import ImageError
from citygan.data.label_maps import LabelMapFile, PhotoReader
from citygan.errors import CityGANError
from citygan.shape import check_shape

WAIT_S = 10.0  # for the files of others; a large one takes 2 s

_turn = threading.Lock()
_Given = ParamSpec("_Given")
_Read = TypeVar("_Read")


def in_turn(read: Callable[_Given, _Read]) -> Callable[_Given, _Read]:
    """Has a function wait while another thread is in such a one; it raises an ImageError after `WAIT_S`."""

    def wait_and_read(*given: _Given.args, **named: _Given.kwargs) -> _Read:
        if not _turn.acquire(timeout=WAIT_S):
            raise ImageError("Large images of other visitors are being read. Try again in a moment.")
        try:
            return read(*given, **named)
        finally:
            _turn.release()

    return wait_and_read


@in_turn
def read_label_map(
    source: bytes | str | Path, read_as: str | None = None, photo_reader: PhotoReader | None = None
) -> LabelMapFile:
    """See `citygan.data.label_maps`; a strip is an ImageError, too."""
    file = label_maps.read_label_map(source, read_as, photo_reader)
    try:
        check_shape(*file.label_map.shape[::-1])
    except CityGANError as error:
        raise ImageError(f"It cannot be drawn: {error}.") from error
    return file


@in_turn
def read_photo(source: bytes | str | Path) -> np.ndarray:
    """See `citygan.data.images`."""
    return images.read_photo(source)
