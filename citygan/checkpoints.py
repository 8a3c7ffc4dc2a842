"""Checkpoints: `NAME.safetensors` (the generator's weights) with `NAME.json` (what it is and how to build it)."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class CheckpointInfo:
    """What stands in a checkpoint's `.json`: how to build the network, what it saw, how well it did."""

    name: str  # for people, for example "camvid-unet"
    generator: str  # a key of citygan.models.GENERATORS
    arguments: dict  # the keyword arguments of that generator, width among them
    norm_statistics: str  # "running", "batch" or "instance": which ones the norm layers want at inference
    height_px: int  # of the maps and photos it was trained on
    width_px: int
    aspect: float  # width / height of the data set's photos
    dataset: str  # for example "CamVid"
    license: str  # of the weights, one sentence
    recipe: dict  # the TrainConfig, field by field
    seen: dict[int, float]  # id -> share of the training pixels, unlabeled (0) among them
    images_seen: int
    epochs: int
    hardware: str  # what trained it
    ssim: dict[str, float] = field(default_factory=dict)  # "train", "val", "test"
    ssim_definition: str = ""
    val_ssim_percentiles: tuple[float, ...] = ()  # 101 values: the 0th to the 100th percentile over val
    parameters: int = 0
    format: int = 1
