"""One, two, four and eight photos in one pass, in turns: for `python benchmarks/synthesis.py --batches`."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path

import torch
from figures import Figures, alternating_medians_ms

from citygan.checkpoint import Checkpoint
from citygan.streets import NAMES, street
from citygan.synthesis.device import find_device
from citygan.synthesis.synthesizer import DEFAULT_NOISE_SEED
from citygan.synthesis.torch_engine import GAIN, TorchEngine

SIZES = (1, 2, 4, 8)


@torch.inference_mode()
def compare_batches(figures: Figures, source: Path, device: str, *, repeats: int, compile: bool) -> None:
    """Adds how many photos a second passes of each size make, and how that compares with one at a time.

    Args:
        figures: Where they go.
        source: A checkpoint.
        device: "auto", "cpu" or "cuda".
        repeats: Turns.
        compile: Also with the code that the app compiles (on CUDA: the recorded graphs), which takes up to a
            minute for each size.
    """
    found = Checkpoint.find(source)
    engine = TorchEngine(found.load(), found.info, find_device(device), SIZES[-1])
    for state in ("eager", "compiled"):
        if state == "compiled" and not (compile and engine.compile(threading.Lock())):
            continue
        calls = {str(size): partial(engine, *_inputs(engine, size)) for size in SIZES}
        ms = alternating_medians_ms(calls, repeats=repeats)
        for size in SIZES:
            name, rate = f"{found.info.name}: {state}, {size} in a pass", 1000 * size / ms[str(size)]
            figures.add(f"{name}, photos", rate, "1/s")
            if size > 1:
                gain = rate * ms["1"] / 1000
                pays = "pays" if gain >= GAIN else "does not pay"
                figures.add(f"{name}, over one at a time: {pays}", gain, "x")


def _inputs(engine: TorchEngine, count: int) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Maps of our own streets, with what a generator takes beside them: the middle light, and noise."""
    info = engine.info
    maps = [street(name, info.width_px, info.height_px) for name in NAMES]
    label_maps = torch.stack([torch.from_numpy(maps[i % len(maps)]) for i in range(count)])
    noise = engine.generator.draw_noise(info.height_px, info.width_px, DEFAULT_NOISE_SEED)
    light = [torch.zeros(1, 8)] if engine.told else []
    return label_maps, [torch.cat([d] * count) for d in (*light, *noise)]
