"""The networks of a training run: which fields of its configuration each takes, and what builds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citygan.models.encoding import ENCODINGS

if TYPE_CHECKING:
    from citygan.training.config import TrainConfig

# Which fields each network takes, beside what the encoding says of its channels
GENERATOR_FIELDS = {
    "unet": ("width", "norm", "upsampling", "dropout", "noise", "refine"),
    "flat-unet": ("width", "dropout"),
    "unet-256": ("width", "dropout"),
    "blocks-unet": ("width", "dropout"),
    "deeplab": ("backbone",),
    "street-unet": ("width", "depth", "upsampling"),
}
UPSAMPLINGS = {"unet": ("transposed", "nearest"), "street-unet": ("nearest", "bilinear")}
DISCRIMINATOR_FIELDS = {
    "patch": ("discriminator_width", "norm"),
    "multi-scale": ("discriminator_width", "norm", "scales"),
    "resnet18": (),
    "segmenting": ("discriminator_width",),
    "projected": ("discriminator_width", "fine_window"),
}


def generator_arguments(config: TrainConfig) -> dict:
    """The plain arguments that build the generator of a configuration; they stand in its checkpoint."""
    taken = {name: getattr(config, name) for name in GENERATOR_FIELDS[config.generator]}
    return {"in_channels": ENCODINGS[config.encoding]} | taken


def discriminator_arguments(config: TrainConfig) -> dict:
    """The plain arguments that build the discriminator of a configuration."""
    taken = {
        name.removeprefix("discriminator_"): getattr(config, name)
        for name in DISCRIMINATOR_FIELDS[config.discriminator]
    }
    channels = ENCODINGS[config.encoding]
    reads_photos_alone = config.discriminator == "segmenting"
    return ({"classes": channels} if reads_photos_alone else {"in_channels": channels + 3}) | taken
