"""Label maps and photos as the networks see them."""

from __future__ import annotations

import numpy as np
import torch

from . import palette

ENCODINGS = {"colors": 3, "classes": len(palette.CLASSES)}
_CLASS_INDEX = torch.zeros(256, dtype=torch.uint8)
_CLASS_INDEX[[c.id for c in palette.CLASSES]] = torch.arange(len(palette.CLASSES), dtype=torch.uint8)
_COLORS = torch.from_numpy(palette.colorize(np.arange(256, dtype=np.uint8))).float().div(127.5).sub(1)


def encode_labels(label_maps: torch.Tensor, encoding: str) -> torch.Tensor:
    """What the networks are shown of a label map.

    Args:
        label_maps: `(N, H, W) uint8` ids.
        encoding: "colors" for palette colours in [-1, 1], as pix2pix; "classes" for one channel a class, 0
        or 1.

    Returns:
        `(N, ENCODINGS[encoding], H, W) float32`.
    """
    ids = label_maps.long()
    if encoding == "colors":
        return _COLORS.to(ids.device)[ids].permute(0, 3, 1, 2).contiguous()
    if encoding == "classes":
        classes = torch.arange(ENCODINGS["classes"], device=ids.device)
        return (_CLASS_INDEX.to(ids.device)[ids][:, None] == classes[:, None, None]).float()
    raise ValueError(f"encoding {encoding!r} is unknown; choose one of {', '.join(ENCODINGS)}")


def to_unit_range(photos: torch.Tensor) -> torch.Tensor:
    """Photos `uint8` -> `float32` in [-1, 1]."""
    return photos.float().div(127.5).sub(1)
