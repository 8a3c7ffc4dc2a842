"""The U-Net generator of pix2pix."""

from __future__ import annotations

import torch
from torch import nn

from citygan.models.generator import Generator, check_size
from citygan.models.layers import FeatureNoise, NearestConv2d, initialize, norm_layer

DEPTH = 8  # 256 px halve eight times to 1 px


class Down(nn.Module):
    """LeakyReLU, 4x4 convolution of stride 2, norm: `(N, C, H, W)` -> `(N, K, H/2, W/2)`."""

    def __init__(self, in_channels: int, out_channels: int, *, norm: str, bias: bool, first: bool = False):
        super().__init__()
        self.activation = nn.Identity() if first else nn.LeakyReLU(0.2)
        self.conv = nn.Conv2d(in_channels, out_channels, 4, 2, 1, bias=bias)
        self.norm = norm_layer(norm, out_channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(self.conv(self.activation(x)))


class Up(nn.Module):
    """ReLU, upsampling convolution, norm, noise, dropout: `(N, C, H, W)` -> `(N, K, 2H, 2W)`."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        norm: str,
        bias: bool,
        upsampling: str,
        dropout: float,
        noise: bool,
    ):
        super().__init__()
        self.activation = nn.ReLU()
        if upsampling == "transposed":
            self.conv = nn.ConvTranspose2d(in_channels, out_channels, 4, 2, 1, bias=bias)
        else:
            self.conv = NearestConv2d(in_channels, out_channels, bias=bias)
        self.norm = norm_layer(norm, out_channels)
        self.noise = FeatureNoise(out_channels) if noise else None
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()

    def forward(self, x: torch.Tensor, noise: torch.Tensor | None = None) -> torch.Tensor:
        x = self.norm(self.conv(self.activation(x)))
        return self.dropout(self.noise(x, noise) if self.noise else x)


class UNet(Generator):
    """U-Net with 8 downs, 8 ups and skips: `(N, in_channels, H, W)` -> photos `(N, 3, H, W)` in [-1, 1].

    H and W are multiples of 256. Isola et al. 2017, https://arxiv.org/abs/1611.07004, section 6.1.1: no
    norm on the first encoder layer, the bottleneck and the output; dropout in the three innermost decoder
    layers, the innermost among them, as the paper's text counts them and its own code has them
    (https://github.com/phillipi/pix2pix, models.lua: d1, d2, d3). The widespread implementation in PyTorch
    begins one layer further out; see `UNet256`.

    Unlike the paper, `upsampling="nearest"` replaces the transposed convolutions, `norm="instance"` the
    batch norm, `noise` adds seeded noise to the decoder's features, and `refine` lets the last decoder layer
    end in features, of which one more convolution makes the photo. Without it the photo is a linear map of
    features at half its size, which after nearest-neighbour upsampling leaves it soft.

    Args:
        in_channels: Of the conditions.
        width: Channels of the first layer; the others have up to 8 times as many.
        norm: "batch", "instance" or "none".
        upsampling: "transposed" or "nearest".
        dropout: Probability.
        noise: Whether the decoder adds noise.
        refine: Whether a 3x3 convolution at full size ends the network.
        biases: Which convolutions have one: "free" for those that no norm follows, "all", or "last".
        first_dropout: The first of the three decoder layers with dropout; 0 is the innermost.

    Raises:
        ValueError: an unknown norm or upsampling, or an input that is no multiple of 256.
    """

    def __init__(
        self,
        in_channels: int = 3,
        width: int = 64,
        *,
        norm: str = "batch",
        upsampling: str = "transposed",
        dropout: float = 0.5,
        noise: bool = False,
        refine: bool = False,
        biases: str = "free",
        first_dropout: int = 0,
    ):
        super().__init__()
        if upsampling not in ("transposed", "nearest"):
            raise ValueError(f"upsampling {upsampling!r} is unknown; choose transposed or nearest")
        channels = [width * min(2**i, 8) for i in range(DEPTH)]  # 64 128 256 512 512 512 512 512
        self.downs = nn.ModuleList()
        for i, out in enumerate(channels):
            before = channels[i - 1] if i else in_channels
            level_norm = "none" if i in (0, DEPTH - 1) else norm
            bias = biases == "all" or (biases == "free" and level_norm == "none")
            self.downs.append(Down(before, out, norm=level_norm, bias=bias, first=i == 0))
        self.ups = nn.ModuleList()
        fine = max(1, width // 2)  # channels at full size
        for i in reversed(range(DEPTH)):
            innermost, outermost = i == DEPTH - 1, i == 0 and not refine
            level_norm = "none" if outermost else norm
            self.ups.append(
                Up(
                    channels[i] * (1 if innermost else 2),
                    3 if outermost else channels[i - 1] if i else fine,
                    norm=level_norm,
                    bias=outermost or biases == "all" or (biases == "free" and level_norm == "none"),
                    upsampling=upsampling,
                    dropout=dropout if 0 <= DEPTH - 1 - i - first_dropout < 3 else 0.0,
                    noise=noise and not outermost,
                )
            )
        self.head = nn.Sequential(nn.ReLU(), nn.Conv2d(fine, 3, 3, padding=1)) if refine else nn.Identity()
        initialize(self)

    def draw_noise(self, height_px: int, width_px: int, seed: int) -> list[torch.Tensor]:
        """The noise of one photo, `(1, 1, h, w) float32` for each decoder block that adds some: fixed by
        the seed."""
        rng = torch.Generator().manual_seed(seed)
        noisy = [i for i, up in enumerate(self.ups) if up.noise]
        return [
            torch.randn(1, 1, height_px >> (DEPTH - 1 - i), width_px >> (DEPTH - 1 - i), generator=rng)
            for i in noisy
        ]

    def forward(self, x: torch.Tensor, noise: list[torch.Tensor] | None = None) -> torch.Tensor:
        check_size(x)
        skips = []
        for down in self.downs:
            x = down(x)
            skips.append(x)
        x = skips.pop()
        for i, up in enumerate(self.ups[:-1]):
            x = torch.cat([up(x, noise[i] if noise else None), skips.pop()], 1)
        x = self.ups[-1](x, noise[-1] if noise and self.ups[-1].noise else None)
        return torch.tanh(self.head(x))
