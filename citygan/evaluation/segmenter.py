"""The segmentation network of the FCN-score: a torchvision model that finds the label maps of photos.

A segmenter is `NAME.safetensors` (half-precision weights) with `NAME.json`, as a checkpoint is;
`citygan.evaluation.train_segmenter` makes it.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import torch
from torch import nn
from torch.nn.functional import interpolate

from citygan.checkpoint import Checkpoint
from citygan.errors import CityGANError
from citygan.evaluation.scores import FcnScore
from citygan.info import Info
from citygan.models import published as zoo
from citygan.models.lite_unet import IMAGENET_MEAN, IMAGENET_STD, LiteUNet
from citygan.palette import CLASS_BY_ID

TORCHVISION = {  # its networks, each with the ImageNet weights of its backbone
    "lraspp_mobilenet_v3_large": "MobileNet_V3_Large_Weights.IMAGENET1K_V1",
    "deeplabv3_mobilenet_v3_large": "MobileNet_V3_Large_Weights.IMAGENET1K_V1",
    "fcn_resnet50": "ResNet50_Weights.IMAGENET1K_V1",
}
LITE_UNET = "efficientnet_lite0_unet"  # ours
ARCHITECTURES = (*TORCHVISION, LITE_UNET)

ArchitectureName = Literal[ARCHITECTURES]  # ty: ignore[invalid-type-form]: the names of the table


@dataclass(frozen=True)
class SegmenterConfig:
    """How a segmenter is trained."""

    architecture: ArchitectureName = "lraspp_mobilenet_v3_large"
    size_px: int = 256  # height of the photos, as that of the generators it will judge
    aspect: float = 1.0  # their width / height; 1 makes squares of them
    epochs: int = 40
    batch_size: int = 8  # photos a step, at least 2: DeepLab's head normalizes one pixel a photo
    learning_rate: float = 1e-3  # of Adam at the start; falls to 0 as a cosine
    pretrained: bool = False  # start the backbone from its ImageNet weights
    color_jitter: float = 0.0  # of the training photos: brightness, contrast and saturation times 1 +- this
    seed: int = 0

    def __post_init__(self):
        if self.batch_size < 2 or self.epochs < 1 or not 32 <= self.size_px <= 4096:
            raise CityGANError(
                f"batch_size {self.batch_size}, epochs {self.epochs} and size_px {self.size_px} must be at "
                "least 2, 1 and 32, and size_px at most 4096"
            )
        if not (0.1 <= self.aspect <= 10 and 0 <= self.color_jitter <= 1):
            raise CityGANError(
                f"aspect is {self.aspect} and color_jitter {self.color_jitter}; they lie between 0.1 "
                "and 10, and between 0 and 1"
            )

    @property
    def load_px(self) -> int:
        """Height of the training photos, from which crops are taken."""
        return round(1.25 * self.size_px)

    def shape(self, height_px: int) -> tuple[int, int]:
        """Height and width of photos that are so high."""
        return height_px, round(height_px * self.aspect)


@dataclass(frozen=True)
class SegmenterInfo(Info):
    """What stands in a segmenter's `.json`."""

    WHAT: ClassVar[str] = "a segmenter"

    name: str
    config: SegmenterConfig
    classes: tuple[int, ...]  # the ids that it can tell apart, rising, one output channel each
    epochs: int  # done when these weights were saved
    val: FcnScore  # on real photos of the validation split
    dataset: str
    license: str  # of the weights, one sentence
    hardware: str  # what trained it
    parameters: int
    kind: str = "segmenter"
    unseen_iou: float = 0.0  # class IoU of `PhotoReader` on a drive never seen in training; 0: not known

    def __post_init__(self):
        if not 0 <= self.unseen_iou <= 1:
            raise CityGANError(f"unseen_iou is {self.unseen_iou}; it is 0 to 1")
        if not self.classes or not set(self.classes) <= CLASS_BY_ID.keys():
            raise CityGANError(f"classes is {self.classes}; they are ids of the palette")

    def build(self) -> nn.Module:
        """The network, with random weights."""
        return build(self.config.architecture, len(self.classes))


def build(architecture: str, classes: int, *, pretrained: bool = False) -> nn.Module:
    """A segmentation network: photos `(N, 3, H, W)` as from `normalized` -> `{"out": (N, classes, H, W)}`,
    logits.

    Torchvision's LR-ASPP (Howard et al. 2019, https://arxiv.org/abs/1905.02244, section 6.4), DeepLabV3
    (Chen et al. 2017, https://arxiv.org/abs/1706.05587) and FCN (Long et al. 2015,
    https://arxiv.org/abs/1411.4038), or `LiteUNet`.

    Args:
        architecture: One of ARCHITECTURES.
        classes: The number of output channels.
        pretrained: Start the backbone from its ImageNet weights: through torchvision's cache, or, of the
            last, from their package.

    Raises:
        CityGANError: no such architecture.
        WeightsUnavailableError: the ImageNet weights cannot be had.
    """
    if architecture not in ARCHITECTURES:
        raise CityGANError(f"{architecture!r} is unknown; choose one of {', '.join(ARCHITECTURES)}")
    if architecture == LITE_UNET:
        network = LiteUNet(classes)
        if pretrained:
            network.start_published()
        return network
    from torchvision.models import get_weight, segmentation  # takes as long to import as torch

    published = get_weight(TORCHVISION[architecture])
    with zoo.published(published) if pretrained else nullcontext():
        return getattr(segmentation, architecture)(
            weights=None, weights_backbone=published if pretrained else None, num_classes=classes
        )


class Segmenter:
    """Finds the label maps of photos.

    Args:
        source: What `Checkpoint.find` takes: a path, or a Hugging Face Hub id.
        device: Where it computes.

    Raises:
        CityGANError: there is none, or it is damaged.
    """

    def __init__(self, source: Path | str, device: torch.device | str = "cpu"):
        checkpoint = Checkpoint.find(source, SegmenterInfo)
        self.info, self.weights = checkpoint.info, checkpoint.weights
        self.classes = self.info.classes
        self._device = torch.device(device)
        self._ids = torch.tensor(self.classes, dtype=torch.uint8, device=self._device)
        self._network = checkpoint.load().to(self._device).to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def __call__(self, photos: torch.Tensor) -> torch.Tensor:
        """The label maps `(N, H, W) uint8` of photos `(N, 3, H, W) uint8`, of any size, on the CPU."""
        logits = self._network(self._prepared(photos))["out"]
        if logits.shape[-2:] != photos.shape[-2:]:
            logits = interpolate(logits, photos.shape[-2:], mode="bilinear")
        return self._ids[logits.argmax(1)].cpu()

    @torch.inference_mode()
    def probabilities(self, photos: torch.Tensor) -> torch.Tensor:
        """How likely each class is, `(N, classes, H, W)` on the CPU, in photos `(N, 3, H, W)`, 0 to 255, read
        at their own size."""
        return self._network(normalized(photos.to(self._device).float()))["out"].softmax(1).cpu()

    @torch.inference_mode()
    def features(self, photos: torch.Tensor) -> torch.Tensor:
        """What the last layer of the backbone says of such photos, its mean over each: `(N, d)`."""
        layers = self._network.get_submodule("backbone")(self._prepared(photos))
        return (layers if isinstance(layers, list) else list(layers.values()))[-1].mean((2, 3))

    def _prepared(self, photos: torch.Tensor) -> torch.Tensor:
        size = self.info.config.shape(self.info.config.size_px)
        images = photos.to(self._device).float()
        if images.shape[-2:] != size:
            images = interpolate(images, size, mode="bilinear", antialias=True)
        return normalized(images)


def normalized(photos: torch.Tensor) -> torch.Tensor:
    """Photos `(N, 3, H, W)`, 0 to 255, as the networks want them: normalized as ImageNet, channels last."""
    mean, std = (photos.new_tensor(v).view(3, 1, 1) for v in (IMAGENET_MEAN, IMAGENET_STD))
    return ((photos / 255 - mean) / std).contiguous(memory_format=torch.channels_last)
