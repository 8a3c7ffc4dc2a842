"""The training loop: a generator that yields progress and never writes a file."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import torch

from citygan.data.augmentation import Augmentation
from citygan.data.dataset import LabelPhotoSet
from citygan.evaluation.metrics import mean_ssim
from citygan.models.encoding import encode_labels, to_unit_range
from citygan.models.light import light_of
from citygan.synthesis.cuda_graph import CudaGraph
from citygan.training.segmenting_step import segmenting_step
from citygan.training.state import TrainingError, TrainState
from citygan.training.step import train_step

# The recipes of which tests prove that two processes compute what one with twice the batch does. What is
# drawn for each process (noise, dropout, augmentation for the discriminator) is as random, but not the same.
# So are the crops that the discriminators of citygan-light, citygan-patches, citygan-projected,
# citygan-detail and citygan-guessed see, which nothing was measured for.
# Batch norm, which the others have, is synchronized on CUDA, where no test has run it. On a CPU torch cannot:
# each process normalizes its own share of the batch, so two with batch 1 compute something else than one with
# batch 2. Measured on drawn pictures (the set of tests/training/test_distributed.py, width 2, two epochs of 4
# steps, float32, dropout off): mean losses apart by up to 8e-4 (citygan), 9e-4 (baselines, literature-mse),
# 4e-4 (enhanced-bce), 1.7e-3 (enhanced-mse) and 6e-3 (deeplab-bce, mobilenet_v3_large); by 3e-8 for citygan
# with instance norm in place of batch norm.
EQUAL_TOGETHER = ("citygan-plus", "citygan-photo")
# Steps between two looks at the losses: looking waits for the device, which a CPU never needs
STEPS_A_REPORT = {"cpu": 1, "cuda": 20}


@dataclass(frozen=True)
class StepDone:
    epoch: int  # from 0
    step: int  # steps done in this epoch
    steps: int  # steps of an epoch
    images_seen: int  # over the whole run, by all processes
    losses: dict[str, float]  # means over the steps since the last report, and over the processes


@dataclass(frozen=True)
class EpochDone:
    epoch: int  # epochs done
    images_seen: int
    learning_rate: float
    losses: dict[str, float]  # means over the steps of this epoch since the run was started or resumed
    val_ssim: float  # mean over the validation set, see citygan.evaluation.metrics


def train(
    state: TrainState,
    train_set: LabelPhotoSet,
    val_set: LabelPhotoSet,
    *,
    compile: bool = True,
    workers: int = 0,
    validate_every: int = 1,
) -> Iterator[StepDone | EpochDone]:
    """Trains from where `state` stands to the last epoch; `state` is ready to be saved at each yield.

    Every random number follows from the seed: order and augmentation from epoch and sample, dropout and
    noise from epoch, step and process. So a resumed run computes what an uninterrupted one would have. N
    processes see the samples that one process with N times the batch would; for the recipes in
    `EQUAL_TOGETHER` they compute what it would, too.

    Args:
        state: What is trained, in place.
        train_set: Its samples are shared by the processes, a batch for each at every step.
        val_set: Shared too.
        compile: On CUDA and in one process, run each step as one CUDA graph. There is no more to it: on a CPU
            torch.compile makes a step longer.
        workers: Processes that read ahead where the training set is not in memory.
        validate_every: An `EpochDone` is yielded after so many epochs, and after the last one.

    Raises:
        TrainingError: a loss is not finite, or there are fewer samples than processes.
    """
    config, accelerator = state.config, state.accelerator
    batch_size = min(config.batch_size, len(train_set) // accelerator.num_processes)
    if not batch_size:
        raise TrainingError(f"{len(train_set)} samples are too few for {accelerator.num_processes} processes")
    steps = len(train_set) // (batch_size * accelerator.num_processes)
    torch.backends.cudnn.benchmark = True  # the shapes never change
    plain_step = partial(segmenting_step if config.discriminator == "segmenting" else train_step, state)
    recorded = compile and accelerator.device.type == "cuda" and accelerator.num_processes == 1
    step_once = CudaGraph(plain_step) if recorded else plain_step
    _learn_light(state, train_set)
    while state.epoch < config.epochs:
        if recorded and state.epoch == config.half_size_epochs and not state.step:
            step_once = CudaGraph(plain_step)  # another graph at another size
        batches = _epoch_batches(state, train_set, batch_size, steps, workers)
        yield from _train_epoch(state, step_once, batches, batch_size, steps)
        losses_of_epoch = state.take_losses()
        state.epoch, state.step = state.epoch + 1, 0
        if state.epoch == 1:
            state.start_average()
        if state.epoch % validate_every and state.epoch < config.epochs:
            continue
        yield EpochDone(
            state.epoch,
            state.images_seen,
            float(state.generator_optimizer.param_groups[0]["lr"]),
            losses_of_epoch,
            validate(state, val_set),
        )


def _train_epoch(
    state: TrainState,
    step_once: Callable[..., dict[str, torch.Tensor]],
    batches: Iterable[tuple[torch.Tensor, torch.Tensor]],
    batch_size: int,
    steps: int,
) -> Iterator[StepDone]:
    """Makes the steps that are left of an epoch, and reports a few at once.

    Args:
        state: What is trained, in place.
        step_once: `(conditions, photos) -> losses`, one training step.
        batches: What is left for this process, as `_epoch_batches` gives it.
        batch_size: Samples in each.
        steps: Of the whole epoch.
    """
    config, accelerator = state.config, state.accelerator
    every = STEPS_A_REPORT[accelerator.device.type]
    # of the conditions: what a convolution would round them to, which is much less to move about
    dtype = torch.bfloat16 if accelerator.mixed_precision == "bf16" else torch.float32
    pending: list[torch.Tensor] = []
    for labels, photos in batches:
        torch.manual_seed(seed_of("step", config.seed, state.epoch, state.step, accelerator.process_index))
        set_learning_rate(state, state.epoch + state.step / steps)
        losses = step_once(encode_labels(labels, config.encoding, dtype), to_unit_range(photos))
        pending.append(torch.stack(list(losses.values())))
        state.step += 1
        state.images_seen += batch_size * accelerator.num_processes
        if len(pending) == every or state.step == steps:
            means = accelerator.reduce(torch.stack(pending).mean(0), "mean").tolist()
            report = dict(zip(losses, means, strict=True))
            check_finite(report, state.epoch, state.step)
            state.add_losses(report, len(pending))
            pending.clear()
            yield StepDone(state.epoch, state.step, steps, state.images_seen, report)


def _learn_light(state: TrainState, train_set: LabelPhotoSet) -> None:
    """Lets a generator that is told the light learn what that is in these photos, unless it knows."""
    light = light_of(state.generator)
    if light is None or light.knows:
        return
    encoding = state.config.encoding
    order = [[i] for i in range(len(train_set))]
    batches = train_set.batches(order, state.accelerator.device)
    light.fit((encode_labels(labels, encoding), to_unit_range(photos)) for labels, photos in batches)
    state.start_average()


def _epoch_batches(
    state: TrainState, train_set: LabelPhotoSet, batch_size: int, steps: int, workers: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """What is left of an epoch for this process: augmented label maps and photos, both uint8."""
    config, accelerator = state.config, state.accelerator
    augment = Augmentation(
        config.size_px,
        (config.load_px_min, config.load_px_max),
        config.aspect,
        mirror=config.mirror,
        color_jitter=config.color_jitter,
        simplify_px=config.simplify_px,
        warp_px=config.warp_px,
    )
    shuffle = torch.Generator().manual_seed(seed_of("order", config.seed, state.epoch))
    order = torch.randperm(len(train_set), generator=shuffle)
    shares = order[: steps * accelerator.num_processes * batch_size].view(steps, -1, batch_size)
    chosen = shares[state.step :, accelerator.process_index].tolist()
    batches = train_set.batches(chosen, accelerator.device, workers=workers)
    for indices, (labels, photos) in zip(chosen, batches, strict=True):
        seeds = [seed_of("sample", config.seed, state.epoch, i) for i in indices]
        yield augment(labels, photos, seeds)


@torch.no_grad()
def validate(state: TrainState, val_set: LabelPhotoSet) -> float:
    """Mean SSIM of generated validation photos at the networks' size, each from the same seed, as a
    checkpoint makes them. The processes share the work; all get the mean."""
    accelerator, config = state.accelerator, state.config
    generator = state.inference_generator()
    mine = range(accelerator.process_index, len(val_set), accelerator.num_processes)

    def pairs():
        for i in mine:
            labels, photo = (t[None].to(accelerator.device) for t in val_set[i])
            torch.manual_seed(config.seed)
            with accelerator.autocast():
                generated = generator(encode_labels(labels, config.encoding))
            yield generated.float(), to_unit_range(photo)

    total = mean_ssim(pairs()) * len(mine) if mine else 0.0
    sums = torch.tensor([total, len(mine)], dtype=torch.float64, device=accelerator.device)
    total, count = accelerator.reduce(sums, "sum").tolist()
    return total / count


def check_finite(losses: dict[str, float], epoch: int, step: int) -> None:
    for name, value in losses.items():
        if not math.isfinite(value):
            raise TrainingError(
                f"the loss {name!r} is {value} at epoch {epoch + 1}, step {step}. The last saved state "
                "is whole; try a lower --learning-rate, or --precision no"
            )


def set_learning_rate(state: TrainState, epochs_done: float) -> None:
    config = state.config
    left = (config.epochs - epochs_done) / config.decay_epochs if config.decay_epochs else 1.0
    rate = config.learning_rate * min(1.0, left)
    for optimizer in (state.generator_optimizer, state.discriminator_optimizer):
        for group in optimizer.param_groups:
            if isinstance(group["lr"], torch.Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate


def seed_of(*names: str | int) -> int:
    """A seed in [0, 2^63) for each thing that is named, such as `seed_of("sample", seed, epoch, index)`."""
    digest = hashlib.blake2b(repr(names).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
