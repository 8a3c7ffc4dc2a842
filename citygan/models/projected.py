"""PatchGANs that look at what an ImageNet network says of a photo, in place of the photo itself."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations

from citygan.models.efficientnet_lite import EfficientNetLite
from citygan.models.patch import PatchDiscriminator

LEVELS = 4  # of the network that are looked at
_FIRST = 1  # of them, at a quarter of the size
_PROJECTED = 64  # channels that each level is mixed to


class ProjectedDiscriminator(nn.Module):
    """Conditions and photos, together `(N, in_channels, H, W)` -> for each of four levels of
    EfficientNet-Lite0 what it says of the photo, `(N, c, h, w)`, and logits of patches `(N, 1, h', w')`.

    That network never changes. Its levels are mixed over channels and, from the inner ones outward, over
    levels by random filters that never change either, so that no level's discriminator can look at a few of
    its channels alone; beside them each gets the label map. What the network knows of photos need not be
    learned of the few of a training set: Sauer et al. 2021, "Projected GANs Converge Faster",
    https://arxiv.org/abs/2111.01007, sections 3 and 4, who found this network the best of those they tried.
    Unlike there it is told the label map, and its logits stand for patches. Features are divided by their
    length at each pixel, as LPIPS does (Zhang et al. 2018, https://arxiv.org/abs/1801.03924), times the
    root of the channels: the difference of the features is then a perceptual loss.

    A photo of the final size is judged as a whole at half the size and, if a window of it is given,
    `(condition, photo)`, in that window by other discriminators; with `half_size` photos are half as large
    as they will be, and the window's wait.

    Args:
        in_channels: Of conditions and photos, together.
        width: A half of the channels of the discriminators.
    """

    def __init__(self, in_channels: int = 32, width: int = 32):
        super().__init__()
        self.network = EfficientNetLite().without_norms()
        channels = self.network.channels[_FIRST:]
        self.mixed = nn.ModuleList(nn.Conv2d(c, _PROJECTED, 1) for c in channels)
        self.passed = nn.ModuleList(nn.Conv2d(_PROJECTED, _PROJECTED, 3, padding=1) for _ in channels[1:])
        _draw_weights((*self.mixed, *self.passed), 1.0)
        _fix(self)
        self.of_whole, self.of_window = (
            nn.ModuleList(
                _patches(_PROJECTED + in_channels - 3, 2 * width, halvings) for halvings in (2, 1, 0, 0)
            )
            for _ in range(2)
        )

    def load_published(self) -> None:
        """Takes the network's ImageNet weights from their package.

        Raises:
            WeightsUnavailableError: they are not installed.
        """
        network = EfficientNetLite()
        network.load_published()
        self.network.load_state_dict(network.without_norms().state_dict())

    def forward(
        self,
        condition: torch.Tensor,
        photo: torch.Tensor,
        window: tuple[torch.Tensor, torch.Tensor] | None = None,
        *,
        half_size: bool = False,
    ) -> list[list[torch.Tensor]]:
        if not half_size:
            condition, photo = F.avg_pool2d(condition, 2), F.avg_pool2d(photo, 2)
        layers = self._judge(self.of_window, *window) if window else []
        return layers + self._judge(self.of_whole, condition, photo)

    def _look(self, photo: torch.Tensor) -> list[torch.Tensor]:
        """What the network says of a photo. On a CPU its convolutions of single channels take several times
        as long in the plain memory order, and, backward, twice as long in bfloat16."""
        photo = photo.contiguous(memory_format=torch.channels_last)
        if not (photo.requires_grad and photo.device.type == "cpu"):
            return self.network(photo)[_FIRST:]
        with torch.autocast("cpu", enabled=False):
            return self.network(photo.float())[_FIRST:]

    def _judge(
        self, heads: nn.ModuleList, condition: torch.Tensor, photo: torch.Tensor
    ) -> list[list[torch.Tensor]]:
        said = self._look(photo)
        mixed = [mix(h) for mix, h in zip(self.mixed, said, strict=True)]
        for i in reversed(range(len(mixed) - 1)):
            inner = F.interpolate(mixed[i + 1], mixed[i].shape[-2:], mode="bilinear")
            mixed[i] = (mixed[i] + self.passed[i](inner)) / 2**0.5
        layers, shares = [], condition
        for head, h, features in zip(heads, mixed, said, strict=True):
            shares = F.avg_pool2d(shares, shares.shape[-1] // h.shape[-1]).to(h.dtype)
            length = features.float().square().mean(1, keepdim=True).add(1e-6).sqrt()
            layers.append([features / length, head(torch.cat([h, shares], 1))])
        return layers


class ProjectedAndPatchDiscriminator(nn.Module):
    """A `ProjectedDiscriminator`, and a 70x70 PatchGAN that looks at the pixels of the window themselves.

    The first level of EfficientNet-Lite0 that is looked at has a quarter of the size, and knows little of how
    sharp a photo is: against it alone photos have a half of the finest detail that real ones have. The
    PatchGAN stands behind the window's levels, shows no hidden layers (what it says of texture is not
    compared place by place) and counts as much as all levels together.

    Args:
        in_channels: Of conditions and photos, together.
        width: A half of the channels of the projected ones, and those of the PatchGAN's first layer.
    """

    def __init__(self, in_channels: int = 32, width: int = 32):
        super().__init__()
        self.projected = ProjectedDiscriminator(in_channels, width)
        self.pixels = PatchDiscriminator(in_channels, width, norm="instance")

    def load_published(self) -> None:
        """As `ProjectedDiscriminator.load_published`."""
        self.projected.load_published()

    def forward(
        self,
        condition: torch.Tensor,
        photo: torch.Tensor,
        window: tuple[torch.Tensor, torch.Tensor] | None = None,
        *,
        half_size: bool = False,
    ) -> list[list[torch.Tensor]]:
        layers = self.projected(condition, photo, window, half_size=half_size)
        if window is None:
            return layers
        of_pixels = self.pixels(*window)[0][-1:]
        return [*layers[:LEVELS], of_pixels, *layers[LEVELS:]]


def _patches(in_channels: int, channels: int, halvings: int) -> nn.Sequential:
    """A discriminator of one level's patches."""
    layers: list[nn.Module] = []
    for _ in range(halvings):
        layers += [nn.Conv2d(in_channels, channels, 4, 2, 1), nn.LeakyReLU(0.2)]
        in_channels = channels
    layers += [nn.Conv2d(in_channels, channels, 3, padding=1), nn.LeakyReLU(0.2), nn.Conv2d(channels, 1, 1)]
    _draw_weights(layers, 0.2)
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            parametrizations.spectral_norm(layer)
    return nn.Sequential(*layers)


def _draw_weights(layers: Iterable[nn.Module], slope: float) -> None:
    """Of convolutions that keep the size of what goes through them and a LeakyReLU of that slope."""
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, slope)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def _fix(network: nn.Module) -> None:
    """Makes buffers of all parameters, in place: no optimizer finds them, and nothing makes them learn."""
    for module in network.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            delattr(module, name)
            module.register_buffer(name, parameter.detach())
