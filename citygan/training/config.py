"""The configuration of a training run: every field that decides what it computes, and what cannot be."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from citygan.errors import CityGANError
from citygan.models import DISCRIMINATORS, GENERATORS
from citygan.models.deeplab import BACKBONES
from citygan.models.encoding import ENCODINGS
from citygan.shape import stride_px
from citygan.training.networks import DISCRIMINATOR_FIELDS, GENERATOR_FIELDS, UPSAMPLINGS


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides what a training run computes. Photos are in [-1, 1].

    The defaults are the system of the CityGAN README: pix2pix with smoothed labels.
    """

    # networks
    generator: str = "unet"  # a key of GENERATORS
    discriminator: str = "patch"  # a key of DISCRIMINATORS
    pretrained: bool = False  # start from published weights
    backbone: str = "resnet50"  # of the deeplab generator, a key of BACKBONES
    encoding: str = "colors"  # what the networks see: palette "colors", or one channel a class ("classes")
    width: int = 64  # channels of the generator's first layer
    discriminator_width: int = 64  # channels of the discriminator's first layer
    scales: int = 2  # of the multi-scale discriminator
    window_px: int = 0  # side of what its finest scale sees of a photo; 0 shows it the whole
    fine_window: bool = False  # the projected discriminator judges what is sharp in it, too
    norm: str = "batch"  # "batch" or "instance", in both networks
    upsampling: str = "transposed"  # "nearest" against its checkerboard, "bilinear" against small squares
    dropout: float = 0.5  # probability, in the generator's inner decoder layers
    noise: bool = False  # seeded noise in the decoder's features
    depth: int = 6  # halvings of the street-unet's trunk
    refine: bool = False  # one more convolution, at the photo's full size
    # losses
    adversarial_loss: str = "bce"  # "bce" on logits, "mse" (least squares), "classes" (of each pixel)
    real_label: float = 0.9  # what the discriminator should say of real photos
    fake_label: float = 0.1  # and of generated ones
    l1_weight: float = 100.0  # times the mean absolute difference
    ssim_weight: float = 0.0  # times (1 - SSIM)
    ssim_pool: int = 1  # of means over so many px a side: what is finer is free
    feature_weight: float = 0.0  # times the difference of the discriminator's hidden layers
    pooled_l1_weight: float = 0.0  # times the mean absolute difference of means over 8x8 px
    frequency_weight: float = 0.0  # times the focal frequency loss
    light_weight: float = 0.0  # times the difference from the light that was asked for
    even_weight: float = 0.0  # times how far a map of one class is from an even colour
    label_mix_weight: float = 0.0  # in the discriminator's loss, times that of LabelMix
    class_balance: float = 0.0  # 0 to 1: how much more the discriminator's patches of rare classes count
    # optimization
    learning_rate: float = 2e-4  # of Adam, both networks
    beta1: float = 0.5  # Adam's first momentum
    beta2: float = 0.999  # Adam's second
    batch_size: int = 1  # images a step, in each process
    epochs: int = 200  # passes over the training set
    frozen_trunk: bool = False  # of the street-unet, trains what is told and its end at full size alone
    half_size_epochs: int = 0  # the first so many train the street-unet's trunk alone, at half the size
    decay_epochs: int = 0  # the learning rate falls linearly to 0 over the last so many epochs
    ema_decay: float = 0.0  # of the average of the generator's weights a step; 0 keeps no average
    # data
    size_px: int = 256  # height of what the networks see
    aspect: float = 1.0  # width / height of what they see; 1 makes a square of every sample, as pix2pix does
    load_px_min: int = 286  # a sample is resized to a height between these two, then cropped to size_px
    load_px_max: int = 286
    mirror: bool = True  # mirror half of the samples
    color_jitter: float = 0.0  # strength, on the photo alone
    simplify_px: int = (
        0  # in half of the batches, label shapes are simplified over odd windows up to this side
    )
    guessed_light: float = 0.0  # share of the photos drawn in the light that the map suggests, not their own
    warp_px: float = 0.0  # label maps alone are displaced smoothly by up to this much, as if painted by hand
    discriminator_augmentation: bool = False  # colour and shift, on all that the discriminator sees
    # inference
    norm_statistics: Literal["batch", "running", "instance"] = "batch"  # which the generator wants
    inference_dropout: bool = False  # dropout stays on when photos are made, drawn from a fixed seed
    seed: int = 0

    def __post_init__(self):
        for name, values in CHOICES.items():
            if getattr(self, name) not in values:
                raise CityGANError(f"{name} is {getattr(self, name)!r}; choose one of {', '.join(values)}")
        for names, in_range, says in RANGES:
            for name in names:
                value = getattr(self, name)
                if not (math.isfinite(value) and in_range(value)):
                    raise CityGANError(f"{name} is {value}; it must {says}")
        self._check_sizes()
        if self.real_label <= self.fake_label:
            raise CityGANError(
                f"real_label is {self.real_label} and fake_label is {self.fake_label}; the real one must be "
                "the larger"
            )
        if self.decay_epochs > self.epochs:
            raise CityGANError(f"decay_epochs is {self.decay_epochs}, but there are {self.epochs} epochs")
        if (self.norm == "instance") != (self.norm_statistics == "instance"):
            raise CityGANError(f"norm {self.norm!r} cannot have norm_statistics {self.norm_statistics!r}")
        self._check_segmenting()
        self._check_generator()
        self._check_discriminator()
        self._check_pretrained()

    def _check_sizes(self) -> None:
        if not self.size_px <= self.load_px_min <= self.load_px_max:
            raise CityGANError(
                f"sizes must rise: size_px {self.size_px}, load_px_min {self.load_px_min}, "
                f"load_px_max {self.load_px_max}"
            )
        stride = stride_px(self.generator, {"depth": self.depth})
        if self.size_px % stride or self.width_px % stride:
            raise CityGANError(
                f"size_px {self.size_px} and aspect {self.aspect:g} make {self.width_px} x {self.size_px}; "
                f"{self.generator} takes multiples of {stride}"
            )
        if self.warp_px > self.size_px / 4:
            raise CityGANError(f"warp_px is {self.warp_px}, more than a quarter of size_px {self.size_px}")
        if 0 < self.simplify_px < 3:
            raise CityGANError(f"simplify_px is {self.simplify_px}; use 0 for none, or at least 3")
        if self.simplify_px > self.size_px:
            raise CityGANError(
                f"simplify_px is {self.simplify_px}, larger than the photo of {self.size_px} px"
            )

    @property
    def width_px(self) -> int:
        """Of what the networks see."""
        return round(self.size_px * self.aspect)

    def _check_generator(self) -> None:
        """Sees that the chosen generator, with this discriminator, has what the fields ask of it."""
        generator, discriminator = GENERATOR_FIELDS[self.generator], DISCRIMINATOR_FIELDS[self.discriminator]
        others = self.discriminator in ("segmenting", "projected") or "norm" in discriminator
        if self.norm != "batch" and not (others and ("norm" in generator or self.generator == "street-unet")):
            raise CityGANError(
                f"norm is {self.norm!r}, but {self.generator} with {self.discriminator} has batch norm alone"
            )
        for name in ("upsampling", "dropout", "noise", "refine", "backbone", "depth"):
            if name not in generator and getattr(self, name) != _default(name):
                raise CityGANError(
                    f"{name} is {getattr(self, name)!r}, but the generator {self.generator} has none"
                )
        upsamplings = UPSAMPLINGS.get(self.generator, (self.upsampling,))
        if self.upsampling not in upsamplings:
            raise CityGANError(
                f"upsampling is {self.upsampling!r}; {self.generator} has {' and '.join(upsamplings)}"
            )
        if self.inference_dropout and not (self.dropout and "dropout" in generator):
            raise CityGANError(
                f"inference_dropout is True, but {self.generator} has no dropout (dropout is {self.dropout})"
            )
        for name in ("frozen_trunk", "half_size_epochs"):
            if getattr(self, name) and self.generator != "street-unet":
                raise CityGANError(
                    f"{name} is {getattr(self, name)}, but {self.generator} has no trunk that stands alone"
                )
        if self.even_weight and self.generator != "street-unet":
            raise CityGANError(f"even_weight is {self.even_weight}, but only street-unet can be held to it")
        for name in ("light_weight", "guessed_light"):
            if getattr(self, name) and self.generator != "street-unet":
                raise CityGANError(
                    f"{name} is {getattr(self, name)}, but the generator {self.generator} is told no light"
                )

    def _check_discriminator(self) -> None:
        """Sees that the chosen discriminator has what the fields ask of it."""
        discriminator = DISCRIMINATOR_FIELDS[self.discriminator]
        if "scales" not in discriminator and self.scales != _default("scales"):
            raise CityGANError(f"scales is {self.scales}, but the discriminator {self.discriminator} has one")
        if self.fine_window and not ("fine_window" in discriminator and self.window_px):
            raise CityGANError(
                f"fine_window is True, but the discriminator {self.discriminator} with window_px "
                f"{self.window_px} has no window to look at closely"
            )
        if self.window_px and self.discriminator not in ("multi-scale", "projected"):
            raise CityGANError(
                f"window_px is {self.window_px}, but the discriminator {self.discriminator} has one size"
            )
        if self.half_size_epochs and self.discriminator == "multi-scale" and self.scales < 2:
            raise CityGANError("half_size_epochs needs scales of at least 2: the finest waits for full size")
        if self.feature_weight and self.discriminator == "resnet18":
            raise CityGANError(
                f"feature_weight is {self.feature_weight}, but resnet18 shows no hidden layers"
            )
        if self.class_balance and (self.discriminator == "resnet18" or self.encoding != "classes"):
            raise CityGANError(
                f"class_balance is {self.class_balance}, which needs a discriminator of patches and the "
                f"encoding 'classes', not {self.discriminator} and {self.encoding!r}"
            )
        if self.discriminator == "projected" and self.window_px % 32:
            raise CityGANError(f"window_px is {self.window_px}; for projected it is a multiple of 32")

    def _check_pretrained(self) -> None:
        """Sees that there are weights to start from, where they are asked for."""
        chosen = {self.generator, self.discriminator}
        published = {"deeplab", "unet-256", "resnet18", "projected"} & chosen
        if self.pretrained and not published:
            raise CityGANError(
                f"pretrained is True, but no weights are known for {self.generator} with {self.discriminator}"
            )
        if self.pretrained and self.encoding != "colors" and published & {"deeplab", "resnet18"}:
            raise CityGANError(
                f"pretrained is True, but the encoding {self.encoding!r} is none of RGB; use colors"
            )

    def _check_segmenting(self) -> None:
        """Sees that networks and losses that belong together come together."""
        segmenting = self.discriminator == "segmenting"
        if segmenting != (self.adversarial_loss == "classes"):
            raise CityGANError(
                f"adversarial_loss is {self.adversarial_loss!r}; the discriminator segmenting and the loss "
                f"'classes' go together, and this one is {self.discriminator!r}"
            )
        if self.label_mix_weight and not segmenting:
            raise CityGANError(
                f"label_mix_weight is {self.label_mix_weight}, but {self.discriminator} reads no classes"
            )
        for name in ("generator", "discriminator"):
            value = getattr(self, name)
            if value in ("street-unet", "segmenting") and self.encoding != "classes":
                raise CityGANError(f"{value} wants the encoding 'classes', not {self.encoding!r}")
        if self.generator == "street-unet" and self.norm != "instance":
            raise CityGANError(f"norm is {self.norm!r}, but the generator street-unet has instance norm")


CHOICES: dict[str, tuple[str, ...]] = {
    "generator": tuple(GENERATORS),
    "discriminator": tuple(DISCRIMINATORS),
    "backbone": tuple(BACKBONES),
    "encoding": tuple(ENCODINGS),
    "adversarial_loss": ("bce", "mse", "classes"),
    "norm": ("batch", "instance"),
    "upsampling": ("transposed", "nearest", "bilinear"),
    "norm_statistics": ("batch", "running", "instance"),
}
# Of every number: which fields, what each must be, and how an error says it
RANGES: tuple[tuple[tuple[str, ...], Callable[[float], bool], str], ...] = (
    (
        (
            *("width", "depth", "discriminator_width", "scales", "batch_size", "epochs"),
            "ssim_pool",
            *("size_px", "load_px_min", "load_px_max"),
        ),
        lambda value: value >= 1,
        "be at least 1",
    ),
    (
        (
            *("l1_weight", "ssim_weight", "feature_weight", "pooled_l1_weight", "frequency_weight"),
            *("light_weight", "label_mix_weight", "decay_epochs", "simplify_px", "warp_px", "seed"),
            *("half_size_epochs", "window_px", "even_weight"),
        ),
        lambda value: value >= 0,
        "be at least 0",
    ),
    (("seed",), lambda value: value < 2**63, "be below 2^63"),  # torch's
    (("learning_rate",), lambda value: value > 0, "be above 0"),
    (("aspect",), lambda value: 0.1 <= value <= 10, "lie between 0.1 and 10"),
    (
        ("real_label", "fake_label", "class_balance", "color_jitter"),
        lambda value: 0 <= value <= 1,
        "lie between 0 and 1",
    ),
    (("guessed_light",), lambda value: 0 <= value <= 0.9, "lie between 0 and 0.9"),  # a tenth is told none
    (
        ("beta1", "beta2", "dropout", "ema_decay"),
        lambda value: 0 <= value < 1,
        "lie between 0 and 1, below 1",
    ),
)


def _default(name: str):
    return TrainConfig.__dataclass_fields__[name].default
