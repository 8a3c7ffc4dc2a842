"""Layers for inference alone: they compute what those of `layers` do, sooner or from a call's own seed, and
best for one image in channels-last order. Tensors are `(N, C, H, W)`."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from citygan.models.generator import Generator
from citygan.models.layers import FeatureNoise, NearestConv2d, for_inference


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
    transposed = nn.ConvTranspose2d(*weight.shape[:2], 4, 2, 1 + conv.trim, bias=conv.bias is not None).eval()
    transposed.weight = nn.Parameter(weight, requires_grad=False)
    if conv.bias is not None:
        transposed.bias = nn.Parameter(conv.bias.detach(), requires_grad=False)
    return transposed


def optimized(generator: Generator, norm_statistics: str, device: torch.device) -> Generator:
    """A copy of a generator that computes the same photos faster.

    Norms are folded into their convolutions where running statistics are used, nearest-neighbour
    convolutions become the transposed ones that they equal, noise keeps the memory layout,
    and the numbers become float16 on CUDA and bfloat16 on CPUs that compute in it, where the generator bears
    that. Dropout is off, and `SeededDropout` in its place.
    """
    fast = for_inference(deepcopy(generator), norm_statistics)
    for module in list(fast.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.Dropout):
                setattr(module, name, SeededDropout(child))
        conv, norm, noise = (getattr(module, name, None) for name in ("conv", "norm", "noise"))
        if isinstance(conv, NearestConv2d):
            conv = module.conv = as_transposed(conv)
        if isinstance(noise, FeatureNoise):
            module.noise = FastFeatureNoise(noise)
        convolution = isinstance(conv, (nn.Conv2d, nn.ConvTranspose2d))
        if convolution and isinstance(norm, nn.BatchNorm2d) and norm_statistics == "running":
            module.conv = fuse_conv_bn_eval(conv, norm, transpose=isinstance(conv, nn.ConvTranspose2d))
            module.norm = nn.Identity()
    dtype = _dtype_for(device) if fast.reduced_precision else torch.float32
    return fast.to(device, dtype).to(memory_format=torch.channels_last)


def _dtype_for(device: torch.device) -> torch.dtype:
    if device.type == "cuda":
        return torch.float16
    return torch.bfloat16 if torch.cpu._is_avx512_bf16_supported() else torch.float32
