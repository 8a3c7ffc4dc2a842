"""The U-Net-256 of junyanz/pytorch-CycleGAN-and-pix2pix."""

from __future__ import annotations

from citygan.models.unet import UNet


class UNet256(UNet):
    """The U-Net with a bias in the last convolution alone, and dropout from the second decoder layer on.

    https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix, models/networks.py, `UnetGenerator` with 8 levels
    and batch norm. It nests its blocks; the layers are these: unlike the paper, no dropout after the
    innermost decoder layer but after the next three; no norm on the first, the innermost and the last.
    """

    def __init__(self, in_channels: int = 3, width: int = 64, *, dropout: float = 0.5):
        super().__init__(in_channels, width, dropout=dropout, biases="last", first_dropout=1)
