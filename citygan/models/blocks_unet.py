"""The U-Net of the enhanced baseline: explicit encoder and decoder blocks."""

from __future__ import annotations

import torch
from torch import nn

from citygan.models.generator import Generator, check_size
from citygan.models.layers import initialize, norm_layer

DEPTH = 8  # 256 px halve eight times to 1 px


class EncoderBlock(nn.Module):
    """4x4 convolution of stride 2, norm, LeakyReLU: `(N, C, H, W)` -> `(N, K, H/2, W/2)`."""

    def __init__(self, in_channels: int, out_channels: int, *, norm: str):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 4, 2, 1, bias=norm == "none")
        self.norm = norm_layer(norm, out_channels)
        self.activation = nn.LeakyReLU(0.2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.activation(self.norm(self.conv(x)))


class DecoderBlock(nn.Module):
    """4x4 transposed convolution of stride 2, norm, dropout, ReLU: `(N, C, H, W)` -> `(N, K, 2H, 2W)`."""

    def __init__(self, in_channels: int, out_channels: int, *, dropout: float):
        super().__init__()
        self.conv = nn.ConvTranspose2d(in_channels, out_channels, 4, 2, 1, bias=False)
        self.norm = norm_layer("batch", out_channels)
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()
        self.activation = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.activation(self.dropout(self.norm(self.conv(x))))


class BlocksUNet(Generator):
    """U-Net of 8 encoder blocks, 7 decoder blocks and an output layer: `(N, in_channels, H, W)` -> photos in
    [-1, 1].

    The enhanced baseline of "Image-to-Image Translation for the Cityscapes Dataset" (Ortega Pinto, Romero
    Romero): batch norm after each convolution, dropout in the first three decoder blocks. Unlike `UNet`, a
    block ends with its activation, so the skips carry what the encoder's LeakyReLU leaves of negative values.

    Unlike the paper's description, the last encoder block has no norm: at batch 1 its 256 px are 1 px,
    whose deviation from its own mean is nothing.

    Raises:
        ValueError: an input that is no multiple of 256.
    """

    def __init__(self, in_channels: int = 3, width: int = 64, *, dropout: float = 0.5):
        super().__init__()
        channels = [width * min(2**i, 8) for i in range(DEPTH)]  # 64 128 256 512 512 512 512 512
        self.encoder = nn.ModuleList(
            EncoderBlock(before, out, norm="none" if i == DEPTH - 1 else "batch")
            for i, (before, out) in enumerate(zip([in_channels, *channels], channels, strict=False))
        )
        self.decoder = nn.ModuleList(
            DecoderBlock(
                channels[i] * (1 if i == DEPTH - 1 else 2),  # beside what comes from below, the skip
                channels[i - 1],
                dropout=dropout if i > DEPTH - 4 else 0.0,
            )
            for i in reversed(range(1, DEPTH))
        )
        self.output = nn.ConvTranspose2d(channels[0] * 2, 3, 4, 2, 1)
        initialize(self)

    def forward(self, x: torch.Tensor, noise: list[torch.Tensor] | None = None) -> torch.Tensor:
        check_size(x)
        skips = []
        for block in self.encoder:
            x = block(x)
            skips.append(x)
        x = skips.pop()
        for block in self.decoder:
            x = torch.cat([block(x), skips.pop()], 1)
        return torch.tanh(self.output(x))
