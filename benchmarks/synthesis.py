"""How fast a photo is made: the synthesizer against a plain float32 call of the same network, in turns.

`python benchmarks/synthesis.py [--quick] [--engines] [--batches] [--json FILE]`
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the app sets it

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
import tyro
from batches import compare_batches
from engines import compare_engines
from figures import Figures, alternating_medians_ms
from torch.utils.flop_counter import FlopCounterMode

from citygan.checkpoint import SHIPPED, Checkpoint, CheckpointInfo
from citygan.models import UNet
from citygan.models.encoding import encode_labels
from citygan.models.layers import for_inference
from citygan.palette import CLASSES
from citygan.streets import street
from citygan.synthesis.cuda_graph import CudaGraph
from citygan.synthesis.device import find_device
from citygan.synthesis.fast import optimized
from citygan.synthesis.synthesizer import DEFAULT_NOISE_SEED, Synthesizer


def seed_unet(folder: Path, width: int, size_px: int = 256) -> Path:
    """A checkpoint of the seed U-Net with running statistics, and outputs as wide as a photo's."""
    torch.manual_seed(0)
    network = UNet(3, width).train()
    with torch.no_grad():
        for _ in range(3):
            labels = torch.from_numpy(street("avenue", 256, 256)).repeat(2, 1, 1)
            photos = network(encode_labels(labels, "colors"))
        network.ups[-1].conv.weight.mul_(0.5 / photos.std())
    info = CheckpointInfo(
        name=f"unet-{width}" + (f" at {size_px} px" if size_px != 256 else ""),
        generator="unet",
        arguments={"in_channels": 3, "width": width},
        encoding="colors",
        norm_statistics="running",
        height_px=size_px,
        width_px=size_px,
        aspect=4 / 3,
        dataset="none",
        license="none",
        recipe={},
        seen={c.id: 1 / len(CLASSES) for c in CLASSES},
        images_seen=0,
        epochs=0,
        hardware="none",
        parameters=sum(p.numel() for p in network.parameters()),
    )
    Checkpoint.save(folder / info.name, network, info)
    return folder / info.name


class Plain:
    """The same network called plainly: float32, as it was trained, nothing folded."""

    def __init__(self, checkpoint: Path, device: torch.device):
        found = Checkpoint.find(checkpoint)
        self.info = found.info
        self.network, self.device = for_inference(found.load(), self.info.norm_statistics).to(device), device

    @torch.inference_mode()
    def __call__(self, label_map: np.ndarray) -> np.ndarray:
        torch.manual_seed(DEFAULT_NOISE_SEED)
        conditions = encode_labels(torch.from_numpy(label_map)[None].to(self.device), self.info.encoding)
        photo = self.network(conditions)[0].add(1).mul(127.5).round().clamp(0, 255).byte()
        return photo.permute(1, 2, 0).cpu().numpy()


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((a.astype(np.float64) - b) ** 2).clip(1e-9)))


def compare(
    figures: Figures, checkpoint: Path, *, repeats: int, device: str, compile: bool, compiled_goal: float
) -> None:
    """Adds the times, the ratios and the PSNR of one checkpoint, before and after compiling."""
    synthesizer = Synthesizer(checkpoint, device)
    plain = Plain(checkpoint, synthesizer.device)
    name, label_map = checkpoint.name, street("avenue", plain.info.width_px, plain.info.height_px)
    reference = plain(label_map)
    for state, goal in (("eager", 1.8), ("compiled", compiled_goal)):
        if state == "compiled" and not (compile and synthesizer.compile()):
            continue
        calls = {"plain": lambda: plain(label_map), "fast": lambda: synthesizer(label_map)}
        ms = alternating_medians_ms(calls, repeats=repeats)
        figures.add(f"{name}: plain float32, beside {state}", ms["plain"], "ms")
        most_ms = 0.5 if synthesizer.device.type == "cuda" and state == "compiled" else None
        figures.add(f"{name}: {state}", ms["fast"], "ms", at_most=most_ms)
        figures.add(f"{name}: {state}, times as fast", ms["plain"] / ms["fast"], "x", at_least=goal)
        figures.add(
            f"{name}: {state}, PSNR to float32", psnr(reference, synthesizer(label_map)), "dB", at_least=40
        )


def photos_beside_compiler(figures: Figures, checkpoint: Path, folder: Path, repeats: int = 50) -> None:
    """Adds how long photos take while another synthesizer is compiled, beside the same ones without.

    Compiling happens once and takes minutes beside photos, so there are no turns: photos alone are timed
    before and after.
    """
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(folder)  # or an earlier run's code would be found
    synthesizer, compiled = Synthesizer(checkpoint), Synthesizer(checkpoint)
    label_map = street("avenue", synthesizer.info.width_px, synthesizer.info.height_px)

    def photo_ms() -> float:
        start = time.perf_counter()
        synthesizer(label_map)
        ms = (time.perf_counter() - start) * 1e3
        time.sleep(0.1)  # as the page asks while someone paints
        return ms

    for _ in range(3):
        photo_ms()
    alone = [photo_ms() for _ in range(repeats)]
    thread, beside = compiled.compile_in_background(), []
    while thread.is_alive():
        beside.append(photo_ms())
    alone += [photo_ms() for _ in range(repeats)]
    for name, summary in (("median", np.median), ("p95", partial(np.percentile, q=95))):
        figures.add(f"a photo alone, {name}", float(summary(alone)), "ms")
        figures.add(f"a photo while compiling, {name}", float(summary(beside)), "ms")
    figures.add(
        "while compiling, times as long", float(np.median(beside) / np.median(alone)), "x", at_most=1.25
    )


def grow(figures: Figures, folder: Path, *, sizes: tuple[int, ...], device: str) -> None:
    """Adds how the time of a photo grows with its side; 4 x for twice the side is in proportion."""
    ms = {}
    for size_px in sizes:
        checkpoint = seed_unet(folder, 32, size_px)
        synthesizer = Synthesizer(checkpoint, device)
        plain = Plain(checkpoint, synthesizer.device)
        label_map = street("avenue", size_px, size_px)
        calls = {"plain": partial(plain, label_map), "fast": partial(synthesizer, label_map)}
        ms[size_px] = alternating_medians_ms(calls, repeats=10)
    first = sizes[0]
    for size_px in sizes[1:]:
        times = ms[size_px]
        figures.add(f"unet-32, {size_px} px, eager", times["fast"], "ms")
        figures.add(f"unet-32, {size_px} px, eager, times as fast", times["plain"] / times["fast"], "x")
        figures.add(f"unet-32, {size_px} px over {first} px", times["fast"] / ms[first]["fast"], "x")


def fill_card(figures: Figures, checkpoint: Path) -> None:
    """On CUDA: the share of the card's matrix peak that large batches of a generator reach, in float16."""
    found = Checkpoint.find(checkpoint)
    info = found.info
    generator = optimized(found.load(), info.norm_statistics, torch.device("cuda"))
    side = torch.randn(8192, 8192, device="cuda", dtype=torch.float16)
    peak = 2 * 8192**3 / _seconds(lambda: side @ side)
    for batch in (8, 32, 128):
        labels = torch.from_numpy(street("avenue", info.width_px, info.height_px)).cuda()
        conditions = encode_labels(labels.expand(batch, -1, -1), info.encoding, torch.float16)
        with FlopCounterMode(display=False) as counter, torch.inference_mode():
            generator(conditions)
        graph = CudaGraph(generator)
        graph.record(conditions)
        seconds = _seconds(lambda graph=graph, conditions=conditions: graph(conditions))
        share = 100 * counter.get_total_flops() / seconds / peak
        name = f"{info.name}: batch {batch}"
        figures.add(f"{name}, photos a second", batch / seconds, "1/s")
        figures.add(f"{name}, of the matrix peak", share, "%", at_least=40 if batch == 128 else None)
    figures.add("matrix peak measured, 8192 x 8192 float16", peak / 1e12, "TFLOP/s")


@torch.inference_mode()
def _seconds(call: Callable[[], object], repeats: int = 20) -> float:
    """Seconds of a call on the card, the median after warm-up."""
    for _ in range(3):
        call()
    times = []
    for _ in range(repeats):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        call()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end) / 1000)
    return float(np.median(times))


def main(
    *,
    quick: bool = False,
    json: Path | None = None,
    device: str = "auto",
    compile: bool = True,
    while_compiling: bool = False,
    engines: bool = False,
    batches: bool = False,
    model: Path = SHIPPED,
) -> None:
    """Prints the table.

    Args:
        quick: Fewer repeats, no compiling and nothing above 512 px: ends within 60 s.
        json: Write the figures there, too.
        device: "auto", "cpu" or "cuda".
        compile: Measure compiled code, too (on CUDA: the recorded graph).
        while_compiling: Measure this alone: photos beside a compiler, which takes some minutes.
        engines: Measure this alone: the engines that this processor has, on one checkpoint, in turns.
        batches: Measure this alone: one, two, four and eight photos in one pass, in turns.
        model: The checkpoint of `engines` and `batches`.
    """
    figures = Figures()
    if batches:
        compare_batches(figures, model, device, repeats=5 if quick else 25, compile=compile and not quick)
        figures.show(json)
        return
    options = {"repeats": 10 if quick else 25, "device": device, "compile": compile and not quick}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if engines:
            compare_engines(figures, model, folder, repeats=options["repeats"], compile=options["compile"])
            figures.show(json)
            return
        if while_compiling:
            shipped = Checkpoint.find(SHIPPED)
            for file in (shipped.weights, shipped.json):  # and no graph, from which nothing is compiled
                shutil.copy(file, folder)
            photos_beside_compiler(figures, folder / SHIPPED.name, folder)
            figures.show(json)
            return
        compare(figures, seed_unet(folder, 32), compiled_goal=1.8, **options)
        compare(figures, seed_unet(folder, 64), compiled_goal=2.6, **options)
        compare(figures, SHIPPED, compiled_goal=1.8, **options)
        grow(figures, folder, sizes=(256, 512) if quick else (256, 512, 1024), device=device)
        if find_device(device).type == "cuda":
            fill_card(figures, seed_unet(folder, 64))
    figures.show(json)


if __name__ == "__main__":
    tyro.cli(main)
