"""Regions of a photo that are drawn anew: noise of several seeds, put together, so that a photo has no seam.

A region's noise begins where its mask does, averaged over the pixels of each plane: it fades in over a pixel
of that plane, 2 to 64 pixels of the photo. Where two meet, the sum is brought back to the variance of
one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

from citygan.wire import Again


def noise_of_regions(
    planes: Sequence[torch.Tensor],
    draw: Callable[[int], Sequence[torch.Tensor]],
    again: Again,
    size_px: tuple[int, int],
) -> list[torch.Tensor]:
    """The noise of a photo with regions of their own; elsewhere it is what it was, bit by bit.

    Args:
        planes: What `Generator.draw_noise` gives for the photo's seed, each `(1, 1, h, w) float32`.
        draw: The same for the seed of a region.
        again: The regions, on a plane of any size.
        size_px: Width and height of the photo.
    """
    plane = np.asarray(Image.fromarray(again.plane).resize(size_px, Image.Resampling.NEAREST))
    sums = [torch.zeros_like(p) for p in planes]
    shares = [torch.zeros_like(p) for p in planes]
    powers = [torch.zeros_like(p) for p in planes]
    for number, seed in enumerate(again.seeds, 1):
        mask = torch.from_numpy((plane == number).astype(np.float32))[None, None]
        for i, drawn in enumerate(draw(seed)):
            share = F.interpolate(mask, drawn.shape[-2:], mode="area")
            sums[i] += share * drawn
            shares[i] += share
            powers[i] += share.square()
    rest = [1 - share for share in shares]
    return [
        (total + other * p) / (power + other.square()).sqrt()
        for p, total, other, power in zip(planes, sums, rest, powers, strict=True)
    ]
