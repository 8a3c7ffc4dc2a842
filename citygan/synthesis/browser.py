"""What a browser needs to make a checkpoint's photos by itself, beside its graph and its weights."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import nn

from citygan import palette
from citygan.checkpoint import Checkpoint, CheckpointInfo
from citygan.errors import CityGANError
from citygan.models.encoding import encode_labels
from citygan.models.generator import Generator
from citygan.models.layers import for_inference
from citygan.models.light import NUMBERS, changed, light_of
from citygan.runtime import BrowserFiles
from citygan.streets import street
from citygan.synthesis.lighting import MAX_CHANGE
from citygan.synthesis.onnx_engine import AGAIN, read_graph
from citygan.synthesis.synthesizer import DEFAULT_NOISE_SEED
from citygan.wire import encode_map

CHECK_EVERY_PX = 16  # of both sides


def browser_files(checkpoint: Checkpoint[CheckpointInfo]) -> BrowserFiles:
    """What a browser fetches of a checkpoint.

    Raises:
        CityGANError: it has no graph, or one of other weights, or photos that no graph makes.
    """
    graph = checkpoint.graph
    if not graph.is_file():
        raise CityGANError(f"{checkpoint.source} has no {graph.name}; {AGAIN}")
    read_graph(graph, checkpoint)
    return BrowserFiles(graph, checkpoint.weights, browser_info(checkpoint))


def browser_info(checkpoint: Checkpoint[CheckpointInfo]) -> dict[str, Any]:
    """All that `static/device/` has to know of a checkpoint, for JSON: `DeviceInfo` in static/types.js.

    Raises:
        CityGANError: a seed draws its dropout, which no graph has.
    """
    info, network = checkpoint.info, cast(Generator, checkpoint.load())
    if info.dropout_at_inference or any(isinstance(m, nn.Dropout) and m.p for m in network.modules()):
        raise CityGANError(f"a seed of {info.name} draws dropout, which its graph has not")
    noise = network.draw_noise(info.height_px, info.width_px, DEFAULT_NOISE_SEED)
    return {
        "name": info.name,
        "width": info.width_px,
        "height": info.height_px,
        "weights_name": checkpoint.weights.name,  # by which the graph calls the file
        "substitutes": {str(i): to for i, to in palette.substitutes(info.seen_classes).items()},
        "noise": [list(drawn.shape) for drawn in noise],
        "noise_seed": DEFAULT_NOISE_SEED,  # where none was asked for
        "light": _light(network),
        "check": _check(network, info),
    }


def _light(generator: Generator) -> dict[str, Any] | None:
    """The lights by name, what varies the guess, and what one step of brightness and warmth adds."""
    light = light_of(generator)
    if light is None:
        return None
    plain = torch.zeros(1, NUMBERS)
    return {
        "named": {name: list(code) for name, code in light.named().items()},
        "spread": light.spread.tolist(),
        "brightness": changed(plain, 1.0, 0.0)[0].tolist(),
        "warmth": changed(plain, 0.0, 1.0)[0].tolist(),
        "most_change": MAX_CHANGE,
    }


@torch.inference_mode()
def _check(generator: Generator, info: CheckpointInfo) -> dict[str, Any]:
    """Pixels of a photo: a browser whose graphics device draws others uses WebAssembly."""
    height, width = info.height_px, info.width_px
    label_map = street("avenue", width, height)
    known = torch.from_numpy(palette.replace_unseen(label_map, info.seen_classes))[None]
    conditions, light = encode_labels(known, info.encoding), light_of(generator)
    told = [] if light is None else [light.guess(conditions)]
    noise = generator.draw_noise(height, width, DEFAULT_NOISE_SEED)
    photo = for_inference(generator, info.norm_statistics)(conditions, noise, *told)
    pixels = photo[0, :, ::CHECK_EVERY_PX, ::CHECK_EVERY_PX].flatten().tolist()
    return {
        "map": encode_map(label_map),
        "every": CHECK_EVERY_PX,
        "pixels": [round(value, 4) for value in pixels],
    }
