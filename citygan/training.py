"""The training loop: a generator that yields progress and never writes a file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import asdict, dataclass

import torch
from accelerate import Accelerator
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from .augmentation import augment_for_discriminator, augmentation, simplify_shapes
from .data import LabelPhotoSet
from .encoding import ENCODINGS, encode_labels, to_unit_range
from .losses import adversarial_loss, l1_loss, ssim_loss
from .metrics import mean_ssim
from .models import DISCRIMINATORS, GENERATORS
from .models.layers import for_inference
from .recipes import TrainConfig


class TrainingError(RuntimeError):
    """A run that cannot go on, such as one whose loss is no longer finite."""


@dataclass(frozen=True)
class StepDone:
    epoch: int  # from 0
    step: int  # steps done in this epoch
    steps: int  # steps of an epoch
    images_seen: int  # over the whole run
    losses: dict[str, float]


@dataclass(frozen=True)
class EpochDone:
    epoch: int  # epochs done
    images_seen: int
    learning_rate: float
    losses: dict[str, float]  # means over the steps of this epoch that this process did
    val_ssim: float  # mean over the validation set, see citygan.metrics


class TrainState:
    """Both networks, both optimizers, the weight average and the position: all that resuming needs."""

    def __init__(self, config: TrainConfig, accelerator: Accelerator):
        torch.manual_seed(config.seed)
        self.config, self.accelerator = config, accelerator
        generator = GENERATORS[config.generator](**generator_arguments(config))
        discriminator = DISCRIMINATORS[config.discriminator](
            ENCODINGS[config.encoding] + 3, config.discriminator_width, norm=config.norm
        )
        adam = {
            "lr": config.learning_rate,
            "betas": (config.beta1, config.beta2),
            "fused": accelerator.device.type in ("cpu", "cuda"),
        }
        self.generator, self.discriminator = accelerator.prepare(generator, discriminator)
        self.generator_optimizer = torch.optim.Adam(self.generator.parameters(), **adam)
        self.discriminator_optimizer = torch.optim.Adam(self.discriminator.parameters(), **adam)
        self.average = None
        if config.ema_decay:
            self.average = AveragedModel(
                self._unwrapped(), multi_avg_fn=get_ema_multi_avg_fn(config.ema_decay), use_buffers=True
            )
        self.epoch = self.step = self.images_seen = 0
        self.started_from: dict | None = (
            None  # configuration and epochs of the run that this one goes on from
        )

    def _unwrapped(self) -> nn.Module:
        return self.accelerator.unwrap_model(self.generator, keep_fp32_wrapper=False)

    def trained_generator(self) -> nn.Module:
        """The generator as a checkpoint holds it: the average of its weights where there is one."""
        return self.average.module if self.average else self._unwrapped()

    def inference_generator(self) -> nn.Module:
        """A copy of it that is ready to generate."""
        return for_inference(deepcopy(self.trained_generator()), self.config.norm_statistics)

    def _parts(self) -> dict:
        parts = {
            "generator": self._unwrapped(),
            "discriminator": self.accelerator.unwrap_model(self.discriminator, keep_fp32_wrapper=False),
            "generator_optimizer": self.generator_optimizer,
            "discriminator_optimizer": self.discriminator_optimizer,
        }
        return parts | ({"average": self.average} if self.average else {})

    def state_dict(self) -> dict:
        """The training state as tensors and plain values, for `torch.save`."""
        position = {"epoch": self.epoch, "step": self.step, "images_seen": self.images_seen}
        parts = {name: part.state_dict() for name, part in self._parts().items()}
        return {
            "config": asdict(self.config),
            "position": position,
            "started_from": self.started_from,
        } | parts

    def load_state_dict(self, saved: dict) -> None:
        """Takes up a saved state.

        Raises:
            TrainingError: it belongs to another configuration; the message names the fields. The number of
                epochs and their decay may differ, so that a run can be made longer.
        """
        free = {"epochs", "decay_epochs"}
        differing = [
            k for k, v in asdict(self.config).items() if saved["config"].get(k) != v and k not in free
        ]
        if differing:
            was = ", ".join(f"{k} was {saved['config'].get(k)!r}" for k in differing)
            raise TrainingError(f"this run was started with another configuration ({was}); use another --out")
        self._load_parts(saved)
        self.started_from = saved["started_from"]
        self.epoch, self.step = saved["position"]["epoch"], saved["position"]["step"]
        self.images_seen = saved["position"]["images_seen"]

    def start_from(self, saved: dict) -> None:
        """Takes networks and optimizers from another run, to train them on with another configuration.

        Raises:
            TrainingError: its networks have other shapes.
        """
        try:
            self._load_parts(saved)
        except (KeyError, RuntimeError, ValueError) as error:
            raise TrainingError(f"the networks of that run do not fit this configuration: {error}") from error
        self.images_seen = saved["position"]["images_seen"]
        self.started_from = {"recipe": saved["config"], "epochs": saved["position"]["epoch"]}

    def _load_parts(self, saved: dict) -> None:
        for name, part in self._parts().items():
            part.load_state_dict(saved[name])


def generator_arguments(config: TrainConfig) -> dict:
    """What builds the generator of a configuration, and stands in its checkpoint."""
    return {
        "in_channels": ENCODINGS[config.encoding],
        "width": config.width,
        "norm": config.norm,
        "upsampling": config.upsampling,
        "dropout": config.dropout,
        "noise": config.noise,
    }


def train(
    state: TrainState, train_set: LabelPhotoSet, val_set: LabelPhotoSet
) -> Iterator[StepDone | EpochDone]:
    """Trains from where `state` stands to the last epoch; `state` is ready to be saved at each yield.

    Every random number of a step (order, augmentation, dropout, noise) follows from the seed, the epoch and
    the step, so a resumed run computes what an uninterrupted one would have.

    Raises:
        TrainingError: a loss is not finite.
    """
    config, device = state.config, state.accelerator.device
    augment = augmentation(
        config.size_px,
        (config.load_px_min, config.load_px_max),
        mirror=config.mirror,
        color_jitter=config.color_jitter,
    )
    steps = max(1, len(train_set) // config.batch_size)
    while state.epoch < config.epochs:
        order = torch.randperm(
            len(train_set), generator=torch.Generator().manual_seed(step_seed(config.seed, state.epoch, 0))
        )
        sums: dict[str, float] = {}
        done = 0
        for step in range(state.step, steps):
            torch.manual_seed(step_seed(config.seed, state.epoch, step + 1))
            chosen = order[step * config.batch_size : (step + 1) * config.batch_size].tolist()
            samples = [augment(*train_set[i]) for i in chosen]
            labels = torch.stack([s[0] for s in samples]).to(device)
            photos = to_unit_range(torch.stack([s[1] for s in samples]).to(device))
            if config.simplify_px and torch.rand(()) < 0.5:
                reach = int(torch.randint(1, (config.simplify_px - 1) // 2 + 1, ()))
                labels = simplify_shapes(labels, 2 * reach + 1)
            set_learning_rate(state, state.epoch + step / steps)
            losses = train_step(state, encode_labels(labels, config.encoding), photos)
            check_finite(losses, state.epoch, step)
            state.step, state.images_seen = step + 1, state.images_seen + len(chosen)
            done += 1
            sums = {name: sums.get(name, 0.0) + value for name, value in losses.items()}
            yield StepDone(state.epoch, state.step, steps, state.images_seen, losses)
        state.epoch, state.step = state.epoch + 1, 0
        yield EpochDone(
            state.epoch,
            state.images_seen,
            state.generator_optimizer.param_groups[0]["lr"],
            {name: total / done for name, total in sums.items()},
            validate(state, val_set),
        )


def train_step(state: TrainState, conditions: torch.Tensor, photos: torch.Tensor) -> dict[str, float]:
    """One step of the discriminator, then one of the generator (pix2pix, section 3.3).

    Args:
        state: What is trained, in place.
        conditions: Encoded label maps, `(N, C, H, W)`.
        photos: The photos that belong to them, `(N, 3, H, W)` in [-1, 1].

    Returns:
        The losses, unweighted.
    """
    config, accelerator = state.config, state.accelerator
    state.generator.train()
    generated = state.generator(conditions)

    def judge(candidates: torch.Tensor) -> torch.Tensor:
        if config.discriminator_augmentation:
            return state.discriminator(*augment_for_discriminator(conditions, candidates))
        return state.discriminator(conditions, candidates)

    state.discriminator.requires_grad_(True)
    on_real = adversarial_loss(judge(photos), config.real_label, config.adversarial_loss)
    on_fake = adversarial_loss(judge(generated.detach()), config.fake_label, config.adversarial_loss)
    state.discriminator_optimizer.zero_grad(set_to_none=True)
    accelerator.backward((on_real + on_fake) / 2)  # halved: it learns slower than the generator
    state.discriminator_optimizer.step()

    state.discriminator.requires_grad_(False)
    fooled = adversarial_loss(judge(generated), 1.0, config.adversarial_loss)
    l1 = l1_loss(generated, photos)
    total = fooled + config.l1_weight * l1
    losses = {"discriminator_real": on_real, "discriminator_fake": on_fake, "adversarial": fooled, "l1": l1}
    if config.ssim_weight:
        losses["ssim"] = ssim_loss(generated, photos)
        total = total + config.ssim_weight * losses["ssim"]
    state.generator_optimizer.zero_grad(set_to_none=True)
    accelerator.backward(total)
    state.generator_optimizer.step()
    if state.average:
        state.average.update_parameters(state._unwrapped())
    values = torch.stack([v.detach().float() for v in losses.values()]).tolist()
    return dict(zip(losses, values, strict=True))


@torch.no_grad()
def validate(state: TrainState, val_set: LabelPhotoSet) -> float:
    """Mean SSIM of generated validation photos, at the networks' size, without dropout."""
    generator = state.inference_generator()
    torch.manual_seed(state.config.seed)
    device = state.accelerator.device

    def pairs():
        for labels, photo in val_set:
            with state.accelerator.autocast():
                generated = generator(encode_labels(labels[None].to(device), state.config.encoding))
            yield generated.float(), to_unit_range(photo[None].to(device))

    return mean_ssim(pairs())


def check_finite(losses: dict[str, float], epoch: int, step: int) -> None:
    for name, value in losses.items():
        if not math.isfinite(value):
            raise TrainingError(
                f"the loss {name!r} is {value} at epoch {epoch + 1}, step {step + 1}. The last saved state "
                "is whole; try a lower --learning-rate, or --precision no"
            )


def set_learning_rate(state: TrainState, epochs_done: float) -> None:
    config = state.config
    left = (config.epochs - epochs_done) / config.decay_epochs if config.decay_epochs else 1.0
    for optimizer in (state.generator_optimizer, state.discriminator_optimizer):
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * min(1.0, left)


def step_seed(seed: int, epoch: int, step: int) -> int:
    """One seed for each step of a run of up to 100,003 steps an epoch."""
    return (seed * 1_000_003 + epoch * 100_003 + step) % 2**63
