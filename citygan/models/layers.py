"""The layers that the networks share. Tensors are `(N, C, H, W) float32` unless a line says otherwise."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn
from torch.nn import functional as F

Network = TypeVar("Network", bound=nn.Module)


class InstanceNorm2d(nn.InstanceNorm2d):
    """Torch's, but of a single image as the batch norm that it is: torch's own brings each image into the
    plain memory order first, and the next convolution brings it back."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        if len(input) > 1:
            return super().forward(input)
        return F.batch_norm(input, None, None, self.weight, self.bias, training=True, eps=self.eps)


def norm_layer(kind: str, channels: int) -> nn.Module:
    """A `"batch"` or `"instance"` normalization over `channels`, with learned scale and shift; `"none"` for
    none.

    Raises:
        ValueError: another kind.
    """
    if kind == "batch":
        return nn.BatchNorm2d(channels)
    if kind == "instance":
        return InstanceNorm2d(channels, affine=True)
    if kind == "none":
        return nn.Identity()
    raise ValueError(f"norm {kind!r} is unknown; choose batch, instance or none")


class NearestConv2d(nn.Module):
    """Nearest-neighbour upsampling by 2 and a 3x3 convolution, computed as one 4x4 transposed convolution.

    `(N, C, H, W)` -> `(N, K, 2H, 2W)`. Doubling each pixel is a transposed convolution with a 2x2 kernel of
    ones, so both steps together are one with the 4x4 kernel `weight * ones(2, 2)`: the same numbers (a test
    holds it to 1e-5) for 16 instead of 36 multiplications an input pixel, and without the large tensor in
    between. Each output pixel gets contributions from the same number of taps, which is why this does not
    leave the checkerboard of a free transposed convolution (Odena et al. 2016, https://distill.pub/2016/deconv-checkerboard).

    With `trim`, so many pixels of the result are left out along each edge: what a padded edge makes.
    """

    taps: torch.Tensor  # (9, 16), a buffer

    def __init__(self, in_channels: int, out_channels: int, *, bias: bool = True, trim: int = 0):
        super().__init__()
        self.trim = trim
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels, 3, 3))
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None
        nn.init.normal_(self.weight, 0.0, 0.02)
        # which of the 3 taps each of the 4 adds up along one side, and of the 9 each of the 16: one product,
        # since adding shifted kernels takes five times as long
        side = torch.tensor([[0.0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]])
        taps = torch.einsum("ab,cd->bdac", side, side).reshape(9, 16)
        self.register_buffer("taps", taps, persistent=False)

    def transposed_weight(self) -> torch.Tensor:
        """The equivalent `(in, out, 4, 4)` kernel of `conv_transpose2d(stride=2, padding=1)`."""
        kernels = self.weight.transpose(0, 1).reshape(-1, 9)
        with torch.autocast(self.weight.device.type, enabled=False):  # sums before rounding
            sums = kernels @ self.taps.to(kernels.dtype)
        return sums.view(self.weight.shape[1], self.weight.shape[0], 4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.conv_transpose2d(x, self.transposed_weight(), self.bias, stride=2, padding=1 + self.trim)


class Smooth(nn.Module):
    """Weighs each pixel and its neighbours 1, 2, 1 along both sides: `(N, C, H, W)` -> `(N, C, H-2, W-2)`.

    After nearest-neighbour upsampling it makes that bilinear, on either side of a convolution, and cheapest
    where the channels are fewest. Without it noise and detail of the coarse levels come out as small squares
    (Karras et al. 2019, https://arxiv.org/abs/1812.04948, section 2.1).
    """

    kernels: torch.Tensor  # (C, 1, 3, 3), a buffer

    def __init__(self, channels: int):
        super().__init__()
        side = torch.tensor([0.25, 0.5, 0.25])
        self.register_buffer("kernels", torch.outer(side, side).repeat(channels, 1, 1, 1), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.conv2d(x, self.kernels.to(x.dtype), groups=len(self.kernels))


class FeatureNoise(nn.Module):
    """Adds Gaussian noise times a learned weight for each channel: detail that the label map does not
    determine.

    All channels of a pixel get the same noise (Karras et al. 2019, https://arxiv.org/abs/1812.04948, section
    3.2). It is `(N, 1, H, W)`, and drawn from torch's global generator where none is given.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: torch.Tensor, noise: torch.Tensor | None = None) -> torch.Tensor:
        if noise is None:
            noise = torch.randn(x.shape[0], 1, *x.shape[2:], device=x.device)
        return x + self.weight.to(x.dtype) * noise.to(x.dtype)


def initialize(network: Network) -> Network:
    """Draws the weights as pix2pix does: convolutions N(0, 0.02), norm scales N(1, 0.02), biases 0."""
    for m in network.modules():
        if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(m.weight, 0.0, 0.02)
        elif isinstance(m, (nn.BatchNorm2d, nn.InstanceNorm2d)) and m.weight is not None:
            nn.init.normal_(m.weight, 1.0, 0.02)
        bias = getattr(m, "bias", None)
        if isinstance(bias, nn.Parameter):
            nn.init.zeros_(bias)
    return network


def for_inference(network: Network, norm_statistics: str, *, dropout: bool = False) -> Network:
    """Puts a network into inference mode, in place, with the norm statistics that its checkpoint wants.

    Args:
        network: The generator.
        norm_statistics: "running" for the averages kept in training; "batch" for those of the image at
            hand, as pix2pix does (section 3.3: with one image that is instance normalization); "instance"
            where the layers know no other.
        dropout: Whether dropout stays on, as pix2pix's noise (section 3.3).
    """
    network.eval().requires_grad_(False)
    if norm_statistics == "batch":
        for m in network.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.track_running_stats = False  # so that training mode normalizes, and averages nothing
                m.train()
    for m in network.modules():
        if isinstance(m, nn.Dropout):
            m.train(dropout)
    return network


def halved(maps: torch.Tensor, times: int) -> list[torch.Tensor]:
    """Maps `(N, C, H, W)` at a half of their size, a quarter and so on, `times` in all: means over 2x2 px."""
    sizes = [F.avg_pool2d(maps, 2)]
    while len(sizes) < times:
        sizes.append(F.avg_pool2d(sizes[-1], 2))
    return sizes
