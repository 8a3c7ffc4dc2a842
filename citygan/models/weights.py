"""The weights of a network in a file, as safetensors: nothing is ever unpickled."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from citygan.errors import CityGANError
from citygan.files import write_atomically

MAX_HEADER_BYTES = 2**23  # of a safetensors file; ours have some 20,000

Shapes = dict[str, tuple[int, ...]]


def save_weights(file: Path, network: nn.Module, *, half: bool = False) -> None:
    """Writes the state dict of a network; with `half` its parameters in float16, running statistics as they
    are."""
    parameters = {name for name, _ in network.named_parameters()} if half else frozenset()
    tensors = {
        name: (t.half() if name in parameters else t).detach().cpu().contiguous()
        for name, t in network.state_dict().items()
    }
    write_atomically(file, lambda p: save_file(tensors, p))


def load_network(build: Callable[[], nn.Module], file: Path) -> nn.Module:
    """Builds a network and fills it with the weights of a file, strictly and in its own number format.

    Names and shapes are compared first, with nothing but the file's header read and no memory taken for the
    network, so that a description which lies about its size costs nothing.

    Raises:
        CityGANError: the file is damaged, or holds the weights of another network, or `build` does.
        TypeError, ValueError, RuntimeError, OverflowError: from `build`, for arguments that make no network.
    """
    with torch.device("meta"):
        wanted = {name: tuple(t.shape) for name, t in build().state_dict().items()}
    try:
        _header_length(file)
        with safe_open(file, "pt") as stored:
            shapes = {name: tuple(stored.get_slice(name).get_shape()) for name in stored.keys()}  # noqa: SIM118
            _compare(shapes, wanted, file.name)
            tensors = {name: stored.get_tensor(name) for name in shapes}
    except (SafetensorError, OSError, AttributeError, RuntimeError, ValueError) as error:
        raise CityGANError(
            f"{file.name} is corrupt or no safetensors file ({error}); get it again"
        ) from error
    network = build()
    network.load_state_dict(tensors)
    return network.eval()


class Place(NamedTuple):
    """Where a tensor lies in a safetensors file."""

    dtype: str  # "F16", "F32", "I64", ...
    shape: tuple[int, ...]
    offset: int  # bytes from the file's begin
    length: int  # bytes


def layout(file: Path) -> dict[str, Place]:
    """The places of all tensors of a safetensors file, by name.

    The file is 8 bytes with the length of its header, the header, and the tensors:
    https://huggingface.co/docs/safetensors/index#format.

    Raises:
        CityGANError: it is damaged.
    """
    try:
        length = _header_length(file)
        with file.open("rb") as stream:
            stream.seek(8)
            header = json.loads(stream.read(length))
        header.pop("__metadata__", None)
        return {
            name: Place(t["dtype"], tuple(t["shape"]), 8 + length + start, end - start)
            for name, t in header.items()
            for start, end in [t["data_offsets"]]
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CityGANError(
            f"{file.name} is corrupt or no safetensors file ({error}); get it again"
        ) from error


def _header_length(file: Path) -> int:
    """How long a safetensors file says that its header is, in bytes.

    Raises:
        ValueError: longer than the file, or than any that we would read.
    """
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
    if length > min(file.stat().st_size, MAX_HEADER_BYTES):
        raise ValueError(f"a header of {length} bytes")
    return length


def _compare(got: Shapes, wanted: Shapes, name: str) -> None:
    missing, extra = sorted(wanted.keys() - got.keys()), sorted(got.keys() - wanted.keys())
    wrong = [
        f"{tensor} is {got[tensor]} instead of {wanted[tensor]}"
        for tensor in sorted(got.keys() & wanted.keys())
        if got[tensor] != wanted[tensor]
    ]
    problems = [
        f"{len(names)} {what}, first {names[0]}"
        for what, names in (("tensors missing", missing), ("too many", extra), ("of another shape", wrong))
        if names
    ]
    if problems:
        raise CityGANError(f"{name} does not fit the network that its .json names: {'; '.join(problems)}")
