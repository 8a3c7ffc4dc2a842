"""The discriminator that reads the street: for each pixel its class, or "fake"."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from citygan.models.layers import NearestConv2d

_SURROUNDINGS_PX = 5  # side of the window that detail is measured from
_DETAIL_GAIN = 4.0  # of which photos have about a quarter as much as of everything else


class SegmentingDiscriminator(nn.Module):
    """Photos `(N, 3, H, W)` -> what its encoder's layers say, and logits `(N, classes + 1, H/2, W/2)`, the
    last of which is "fake". H and W are multiples of 32.

    A U-Net of 4x4 convolutions of stride 2 and, upward, nearest-neighbour ones. A generated pixel must look
    like its class, so the label map is what it is trained toward, and no input. Sushko et al. 2021,
    https://arxiv.org/abs/2012.04781, section 3.1. Unlike there the blocks have no residual branch, it answers
    at half the size, which takes half the time, and it is made to learn soon: there is no spectral norm, and
    beside the photo it gets the photo's detail, amplified. With the one and without the other it cannot tell
    soft photos from real ones within the first 240 steps; as it is, it does after 160.

    Args:
        classes: Of the label maps.
        width: Channels of the first layer; the others have up to 8 times as many.
    """

    def __init__(self, classes: int = 29, width: int = 32):
        super().__init__()
        self.classes = classes
        channels = [width * min(2**i, 8) for i in range(5)]  # 32 64 128 256 256
        self.downs = nn.ModuleList(
            nn.Conv2d(before, out, 4, 2, 1) for before, out in zip([6, *channels], channels, strict=False)
        )
        wide = [channels[-1], *(2 * c for c in channels[-2:0:-1])]  # with the skip of the same size
        narrow = channels[-2::-1]
        self.ups = nn.ModuleList(NearestConv2d(i, o) for i, o in zip(wide, narrow, strict=True))
        self.out = nn.Conv2d(2 * width, classes + 1, 1)
        for name, parameter in self.named_parameters():
            if name.endswith("weight"):
                nn.init.kaiming_normal_(parameter, 0.2)
            else:
                nn.init.zeros_(parameter)

    def encode(self, photo: torch.Tensor) -> list[torch.Tensor]:
        """What the encoder's layers say."""
        side = _SURROUNDINGS_PX
        padded = F.pad(photo, (side // 2,) * 4, mode="replicate")
        detail = photo - F.avg_pool2d(padded, side, 1)
        layers = [torch.cat([photo, _DETAIL_GAIN * detail], 1)]
        for down in self.downs:
            layers.append(F.leaky_relu(down(layers[-1]), 0.2))
        return layers[1:]

    def forward(self, photo: torch.Tensor) -> tuple[list[torch.Tensor], torch.Tensor]:
        layers = self.encode(photo)
        h = layers[-1]
        for i, up in enumerate(self.ups):
            h = F.leaky_relu(up(h if i == 0 else torch.cat([h, layers[-1 - i]], 1)), 0.2)
        return layers, self.out(torch.cat([h, layers[0]], 1))
