"""The discriminator that reads the street: for each pixel its class, or "fake"."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from citygan.models.layers import NearestConv2d, initialize


class SegmentingDiscriminator(nn.Module):
    """Photos `(N, 3, H, W)` -> what its encoder's layers say, and logits `(N, classes + 1, H/2, W/2)`, the
    last of which is "fake". H and W are multiples of 32.

    A U-Net of 4x4 convolutions of stride 2 and, upward, nearest-neighbour ones. A generated pixel must look
    like its class, so the label map is what it is trained toward, and no input. Sushko et al. 2021,
    https://arxiv.org/abs/2012.04781, section 3.1. Unlike there the blocks have no residual branch, every
    convolution has a spectral norm (Miyato et al. 2018, https://arxiv.org/abs/1802.05957), and it answers at
    half the size, which takes half the time.

    Args:
        classes: Of the label maps.
        width: Channels of the first layer; the others have up to 8 times as many.
    """

    def __init__(self, classes: int = 29, width: int = 32):
        super().__init__()
        self.classes = classes
        channels = [width * min(2**i, 8) for i in range(5)]  # 32 64 128 256 256
        self.downs = nn.ModuleList(
            nn.Conv2d(before, out, 4, 2, 1) for before, out in zip([3, *channels], channels, strict=False)
        )
        wide = [channels[-1], *(2 * c for c in channels[-2:0:-1])]  # with the skip of the same size
        narrow = channels[-2::-1]
        self.ups = nn.ModuleList(NearestConv2d(i, o) for i, o in zip(wide, narrow, strict=True))
        self.out = nn.Conv2d(2 * width, classes + 1, 1)
        initialize(self)
        for layer in (*self.downs, *self.ups, self.out):
            spectral_norm(layer)

    def encode(self, photo: torch.Tensor) -> list[torch.Tensor]:
        """What the encoder's layers say."""
        layers = [photo]
        for down in self.downs:
            layers.append(F.leaky_relu(down(layers[-1]), 0.2))
        return layers[1:]

    def forward(self, photo: torch.Tensor) -> tuple[list[torch.Tensor], torch.Tensor]:
        layers = self.encode(photo)
        h = layers[-1]
        for i, up in enumerate(self.ups):
            h = F.leaky_relu(up(h if i == 0 else torch.cat([h, layers[-1 - i]], 1)), 0.2)
        return layers, self.out(torch.cat([h, layers[0]], 1))
