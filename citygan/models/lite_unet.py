"""The segmentation network that reads visitors' photos."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import interpolate, pad

from citygan.models.efficientnet_lite import EfficientNetLite

_DECODER = (128, 96, 96, 64, 48)  # channels, from a 32nd of the size to half of it
IMAGENET_MEAN = (0.485, 0.456, 0.406)  # of RGB in [0, 1]; what torchvision's backbones were trained with
IMAGENET_STD = (0.229, 0.224, 0.225)


class LiteUNet(nn.Module):
    """EfficientNet-Lite0 with a U-Net's decoder, for photos of any size: photos as
    from `citygan.evaluation.segmenter.normalized` -> `{"out": (N, classes, H, W)}`, logits.

    The innermost features are weighed by their mean over the photo, as in LR-ASPP: what kind of a street it
    is says much of a pixel.
    """

    def __init__(self, classes: int):
        super().__init__()
        self._fixed: list[nn.Module] = []  # parts that are not trained, nor their statistics
        self.backbone = EfficientNetLite()
        *skips, inner = self.backbone.channels
        self.inner = _conv_norm_relu(inner, _DECODER[0], 1)
        self.gate = nn.Conv2d(inner, _DECODER[0], 1)
        self.ups = nn.ModuleList(
            _conv_norm_relu(before + skip, out)
            for before, skip, out in zip(_DECODER, reversed(skips), _DECODER[1:], strict=False)
        )
        self.out = nn.Sequential(nn.Dropout2d(0.1), nn.Conv2d(_DECODER[-1], classes, 1))

    def start_published(self) -> None:
        """Starts from the ImageNet weights. The outer levels, in which all photos are alike, and the filters
        of single channels stay as they are: on a CPU they would take half of the time of training.

        Raises:
            WeightsUnavailableError: they are not installed.
        """
        self.backbone.load_published()
        self._fixed = [self.backbone.stem, *self.backbone.levels[:2]]
        for module in self._fixed:
            module.requires_grad_(False)
        for module in self.backbone.modules():
            if isinstance(module, nn.Conv2d) and module.groups > 1:
                module.requires_grad_(False)

    def train(self, mode: bool = True) -> LiteUNet:
        super().train(mode)
        for module in self._fixed:
            module.eval()
        return self

    def forward(self, photos: torch.Tensor) -> dict[str, torch.Tensor]:
        height, width = photos.shape[-2:]
        x = pad(photos, (0, -width % 32, 0, -height % 32), mode="replicate")
        mean, std = (x.new_tensor(v).view(3, 1, 1) for v in (IMAGENET_MEAN, IMAGENET_STD))
        *skips, h = self.backbone(2 * (x * std + mean) - 1)  # which wants photos in [-1, 1]
        h = self.inner(h) * self.gate(h.mean((2, 3), keepdim=True)).sigmoid()
        for up, skip in zip(self.ups, reversed(skips), strict=True):
            h = up(torch.cat([interpolate(h, scale_factor=2, mode="bilinear"), skip], 1))
        logits = interpolate(self.out(h), scale_factor=2, mode="bilinear")
        return {"out": logits[..., :height, :width]}


def _conv_norm_relu(in_channels: int, out_channels: int, kernel: int = 3) -> nn.Sequential:
    """Convolution that keeps the size, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )
