"""What all generators have in common."""

from __future__ import annotations

import torch
from torch import nn


class Generator(nn.Module):
    """Conditions `(N, C, H, W)` -> photos `(N, 3, H, W)` in [-1, 1]: `generator(conditions, noise=None)`."""

    reduced_precision = True  # whether photos stay the same in bfloat16 and float16
    stride_px = 256  # height and width are multiples of it

    def draw_noise(self, height_px: int, width_px: int, seed: int) -> list[torch.Tensor]:
        """What `noise` takes for one photo, fixed by the seed; nothing where a generator adds no noise."""
        return []


def check_size(conditions: torch.Tensor, stride_px: int = Generator.stride_px) -> None:
    """Sees that height and width are multiples of what halves as often as the network does.

    Raises:
        ValueError: they are not.
    """
    height, width = conditions.shape[2:]
    if height % stride_px or width % stride_px or not height * width:
        raise ValueError(f"the generator takes multiples of {stride_px} px, got {width} x {height}")
