"""The networks, by the names that recipes and checkpoints use."""

from .blocks_unet import BlocksUNet
from .deeplab import DeepLab
from .flat_unet import FlatUNet
from .multi_scale import MultiScaleDiscriminator
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
# Each gives, for every scale that it looks at, the list of its layers' activations; the last are logits
DISCRIMINATORS = {
    "patch": PatchDiscriminator,
    "multi-scale": MultiScaleDiscriminator,
    "resnet18": ResNetDiscriminator,
}
