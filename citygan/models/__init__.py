"""The networks, by the names that recipes and checkpoints use."""

from .blocks_unet import BlocksUNet
from .deeplab import DeepLab
from .flat_unet import FlatUNet
from .patch import PatchDiscriminator
from .resnet import ResNetDiscriminator
from .unet import UNet
from .unet_256 import UNet256

GENERATORS = {
    "unet": UNet,
    "flat-unet": FlatUNet,
    "unet-256": UNet256,
    "blocks-unet": BlocksUNet,
    "deeplab": DeepLab,
}
DISCRIMINATORS = {"patch": PatchDiscriminator, "resnet18": ResNetDiscriminator}
