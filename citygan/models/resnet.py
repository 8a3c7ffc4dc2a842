"""A ResNet-18 as discriminator."""

from __future__ import annotations

import torch
from torch import nn


class ResNetDiscriminator(nn.Module):
    """ResNet-18: conditions and photos, together `(N, in_channels, H, W)` -> a logit each photo, `(N, 1)`,
    which stands alone in the list of its layers.

    He et al. 2015, https://arxiv.org/abs/1512.03385, table 1, with a first convolution of `in_channels`.
    Unlike a PatchGAN it judges the photo as a whole.

    Nothing is downloaded here; `pretrained.load_pretrained` puts published weights in.
    """

    def __init__(self, in_channels: int = 6):
        from torchvision.models import resnet18  # takes as long to import as torch, and is of use here alone

        super().__init__()
        self.layers = resnet18(weights=None, num_classes=1)
        self.layers.conv1 = nn.Conv2d(in_channels, 64, 7, 2, 3, bias=False)
        nn.init.kaiming_normal_(self.layers.conv1.weight, mode="fan_out")  # as the rest of the network

    def forward(self, condition: torch.Tensor, photo: torch.Tensor) -> list[list[torch.Tensor]]:
        return [[self.layers(torch.cat([condition, photo.to(condition.dtype)], 1))]]
