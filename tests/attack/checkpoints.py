"""Attacks by the files of a checkpoint, `.json` and weights, and by pickles of other projects."""

from __future__ import annotations

import json
import pickle
import struct
import tempfile
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import tiny
import torch
from hypothesis import strategies as st

from citygan.checkpoint import Checkpoint, CheckpointInfo
from citygan.errors import CityGANError
from citygan.models import GENERATORS, UNet
from citygan.models.foreign import read_generator
from citygan.models.weights import layout
from citygan.synthesis.synthesizer import Synthesizer
from citygan.ui.page import _header
from citygan.ui.results import _facts
from citygan.wire import canvas_props
from tests.attack.door import JSON, PLAIN, Door

NETWORK = UNet(3, 1).eval()
MAP = np.full((64, 96), 7, np.uint8)


_FOLDER = tempfile.TemporaryDirectory(prefix="citygan-attack-")  # goes with the process


def new_folder() -> Path:
    """One for each door: the cases follow each other."""
    return Path(tempfile.mkdtemp(dir=_FOLDER.name))


def open_and_draw(path: Path) -> str | None:
    """All that a checkpoint goes through until its first photo."""
    try:
        found = Checkpoint.find(path)
        canvas_props(found.info, ())
        _header(found.info, "a test", found.source, "")
        _facts(found.info)
        Synthesizer(found, "cpu")(MAP, seed=1)
    except CityGANError as error:
        return str(error)
    return None


def _deep(depth: int, *, lists: bool) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value] if lists else {"a": value}
    return value


ARGUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "in_channels": st.sampled_from([3, 29, 0, -1, 10**9]) | PLAIN,
        "width": st.sampled_from([1, 2, 0, -1, 10**5, 2**62, 10**15]) | PLAIN,
        "depth": st.sampled_from([1, 2, 6, 0, -1, 64, 10**4, 10**7, 10**15]) | PLAIN,
        "norm": st.sampled_from(["batch", "instance", "none", "group"]) | PLAIN,
        "upsampling": st.sampled_from(["transposed", "nearest"]) | PLAIN,
        "biases": st.sampled_from(["free", "all", "last"]) | PLAIN,
        "dropout": st.floats() | PLAIN,
        "noise": st.booleans() | PLAIN,
        "refine": st.booleans() | PLAIN,
        "backbone": st.sampled_from(["resnet50", "mobilenet_v3_large"]) | PLAIN,
        "first_dropout": PLAIN,
    },
)
FIELDS = [f.name for f in fields(CheckpointInfo)]
# A change that comes far: of the right type, and now and then of the right range
NEAR: dict[str, st.SearchStrategy[Any]] = {
    "generator": st.sampled_from(sorted(GENERATORS)),
    "arguments": ARGUMENTS,
    "encoding": st.sampled_from(["colors", "classes"]),
    "norm_statistics": st.sampled_from(["running", "batch", "instance"]),
    "height_px": st.sampled_from([128, 256, 384, 512, 4096]),
    "width_px": st.sampled_from([128, 256, 384, 512, 4096]),
    "aspect": st.floats(0.1, 10),
    "lights": st.dictionaries(st.text(max_size=5), st.lists(st.floats(-9, 9), max_size=9), max_size=4),
    "ssim": st.dictionaries(st.sampled_from(["train", "val", "test"]), st.floats(-1, 1)),
    "ssim_by_drive": st.dictionaries(
        st.sampled_from(["train", "val", "test"]), st.dictionaries(st.text(max_size=5), st.floats(-1, 1))
    ),
    "ssim_percentiles": st.lists(st.floats(-1, 1), max_size=200).map(sorted),
    "seen": st.dictionaries(st.integers(-1, 40).map(str), st.floats(0, 1)),
    "drives": st.lists(st.text(max_size=5)),
    "dropout_at_inference": st.booleans(),
}
CHANGES = st.sampled_from(FIELDS).flatmap(
    lambda name: st.fixed_dictionaries({name: st.one_of(NEAR.get(name, JSON), NEAR.get(name, JSON), JSON)})
)
DEEP = st.builds(_deep, st.integers(1, 900), lists=st.booleans())


def json_door() -> Door:
    """The `.json`: fields of another type, size or depth, or no JSON at all."""
    path = tiny.save_checkpoint(new_folder(), NETWORK)
    file, whole = path.with_suffix(".json"), asdict(tiny.info())

    def knock(given: dict | str | bytes) -> str | None:
        if isinstance(given, dict):
            given = json.dumps(whole | given)
        file.write_bytes(given if isinstance(given, bytes) else given.encode(errors="surrogatepass"))
        return open_and_draw(path)

    few = st.lists(CHANGES, min_size=1, max_size=2).map(
        lambda changes: {k: v for c in changes for k, v in c.items()}
    )
    deep = st.tuples(st.sampled_from(FIELDS), DEEP).map(lambda p: dict([p]))
    nested = st.integers(1000, 60_000).map(lambda n: json.dumps(whole)[:-1] + ',"recipe":' + "[" * n)
    return Door("checkpoint .json", few | few | few | deep | nested | st.text() | st.binary(), knock, cost=5)


def _lie(name: str, dtype: str, shape: list, offsets: list) -> dict:
    return {name: {"dtype": dtype, "shape": shape, "data_offsets": offsets}}


SIZES = st.integers(-2, 70) | st.sampled_from([2**31, 2**62, 2**63, 2**64, -(2**63)])
HEADERS = (
    st.builds(
        _lie,
        st.sampled_from(list(NETWORK.state_dict())) | st.text(max_size=5),
        st.sampled_from(
            ["F32", "F16", "BF16", "F64", "I64", "U8", "BOOL", "F8_E4M3", "F8_E5M2", "C64", "F4", ""]
        ),
        st.lists(SIZES, max_size=5),
        st.lists(SIZES, max_size=3),
    )
    | JSON
    | DEEP
)


def weights_door() -> Door:
    """The weights: cut off, changed, or with a header that lies; and pickles in their place."""
    path = tiny.save_checkpoint(new_folder(), NETWORK)
    file = path.with_suffix(".safetensors")
    whole = file.read_bytes()
    length = int.from_bytes(whole[:8], "little")
    entries = json.loads(whole[8 : 8 + length])

    def with_header(header: Any, declared: int | None, rest: bytes) -> bytes:
        text = json.dumps(header).encode(errors="surrogatepass")
        return struct.pack("<Q", len(text) if declared is None else declared) + text + rest

    def redescribed(name: str, dtype: str) -> bytes:
        return with_header(entries | {name: entries[name] | {"dtype": dtype}}, None, whole[8 + length :])

    def flipped(places: list[int], value: int) -> bytes:
        changed = bytearray(whole)
        for place in places:
            changed[place] = value
        return bytes(changed)

    def knock(given: bytes) -> str | None:
        file.write_bytes(given)
        try:
            layout(file)
        except CityGANError as error:
            return str(error)
        return open_and_draw(path)

    values = (
        st.integers(0, len(whole) - 1).map(lambda n: whole[:n])
        | st.builds(with_header, HEADERS, st.none() | st.integers(0, 2**64 - 1), st.binary(max_size=64))
        | st.builds(
            flipped, st.lists(st.integers(0, length + 8), min_size=1, max_size=4), st.integers(0, 255)
        )
        | st.builds(
            redescribed, st.sampled_from(sorted(entries)), st.sampled_from(["I32", "U32", "F16", "C64"])
        )
        | st.integers(1000, 60_000).map(lambda n: with_header(None, n, b"[" * n)[:8] + b"[" * n)
        | JSON.map(lambda value: pickle.dumps(value))
        | st.binary(max_size=200)
    )
    return Door("checkpoint weights", values, knock, cost=3)


def foreign_door() -> Door:
    """A file of weights from another project, which may be a pickle: of plain tensors alone."""
    file = new_folder() / "latest_net_G.pth"
    torch.save({"conv1.weight": torch.zeros(1, 3, 4, 4), "deconv1.weight": torch.zeros(1)}, file)
    whole = file.read_bytes()

    def saved(value: Any) -> bytes:
        torch.save(value, file)
        return file.read_bytes()

    def knock(given: bytes) -> str | None:
        file.write_bytes(given)
        try:
            read_generator(file)
        except CityGANError as error:
            return str(error)
        return None

    names = st.sampled_from(["conv1.weight", "deconv1.weight", "model.model.0.weight"]) | st.text(max_size=5)
    shapes = st.lists(st.integers(0, 5), max_size=5).map(torch.zeros)
    values = (
        st.dictionaries(names, shapes | JSON, max_size=4).map(saved)
        | st.integers(0, len(whole) - 1).map(lambda n: whole[:n])
        | JSON.map(pickle.dumps)
        | JSON.map(saved)
        | st.binary(max_size=200)
    )
    return Door("foreign weights", values, knock)


def doors() -> list[Door]:
    """All that files of checkpoints come in by."""
    return [json_door(), weights_door(), foreign_door()]
