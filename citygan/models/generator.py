"""What all generators have in common."""

from __future__ import annotations

import torch
from torch import nn


class Generator(nn.Module):
    """Conditions `(N, C, H, W)` -> photos `(N, 3, H, W)` in [-1, 1]: `generator(conditions, noise=None)`."""

    reduced_precision = True  # whether photos stay the same in bfloat16 and float16

    def draw_noise(self, height_px: int, width_px: int, seed: int) -> list[torch.Tensor]:
        """What `noise` takes for one photo, fixed by the seed; nothing where a generator adds no noise."""
        return []


def check_size(conditions: torch.Tensor) -> None:
    """Sees that height and width are multiples of 256 px, which halve eight times.

    Raises:
        ValueError: they are not.
    """
    height, width = conditions.shape[2:]
    if height % 256 or width % 256 or height == 0:
        raise ValueError(f"the generators take multiples of 256 px, got {width} x {height}")
