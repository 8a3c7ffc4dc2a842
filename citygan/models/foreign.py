"""Generators of two other pix2pix projects: their weights, read into our networks."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from citygan.errors import CityGANError
from citygan.models import FlatUNet, UNet256
from citygan.models.unet import DEPTH


def read_generator(path: Path) -> tuple[nn.Module, dict]:
    """The generator of a foreign file of weights, and the arguments that build it here.

    Known are two state dicts, with or without the `module.` that data parallelism puts before each name:
    that of `UnetGenerator` with 8 levels and batch norm, from junyanz/pytorch-CycleGAN-and-pix2pix
    (`latest_net_G.pth`; it becomes a `UNet256`), and that of `generator` from znxlwm/pytorch-pix2pix (a
    `FlatUNet`). Width and channels follow from the shapes. Only tensors are read, no code.

    Raises:
        CityGANError: the file cannot be read, or holds something else.
    """
    tensors = {name.removeprefix("module."): t for name, t in _read(path).items()}
    if "model.model.0.weight" in tensors:
        kind, names, first = UNet256, _names_in_nested_blocks(), "model.model.0.weight"
    elif "conv1.weight" in tensors and "deconv1.weight" in tensors:
        kind, names, first = FlatUNet, _names_in_flat_layers(), "conv1.weight"
    else:
        raise CityGANError(
            f"{path} holds neither junyanz' UnetGenerator (model.model.0.weight, ...) nor znxlwm's generator "
            f"(conv1.weight, deconv1.weight, ...), but {_summary(tensors)}"
        )
    if tensors[first].ndim != 4:
        raise CityGANError(f"{path} has {first} {tuple(tensors[first].shape)}; a convolution has 4 sides")
    width, in_channels = tensors[first].shape[:2]
    arguments = {"in_channels": in_channels, "width": width, "dropout": 0.5}
    network = kind(**arguments)
    ours = _renamed(tensors, names, network, path)
    if kind is UNet256:  # there the skip comes first in a decoder layer's input, here second
        for i in range(1, DEPTH):
            weight = ours[f"ups.{i}.conv.weight"]  # (in, out, 4, 4)
            ours[f"ups.{i}.conv.weight"] = weight.roll(len(weight) // 2, 0)
    network.load_state_dict(ours)
    return network, arguments


def _read(path: Path) -> dict[str, torch.Tensor]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise CityGANError(f"{path} cannot be read: {error.strerror}") from error
    except Exception as error:  # torch raises whatever it meets in a file that is none of its own
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise CityGANError(
            f"{path} holds no plain weights ({reason}); save the network's state_dict()"
        ) from error
    named = isinstance(content, dict) and all(
        isinstance(k, str) and isinstance(v, torch.Tensor) for k, v in content.items()
    )
    if not named or not content:
        found = (
            f"a dict of {', '.join(map(str, list(content)[:3]))}" if isinstance(content, dict) else "no dict"
        )
        raise CityGANError(f"{path} holds no state dict of a network, but {found}")
    return content


def _names_in_nested_blocks() -> dict[str, str]:
    """Layer of ours -> layer of `UnetGenerator`, whose block at each level holds the next one inside."""
    names = {"downs.0.conv": "model.model.0", f"ups.{DEPTH - 1}.conv": "model.model.3"}
    block = "model.model.1.model"
    for level in range(1, DEPTH - 1):  # 0 LeakyReLU, 1 conv, 2 norm, 3 inner block, 4 ReLU, 5 conv, 6 norm
        names |= {f"downs.{level}.conv": f"{block}.1", f"downs.{level}.norm": f"{block}.2"}
        up = f"ups.{DEPTH - 1 - level}"
        names |= {f"{up}.conv": f"{block}.5", f"{up}.norm": f"{block}.6"}
        block += ".3.model"
    innermost = {f"downs.{DEPTH - 1}.conv": f"{block}.1"}  # 0 LeakyReLU, 1 conv, 2 ReLU, 3 conv, 4 norm
    return names | innermost | {"ups.0.conv": f"{block}.3", "ups.0.norm": f"{block}.4"}


def _names_in_flat_layers() -> dict[str, str]:
    """Layer of ours -> layer of znxlwm's `generator`, which counts from 1."""
    names = {}
    for i in range(DEPTH):
        names |= {f"downs.{i}.conv": f"conv{i + 1}", f"ups.{i}.conv": f"deconv{i + 1}"}
        names |= {f"downs.{i}.norm": f"conv{i + 1}_bn", f"ups.{i}.norm": f"deconv{i + 1}_bn"}
    return names


def _renamed(
    tensors: dict[str, torch.Tensor], names: dict[str, str], network: nn.Module, path: Path
) -> dict[str, torch.Tensor]:
    """The tensors under our names; all of them, and each of the shape that the network wants."""
    left, ours = dict(tensors), {}
    for name, wanted in network.state_dict().items():
        layer, _, kind = name.rpartition(".")
        theirs = f"{names[layer]}.{kind}"
        if kind == "num_batches_tracked":  # torch before 0.4.1 saved none, and no photo depends on it
            ours[name] = left.pop(theirs, wanted)
            continue
        if theirs not in left:
            raise CityGANError(
                f"{path} has no {theirs}; only generators of {DEPTH} levels with batch norm are read. "
                f"It holds {_summary(tensors)}"
            )
        ours[name] = left.pop(theirs)
        if ours[name].shape != wanted.shape:
            raise CityGANError(
                f"{path} has {theirs} of {tuple(ours[name].shape)} where {tuple(wanted.shape)} was expected"
            )
    if left:
        raise CityGANError(f"{path} has layers that are not known here: {_summary(left)}")
    return ours


def _summary(tensors: dict[str, torch.Tensor]) -> str:
    first = ", ".join(f"{name} {tuple(t.shape)}" for name, t in list(tensors.items())[:3])
    return f"{len(tensors)} tensors, first {first}"
