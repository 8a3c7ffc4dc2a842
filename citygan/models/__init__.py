"""The networks, by the names that recipes and checkpoints use."""

from .patch import PatchDiscriminator
from .unet import UNet

GENERATORS = {"unet": UNet}
DISCRIMINATORS = {"patch": PatchDiscriminator}
