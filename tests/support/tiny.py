"""Tiny data sets, configurations and checkpoints for the tests, all of drawn pictures."""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from citygan import palette
from citygan.checkpoint import Checkpoint, CheckpointInfo
from citygan.data.layouts import CAMVID_IDS
from citygan.models import StreetUNet, UNet
from citygan.models.encoding import ENCODINGS, encode_labels, to_unit_range
from citygan.streets import NAMES as STREET_NAMES
from citygan.streets import street
from citygan.training.config import TrainConfig
from citygan.training.recipes import RECIPES

HEIGHT_PX, WIDTH_PX = 48, 64
COUNTS = {"train": 3, "val": 2}


def draw_labels(name: str, ids: np.ndarray = CAMVID_IDS) -> np.ndarray:
    """A label map of 8 px blocks; the same for the same name."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    blocks = rng.choice(ids, (HEIGHT_PX // 8, WIDTH_PX // 8))
    return np.kron(blocks, np.ones((8, 8), np.uint8)).astype(np.uint8)


def draw_photo(label_map: np.ndarray) -> np.ndarray:
    """A picture that says which id each pixel has, in colours that are far from the palette."""
    green = 255 - 4 * label_map
    return np.stack([np.zeros_like(green), green, np.full_like(green, 255)], -1)


def ids_in_photo(photo: np.ndarray) -> np.ndarray:
    """The inverse of `draw_photo`: `(H, W, 3) uint8` -> `(H, W) uint8`."""
    return ((255 - photo[..., 1].astype(np.float32)) / 4).round().astype(np.uint8)


def names(split: str, counts: dict[str, int] = COUNTS) -> list[str]:
    """The samples of a split; `draw_labels` makes their label maps."""
    return [f"{split}_{i:03d}" for i in range(counts.get(split, 0))]


def _save(picture: np.ndarray, path: Path, **options) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, **options)


def write_cityscapes(folder: Path, counts: dict[str, int] = COUNTS, *, kind: str = "labelIds") -> Path:
    """Cityscapes as downloaded, with one kind of label picture: labelIds, labelTrainIds or color."""
    train_ids = np.full(256, 255, np.uint8)
    for train_id in palette.TRAIN_IDS:
        train_ids[palette.from_train_ids(np.uint8(train_id))] = train_id
    show = {"labelIds": lambda m: m, "labelTrainIds": lambda m: train_ids[m], "color": palette.colorize}[kind]
    for split in counts:
        for name in names(split, counts):
            label_map = draw_labels(name)
            _save(
                draw_photo(label_map), folder / "leftImg8bit" / split / "aachen" / f"{name}_leftImg8bit.png"
            )
            _save(show(label_map), folder / "gtFine" / split / "aachen" / f"{name}_gtFine_{kind}.png")
    return folder


def write_camvid(folder: Path, counts: dict[str, int] = COUNTS) -> Path:
    """CamVid as published with SegNet: photos in SPLIT/, ids 0 to 11 in SPLITannot/."""
    for split in counts:
        for name in names(split, counts):
            write_camvid_sample(folder, split, name)
    return folder


def write_camvid_sample(folder: Path, split: str, name: str) -> None:
    """One more photo of a data set in CamVid's layout, whose drive is what its name starts with."""
    camvid_ids = np.zeros(256, np.uint8)
    camvid_ids[CAMVID_IDS] = np.arange(len(CAMVID_IDS))
    label_map = draw_labels(name)
    _save(draw_photo(label_map), folder / split / f"{name}.png")
    _save(camvid_ids[label_map], folder / f"{split}annot" / f"{name}.png")


def truncate(file: Path) -> None:
    """Leaves the first half of a file."""
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])


def write_pairs(
    folder: Path, counts: dict[str, int] = COUNTS, *, photo_on: str = "right", suffix: str = ".png"
) -> Path:
    """Side-by-side pairs, as pix2pix has them."""
    for split in counts:
        for name in names(split, counts):
            label_map = draw_labels(name)
            halves = [palette.colorize(label_map), draw_photo(label_map)]
            both = np.concatenate(halves if photo_on == "right" else halves[::-1], 1)
            options = {"quality": 90} if suffix == ".jpg" else {}
            _save(both, folder / split / f"{name}{suffix}", **options)
    return folder


LAYOUTS = {
    "Cityscapes label ids": write_cityscapes,
    "Cityscapes train ids": lambda folder: write_cityscapes(folder, kind="labelTrainIds"),
    "Cityscapes colours": lambda folder: write_cityscapes(folder, kind="color"),
    "CamVid": write_camvid,
    "pairs, photo right": write_pairs,
    "pairs, photo left": lambda folder: write_pairs(folder, photo_on="left"),
}


def config(recipe: str = "citygan", **changes) -> TrainConfig:
    """A recipe with networks as thin as they can be, for two epochs."""
    small = {"width": 1, "discriminator_width": 1, "batch_size": 1, "epochs": 2}
    if RECIPES[recipe].generator == "street-unet":  # at the size of the others
        small |= {"size_px": 256, "aspect": 1.0, "load_px_min": 256, "load_px_max": 300}
        small |= {"half_size_epochs": 0, "decay_epochs": 0, "frozen_trunk": False, "pretrained": False}
    return replace(RECIPES[recipe], **(small | changes))


def flags(**values) -> list[str]:
    """`width=2` -> `--width 2`."""
    return [text for name, value in values.items() for text in (f"--{name.replace('_', '-')}", str(value))]


def info(**changes) -> CheckpointInfo:
    """What stands beside a tiny checkpoint."""
    values = {
        "name": "tiny",
        "generator": "unet",
        "arguments": {"in_channels": 3, "width": 1},
        "encoding": "colors",
        "norm_statistics": "running",
        "height_px": 256,
        "width_px": 256,
        "aspect": 4 / 3,
        "dataset": "drawn blocks",
        "license": "for tests",
        "recipe": {"name": "citygan"},
        "seen": {int(i): 1 / len(CAMVID_IDS) for i in CAMVID_IDS},
        "images_seen": 3,
        "epochs": 1,
        "hardware": "none",
        "parameters": 1,
        "ssim": {"val": 0.5},
        "ssim_definition": "as the tests say",
        "drives": ("train",),
        "ssim_by_drive": {"val": {"val": 0.5}},
        "ssim_percentiles": (0.25, 0.5, 0.75),
        "ssim_percentiles_of": "3 photos of a drive it never saw",
    }
    return CheckpointInfo(**(values | changes))


def settled_unet(encoding: str = "colors", width: int = 8, **arguments) -> UNet:
    """A U-Net with random weights that behaves like a trained one.

    Its norm statistics fit what it is shown, its noise counts, and its photos use their range: fresh
    weights would give a grey photo, in which every error is small.
    """
    torch.manual_seed(7)
    network = UNet(ENCODINGS[encoding], width, **({"dropout": 0.0} | arguments))
    return settled(network, network.ups[-1].conv, ENCODINGS[encoding])


def settled(network: nn.Module, last: nn.Module, channels: int = 3) -> nn.Module:
    """The same of any generator, with `last` as the layer before its tanh; it has no dropout."""
    network.train()
    conditions = torch.rand(4, channels, 256, 256) * 2 - 1
    with torch.no_grad():
        for m in network.modules():
            if hasattr(m, "noise") and hasattr(m.noise, "weight"):
                nn.init.uniform_(m.noise.weight, 0.1, 0.3)
            if isinstance(m, nn.BatchNorm2d):
                m.momentum = None  # the plain mean of what it is shown
        for _ in range(2):
            spread = network(conditions).atanh().std()
            last.weight.mul_(0.6 / spread)
        network(conditions)
    return network.eval()


@torch.no_grad()
def settled_street_unet(width: int = 4, upsampling: str = "nearest", depth: int = 6) -> StreetUNet:
    """The same of the generator that is told the light, which knows that of our own streets, drawn in three
    kinds of brightness."""
    torch.manual_seed(2)
    network = StreetUNet(29, width, depth=depth, upsampling=upsampling)
    maps = [street(name, 128, 128) for name in STREET_NAMES]
    conditions = encode_labels(torch.from_numpy(np.stack(maps)), "classes")
    photos = torch.stack([torch.from_numpy(draw_photo(m) // (1 + i % 3)) for i, m in enumerate(maps)])
    photos = to_unit_range(photos.permute(0, 3, 1, 2))
    network.light.fit([(conditions, photos)])
    for parameter in network.parameters():
        if not parameter.any():
            parameter.normal_(0, 0.03)
    network.of_light[2].weight.mul_(10)  # or the light would hardly count
    drawn = torch.atanh(network(conditions).clamp(-0.999, 0.999))
    network.head.out.weight.mul_(0.5 / drawn.std())
    network.head.out.bias.sub_(drawn.mean() * 0.5 / drawn.std())
    return network.eval()


def save_checkpoint(folder: Path, network: UNet, **changes) -> Path:
    """Saves a network with its `.json`; the path is what `Checkpoint.find` takes."""
    path = folder / "tiny"
    Checkpoint.save(path, network, info(**changes))
    return path


def save_seedless(folder: Path) -> Path:
    """Saves a small network that makes one photo of a map, and no grey one; the path is as above."""
    arguments = {"in_channels": 3, "width": 1, "dropout": 0.0}
    return save_checkpoint(folder, settled_unet(width=1), arguments=arguments)
