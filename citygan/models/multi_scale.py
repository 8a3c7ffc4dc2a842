"""PatchGANs that look at several scales."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from citygan.models.patch import PatchDiscriminator


class MultiScaleDiscriminator(nn.Module):
    """One 70x70 PatchGAN for the photo at full size, the next at half of it, and so on: the small ones see
    whether the whole street holds together, the first whether its texture does.

    Conditions and photos, together `(N, in_channels, H, W)` -> the layers of each PatchGAN, the full size
    first. Wang et al. 2018, https://arxiv.org/abs/1711.11585, section 3.2, which has three scales. With
    `half_size` the photos are half as large as they will be, and the first PatchGAN waits for them. It may
    get a window of the photo, `(condition, photo)` at full size, where the whole would take too long.
    """

    window_levels = 1  # how many of what comes back first are of the window, if one is given

    def __init__(self, in_channels: int = 6, width: int = 64, *, norm: str = "batch", scales: int = 2):
        super().__init__()
        self.scales = nn.ModuleList(PatchDiscriminator(in_channels, width, norm=norm) for _ in range(scales))

    def forward(
        self,
        condition: torch.Tensor,
        photo: torch.Tensor,
        window: tuple[torch.Tensor, torch.Tensor] | None = None,
        *,
        half_size: bool = False,
    ) -> list[list[torch.Tensor]]:
        layers = []
        for i, scale in enumerate(self.scales[1:] if half_size else self.scales):
            if i:
                condition, photo = (F.avg_pool2d(t, 2) for t in (condition, photo))
            layers += scale(*window) if window and not i else scale(condition, photo)
        return layers
