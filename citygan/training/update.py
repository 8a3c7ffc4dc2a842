"""What both kinds of training step do: draw photos, and move a network against its loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from accelerate import Accelerator
from accelerate.utils import AutocastKwargs
from torch import nn
from torch.nn import functional as F

from citygan.models.light import light_of
from citygan.models.street_unet import StreetUNet
from citygan.training.losses import focal_frequency_loss, l1_loss, pooled_l1_loss, ssim_loss
from citygan.training.state import TrainState

LIGHT_NOISE = 0.1  # added to each number of a photo's light, in standard deviations over the training photos
NO_LIGHT = 0.1  # of the photos: their light is withheld, so that the mean is a light like others
_EVEN_SHARE = 0.005  # of a photo, from which on a class has a colour there
_EVEN_ROWS = 8  # whose mean colour is asked for


@dataclass(frozen=True)
class Drawn:
    """Generated photos, and the light that they were asked for."""

    photos: torch.Tensor  # (N, 3, H, W) float32 in [-1, 1]
    # (N, 8), and which of these numbers are the real photo's own; None where it is told none
    told: tuple[torch.Tensor, torch.Tensor] | None = None


def draw(state: TrainState, conditions: torch.Tensor, photos: torch.Tensor) -> Drawn:
    """Photos of the label maps, each in the light of its real one where the generator is told a light, or in
    the one that its map suggests for so many as the recipe says; at half the size while the trunk alone is
    trained."""
    state.generator.train()
    known = light_of(state.generator)
    if known is None:
        return Drawn(run_network(state, state.generator, conditions).float())
    light, present = known.of_photos(photos, conditions)
    light = light + LIGHT_NOISE * torch.randn_like(light)
    chance = torch.rand(len(light), 1, device=light.device)
    not_asked = NO_LIGHT + state.config.guessed_light
    asked = present & (chance >= not_asked)
    light = torch.where(asked, light, 0.0)
    if state.config.guessed_light:
        light = torch.where(
            (chance >= NO_LIGHT) & (chance < not_asked), known.guess(conditions.float()), light
        )
    at_size = partial(state.generator, half_size=state.at_half_size)
    generated = run_network(state, at_size, conditions, None, light)
    return Drawn(generated.float(), (light, asked))


def update_discriminator(state: TrainState, loss: torch.Tensor) -> None:
    state.discriminator_optimizer.zero_grad(set_to_none=True)
    loss.backward()
    average_gradients(state.accelerator, state.discriminator)
    state.discriminator_optimizer.step()


def update_generator(
    state: TrainState,
    drawn: Drawn,
    conditions: torch.Tensor,
    photos: torch.Tensor,
    fooled: torch.Tensor,
    features: torch.Tensor | None,
) -> dict[str, torch.Tensor]:
    """Moves the generator, and the average of its weights, against what the recipe weighs.

    Args:
        state: What is trained, in place.
        drawn: What the generator drew.
        conditions: Of which label maps.
        photos: Their real photos.
        fooled: The adversarial loss.
        features: The feature matching loss, where the recipe weighs it.

    Returns:
        Its losses, unweighted.
    """
    config, generated = state.config, drawn.photos
    losses = {"adversarial": fooled, "l1": l1_loss(generated, photos)}
    total = fooled + config.l1_weight * losses["l1"]
    if features is not None:
        losses["features"] = features
        total = total + config.feature_weight * features
    for name, weight, loss_of in (
        ("ssim", config.ssim_weight, partial(_ssim_loss, config.ssim_pool // (1 + state.at_half_size))),
        ("pooled_l1", config.pooled_l1_weight, pooled_l1_loss),
        ("frequency", config.frequency_weight, focal_frequency_loss),
    ):
        if weight:
            losses[name] = loss_of(generated, photos)
            total = total + weight * losses[name]
    known = light_of(state.generator)
    if config.light_weight and known is not None and drawn.told is not None:
        light, asked = drawn.told
        given, _ = known.of_photos(generated, conditions)
        losses["light"] = l1_loss(torch.where(asked, given, 0.0), torch.where(asked, light, 0.0))
        total = total + config.light_weight * losses["light"]
    if config.even_weight:
        losses["even"] = _even_loss(state, drawn, conditions, photos)
        total = total + config.even_weight * losses["even"]
    state.generator_optimizer.zero_grad(set_to_none=True)
    total.backward()
    average_gradients(state.accelerator, state.generator)
    state.generator_optimizer.step()
    state.update_average()
    return losses


def _ssim_loss(pool: int, photos: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    if pool > 1:
        photos, targets = F.avg_pool2d(photos, pool), F.avg_pool2d(targets, pool)
    return ssim_loss(photos, targets)


def _even_loss(
    state: TrainState, drawn: Drawn, conditions: torch.Tensor, photos: torch.Tensor
) -> torch.Tensor:
    """How far a map of one class alone is from being drawn in the mean colour that this class has in the
    first real photo, from its upper edge to its lower one: no photo of a street is such a map, and what is
    drawn of it would come from the height of each pixel alone."""
    present = conditions[0].float().mean((1, 2))
    chosen = ((present > _EVEN_SHARE) + 1e-6).multinomial(1)  # where there is none, any one
    area = conditions[0, chosen].float()
    color = (photos[0] * area).sum((1, 2)) / area.sum().clamp_min(1)
    even = F.one_hot(chosen, len(present)).to(conditions.dtype)[:, :, None, None]
    assert isinstance(state.generator, StreetUNet)
    assert drawn.told is not None  # as it always is
    height, width = conditions.shape[2] * (1 + state.at_half_size), state.generator.stride_px
    even = even.expand(-1, -1, height, width).contiguous(memory_format=state.memory_format)
    at_size = partial(state.generator, half_size=state.at_half_size)
    rows = run_network(state, at_size, even, None, drawn.told[0][:1]).float().mean(3)
    means = F.avg_pool1d(rows, _EVEN_ROWS)
    return l1_loss(means, color[None, :, None].expand_as(means))


def run_network(state: TrainState, network: Callable, *inputs):
    """What a network or a part of it gives, computed in the precision of the run."""
    # weights change between two passes, so their half-precision copies are not kept
    with state.accelerator.autocast(AutocastKwargs(cache_enabled=False)):
        return network(*inputs)


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
