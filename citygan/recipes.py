"""Recipes: named, frozen training configurations."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .encoding import ENCODINGS
from .models import DISCRIMINATORS, GENERATORS


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides what a training run computes. Photos are in [-1, 1].

    The defaults are the system of the CityGAN README: pix2pix with smoothed labels.
    """

    # networks
    generator: str = "unet"  # a key of GENERATORS
    discriminator: str = "patch"  # a key of DISCRIMINATORS
    encoding: str = "colors"  # what the networks see: palette "colors", or one channel a class ("classes")
    width: int = 64  # channels of the generator's first layer
    discriminator_width: int = 64  # channels of the discriminator's first layer
    norm: str = "batch"  # "batch" or "instance", in both networks
    upsampling: str = "transposed"  # "transposed", or "nearest" against the checkerboard
    dropout: float = 0.5  # probability, in the generator's inner decoder layers
    noise: bool = False  # seeded noise in the decoder's features
    # losses
    adversarial_loss: str = "bce"  # "bce" on logits, or "mse" (least squares)
    real_label: float = 0.9  # what the discriminator should say of real photos
    fake_label: float = 0.1  # and of generated ones
    l1_weight: float = 100.0  # times the mean absolute difference
    ssim_weight: float = 0.0  # times (1 - SSIM)
    # optimization
    learning_rate: float = 2e-4  # of Adam, both networks
    beta1: float = 0.5  # Adam's first momentum
    beta2: float = 0.999  # Adam's second
    batch_size: int = 1  # images a step
    epochs: int = 200  # passes over the training set
    decay_epochs: int = 0  # the learning rate falls linearly to 0 over the last so many epochs
    ema_decay: float = 0.0  # of the average of the generator's weights a step; 0 keeps no average
    # data
    size_px: int = 256  # side of what the networks see
    load_px_min: int = 286  # a sample is resized to a square between these two, then cropped to size_px
    load_px_max: int = 286
    mirror: bool = True  # mirror half of the samples
    color_jitter: float = 0.0  # strength, on the photo alone
    simplify_px: int = (
        0  # in half of the batches, label shapes are simplified over odd windows up to this side
    )
    discriminator_augmentation: bool = False  # colour and shift, on all that the discriminator sees
    # inference
    norm_statistics: str = "batch"  # which the generator wants: "batch", "running", or "instance"
    seed: int = 0

    def __post_init__(self):
        allowed = {
            "generator": tuple(GENERATORS),
            "discriminator": tuple(DISCRIMINATORS),
            "encoding": tuple(ENCODINGS),
            "adversarial_loss": ("bce", "mse"),
            "norm": ("batch", "instance"),
            "upsampling": ("transposed", "nearest"),
            "norm_statistics": ("batch", "running", "instance"),
        }
        for name, values in allowed.items():
            if getattr(self, name) not in values:
                raise ValueError(f"{name} is {getattr(self, name)!r}; choose one of {', '.join(values)}")
        if (self.norm == "instance") != (self.norm_statistics == "instance"):
            raise ValueError(f"norm {self.norm!r} cannot have norm_statistics {self.norm_statistics!r}")
        if not self.size_px <= self.load_px_min <= self.load_px_max:
            raise ValueError(
                f"sizes must rise: size_px {self.size_px}, load_px_min {self.load_px_min}, "
                f"load_px_max {self.load_px_max}"
            )
        if self.size_px % 256:
            raise ValueError(f"size_px is {self.size_px}; the networks take multiples of 256")
        for name in ("width", "discriminator_width", "batch_size", "epochs"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1")
        if self.simplify_px and self.simplify_px < 3:
            raise ValueError(f"simplify_px is {self.simplify_px}; use 0 for none, or at least 3")
        if not 0 <= self.ema_decay < 1 or not 0 <= self.dropout < 1:
            raise ValueError(f"ema_decay {self.ema_decay} and dropout {self.dropout} must lie in [0, 1)")


CITYGAN = TrainConfig()

RECIPES: dict[str, TrainConfig] = {
    # the system of the CityGAN README
    "citygan": CITYGAN,
    # what the shipped checkpoint is made with: for the eye first. Classes as channels, no checkerboard,
    # noise for the texture that a label map does not determine, shapes simplified toward what people paint
    "citygan-plus": replace(
        CITYGAN,
        encoding="classes",
        norm="instance",
        norm_statistics="instance",
        upsampling="nearest",
        dropout=0.0,
        noise=True,
        adversarial_loss="mse",
        real_label=1.0,
        fake_label=0.0,
        l1_weight=20.0,
        ssim_weight=4.0,
        ema_decay=0.998,
        batch_size=4,
        load_px_min=256,
        load_px_max=340,
        simplify_px=13,
        discriminator_augmentation=True,
    ),
}
