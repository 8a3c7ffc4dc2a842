"""The U-Net of znxlwm/pytorch-pix2pix."""

from __future__ import annotations

from citygan.models.unet import UNet


class FlatUNet(UNet):
    """The U-Net with a bias in every convolution.

    https://github.com/znxlwm/pytorch-pix2pix, network.py, whose layers stand flat beside each other: 8
    convolutions down and 8 up, no norm on the first, the eighth and the last, dropout after the first three
    decoder layers. Unlike there, norm scales start at N(1, 0.02), as pix2pix's.
    """

    def __init__(self, in_channels: int = 3, width: int = 64, *, dropout: float = 0.5):
        super().__init__(in_channels, width, dropout=dropout, biases="all")
