"""How fast training is: this engine against the plain loop of the pix2pix projects, in turns.

Both train the same networks on the same pictures with the same batch.
`python benchmarks/training.py [--quick] [--json FILE] [--recipe citygan] [--width 64] [--batch 1]`
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as train.py sets it

import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
import tyro
from accelerate import Accelerator
from figures import Figures
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torch.utils.flop_counter import FlopCounterMode
from torchvision.transforms.v2 import functional as TF

from citygan import palette
from citygan.data import dataset as datasets
from citygan.models import DISCRIMINATORS, GENERATORS
from citygan.models.encoding import encode_labels, to_unit_range
from citygan.streets import random_street
from citygan.training.accelerator import best_precision
from citygan.training.config import TrainConfig
from citygan.training.loop import STEPS_A_REPORT, StepDone, seed_of, train
from citygan.training.networks import discriminator_arguments, generator_arguments
from citygan.training.recipes import RECIPES
from citygan.training.state import TrainState
from citygan.training.step import train_step

CUDA = torch.cuda.is_available()
DEVICE = torch.device("cuda" if CUDA else "cpu")
IMAGES = 12  # that are drawn


class PlainPictures(Dataset):
    """What the reference projects read: two pictures with PIL, resized, cropped and mirrored alike."""

    def __init__(self, pairs: list, config: TrainConfig):
        self.pairs, self.config = pairs, config

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        pair, config = self.pairs[index], self.config
        side, crop = config.load_px_max, config.size_px
        labels = Image.open(pair.labels).resize((side, side), Image.Resampling.NEAREST)
        photo = Image.open(pair.photo).convert("RGB").resize((side, side), Image.Resampling.BILINEAR)
        top, left = torch.randint(0, side - crop + 1, (2,)).tolist()
        flip = config.mirror and torch.rand(()) < 0.5
        halves = []
        for picture in (labels, photo):
            picture = picture.crop((left, top, left + crop, top + crop))
            picture = TF.hflip(picture) if flip else picture
            halves.append(torch.from_numpy(np.array(picture)))
        return halves[0], halves[1].permute(2, 0, 1)


class PlainLoop:
    """Float32, one picture at a time from PIL, Adam as it comes, each loss read at each step."""

    def __init__(self, config: TrainConfig, pairs: list, order: list[int]):
        torch.manual_seed(config.seed)
        self.config = config
        self.generator = GENERATORS[config.generator](**generator_arguments(config)).to(DEVICE)
        self.judge = DISCRIMINATORS[config.discriminator](**discriminator_arguments(config)).to(DEVICE)
        adam = {"lr": config.learning_rate, "betas": (config.beta1, config.beta2)}
        self.generator_adam = torch.optim.Adam(self.generator.parameters(), **adam)
        self.judge_adam = torch.optim.Adam(self.judge.parameters(), **adam)
        self.loss = nn.BCEWithLogitsLoss() if config.adversarial_loss == "bce" else nn.MSELoss()
        self.l1 = nn.L1Loss()
        loader = DataLoader(
            PlainPictures(pairs, config), config.batch_size, sampler=order, num_workers=2, pin_memory=CUDA
        )
        self.batches = iter(loader)

    def run(self, steps: int) -> dict[str, float]:
        """Trains on the next batches; the mean losses."""
        losses = []
        for _ in range(steps):
            labels, photos = next(self.batches)
            conditions = encode_labels(labels, self.config.encoding).to(DEVICE)
            losses.append(self.step(conditions, to_unit_range(photos).to(DEVICE)))
        return {name: sum(one[name] for one in losses) / steps for name in losses[0]}

    def step(self, conditions: torch.Tensor, photos: torch.Tensor) -> dict[str, float]:
        config = self.config
        generated = self.generator(conditions)
        self.judge.requires_grad_(True)
        self.judge_adam.zero_grad()
        logits = self.judge(conditions, photos)[0][-1]
        on_real = self.loss(logits, torch.full_like(logits, config.real_label))
        logits = self.judge(conditions, generated.detach())[0][-1]
        on_fake = self.loss(logits, torch.full_like(logits, config.fake_label))
        ((on_real + on_fake) / 2).backward()
        self.judge_adam.step()
        self.judge.requires_grad_(False)
        self.generator_adam.zero_grad()
        logits = self.judge(conditions, generated)[0][-1]
        fooled, l1 = self.loss(logits, torch.ones_like(logits)), self.l1(generated, photos)
        (fooled + config.l1_weight * l1).backward()
        self.generator_adam.step()
        names = ("discriminator_real", "discriminator_fake", "adversarial", "l1")
        losses = (on_real, on_fake, fooled, l1)
        return {name: loss.item() for name, loss in zip(names, losses, strict=True)}


class Engine:
    """The training loop of this project."""

    def __init__(self, config: TrainConfig, folder: Path, precision: str, compile: bool):
        self.train_set = datasets.open_split(folder, "train", config.load_px_max).to(DEVICE)
        val_set = datasets.open_split(folder, "train", config.size_px).subset([0])  # an epoch may end, too
        self.state = TrainState(config, Accelerator(cpu=not CUDA, mixed_precision=precision))
        self.events = train(self.state, self.train_set, val_set, compile=compile)

    def run(self, steps: int) -> dict[str, float]:
        """Trains on the next batches; the mean losses. Its reports come every STEPS_A_REPORT steps."""
        reports = []
        while len(reports) * STEPS_A_REPORT[DEVICE.type] < steps:
            event = next(self.events)
            if isinstance(event, StepDone):
                reports.append(event.losses)
        return {name: sum(one[name] for one in reports) / len(reports) for name in reports[0]}


def draw_pictures(folder: Path, side_px: int) -> Path:
    """Drawn streets in the Cityscapes layout, each with a picture of it that stands for its photo."""
    for i in range(IMAGES):
        label_map = random_street(i, side_px, side_px)
        noise = np.random.default_rng(i).normal(0, 12, (side_px, side_px, 3))
        photo = (0.5 * palette.colorize(label_map) + 60 + noise).clip(0, 255).astype(np.uint8)
        for kind, picture in (("leftImg8bit", photo), ("gtFine", label_map)):
            place = folder / kind / "train" / "drawn"
            place.mkdir(parents=True, exist_ok=True)
            ending = kind if kind == "leftImg8bit" else "gtFine_labelIds"
            Image.fromarray(picture).save(place / f"{i:03d}_{ending}.png")
    return folder


def benchmark_config(recipe: str, width: int, batch: int) -> TrainConfig:
    """A recipe as both loops can train it: what the plain one does not know is switched off."""
    config = replace(RECIPES[recipe], width=width, batch_size=batch, pretrained=False, epochs=10**6)
    if config.discriminator == "multi-scale":
        config = replace(config, discriminator="patch")
    plain = {"ssim_weight": 0.0, "ema_decay": 0.0, "color_jitter": 0.0, "simplify_px": 0, "warp_px": 0.0}
    plain |= {"feature_weight": 0.0, "class_balance": 0.0}
    return replace(config, **plain, load_px_min=config.load_px_max, discriminator_augmentation=False)


def difference_of_losses(recipe: str, width: int, folder: Path, compile: bool, slower: float) -> float:
    """The largest, of their means over the same steps in float32: same weights, data and order, no chance.

    The learning rate is divided by `slower`. At the recipe's own, rounding alone moves a loss by up to 1e-3
    within 5 steps: Adam's first steps are as long for a gradient that is mere rounding as for any other. At
    a tenth of it, what is left is what the two loops do differently.
    """
    config = benchmark_config(recipe, width, 1)
    unvaried = {"load_px_min": config.size_px, "load_px_max": config.size_px, "mirror": False}
    config = replace(config, **unvaried, dropout=0.0, inference_dropout=False, noise=False)
    config = replace(config, learning_rate=config.learning_rate / slower)
    engine = Engine(config, draw_pictures(folder, config.size_px), "no", compile)
    pairs = engine.train_set.pairs
    shuffle = torch.Generator().manual_seed(seed_of("order", config.seed, 0))
    plain = PlainLoop(config, pairs, torch.randperm(len(pairs), generator=shuffle).tolist())
    steps = STEPS_A_REPORT["cuda"] if CUDA else 8  # rounding grows at each step
    tf32, torch.backends.cudnn.allow_tf32 = torch.backends.cudnn.allow_tf32, False
    ours, theirs = engine.run(steps), plain.run(steps)
    torch.backends.cudnn.allow_tf32 = tf32
    return max(abs(ours[name] - theirs[name]) for name in theirs)


def make(which: str, config: TrainConfig, folder: Path, compile: bool) -> PlainLoop | Engine:
    if which == "engine":
        return Engine(config, folder, best_precision(DEVICE.type), compile)
    pairs = datasets.find_layout(folder).pairs(folder, "train")
    return PlainLoop(config, pairs, torch.randint(len(pairs), (10**6,)).tolist())


def peak_memory_gib(which: str, config: TrainConfig, folder: Path, compile: bool) -> float:
    """Of a process that takes a few steps and nothing else; of the device on CUDA."""
    make(which, config, folder, compile).run(3)
    if CUDA:
        return torch.cuda.max_memory_allocated() / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 2**30  # KiB on Linux


def in_its_own_process(measure: Callable[..., float], *arguments) -> float:
    # A fork saves 7 s of imports; it is safe as long as this process has computed nothing with torch
    context = multiprocessing.get_context("spawn" if CUDA else "fork")
    with ProcessPoolExecutor(1, context) as alone:
        return alone.submit(measure, *arguments).result()


def matrix_peak_tflops() -> float:
    """What bfloat16 products of 8192 x 8192 matrices reach on this device."""
    a, b = (torch.randn(8192, 8192, device=DEVICE, dtype=torch.bfloat16) for _ in range(2))
    times = []
    for _ in range(20):
        torch.cuda.synchronize()
        start = time.perf_counter()
        a @ b
        torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return 2 * 8192**3 / float(np.median(times[5:])) / 1e12


def step_gflop(state: TrainState) -> float:
    """Multiplications and additions of one training step."""
    config = state.config
    side = config.size_px
    labels = torch.zeros(config.batch_size, side, side, dtype=torch.uint8, device=DEVICE)
    photos = torch.zeros(config.batch_size, 3, side, side, device=DEVICE)
    with FlopCounterMode(display=False) as counter:
        train_step(state, encode_labels(labels, config.encoding), photos)
    return counter.get_total_flops() / 1e9


def compare(figures: Figures, config: TrainConfig, folder: Path, *, blocks: int, steps: int, compile: bool):
    """Adds images/s of both loops, in turns, their ratio, memory, and the share of the device's peak."""
    loops = {which: make(which, config, folder, compile) for which in ("plain", "engine")}
    for loop in loops.values():
        loop.run(max(steps, 3))
    seconds: dict[str, list[float]] = {which: [] for which in loops}
    for _ in range(blocks):
        for which, loop in loops.items():
            start = time.perf_counter()
            loop.run(steps)
            seconds[which].append(time.perf_counter() - start)
    rates = {which: steps * config.batch_size / float(np.median(s)) for which, s in seconds.items()}
    figures.add("plain loop (float32)", rates["plain"], "images/s")
    precision = best_precision(DEVICE.type).replace("no", "float32")
    figures.add(f"engine ({precision})", rates["engine"], "images/s", at_least=500 if CUDA else None)
    figures.add("engine, times as fast", rates["engine"] / rates["plain"], "x", at_least=4 if CUDA else 1.4)
    gflop = step_gflop(loops["engine"].state)
    figures.add("a step", gflop, "GFLOP")
    reached = gflop * rates["engine"] / config.batch_size / 1e3
    figures.add("engine, reached", reached, "TFLOP/s")
    if CUDA:
        figures.add("engine, share of the matrix peak", 100 * reached / matrix_peak_tflops(), "%")


def main(
    *,
    quick: bool = False,
    json: Path | None = None,
    recipe: str = "citygan",
    width: int = 64,
    batch: int = 1,
    steps: int = 20 if CUDA else 4,
    data: Path | None = None,
    compile: bool = True,
) -> None:
    """Prints the table.

    Args:
        quick: Width 16, to end within 60 s.
        json: Write the figures there, too.
        recipe: What both train, without the losses and augmentation that the plain loop does not know.
        width: Of the generator.
        batch: Images a step.
        steps: Of one turn; there are 10 turns of each loop.
        data: A data set; by default drawn streets.
        compile: As `train.py fit --compile`.
    """
    figures = Figures()
    config = benchmark_config(recipe, 16 if quick else width, batch)
    with tempfile.TemporaryDirectory() as folder:
        place = data or draw_pictures(Path(folder) / "load", config.load_px_max)
        crops = Path(folder) / "crop"
        differences = {
            name: in_its_own_process(difference_of_losses, recipe, 16, crops, compile, slower)
            for name, slower in (("a tenth of the learning rate", 10.0), ("the recipe's learning rate", 1.0))
        }
        memory = {
            which: in_its_own_process(peak_memory_gib, which, config, place, compile)
            for which in ("plain", "engine")
        }
        compare(figures, config, place, blocks=10, steps=steps, compile=compile)
    for which, gib in memory.items():
        figures.add(f"{which}, peak memory", gib, "GiB")
    for at, difference in differences.items():
        goal = {"at_most": 1} if "tenth" in at else {}
        figures.add(f"difference of losses (float32), at {at}", 1e4 * difference, "e-4", **goal)
    figures.show(json)


if __name__ == "__main__":
    tyro.cli(main)
