"""One training step against a PatchGAN, as a recipe weighs its losses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import torch
from torch.nn import functional as F

from citygan.data.augmentation import augment_for_discriminator, crop_alike
from citygan.models.projected import LEVELS
from citygan.training.losses import adversarial_loss, feature_matching_loss, rarity_weights
from citygan.training.state import TrainState
from citygan.training.update import draw, run_network, update_discriminator, update_generator


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
    drawn = draw(state, conditions, photos)
    if state.at_half_size:
        conditions, photos = conditions[..., ::2, ::2], F.avg_pool2d(photos, 2)
    generated = drawn.photos

    def show(*candidates: torch.Tensor) -> list[Shown]:
        shown = (conditions, *candidates)
        if config.discriminator_augmentation:
            shown = augment_for_discriminator(*shown)
        seen = [Shown((shown[0], photo)) for photo in shown[1:]]
        if config.window_px and not state.at_half_size:
            window = crop_alike(shown, config.window_px)
            seen = [replace(s, window=(window[0], photo)) for s, photo in zip(seen, window[1:], strict=True)]
        return seen

    state.discriminator.requires_grad_(True)
    on_real = _judge(state, *show(photos), config.real_label)[0]
    on_fake = _judge(state, *show(generated.detach()), config.fake_label)[0]
    update_discriminator(state, (on_real + on_fake) / 2)  # halved: it learns slower than the generator

    state.discriminator.requires_grad_(False)
    fakes, *reals = show(generated, photos) if config.feature_weight else show(generated)
    fooled, layers = _judge(state, fakes, 1.0)
    features = None
    if config.feature_weight:
        with torch.no_grad():
            wanted = _layers(state, *reals)
        features = feature_matching_loss(layers, wanted)
    losses = {"discriminator_real": on_real, "discriminator_fake": on_fake}
    losses |= update_generator(state, drawn, conditions, photos, fooled, features)
    return {name: loss.detach() for name, loss in losses.items()}


@dataclass(frozen=True)
class Shown:
    """What the discriminator sees of a photo: the whole and perhaps a window of it, each a label map
    `(N, C, H, W)` and a photo `(N, 3, H, W)`."""

    whole: tuple[torch.Tensor, torch.Tensor]
    window: tuple[torch.Tensor, torch.Tensor] | None = None


# Discriminators that may see a window, and how many of their scales do; these come first
_OF_WINDOW = {"multi-scale": 1, "projected": LEVELS, "projected-and-patch": LEVELS + 1}


def _layers(state: TrainState, shown: Shown) -> list[list[torch.Tensor]]:
    discriminator = state.discriminator
    if state.config.discriminator in _OF_WINDOW:
        discriminator = partial(discriminator, window=shown.window, half_size=state.at_half_size)
    return run_network(state, discriminator, *shown.whole)


def _judge(state: TrainState, shown: Shown, label: float) -> tuple[torch.Tensor, list[list[torch.Tensor]]]:
    """The adversarial loss, a mean over the scales, and the layers of the discriminator behind it."""
    config = state.config
    scales = _layers(state, shown)
    seen = [shown.whole] * len(scales)
    if shown.window:
        of_window = _OF_WINDOW[config.discriminator]
        seen[:of_window] = [shown.window] * of_window
    losses = []
    for layers, (conditions, _) in zip(scales, seen, strict=True):
        weights = rarity_weights(conditions, config.class_balance) if config.class_balance else None
        losses.append(adversarial_loss(layers[-1], label, config.adversarial_loss, weights))
    if shown.window and config.discriminator == "projected-and-patch":
        of_pixels = losses.pop(LEVELS)
        return torch.stack(losses).mean() + of_pixels, scales
    return torch.stack(losses).mean(), scales
