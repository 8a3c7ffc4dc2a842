"""How fast a photo is made: the synthesizer against a plain float32 call of the same network, in turns.

`python benchmarks/synthesis.py [--quick] [--json FILE]`
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the app sets it

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
import tyro
from figures import Figures, alternating_medians_ms

from citygan import checkpoints
from citygan.checkpoints import CheckpointInfo
from citygan.encoding import encode_labels
from citygan.models import UNet
from citygan.models.layers import for_inference
from citygan.palette import CLASSES
from citygan.streets import street
from citygan.synthesis import DEFAULT_NOISE_SEED, Synthesizer


def seed_unet(folder: Path, width: int) -> Path:
    """A checkpoint of the seed U-Net with running statistics, and outputs as wide as a photo's."""
    torch.manual_seed(0)
    network = UNet(3, width).train()
    with torch.no_grad():
        for _ in range(3):
            labels = torch.from_numpy(street("avenue", 256, 256)).repeat(2, 1, 1)
            photos = network(encode_labels(labels, "colors"))
        network.ups[-1].conv.weight.mul_(0.5 / photos.std())
    info = CheckpointInfo(
        name=f"unet-{width}",
        generator="unet",
        arguments={"in_channels": 3, "width": width},
        encoding="colors",
        norm_statistics="running",
        height_px=256,
        width_px=256,
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
    checkpoints.save(folder / info.name, network, info)
    return folder / info.name


class Plain:
    """The same network called plainly: float32, as it was trained, nothing folded."""

    def __init__(self, checkpoint: Path, device: torch.device):
        network, self.info = checkpoints.load(checkpoint)
        self.network, self.device = for_inference(network, self.info.norm_statistics).to(device), device

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
        figures.add(f"{name}: {state}", ms["fast"], "ms")
        figures.add(f"{name}: {state}, times as fast", ms["plain"] / ms["fast"], "x", at_least=goal)
        figures.add(
            f"{name}: {state}, PSNR to float32", psnr(reference, synthesizer(label_map)), "dB", at_least=40
        )


def main(
    *, quick: bool = False, json: Path | None = None, device: str = "auto", compile: bool = True
) -> None:
    """Prints the table.

    Args:
        quick: Fewer repeats and no compiling: ends within 60 s.
        json: Write the figures there, too.
        device: "auto", "cpu" or "cuda".
        compile: Measure the compiled generator, too (on the CPU).
    """
    figures = Figures()
    repeats = 10 if quick else 25
    compile = compile and not quick
    with tempfile.TemporaryDirectory() as folder:
        compare(
            figures,
            seed_unet(Path(folder), 32),
            repeats=repeats,
            device=device,
            compile=compile,
            compiled_goal=1.8,
        )
        compare(
            figures,
            seed_unet(Path(folder), 64),
            repeats=repeats,
            device=device,
            compile=compile,
            compiled_goal=2.6,
        )
    compare(figures, checkpoints.SHIPPED, repeats=repeats, device=device, compile=compile, compiled_goal=1.8)
    figures.show(json)


if __name__ == "__main__":
    tyro.cli(main)
