"""The U-Net of citygan-photo, told the classes and the light in its norms, and ended at twice the size."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from citygan.models.generator import Generator, check_size
from citygan.models.layers import FeatureNoise, InstanceNorm2d, NearestConv2d, Smooth, halved, initialize
from citygan.models.light import NUMBERS, Light
from citygan.models.unet import UNet

_TOLD = 32  # features that the light's eight numbers become
# What is told starts at nothing; so many times its weights are what counts: Adam's steps are as long for
# small weights as for large ones, so that it is learned as soon as the rest
_GAIN = 10.0
_MAX_DEPTH = 8  # 512 px halve nine times to 1 px
_TRIM = {"nearest": 2, "bilinear": 1}  # what is cut off of a repeated edge; smoothing takes 1 px more


class ToldNorm(nn.Module):
    """Instance norm whose scales and shifts follow the classes of each pixel and the light of the photo:
    `(1 + G y + W e) * norm(h) + B y + V e`, for class shares y, light features e and a norm with a scale and
    shift of its own.

    Norms wash out what a large even region is; told so, they keep it (Park et al. 2019,
    https://arxiv.org/abs/1903.07291). One product with the class shares does it, without convolutions over
    the map (Tan et al. 2020, https://arxiv.org/abs/2004.02867). It begins as plain instance norm.
    """

    def __init__(self, channels: int, in_channels: int):
        super().__init__()
        self.norm = InstanceNorm2d(channels, affine=True)
        self.of_classes = nn.Parameter(torch.zeros(2 * channels, in_channels, 1, 1))
        self.of_light = nn.Parameter(torch.zeros(2 * channels, _TOLD))

    def forward(self, h: torch.Tensor, shares: torch.Tensor, light: torch.Tensor) -> torch.Tensor:
        of_classes = F.conv2d(shares, _GAIN * self.of_classes)
        scale, shift = (of_classes + F.linear(light, _GAIN * self.of_light)[:, :, None, None]).chunk(2, 1)
        return torch.addcmul(shift, self.norm(h), 1 + scale)


class Down(nn.Module):
    """LeakyReLU, 4x4 convolution of stride 2, norm: `(N, C, H, W)` -> `(N, K, H/2, W/2)`."""

    def __init__(self, in_channels: int, out_channels: int, *, first: bool, normed: bool):
        super().__init__()
        self.activation = nn.Identity() if first else nn.LeakyReLU(0.2)
        self.conv = nn.Conv2d(in_channels, out_channels, 4, 2, 1, padding_mode="replicate", bias=not normed)
        self.norm = InstanceNorm2d(out_channels, affine=True) if normed else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(self.conv(self.activation(x)))


class Up(nn.Module):
    """ReLU, upsampling and 3x3 convolution, told norm, noise: twice the size.

    The edge is repeated before and cut off afterwards: zeros there would tell where the edge is, and draw a
    frame around the photo.
    """

    def __init__(self, in_channels: int, out_channels: int, classes: int, upsampling: str):
        super().__init__()
        self.activation = nn.ReLU()
        self.conv = NearestConv2d(in_channels, out_channels, bias=False, trim=_TRIM[upsampling])
        self.smooth = Smooth(out_channels) if upsampling == "bilinear" else nn.Identity()
        self.told = ToldNorm(out_channels, classes)
        self.noise = FeatureNoise(out_channels)

    def forward(
        self, x: torch.Tensor, shares: torch.Tensor, light: torch.Tensor, noise: torch.Tensor | None
    ) -> torch.Tensor:
        x = F.pad(self.activation(x), (1, 1, 1, 1), mode="replicate")
        return self.noise(self.told(self.smooth(self.conv(x)), shares, light), noise)


class Head(nn.Module):
    """Features at half size -> a photo at full size: the one that they show at half size, and what is to be
    added to it at full size, which every pixel of the label map has a say in.

    Args:
        channels: Of the features, and of those at full size.
        classes: Of the label maps.
        upsampling: "nearest" or "bilinear".
    """

    def __init__(self, channels: int, classes: int, upsampling: str):
        super().__init__()
        self.coarse = nn.Conv2d(channels, 3, 3, padding=1, padding_mode="replicate")
        self.up = NearestConv2d(channels, channels, trim=_TRIM[upsampling])
        self.smooth = Smooth(channels) if upsampling == "bilinear" else nn.Identity()
        self.of_classes = nn.Conv2d(classes, channels, 1)
        self.conv = nn.Conv2d(channels, channels, 3)
        self.out = nn.Conv2d(channels, 3, 3)

    def forward(self, x: torch.Tensor, conditions: torch.Tensor, *, half_size: bool = False) -> torch.Tensor:
        x = F.relu(x)
        if half_size:
            return torch.tanh(self.coarse(x))
        coarse = F.interpolate(self.coarse(x), scale_factor=2, mode="bilinear")
        fine = self.smooth(self.up(F.pad(x, (2, 2, 2, 2), mode="replicate")))
        fine = fine + F.pad(self.of_classes(conditions), (2, 2, 2, 2), mode="replicate")
        return torch.tanh(coarse + self.out(F.leaky_relu(self.conv(F.leaky_relu(fine, 0.2)), 0.2)))


class StreetUNet(Generator):
    """Label maps with a channel a class, `(N, in_channels, H, W)`, in a light -> photos `(N, 3, H, W)` in
    [-1, 1]. H and W are multiples of `2 ** (depth + 1)`.

    The trunk is a U-Net at half the size, which also gets the height of each pixel; one more upsampling and
    two convolutions beside the map end it at full size. It can go on where a `UNet` stands, from whose
    `depth` outer levels it takes its trunk.

    Args:
        in_channels: Of the label maps.
        width: Channels of the first layer; the others have up to 8 times as many.
        depth: Halvings of the trunk.
        upsampling: "nearest", or "bilinear", which leaves no small squares in trees and on walls.

    Raises:
        ValueError: a trunk of no levels, or of more than 8; another upsampling.
    """

    def __init__(
        self, in_channels: int = 29, width: int = 32, *, depth: int = 6, upsampling: str = "nearest"
    ):
        super().__init__()
        if upsampling not in _TRIM:
            raise ValueError(f"upsampling {upsampling!r} is unknown; choose {' or '.join(_TRIM)}")
        if not 1 <= depth <= _MAX_DEPTH:
            raise ValueError(f"depth is {depth}; it goes from 1 to {_MAX_DEPTH}")
        self.depth = depth
        self.stride_px = 2 ** (depth + 1)
        channels = [width * min(2**i, 8) for i in range(depth)]
        self.light = Light(in_channels)
        self.of_light = nn.Sequential(
            nn.Linear(NUMBERS, _TOLD), nn.LeakyReLU(0.2), nn.Linear(_TOLD, _TOLD), nn.LeakyReLU(0.2)
        )
        self.downs = nn.ModuleList(
            Down(before, out, first=i == 0, normed=i not in (0, depth - 1))
            for i, (before, out) in enumerate(zip([in_channels + 1, *channels], channels, strict=False))
        )
        fine = max(1, width // 2)
        self.ups = nn.ModuleList(
            Up(
                channels[i] * (1 if i == depth - 1 else 2),
                channels[i - 1] if i else fine,
                in_channels,
                upsampling,
            )
            for i in reversed(range(depth))
        )
        self.head = Head(fine, in_channels, upsampling)
        initialize(self)
        for layer in (self.head.up, self.head.of_classes, self.head.conv):  # without norms: keep the scale
            nn.init.kaiming_normal_(layer.weight, 0.2)

    @torch.no_grad()
    def continue_from(self, unet: UNet) -> None:
        """Takes over the outer levels of a U-Net; with as many levels as it has, its photos are the same at
        first but for their edges, smoothly enlarged.

        Raises:
            ValueError: its layers are not those of this trunk.
        """
        ours = self.state_dict()
        inner = len(unet.downs) - self.depth  # levels that this trunk has not
        for name, value in unet.state_dict().items():
            name = name.replace("head.1.", "head.coarse.")
            kind, _, rest = name.partition(".")
            if kind == "downs" and inner and int(rest.partition(".")[0]) >= self.depth - 1 and "norm" in rest:
                continue  # the innermost level has no norm
            if kind in ("downs", "ups"):
                level, _, rest = rest.partition(".")
                level = int(level) - (inner if kind == "ups" else 0)
                if not 0 <= level < self.depth:
                    continue
                name = f"{kind}.{level}.{rest}"
            if kind == "ups":
                name = name.replace(".norm.", ".told.norm.")
            if name == "downs.0.conv.weight":  # the height of a pixel is new
                value = torch.cat([value, value.new_zeros(len(value), 1, 4, 4)], 1)
            if name == "ups.0.conv.weight" and inner:  # the skip's part: nothing comes from further in
                value = value[:, value.shape[1] // 2 :]
            if name not in ours or ours[name].shape != value.shape:
                raise ValueError(f"{name} {tuple(value.shape)} has no place in it")
            ours[name].copy_(value)
        for parameter in self.head.out.parameters():
            nn.init.zeros_(parameter)

    def freeze_trunk(self) -> None:
        """Leaves the trunk's convolutions as they are; what is told, norms, noise and the end at full size
        go on learning.

        Scales and shifts are enough to take a generator to other pictures, and too few to forget what it
        draws (Noguchi and Harada 2019, https://arxiv.org/abs/1904.01774).
        """
        for level in (*self.downs, *self.ups):
            assert isinstance(level, (Down, Up))
            level.conv.requires_grad_(False)

    def draw_noise(self, height_px: int, width_px: int, seed: int) -> list[torch.Tensor]:
        """The noise of one photo, `(1, 1, h, w) float32` for each decoder block: fixed by the seed."""
        rng = torch.Generator().manual_seed(seed)
        sizes = [(height_px >> i, width_px >> i) for i in range(self.depth, 0, -1)]
        return [torch.randn(1, 1, *size, generator=rng) for size in sizes]

    def forward(
        self,
        x: torch.Tensor,
        noise: list[torch.Tensor] | None = None,
        light: torch.Tensor | None = None,
        *,
        half_size: bool = False,
    ) -> torch.Tensor:
        """Draws photos.

        Args:
            x: The label maps.
            noise: What `draw_noise` gives; drawn from torch's global generator where None.
            light: Codes as `Light.of_photos` gives them, `(N, 8)`; guessed from the maps where None.
            half_size: Leaves out what ends it at full size: photos `(N, 3, H/2, W/2)`, three times as soon.

        Raises:
            ValueError: a side is no multiple of `2 ** (depth + 1)`.
        """
        check_size(x, self.stride_px)
        told = self.of_light((self.light.guess(x) if light is None else light).to(x.dtype))
        shares = halved(x, self.depth)
        n, _, height, width = shares[0].shape
        rows = torch.linspace(-1, 1, height, device=x.device, dtype=x.dtype)
        h = torch.cat([shares[0], rows[:, None].expand(n, 1, -1, width)], 1)
        skips = []
        for down in self.downs:
            h = down(h)
            skips.append(h)
        h = skips.pop()
        for i, up in enumerate(self.ups):
            h = up(h, shares[self.depth - 1 - i], told, noise[i] if noise else None)
            if skips:
                h = torch.cat([h, skips.pop()], 1)
        return self.head(h, x, half_size=half_size)
