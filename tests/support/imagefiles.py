"""Pictures as image files and data URLs, and what is said of files that cannot be used."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from citygan.data.images import ImageError
from citygan.data.label_maps import read_label_map


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    """The bytes of an image file; options as for `Image.save`."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def data_url(pixels: np.ndarray) -> str:
    """`(H, W)` or `(H, W, 3) uint8` as the data URL of a PNG."""
    return "data:image/png;base64," + base64.b64encode(encoded(Image.fromarray(pixels))).decode()


def opened(url: str) -> np.ndarray:
    """The pixels of a picture that is a data URL."""
    return np.array(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))))


def refusal(source: Any, read: Callable = read_label_map) -> str:
    """Why a file is refused."""
    with pytest.raises(ImageError) as refused:
        read(source)
    return str(refused.value)
