"""One training step: of the discriminator, then of the generator, against the losses that a recipe weighs."""

from __future__ import annotations

import torch
from accelerate import Accelerator
from accelerate.utils import AutocastKwargs
from torch import nn

from citygan.data.augmentation import augment_for_discriminator
from citygan.training.losses import (
    adversarial_loss,
    feature_matching_loss,
    l1_loss,
    rarity_weights,
    ssim_loss,
)
from citygan.training.state import TrainState


def train_step(state: TrainState, conditions: torch.Tensor, photos: torch.Tensor) -> dict[str, torch.Tensor]:
    """One step of the discriminator, then one of the generator (pix2pix, section 3.3).

    Args:
        state: What is trained, in place.
        conditions: Encoded label maps, `(N, C, H, W)`.
        photos: The photos that belong to them, `(N, 3, H, W)` in [-1, 1].

    Returns:
        The losses of this process, unweighted, as tensors: reading them waits for the device.
    """
    config = state.config
    conditions, photos = (t.contiguous(memory_format=state.memory_format) for t in (conditions, photos))
    state.generator.train()
    generated = _run(state, state.generator, conditions).float()

    def show(*candidates: torch.Tensor) -> tuple[torch.Tensor, ...]:
        shown = (conditions, *candidates)
        return augment_for_discriminator(*shown) if config.discriminator_augmentation else shown

    state.discriminator.requires_grad_(True)
    on_real = _judge(state, *show(photos), config.real_label)[0]
    on_fake = _judge(state, *show(generated.detach()), config.fake_label)[0]
    state.discriminator_optimizer.zero_grad(set_to_none=True)
    ((on_real + on_fake) / 2).backward()  # halved: it learns slower than the generator
    average_gradients(state.accelerator, state.discriminator)
    state.discriminator_optimizer.step()

    state.discriminator.requires_grad_(False)
    shown, fakes, *reals = show(generated, photos) if config.feature_weight else show(generated)
    fooled, layers = _judge(state, shown, fakes, 1.0)
    l1 = l1_loss(generated, photos)
    total = fooled + config.l1_weight * l1
    losses = {"discriminator_real": on_real, "discriminator_fake": on_fake, "adversarial": fooled, "l1": l1}
    if config.feature_weight:
        with torch.no_grad():
            wanted = _run(state, state.discriminator, shown, *reals)
        losses["features"] = feature_matching_loss(layers, wanted)
        total = total + config.feature_weight * losses["features"]
    if config.ssim_weight:
        losses["ssim"] = ssim_loss(generated, photos)
        total = total + config.ssim_weight * losses["ssim"]
    state.generator_optimizer.zero_grad(set_to_none=True)
    total.backward()
    average_gradients(state.accelerator, state.generator)
    state.generator_optimizer.step()
    state.update_average()
    return {name: loss.detach() for name, loss in losses.items()}


def _run(state: TrainState, network: nn.Module, *inputs: torch.Tensor):
    """A network's output, computed in the precision of the run."""
    # weights change between two passes, so their half-precision copies are not kept
    with state.accelerator.autocast(AutocastKwargs(cache_enabled=False)):
        return network(*inputs)


def _judge(
    state: TrainState, conditions: torch.Tensor, candidates: torch.Tensor, label: float
) -> tuple[torch.Tensor, list[list[torch.Tensor]]]:
    """The adversarial loss, a mean over the scales, and the layers of the discriminator behind it."""
    config = state.config
    scales = _run(state, state.discriminator, conditions, candidates)
    weights = rarity_weights(conditions, config.class_balance) if config.class_balance else None
    losses = [adversarial_loss(layers[-1], label, config.adversarial_loss, weights) for layers in scales]
    return torch.stack(losses).mean(), scales


def average_gradients(accelerator: Accelerator, network: nn.Module) -> None:
    """Replaces each gradient by its mean over the processes, in one message.

    Torch's DistributedDataParallel would do it piece by piece during the backward pass, but it counts on one
    forward pass for each backward pass, and the discriminator has two.
    """
    if accelerator.num_processes == 1:
        return
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    means = accelerator.reduce(torch.cat([g.flatten() for g in gradients]), "mean")
    for gradient, mean in zip(gradients, means.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(mean.view_as(gradient))
