"""The PatchGAN discriminator of pix2pix."""

from __future__ import annotations

import torch
from torch import nn

from citygan.models.layers import initialize, norm_layer


class PatchDiscriminator(nn.Module):
    """70x70 PatchGAN: conditions and photos, together `(N, in_channels, H, W)` -> what its layers say.

    The last is one logit a patch, `(N, 1, H/8-2, W/8-2)`: 256 px give 30x30. Before it stand the four hidden
    layers' activations, which feature matching compares.
    C64-C128-C256-C512 with 4x4 kernels of strides 2, 2, 2, 1 and a last one of
    stride 1; no norm on the first layer. Isola et al. 2017, https://arxiv.org/abs/1611.07004, section 6.1.2.
    """

    def __init__(self, in_channels: int = 6, width: int = 64, *, norm: str = "batch"):
        super().__init__()
        stages = [nn.Sequential(nn.Conv2d(in_channels, width, 4, 2, 1), nn.LeakyReLU(0.2))]
        for i, stride in enumerate((2, 2, 1)):
            before, out = width * 2**i, width * 2 ** (i + 1)
            convolution = nn.Conv2d(before, out, 4, stride, 1, bias=norm == "none")
            stages.append(nn.Sequential(convolution, norm_layer(norm, out), nn.LeakyReLU(0.2)))
        self.stages = nn.Sequential(*stages, nn.Conv2d(width * 8, 1, 4, 1, 1))
        initialize(self)

    def forward(self, condition: torch.Tensor, photo: torch.Tensor) -> list[list[torch.Tensor]]:
        layers = [torch.cat([condition, photo.to(condition.dtype)], 1)]
        for stage in self.stages:
            layers.append(stage(layers[-1]))
        return [layers[1:]]
