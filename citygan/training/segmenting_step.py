"""One training step against a discriminator that says each pixel's class, or that it is fake."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from citygan.data.augmentation import augment_for_discriminator, crop_alike
from citygan.models.segmenting import SegmentingDiscriminator
from citygan.training.losses import fake_loss, feature_matching_loss, segmentation_loss
from citygan.training.state import TrainState
from citygan.training.update import draw, run_network, update_discriminator, update_generator

VIEW_PX = 128  # side of the crops that the discriminator sees
INNER = 2  # the first of the discriminator's layers, which sees 22 px, whose features are matched


def segmenting_step(
    state: TrainState, conditions: torch.Tensor, photos: torch.Tensor
) -> dict[str, torch.Tensor]:
    """One step of the discriminator, then one of the generator (Sushko et al. 2021, section 3).

    The discriminator sees each photo twice: a crop, and the whole at half the size. Texture is in the one,
    the street in the other.

    Args:
        state: What is trained, in place.
        conditions: Label maps with a channel a class, `(N, C, H, W)`.
        photos: The photos that belong to them, `(N, 3, H, W)` in [-1, 1].

    Returns:
        As `citygan.training.step.train_step`.
    """
    config, discriminator = state.config, state.discriminator
    conditions, photos = (t.contiguous(memory_format=state.memory_format) for t in (conditions, photos))
    drawn = draw(state, conditions, photos)
    if state.at_half_size:
        conditions, photos = conditions[..., ::2, ::2], F.avg_pool2d(photos, 2)
    # one of the channels is 1: a sum, ten times as fast as argmax on a CPU; bfloat16 has numbers to 256
    numbers = torch.arange(conditions.shape[1], device=conditions.device, dtype=conditions.dtype)
    classes = (conditions * numbers[:, None, None]).sum(1).long()

    discriminator.requires_grad_(True)
    views = _views(state, classes, photos, drawn.photos.detach())
    terms = [_discriminator_terms(state, *view) for view in views]
    names = ("discriminator_real", "discriminator_fake", "label_mix")
    losses = {
        name: torch.stack(term).mean() for name, term in zip(names, zip(*terms, strict=True), strict=False)
    }
    on_mixed = config.label_mix_weight * losses["label_mix"] if "label_mix" in losses else 0.0
    update_discriminator(state, losses["discriminator_real"] + losses["discriminator_fake"] + on_mixed)

    discriminator.requires_grad_(False)
    terms = [_generator_terms(state, *view) for view in _views(state, classes, photos, drawn.photos)]
    fooled, features = (torch.stack(term).mean() for term in zip(*terms, strict=True))
    losses |= update_generator(state, drawn, conditions, photos, fooled, features)
    return {name: loss.detach() for name, loss in losses.items()}


def _views(state: TrainState, classes: torch.Tensor, *photos: torch.Tensor) -> list[list[torch.Tensor]]:
    """What the discriminator sees: crops, where the photos are larger than these, and the whole at half the
    size; the classes `(N, H, W)` first, all augmented alike."""
    images = [classes[:, None], *photos]
    views = [crop_alike(images, VIEW_PX)]
    if max(classes.shape[1:]) > VIEW_PX:
        views.append([images[0][:, :, ::2, ::2], *(F.avg_pool2d(photo, 2) for photo in photos)])
    if state.config.discriminator_augmentation:
        views = [augment_for_discriminator(*view) for view in views]
    return [[view[0][:, 0], *view[1:]] for view in views]


def _discriminator_terms(
    state: TrainState, classes: torch.Tensor, photos: torch.Tensor, generated: torch.Tensor
) -> list[torch.Tensor]:
    """The losses on real photos, on generated ones and, where the recipe weighs it, of LabelMix (section
    3.3): of a photo that is real in some classes and generated in the others, it should say what it says of
    each."""
    n, known = len(photos), _discriminator(state).classes
    seen = [photos, generated]
    if state.config.label_mix_weight:
        real_there = torch.rand(n, known, device=classes.device) < 0.5
        mask = real_there.gather(1, classes.flatten(1)).view(classes.shape)[:, None]
        seen.append(torch.where(mask, photos, generated))
    _, logits = run_network(state, state.discriminator, torch.cat(seen))
    real, fake, *mixed = logits.float().split(n)
    losses = [segmentation_loss(real, _answers(classes), state.config.class_balance), fake_loss(fake)]
    if mixed:
        losses.append(F.mse_loss(mixed[0], torch.where(_answers(mask), real, fake)))
    return losses


def _answers(images: torch.Tensor) -> torch.Tensor:
    """The pixels of which the discriminator says something."""
    return images[..., ::2, ::2]


def _discriminator(state: TrainState) -> SegmentingDiscriminator:
    assert isinstance(state.discriminator, SegmentingDiscriminator)
    return state.discriminator


def _generator_terms(
    state: TrainState, classes: torch.Tensor, photos: torch.Tensor, generated: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """How far the generated photo is from being read as the street that it should be, and how far its
    features in the discriminator's encoder are from those of the real one: in the inner layers, since fine
    texture need not lie where it lies in the real photo."""
    layers, logits = run_network(state, state.discriminator, generated)
    with torch.no_grad():
        wanted = run_network(state, _discriminator(state).encode, photos)
    loss = segmentation_loss(logits, _answers(classes), state.config.class_balance)
    return loss, feature_matching_loss([[*layers[INNER:], logits]], [[*wanted[INNER:], logits]])
