"""The rows of the table: the systems of the paper, ours, and the sweeps over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from citygan.training.config import TrainConfig
from citygan.training.recipes import RECIPES


@dataclass(frozen=True)
class Row:
    """One line of the table, and one of its runs."""

    name: str
    recipe: str
    group: str  # "paper", "ours", or a sweep: "l1", "augmentation", "changes"
    says: str  # for people
    changes: dict = field(default_factory=dict)  # of the recipe's fields
    paper: dict[str, float] = field(default_factory=dict)  # SSIM of each split in the paper
    without_weights: str = ""  # what it is, for people, where no published weights start it
    seed: int = 0  # of the run

    @property
    def id(self) -> str:
        """The name of the run: of its record and of its folder."""
        return f"{self.name}-seed{self.seed}"

    @property
    def is_system(self) -> bool:
        """Whether it stands for itself, and changes no other."""
        return self.group in ("paper", "ours")

    def config(
        self, *, epochs: int | None, width: int | None, pretrained: bool, backbone: str | None
    ) -> TrainConfig:
        """The recipe with what all rows share, then with this row's own changes and seed.

        Args:
            epochs: None for the recipe's own.
            width: Of both networks; None for the recipe's own.
            pretrained: False starts every network from random weights.
            backbone: Of the deeplab generator; None for the recipe's own.
        """
        recipe = RECIPES[self.recipe]
        shared: dict = {"seed": self.seed} | ({} if pretrained else {"pretrained": False})
        if epochs is not None:
            shared["epochs"] = epochs
        if width is not None:
            shared |= {"width": width, "discriminator_width": width}
        if backbone is not None and recipe.generator == "deeplab":
            shared["backbone"] = backbone
        return replace(recipe, **(shared | self.changes))


def _paper(recipe: str, says: str, train: float, val: float, test: float, without_weights: str = "") -> Row:
    scores = {"train": train, "val": val, "test": test}
    return Row(recipe, recipe, "paper", says, paper=scores, without_weights=without_weights)


SYSTEMS = (  # "Image-to-Image Translation for the Cityscapes Dataset", Ortega Pinto and Romero Romero
    _paper("baseline-bce", "Baseline", 0.369, 0.324, 0.301),
    _paper("baseline-mse", "Baseline with MSE", 0.808, 0.512, 0.499),
    _paper("deeplab-bce", "Pre-trained from PyTorch", 0.641, 0.535, 0.505, "DeepLab from random weights"),
    _paper(
        *("literature-mse", "Pre-trained from the literature", 0.621, 0.510, 0.511),
        "U-Net-256 from random weights",
    ),
    _paper("enhanced-bce", "Enhanced baseline", 0.820, 0.536, 0.535),
    _paper("enhanced-mse", "Enhanced with MSE", 0.487, 0.455, 0.462),
    Row("citygan", "citygan", "paper", "the CityGAN README's own"),
    Row("citygan-plus", "citygan-plus", "ours", "ours, for SSIM"),
    Row("citygan-photo", "citygan-photo", "ours", "ours, for the eye"),
)
CHANGES = {  # most of what makes citygan-plus and citygan-photo of `citygan`, one at a time
    "ssim": ("+ 20 x (1 - SSIM)", {"ssim_weight": 20.0}),  # citygan-plus' own ratio to L1
    "average": ("+ average of the weights", {"ema_decay": 0.998}),
    "nearest": ("+ nearest-neighbour upsampling", {"upsampling": "nearest"}),
    "instance": ("+ instance norm", {"norm": "instance", "norm_statistics": "instance"}),
    "classes": ("+ classes as channels", {"encoding": "classes"}),
    "noise": ("+ noise in the decoder", {"noise": True}),
    "refined": ("+ a convolution at full size", {"refine": True}),
    "simplified": ("+ simplified label shapes", {"simplify_px": 13}),
    "augmented": ("+ augmentation for the discriminator", {"discriminator_augmentation": True}),
    "features": ("+ 10 x feature matching", {"feature_weight": 10.0}),  # pix2pixHD's weight
    "scales": ("+ a second discriminator at half size", {"discriminator": "multi-scale"}),
    "balanced": (
        "+ classes as channels, and rare ones count more",
        {"encoding": "classes", "class_balance": 0.5},
    ),
}

SWEEPS = (
    *(
        Row(
            f"baseline-bce-l1-{weight:.0f}",
            "baseline-bce",
            "l1",
            f"L1 weight {weight:.0f}",
            {"l1_weight": weight},
        )
        for weight in (50.0, 75.0)
    ),
    Row("citygan-no-mirror", "citygan", "augmentation", "no mirror", {"mirror": False}),
    Row("citygan-jitter", "citygan", "augmentation", "mirror + colour jitter", {"color_jitter": 0.2}),
    Row("citygan-warp", "citygan", "augmentation", "mirror + warped label shapes", {"warp_px": 8.0}),
    *(Row(f"citygan-{name}", "citygan", "changes", says, made) for name, (says, made) in CHANGES.items()),
)
_FIRST = (
    *("citygan", "enhanced-bce", "baseline-mse", "baseline-bce", "enhanced-mse", "literature-mse"),
    *("citygan-plus", "citygan-photo", "deeplab-bce"),
)
ROWS = {row.name: row for row in (*SYSTEMS, *SWEEPS)}
ROWS = {name: ROWS[name] for name in (*_FIRST, *(row.name for row in SWEEPS))}  # in the order of training


def rows_to_train(names: Sequence[str], *, sweeps: bool, seeds: int) -> list[Row]:
    """The runs of some rows in the order of their training: all rows with one seed before the next seed.

    Args:
        names: Keys of ROWS; none means all.
        sweeps: The sweeps among all, too.
        seeds: How many runs each row has, with the seeds 0, 1, ...
    """
    chosen = [row for row in ROWS.values() if row.name in names or (not names and (sweeps or row.is_system))]
    return [replace(row, seed=seed) for seed in range(seeds) for row in chosen]
