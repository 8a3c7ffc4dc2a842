"""PatchGANs that look at what an ImageNet network says of a photo, in place of the photo itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations

from citygan.models.efficientnet_lite import EfficientNetLite
from citygan.models.layers import halved

_WHOLE_FROM = 1  # the first level that is looked at of the whole, at a quarter of the size that it has
_LEVELS = 5  # of the network
_PROJECTED = 64  # channels that each level is mixed to
_HALVINGS = (2, 2, 1, 0, 0)  # by the discriminator of each level

Pair = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Look:
    """What the network says of a photo at each level, from the finest that is looked at inward."""

    features: list[torch.Tensor]  # (N, c, h, w), of the same length at each pixel
    mixed: list[torch.Tensor]  # (N, 64, h, w): what the patches' discriminators see of them

    def detach(self) -> Look:
        return Look([t.detach() for t in self.features], [t.detach() for t in self.mixed])


class ProjectedDiscriminator(nn.Module):
    """Conditions and photos, together `(N, in_channels, H, W)` -> for each of the inner four levels of
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
        fine_window: Look at the network's finest level too, in the window, at half the size: what is sharp is
            told from what is not there. Texture is then judged alone: of the window's two finest levels no
            features are shown, since their difference asks for each leaf where the real photo has it.
    """

    def __init__(self, in_channels: int = 32, width: int = 32, *, fine_window: bool = False):
        super().__init__()
        self.network = EfficientNetLite().without_norms()
        self.window_from = 0 if fine_window else _WHOLE_FROM
        channels = self.network.channels[self.window_from :]
        self.mixed = nn.ModuleList(nn.Conv2d(c, _PROJECTED, 1) for c in channels)
        self.passed = nn.ModuleList(nn.Conv2d(_PROJECTED, _PROJECTED, 3, padding=1) for _ in channels[1:])
        _draw_weights((*self.mixed, *self.passed), 1.0)
        _fix(self)
        self.of_whole, self.of_window = (
            nn.ModuleList(
                _patches(_PROJECTED + in_channels - 3, 2 * width, halvings) for halvings in _HALVINGS[first:]
            )
            for first in (_WHOLE_FROM, self.window_from)
        )

    @property
    def window_levels(self) -> int:
        """How many of what comes back first are of the window, if one is given."""
        return _LEVELS - self.window_from

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
        window: Pair | None = None,
        *,
        half_size: bool = False,
    ) -> list[list[torch.Tensor]]:
        looks = self.look(photo, window and window[1], half_size=half_size)
        return self.judge(looks, self.shares(condition, window and window[0], half_size=half_size))

    def look(
        self, photo: torch.Tensor, window: torch.Tensor | None = None, *, half_size: bool = False
    ) -> list[Look]:
        """What the network says of the window, if there is one, and of the whole: the part of `forward` that
        never changes."""
        whole = self._look(photo if half_size else F.avg_pool2d(photo, 2), _WHOLE_FROM)
        return [whole] if window is None else [self._look(window, self.window_from), whole]

    def shares(
        self, condition: torch.Tensor, window: torch.Tensor | None = None, *, half_size: bool = False
    ) -> list[list[torch.Tensor]]:
        """Label maps as small as the levels of each look, for each of the looks."""
        whole = halved(condition, _LEVELS if half_size else _LEVELS + 1)[-(_LEVELS - _WHOLE_FROM) :]
        return [whole] if window is None else [halved(window, _LEVELS)[self.window_from :], whole]

    def judge(self, looks: list[Look], shares: list[list[torch.Tensor]]) -> list[list[torch.Tensor]]:
        """The rest of `forward`, which learns: what to say of looks at photos and shares of label maps."""
        whole = self._judge(self.of_whole, looks[-1], shares[-1])
        if len(looks) == 1:
            return whole
        window = self._judge(self.of_window, looks[0], shares[0])
        if not self.window_from:
            window[:2] = [level[1:] for level in window[:2]]
        return window + whole

    def _look(self, photo: torch.Tensor, first: int) -> Look:
        said = self._said(photo)[first:]
        mixes, passes = self.mixed[first - self.window_from :], self.passed[first - self.window_from :]
        mixed = [mix(h) for mix, h in zip(mixes, said, strict=True)]
        for i in reversed(range(len(mixed) - 1)):
            inner = F.interpolate(mixed[i + 1], mixed[i].shape[-2:], mode="bilinear")
            mixed[i] = (mixed[i] + passes[i](inner)) / 2**0.5
        lengths = [h.float().square().mean(1, keepdim=True).add(1e-6).sqrt() for h in said]
        return Look([h / length for h, length in zip(said, lengths, strict=True)], mixed)

    def _said(self, photo: torch.Tensor) -> list[torch.Tensor]:
        """What the network says of a photo. On a CPU its convolutions of single channels take several times
        as long in the plain memory order, and, backward, twice as long in bfloat16; real photos, which need
        no backward pass, are rounded no more than generated ones, which would give them away."""
        photo = photo.contiguous(memory_format=torch.channels_last)
        if photo.device.type != "cpu":
            return self.network(photo)
        with torch.autocast("cpu", enabled=False):
            return self.network(photo.float())

    @staticmethod
    def _judge(
        heads: Iterable[nn.Module], look: Look, shares: list[torch.Tensor]
    ) -> list[list[torch.Tensor]]:
        return [
            [features, head(torch.cat([h, share.to(h.dtype)], 1))]
            for head, features, h, share in zip(heads, look.features, look.mixed, shares, strict=True)
        ]


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
