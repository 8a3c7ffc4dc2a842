"""Layers for inference alone: they compute what those of `layers` do, sooner or from a call's own seed, and
best for one image in channels-last order. Tensors are `(N, C, H, W)`."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from citygan.models.layers import FeatureNoise, NearestConv2d


class FastInstanceNorm(nn.Module):
    """Instance norm of one image as the batch norm that it is: torch's own brings each image into the plain
    memory order first, and the next convolution brings it back."""

    def __init__(self, norm: nn.InstanceNorm2d):
        super().__init__()
        self.weight, self.bias, self.eps = norm.weight, norm.bias, norm.eps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if len(x) > 1:
            return F.instance_norm(x, weight=self.weight, bias=self.bias, eps=self.eps)
        return F.batch_norm(x, None, None, self.weight, self.bias, training=True, eps=self.eps)


class FastFeatureNoise(nn.Module):
    """`FeatureNoise` as a matrix product of rank 1, nine times as fast as a broadcast over channels-last."""

    def __init__(self, noise: FeatureNoise):
        super().__init__()
        self.weight = noise.weight

    def forward(self, x: torch.Tensor, noise: torch.Tensor | None = None) -> torch.Tensor:
        n, channels, height, width = x.shape
        if noise is None:
            noise = torch.randn(n, 1, height, width, device=x.device)
        pixels = x.permute(0, 2, 3, 1).reshape(-1, channels)
        drawn = noise.to(x.dtype).expand(n, 1, height, width).reshape(-1, 1)
        noisy = torch.addmm(pixels, drawn, self.weight.to(x.dtype).view(1, channels))
        return noisy.view(n, height, width, channels).permute(0, 3, 1, 2)


class SeededDropout(nn.Module):
    """Dropout as pix2pix's noise (section 2.1 of the paper), from a generator of the call's own; off without.

    Like the noise it is drawn on the CPU, so that a seed draws the same on every device and in every number
    format. Torch's dropout draws from a generator that all threads share.
    """

    def __init__(self, dropout: nn.Dropout):
        super().__init__()
        self.p = dropout.p
        self.rng: torch.Generator | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.rng is None:
            return x
        kept = torch.empty(x.shape).bernoulli_(1 - self.p, generator=self.rng)
        return x * kept.div_(1 - self.p).to(x.device, x.dtype)


def as_transposed(conv: NearestConv2d) -> nn.ConvTranspose2d:
    """The transposed convolution that a nearest-neighbour one equals, with its kernel computed once."""
    weight = conv.transposed_weight()
    transposed = nn.ConvTranspose2d(*weight.shape[:2], 4, 2, 1, bias=conv.bias is not None).eval()
    transposed.weight = nn.Parameter(weight, requires_grad=False)
    if conv.bias is not None:
        transposed.bias = nn.Parameter(conv.bias.detach(), requires_grad=False)
    return transposed
