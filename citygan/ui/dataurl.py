"""Pictures as text that a page shows."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

JPEG_QUALITY = 92  # with full colour, since the page shows the photo at two to three times its size


def data_url(pixels: np.ndarray, kind: str = "PNG") -> str:
    """A picture as the text that an `<img>` shows."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, quality=JPEG_QUALITY, subsampling=0, compress_level=3)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
