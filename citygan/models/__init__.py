"""The networks, by the names that recipes and checkpoints use."""

from citygan.models.blocks_unet import BlocksUNet
from citygan.models.deeplab import DeepLab
from citygan.models.flat_unet import FlatUNet
from citygan.models.multi_scale import MultiScaleDiscriminator
from citygan.models.patch import PatchDiscriminator
from citygan.models.projected import ProjectedDiscriminator
from citygan.models.resnet import ResNetDiscriminator
from citygan.models.segmenting import SegmentingDiscriminator
from citygan.models.street_unet import StreetUNet
from citygan.models.unet import UNet
from citygan.models.unet_256 import UNet256

GENERATORS = {
    "unet": UNet,
    "flat-unet": FlatUNet,
    "unet-256": UNet256,
    "blocks-unet": BlocksUNet,
    "deeplab": DeepLab,
    "street-unet": StreetUNet,
}
# Each gives, for every scale that it looks at, the list of its layers' activations; the last are logits.
# The one that segments reads photos alone, and gives its layers and the logits of each pixel
DISCRIMINATORS = {
    "patch": PatchDiscriminator,
    "multi-scale": MultiScaleDiscriminator,
    "resnet18": ResNetDiscriminator,
    "segmenting": SegmentingDiscriminator,
    "projected": ProjectedDiscriminator,
}
