"""Label maps and photos as the networks see them."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch.nn import functional as F

from citygan import palette

ENCODINGS = {"colors": 3, "classes": len(palette.CLASSES)}


def encode_labels(
    label_maps: torch.Tensor, encoding: str, dtype: torch.dtype = torch.float32
) -> torch.Tensor:
    """What the networks are shown of a label map: each id's row of a table, laid out channels-last.

    Args:
        label_maps: `(N, H, W) uint8` ids.
        encoding: "colors" for palette colours in [-1, 1], as pix2pix; "classes" for one channel a class, 0
            or 1.
        dtype: Of the result.

    Returns:
        `(N, ENCODINGS[encoding], H, W)`, on the device of the label maps.

    Raises:
        ValueError: another encoding.
    """
    if encoding not in ENCODINGS:
        raise ValueError(f"encoding {encoding!r} is unknown; choose one of {', '.join(ENCODINGS)}")
    return F.embedding(label_maps.int(), _table(encoding, dtype, label_maps.device)).permute(0, 3, 1, 2)


@cache
def _table(encoding: str, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """`(256, C)`: what stands for each id."""
    if encoding == "colors":
        colors = torch.from_numpy(palette.colorize(np.arange(256, dtype=np.uint8)))
        return colors.float().div(127.5).sub(1).to(device, dtype)
    channel_of = torch.zeros(256, dtype=torch.long)
    channel_of[[c.id for c in palette.CLASSES]] = torch.arange(len(palette.CLASSES))
    return F.one_hot(channel_of, len(palette.CLASSES)).to(device, dtype)


def to_unit_range(photos: torch.Tensor) -> torch.Tensor:
    """Photos `uint8` -> `float32` in [-1, 1]."""
    return photos.float().div(127.5).sub(1)


def to_pixels(photos: torch.Tensor) -> torch.Tensor:
    """`(N, 3, H, W)` in [-1, 1] -> `(N, H, W, 3) uint8`."""
    return photos.permute(0, 2, 3, 1).float().add(1).mul(127.5).round().clamp(0, 255).byte().contiguous()
