"""Attacks by the ONNX graph of a checkpoint."""

from __future__ import annotations

from typing import Any

import onnx
import tiny
from hypothesis import strategies as st

from citygan.checkpoint import Checkpoint
from citygan.errors import CityGANError
from citygan.models.layers import for_inference
from citygan.synthesis.browser import browser_files
from citygan.synthesis.onnx_engine import OnnxEngine
from citygan.synthesis.onnx_graph import write_graph
from tests.attack.checkpoints import new_folder
from tests.attack.door import Door

Edit = tuple[str, int, Any]
SIZES = st.sampled_from([0, 1, 3, -1, 2**20, 2**31, 2**40, 2**62, 2**63 - 1])
FILES = st.sampled_from(
    ["../secret.safetensors", "/etc/passwd", "other.safetensors", "tiny.json", "", ".", "tiny.safetensors/x"]
)
TYPES = ["Identity", "Conv", "Resize", "ConstantOfShape", "Tile", "Expand", "Pad", "Loop", "If", "Reshape"]
EDITS: st.SearchStrategy[Edit] = st.one_of(
    st.tuples(st.just("dims"), st.integers(0, 99), st.lists(SIZES, max_size=5)),
    st.tuples(st.just("data_type"), st.integers(0, 99), st.integers(-1, 30)),
    st.tuples(st.just("location"), st.integers(0, 99), FILES),
    st.tuples(
        st.sampled_from(["offset", "length"]), st.integers(0, 99), SIZES.map(str) | st.text(max_size=5)
    ),
    st.tuples(st.just("op_type"), st.integers(0, 99), st.sampled_from(TYPES) | st.text(max_size=5)),
    st.tuples(st.just("ints"), st.integers(0, 99), st.lists(SIZES, max_size=4)),
    st.tuples(st.just("input"), st.integers(0, 99), st.integers(0, 99)),
    st.tuples(st.just("shape"), st.integers(0, 99), SIZES),
    st.tuples(st.just("opset"), st.just(0), SIZES),
)


def _edit(model: onnx.ModelProto, what: str, place: int, value: Any) -> None:
    """Changes one thing in a graph; `place` says which of its kind."""
    graph = model.graph
    weight = graph.initializer[place % len(graph.initializer)]
    node = graph.node[place % len(graph.node)]
    if what == "dims":
        weight.dims[:] = value
    elif what == "data_type":
        weight.data_type = value
    elif what in ("location", "offset", "length"):
        for entry in weight.external_data:
            entry.value = value if entry.key == what else entry.value
    elif what == "op_type":
        node.op_type = value
    elif what == "ints":
        for attribute in node.attribute:
            attribute.ints[:] = value
    elif what == "input":
        others = [name for other in graph.node for name in other.output]
        node.input[:] = [others[value % len(others)]] * len(node.input)
    elif what == "shape":
        for dimension in graph.input[place % len(graph.input)].type.tensor_type.shape.dim:
            dimension.dim_value = value
    elif what == "opset":
        model.opset_import[0].version = value


def doors() -> list[Door]:
    """A graph that says that it belongs to the weights, and lies: opened, served to browsers and run."""
    folder = new_folder()
    checkpoint = Checkpoint.find(tiny.save_seedless(folder / "own"))
    for name in ("secret.safetensors", "own/other.safetensors"):
        (folder / name).write_bytes(checkpoint.weights.read_bytes())
    whole = write_graph(checkpoint).read_bytes()
    network = for_inference(checkpoint.load(), checkpoint.info.norm_statistics)

    def edited(edits: list[Edit]) -> bytes:
        model = onnx.ModelProto.FromString(whole)
        for edit in edits:
            _edit(model, *edit)
        return model.SerializeToString()

    def flipped(places: list[tuple[float, int]]) -> bytes:
        changed = bytearray(whole)
        for share, value in places:
            changed[int(share * (len(whole) - 1))] = value
        return bytes(changed)

    def knock(given: bytes) -> str | None:
        checkpoint.graph.write_bytes(given)
        try:
            browser_files(checkpoint)
            OnnxEngine(checkpoint.graph, checkpoint).check(network)
        except CityGANError as error:
            return str(error)
        return None

    place = st.tuples(st.floats(0, 1), st.integers(0, 255))
    values = (
        st.lists(EDITS, min_size=1, max_size=3).map(edited)
        | st.lists(EDITS, min_size=1, max_size=3).map(edited)
        | st.lists(place, min_size=1, max_size=4).map(flipped)
        | st.integers(0, len(whole)).map(lambda n: whole[:n])
        | st.binary(max_size=100)
    )
    return [Door("graph", values, knock, cost=5)]
