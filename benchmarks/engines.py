"""The engines that a processor has, in turns: for `python benchmarks/synthesis.py --engines`."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import cast

import numpy as np
import torch
from figures import Figures, alternating_medians_ms

from citygan.checkpoint import Checkpoint, CheckpointInfo
from citygan.models.encoding import encode_labels, to_pixels
from citygan.models.generator import Generator
from citygan.models.layers import for_inference
from citygan.models.light import light_of
from citygan.streets import NAMES, street
from citygan.synthesis.onnx_engine import OnnxEngine
from citygan.synthesis.onnx_graph import write_graph
from citygan.synthesis.synthesizer import DEFAULT_NOISE_SEED, Synthesizer
from citygan.synthesis.torch_engine import TorchEngine

Call = Callable[[], torch.Tensor]
GOAL = 2.2  # times as fast as a plain call


@torch.inference_mode()
def compare_engines(figures: Figures, source: Path, folder: Path, *, repeats: int, compile: bool) -> None:
    """Adds the time of a photo by each engine, how many times as fast as plain float32 it is, and its PSNR.

    Args:
        figures: Where they go.
        source: A checkpoint.
        folder: For a copy of it, with its graph.
        repeats: Turns.
        compile: Whether to compile, too, which takes up to a minute.
    """
    found = Checkpoint.find(source)
    for file in (found.weights, found.json):
        shutil.copy(file, folder)
    checkpoint = Checkpoint.find(folder / found.weights.name)
    info, calls = checkpoint.info, _engines(checkpoint, compile=compile)
    photos = {name: call().numpy() for name, call in calls.items()}
    ms = alternating_medians_ms(cast(dict[str, Callable[[], object]], calls), repeats=repeats)
    (first, plain_ms), *others = ms.items()
    best_ms = min(ms.values())
    figures.add(f"{info.name}: {first}", plain_ms, "ms")
    for name, engine_ms in others:
        about, least_db = f"{info.name}: {name}", 38 if "int8" in name else 40
        figures.add(about, engine_ms, "ms")
        figures.add(f"{about}, times as fast", plain_ms / engine_ms, "x", at_least=GOAL)
        figures.add(f"{about}, time over the best", engine_ms / best_ms, "x", at_most=1.15)
        figures.add(f"{about}, PSNR to plain", _psnr(photos[name], photos[first]), "dB", at_least=least_db)
    has = "has" if torch.cpu._is_avx512_bf16_supported() else "lacks"
    print(f"the processor {has} bfloat16: {info.name} by {Synthesizer(checkpoint, 'cpu').device_name}")


def _engines(checkpoint: Checkpoint[CheckpointInfo], *, compile: bool) -> dict[str, Call]:
    """The same photo by each engine that is installed; the first is the plain network."""
    info, generator = checkpoint.info, cast(Generator, checkpoint.load())
    graph, samples = write_graph(checkpoint), _samples(generator, info)
    label_maps, *drawn = samples[0]
    plain = for_inference(cast(Generator, checkpoint.load()), info.norm_statistics)
    told, noise = (drawn[:1], drawn[1:]) if light_of(generator) else ([], drawn)
    calls: dict[str, Call] = {
        "PyTorch, float32, plain": lambda: to_pixels(
            plain(encode_labels(label_maps, info.encoding), noise, *told)
        )
    }
    cpu = torch.device("cpu")
    eager = TorchEngine(generator, info, cpu)
    calls[f"{eager.name}, optimized"] = lambda: eager(label_maps, drawn)
    if compile:
        compiled = TorchEngine(generator, info, cpu)
        if compiled.compile(threading.Lock()):
            calls[f"{compiled.name}, compiled"] = lambda: compiled(label_maps, drawn)
    onnx = OnnxEngine(graph, checkpoint)
    calls[onnx.name] = lambda: onnx(label_maps, drawn)
    if find_spec("openvino"):
        calls["OpenVINO, float32"] = _openvino(graph, samples, quantized=False)
        if find_spec("nncf"):
            calls["OpenVINO, int8"] = _openvino(graph, samples, quantized=True)
    return calls


def _samples(generator: Generator, info: CheckpointInfo) -> list[list[torch.Tensor]]:
    """Our own streets, each with what is drawn for it."""
    samples, light = [], light_of(generator)
    for seed, name in enumerate(["avenue", *(n for n in NAMES if n != "avenue")], DEFAULT_NOISE_SEED):
        label_maps = torch.from_numpy(street(name, info.width_px, info.height_px))[None]
        noise = generator.draw_noise(info.height_px, info.width_px, seed)
        told = [] if light is None else [light.guess(encode_labels(label_maps, info.encoding))]
        samples.append([label_maps, *told, *noise])
    return samples


def _psnr(one: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((one.astype(np.float64) - other) ** 2).clip(1e-9)))


def _openvino(graph: Path, samples: Sequence[Sequence[torch.Tensor]], *, quantized: bool) -> Call:
    """The first sample's photo by OpenVINO, whose inputs have the sizes of one photo.

    Args:
        graph: The file.
        samples: Label maps, each with what is drawn.
        quantized: Compute in 8 bits, whose ranges are those of the samples.
    """
    import openvino

    core = openvino.Core()
    model = core.read_model(graph)
    arrays = [_given(sample, len(model.inputs)) for sample in samples]
    model.reshape({i.any_name: list(a.shape) for i, a in zip(model.inputs, arrays[0], strict=True)})
    options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": torch.get_num_threads()}
    if quantized:
        import nncf
        from openvino.passes import ConstantFolding, Manager

        nncf.set_log_level(logging.ERROR)
        folding = Manager()
        folding.register_pass(ConstantFolding())  # half weights are cast in the graph
        folding.run_passes(model)
        model = nncf.quantize(model, nncf.Dataset(arrays), subset_size=len(arrays))
    else:
        options["INFERENCE_PRECISION_HINT"] = "f32"
    request = core.compile_model(model, "CPU", options).create_infer_request()
    return lambda: to_pixels(torch.from_numpy(request.infer(arrays[0])[0]))


def _given(sample: Sequence[torch.Tensor], inputs: int) -> list[np.ndarray]:
    label_maps, *drawn = sample
    given = [label_maps.int(), *drawn]
    if inputs > len(given):
        given.insert(2, torch.zeros(1, 1))  # nothing of the guess: the light that was drawn has it
    return [g.numpy() for g in given]
