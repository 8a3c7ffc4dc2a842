"""One training step against a PatchGAN, as a recipe weighs its losses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import torch
from torch.nn import functional as F

from citygan.data.augmentation import augment_for_discriminator, crop_alike
from citygan.models.multi_scale import MultiScaleDiscriminator
from citygan.models.projected import Look, ProjectedDiscriminator
from citygan.training.losses import adversarial_loss, feature_matching_loss, rarity_weights
from citygan.training.state import TrainState
from citygan.training.update import draw, run_network, update_discriminator, update_generator

# So many times another level counts the finest of a fine window, whose gradient is about a quarter of theirs
FINEST = 4.0


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
    fakes, reals = _show(state, conditions, drawn.photos, photos)

    state.discriminator.requires_grad_(True)
    on_real = _judge(state, reals, config.real_label)[0]
    on_fake = _judge(state, fakes.detach(), config.fake_label)[0]
    update_discriminator(state, (on_real + on_fake) / 2)  # halved: it learns slower than the generator

    state.discriminator.requires_grad_(False)
    fooled, layers = _judge(state, fakes, 1.0)
    features = None
    if config.feature_weight:
        with torch.no_grad():
            wanted = _layers(state, reals)
        features = feature_matching_loss(layers, wanted)
    losses = {"discriminator_real": on_real, "discriminator_fake": on_fake}
    losses |= update_generator(state, drawn, conditions, photos, fooled, features)
    return {name: loss.detach() for name, loss in losses.items()}


@dataclass(frozen=True)
class Shown:
    """What the discriminator sees of photos of some label maps: the whole, and perhaps a window of it."""

    conditions: torch.Tensor  # (N, C, H, W)
    photos: torch.Tensor  # (N, 3, H, W)
    weights: torch.Tensor | None = None  # (N, 1, H, W): how much each pixel counts
    window: Shown | None = None
    # Where it looks through a network that never learns: what that says, and what belongs to it of the maps
    looks: list[Look] | None = None
    shares: list[list[torch.Tensor]] | None = None

    def detach(self) -> Shown:
        return replace(
            self,
            photos=self.photos.detach(),
            window=self.window and self.window.detach(),
            looks=self.looks and [look.detach() for look in self.looks],
        )


def _show(state: TrainState, conditions: torch.Tensor, *candidates: torch.Tensor) -> list[Shown]:
    """Augments and crops label maps and photos of them, all alike, so that places can be compared; once for
    both networks' steps, since weights and looks take long."""
    config = state.config
    if config.discriminator_augmentation:
        conditions, *augmented = augment_for_discriminator(conditions, *candidates)
        candidates = tuple(augmented)

    def weigh(maps: torch.Tensor) -> torch.Tensor | None:
        return rarity_weights(maps, config.class_balance) if config.class_balance else None

    weights, window = weigh(conditions), None
    seen = [Shown(conditions, photos, weights) for photos in candidates]
    if config.window_px and not state.at_half_size:
        window, *parts = crop_alike((conditions, *candidates), config.window_px)
        weights = weigh(window)
        seen = [replace(s, window=Shown(window, part, weights)) for s, part in zip(seen, parts, strict=True)]
    if isinstance(state.discriminator, ProjectedDiscriminator):
        look = partial(state.discriminator.look, half_size=state.at_half_size)
        shares = state.discriminator.shares(conditions, window, half_size=state.at_half_size)
        seen = [
            replace(s, looks=run_network(state, look, s.photos, s.window and s.window.photos), shares=shares)
            for s in seen
        ]
    return seen


def _layers(state: TrainState, shown: Shown) -> list[list[torch.Tensor]]:
    """What the discriminator says: for each scale its layers, the logits last."""
    discriminator, window = state.discriminator, shown.window
    if isinstance(discriminator, ProjectedDiscriminator):
        return run_network(state, discriminator.judge, shown.looks, shown.shares)
    if isinstance(discriminator, MultiScaleDiscriminator):
        pair = (window.conditions, window.photos) if window else None
        discriminator = partial(discriminator, window=pair, half_size=state.at_half_size)
    return run_network(state, discriminator, shown.conditions, shown.photos)


def _judge(state: TrainState, shown: Shown, label: float) -> tuple[torch.Tensor, list[list[torch.Tensor]]]:
    """The adversarial loss, a mean over the scales, and the layers of the discriminator behind it."""
    scales = _layers(state, shown)
    seen = [shown] * len(scales)
    if shown.window:
        assert isinstance(state.discriminator, MultiScaleDiscriminator | ProjectedDiscriminator)
        of_window = state.discriminator.window_levels
        seen[:of_window] = [shown.window] * of_window
    kind = state.config.adversarial_loss
    losses = [adversarial_loss(la[-1], label, kind, s.weights) for la, s in zip(scales, seen, strict=True)]
    if shown.window and state.config.fine_window:
        losses[0] = FINEST * losses[0]
    return torch.stack(losses).mean(), scales
