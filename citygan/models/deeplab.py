"""A generator on the backbone of DeepLabV3."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from citygan.models.generator import Generator, check_size
from citygan.models.layers import initialize

BACKBONES = ("resnet50", "resnet101", "mobilenet_v3_large")


class DeepLab(Generator):
    """The dilated backbone of torchvision's DeepLabV3 and one convolution: `(N, in_channels, H, W)` -> photos
    `(N, 3, H, W)` in [-1, 1].

    Chen et al. 2017, https://arxiv.org/abs/1706.05587, without its head (section 3.3, ASPP). The features,
    `(N, 2048, H/8, W/8)` of a ResNet and `(N, 960, H/16, W/16)` of MobileNetV3, become 3 channels in one 1x1
    convolution; bilinear interpolation to H x W and tanh follow. No skip leads past the backbone, so photos
    have no detail below 8 px. Unlike the photos of
    torchvision, conditions are not standardized: the first batch norm does it.

    Nothing is downloaded here; `pretrained.load_pretrained` puts published weights into the backbone.

    Raises:
        ValueError: an unknown backbone, or an input that is no multiple of 256.
    """

    reduced_precision = False  # rounding grows over 50 layers: 20 to 37 dB to float32 in bfloat16

    def __init__(self, in_channels: int = 3, *, backbone: str = "resnet50"):
        super().__init__()
        if backbone not in BACKBONES:
            raise ValueError(f"backbone {backbone!r} is unknown; choose one of {', '.join(BACKBONES)}")
        from torchvision.models import (
            segmentation,  # takes as long to import as torch, and is of use here alone
        )

        self.backbone_name = backbone
        segmenter = getattr(segmentation, f"deeplabv3_{backbone}")(weights=None, weights_backbone=None)
        self.backbone = segmenter.backbone
        if in_channels != 3:
            name, rgb = next((n, m) for n, m in self.backbone.named_modules() if isinstance(m, nn.Conv2d))
            first = nn.Conv2d(
                in_channels, rgb.out_channels, rgb.kernel_size, rgb.stride, rgb.padding, bias=False
            )
            nn.init.kaiming_normal_(first.weight, mode="fan_out")  # as the rest of the backbone
            self.backbone.set_submodule(name, first)
        features = segmenter.classifier[0].convs[0][0].in_channels  # of the head that stays behind
        self.output = initialize(nn.Conv2d(features, 3, 1))

    def forward(self, x: torch.Tensor, noise: list[torch.Tensor] | None = None) -> torch.Tensor:
        check_size(x)
        coarse = self.output(self.backbone(x)["out"])
        return torch.tanh(F.interpolate(coarse, size=x.shape[2:], mode="bilinear", align_corners=False))
