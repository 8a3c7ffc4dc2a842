"""A checkpoint's generator as an ONNX graph, for engines other than torch: `NAME.onnx` beside the two files.

It has no weights of its own: it points into `NAME.safetensors`, whatever the precision there, and computes in
float32. So it stays right when other weights of the same layout take their place.
"""

from __future__ import annotations

import logging
import warnings
from copy import deepcopy
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast

import torch
from torch import nn
from torch.nn import functional as F

from citygan import palette
from citygan.checkpoint import Checkpoint, CheckpointInfo
from citygan.errors import CityGANError
from citygan.files import write_atomically
from citygan.models.encoding import encode_labels
from citygan.models.generator import Generator
from citygan.models.layers import InstanceNorm2d, NearestConv2d, for_inference
from citygan.models.light import NUMBERS, light_of
from citygan.models.weights import Place, layout
from citygan.synthesis.onnx_engine import FINGERPRINT, OnnxEngine, fingerprint

if TYPE_CHECKING:
    import onnx

log = logging.getLogger(__name__)

OPSET = 17  # the newest that torch's exporter by tracing knows all of; onnxruntime-web reads it


class FoldedTransposed(nn.Module):
    """A transposed convolution and the batch norm after it as one, from the weights of both at each call.

    ONNX Runtime does so by itself for plain convolutions alone.
    """

    def __init__(self, conv: nn.ConvTranspose2d | NearestConv2d, norm: nn.BatchNorm2d):
        super().__init__()
        self.conv, self.norm = conv, norm

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        conv, norm = self.conv, self.norm
        mean, variance = cast(torch.Tensor, norm.running_mean), cast(torch.Tensor, norm.running_var)
        scale = norm.weight / (variance + norm.eps).sqrt()
        weight = conv.transposed_weight() if isinstance(conv, NearestConv2d) else conv.weight
        shift = norm.bias - mean * scale
        if conv.bias is not None:
            shift = shift + conv.bias * scale
        padding = 1 + conv.trim if isinstance(conv, NearestConv2d) else 1
        return F.conv_transpose2d(x, weight * scale[:, None, None], shift, stride=2, padding=padding)


class InFours(nn.Module):
    """A convolution of channels that come in fours, with empty ones where they do not: onnxruntime-web 1.30
    on WebGPU computes another sum of 30 channels."""

    def __init__(self, conv: nn.Conv2d):
        super().__init__()
        self.conv = conv

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        empty = -self.conv.in_channels % 4
        wider, weight = (torch.cat([t, 0 * t[:, :empty]], 1) for t in (x, self.conv.weight))
        return self.conv._conv_forward(wider, weight, self.conv.bias)


class OwnStatistics(nn.Module):
    """A norm with the statistics of the image at hand: of each alone where there are several, unlike torch's
    batch norm, so that a photo does not depend on which others are made with it."""

    def __init__(self, norm: nn.BatchNorm2d | InstanceNorm2d):
        super().__init__()
        self.weight, self.bias, self.eps = norm.weight, norm.bias, norm.eps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.instance_norm(x, weight=self.weight, bias=self.bias, eps=self.eps)


class FromIds(nn.Module):
    """What the graph computes: label ids `(N, H, W) int32` and what is drawn -> photos `(N, 3, H, W)` in
    [-1, 1].

    What is drawn is the noise of each layer that adds some; and before it, where the generator is told a
    light, `light`, `(N, 8)`, and `guessed`, `(N, 1)`: how much of the guess from the map is added to it.
    """

    table: torch.Tensor  # (ids, channels), a buffer

    def __init__(self, generator: Generator, encoding: str):
        super().__init__()
        self.generator = generator
        ids = torch.arange(max(c.id for c in palette.CLASSES) + 1, dtype=torch.uint8)
        self.register_buffer("table", encode_labels(ids[None, None], encoding)[0, :, 0].T.contiguous())

    def forward(self, ids: torch.Tensor, *drawn: torch.Tensor) -> torch.Tensor:
        conditions = F.embedding(ids, self.table).permute(0, 3, 1, 2)
        light = light_of(self.generator)
        if light is None:
            return self.generator(conditions, list(drawn))
        told, guessed, *noise = drawn
        return self.generator(conditions, noise, told + guessed * light.guess(conditions))


def add_graph(checkpoint: Checkpoint[CheckpointInfo]) -> bool:
    """Writes the graph if it can be; where not, the checkpoint goes without, and the log says why."""
    try:
        write_graph(checkpoint)
    except CityGANError as error:
        log.warning("%s has no ONNX graph, and works without: %s", checkpoint.source, error)
        return False
    return True


def write_graph(checkpoint: Checkpoint[CheckpointInfo]) -> Path:
    """Writes `NAME.onnx`, from which an engine makes the photos that torch makes without dropout.

    Returns:
        The file.

    Raises:
        CityGANError: a package is missing, the network cannot be written so, or the photos are others.
    """
    missing = [name for name in ("onnx", "onnxruntime") if find_spec(name) is None]
    if missing:
        raise CityGANError(f"writing one needs {' and '.join(missing)}: pip install {' '.join(missing)}")
    info = checkpoint.info
    plain = for_inference(cast(Generator, checkpoint.load()), info.norm_statistics)
    try:
        model = _model(plain, checkpoint)
    except (RuntimeError, ValueError, TypeError) as error:  # what torch raises for what ONNX does not have
        reason = str(error).partition("\n")[0]
        raise CityGANError(f"{checkpoint.source} cannot be written as a graph: {reason}") from error

    def write(temporary: Path) -> None:  # beside the weights, where a graph has to lie
        temporary.write_bytes(model.SerializeToString())
        OnnxEngine(temporary, checkpoint).check(plain)

    write_atomically(checkpoint.graph, write)
    return checkpoint.graph


def _model(plain: Generator, checkpoint: Checkpoint[CheckpointInfo]) -> onnx.ModelProto:
    """The graph, each of whose weights lies in the checkpoint's file."""
    import onnx

    generator, places = deepcopy(plain), layout(checkpoint.weights)
    stored = [*generator.named_parameters(), *generator.named_buffers()]
    names = {id(tensor): name for name, tensor in stored}  # which stay what they are wherever they move
    whole = FromIds(_for_graph(generator), checkpoint.info.encoding).eval()
    with TemporaryDirectory() as folder:
        traced = onnx.load(_trace(whole, checkpoint.info, Path(folder, "traced.onnx")))
    graph = traced.graph
    own = dict([*whole.named_parameters(), *whole.named_buffers()])
    for given in [i for i in graph.input if i.name in own]:
        graph.input.remove(given)
        place = places.get(names.get(id(own[given.name]), ""))
        if place is None:  # a constant of the layers
            weight = onnx.numpy_helper.from_array(own[given.name].numpy(), given.name)
        else:
            weight = _external(given.name, checkpoint.weights.name, place)
        if weight.data_type == onnx.TensorProto.FLOAT16:
            weight.name += " (half)"
            full = onnx.helper.make_node("Cast", [weight.name], [given.name], to=onnx.TensorProto.FLOAT)
            graph.node.insert(0, full)
        graph.initializer.append(weight)
    _shorten(graph)
    onnx.helper.set_model_props(traced, {FINGERPRINT: fingerprint(checkpoint)})
    return traced


def _shorten(graph: onnx.GraphProto) -> None:
    """Numbers what torch names by its path in the network: half of the file, and nobody reads it."""
    kept = {value.name for value in graph.output}
    short: dict[str, str] = {}
    for node in graph.node:
        node.ClearField("name")
        for i, name in enumerate(node.input):
            node.input[i] = short.get(name, name)
        for i, name in enumerate(node.output):
            if name and name not in kept:
                node.output[i] = short.setdefault(name, f"{len(short)}")


def _for_graph(generator: Generator) -> Generator:
    """Layers that say in ONNX's words what they compute, in place."""
    for module in list(generator.modules()):
        for name, child in list(module.named_children()):
            of_batch = isinstance(child, nn.BatchNorm2d) and child.training
            if of_batch or isinstance(child, InstanceNorm2d):
                setattr(module, name, OwnStatistics(child))
            plain = isinstance(child, nn.Conv2d) and child.groups == 1 and max(child.kernel_size) > 1
            if plain and child.in_channels > 4 and child.in_channels % 4:
                setattr(module, name, InFours(child))
        conv, norm = getattr(module, "conv", None), getattr(module, "norm", None)
        if isinstance(norm, nn.BatchNorm2d) and isinstance(conv, (nn.ConvTranspose2d, NearestConv2d)):
            module.conv, module.norm = FoldedTransposed(conv, norm), nn.Identity()
    return generator


def _trace(whole: FromIds, info: CheckpointInfo, file: Path) -> Path:
    """The graph as torch writes it, with all weights as inputs."""
    ids = torch.zeros(1, info.height_px, info.width_px, dtype=torch.int32)
    noise = whole.generator.draw_noise(info.height_px, info.width_px, 0)
    told = light_of(whole.generator) is not None
    drawn = [torch.zeros(1, NUMBERS), torch.ones(1, 1)] if told else []
    names = ["ids", *(["light", "guessed"] if told else []), *(f"noise.{i}" for i in range(len(noise)))]
    dynamic = {name: {0: "noises" if name.startswith("noise") else "photos"} for name in [*names, "photo"]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sizes are constants here, and this exporter is the one that serves
        torch.onnx.export(
            whole,
            (ids, *drawn, *noise),
            file,
            dynamo=False,
            opset_version=OPSET,
            export_params=False,
            do_constant_folding=False,
            training=torch.onnx.TrainingMode.PRESERVE,  # which folds nothing: weights stay those of the file
            input_names=names,
            output_names=["photo"],
            dynamic_axes=dynamic,
        )
    return file


def _external(name: str, file: str, place: Place) -> onnx.TensorProto:
    import onnx

    formats = {"F16": onnx.TensorProto.FLOAT16, "F32": onnx.TensorProto.FLOAT}
    if place.dtype not in formats:
        raise ValueError(f"{name} is stored as {place.dtype}; a graph reads {' and '.join(formats)}")
    tensor = onnx.TensorProto(name=name, data_type=formats[place.dtype], dims=place.shape)
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", file), ("offset", place.offset), ("length", place.length)):
        tensor.external_data.add(key=key, value=str(value))
    return tensor
