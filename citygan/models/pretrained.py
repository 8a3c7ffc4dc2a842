"""Published weights of torchvision's networks, from its cache (`TORCH_HOME`) or by download."""

from __future__ import annotations

import torch
from torch import nn
from torchvision import models
from torchvision.models import WeightsEnum, segmentation

from citygan.errors import CityGANError
from citygan.models import published as zoo
from citygan.models.deeplab import DeepLab
from citygan.models.resnet import ResNetDiscriminator

DEEPLAB_WEIGHTS: dict[str, WeightsEnum] = {
    "resnet50": segmentation.DeepLabV3_ResNet50_Weights.COCO_WITH_VOC_LABELS_V1,
    "resnet101": segmentation.DeepLabV3_ResNet101_Weights.COCO_WITH_VOC_LABELS_V1,
    "mobilenet_v3_large": segmentation.DeepLabV3_MobileNet_V3_Large_Weights.COCO_WITH_VOC_LABELS_V1,
}
RESNET_WEIGHTS = models.ResNet18_Weights.IMAGENET1K_V1


def load_pretrained(network: nn.Module) -> str:
    """Puts torchvision's published weights into a `DeepLab` or a `ResNetDiscriminator`, in place.

    A DeepLab gets the backbone of the published DeepLabV3. A ResNet discriminator gets all of the ImageNet
    ResNet-18 but its classes; its first convolution, which sees a label map's 3 channels and a photo's 3,
    gets the RGB filters twice, halved so that its sums keep their size. The last layer of either stays as it
    was drawn.

    Returns:
        The name of the weights, for example "ResNet18_Weights.IMAGENET1K_V1".

    Raises:
        WeightsUnavailableError: they are not in the cache and cannot be downloaded, or are damaged.
        CityGANError: nothing is published for such a network, or its conditions are not RGB.
    """
    if isinstance(network, DeepLab):
        weights = DEEPLAB_WEIGHTS[network.backbone_name]
        part, tensors = network.backbone, _backbone(_fetch(weights))
    elif isinstance(network, ResNetDiscriminator):
        weights = RESNET_WEIGHTS
        part, tensors = network.layers, _discriminator(_fetch(weights), network.layers)
    else:
        raise CityGANError(f"no weights are published for a {type(network).__name__}; use --no-pretrained")
    try:
        part.load_state_dict(tensors)
    except RuntimeError as error:
        raise CityGANError(f"{weights} do not fit this {type(network).__name__}: {error}") from error
    return str(weights)


def _backbone(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    prefix = "backbone."
    return {k.removeprefix(prefix): t for k, t in tensors.items() if k.startswith(prefix)}


def _discriminator(tensors: dict[str, torch.Tensor], layers: models.ResNet) -> dict[str, torch.Tensor]:
    rgb = tensors["conv1.weight"]
    return tensors | {
        "conv1.weight": torch.cat([rgb, rgb], 1) / 2,
        "fc.weight": layers.fc.weight.detach(),
        "fc.bias": layers.fc.bias.detach(),
    }


def _fetch(weights: WeightsEnum) -> dict[str, torch.Tensor]:
    with zoo.published(weights, ", or start from random weights with --no-pretrained"):
        return weights.get_state_dict(progress=True, check_hash=True, map_location="cpu", weights_only=True)
