"""One training step against a discriminator that says each pixel's class, or that it is fake."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from citygan.data.augmentation import augment_photos
from citygan.models.segmenting import SegmentingDiscriminator
from citygan.training.losses import fake_loss, feature_matching_loss, segmentation_loss
from citygan.training.state import TrainState
from citygan.training.update import draw, run_network, update_discriminator, update_generator

VIEW_PX = 256  # side of the crops that the discriminator sees


def segmenting_step(
    state: TrainState, conditions: torch.Tensor, photos: torch.Tensor
) -> dict[str, torch.Tensor]:
    """One step of the discriminator, then one of the generator (Sushko et al. 2021, section 3).

    The discriminator sees half of the batch in crops, and the other half whole at half the size: texture in
    the one, the street in the other.

    Args:
        state: What is trained, in place.
        conditions: Label maps with a channel a class, `(N, C, H, W)`.
        photos: The photos that belong to them, `(N, 3, H, W)` in [-1, 1].

    Returns:
        As `citygan.training.step.train_step`.
    """
    config, discriminator = state.config, state.discriminator
    conditions, photos = (t.contiguous(memory_format=state.memory_format) for t in (conditions, photos))
    classes = conditions.argmax(1)
    drawn = draw(state, conditions, photos)

    discriminator.requires_grad_(True)
    views = _views(state, classes, photos, drawn.photos.detach())
    terms = [_discriminator_terms(state, *view) for view in views]
    on_real, on_fake, mixed = (torch.stack(term).mean() for term in zip(*terms, strict=True))
    update_discriminator(state, on_real + on_fake + config.label_mix_weight * mixed)

    discriminator.requires_grad_(False)
    terms = [_generator_terms(state, *view) for view in _views(state, classes, photos, drawn.photos)]
    fooled, features = (torch.stack(term).mean() for term in zip(*terms, strict=True))
    losses = {"discriminator_real": on_real, "discriminator_fake": on_fake, "label_mix": mixed}
    losses |= update_generator(state, drawn, conditions, photos, fooled, features)
    return {name: loss.detach() for name, loss in losses.items()}


def _views(state: TrainState, classes: torch.Tensor, *photos: torch.Tensor) -> list[list[torch.Tensor]]:
    """What the discriminator sees: crops of the first half of the batch, and the rest at half the size; the
    classes `(N, H, W)` first, all augmented alike."""
    crops = (len(classes) + 1) // 2
    images = [classes[:, None], *photos]
    views = [_crop([image[:crops] for image in images])]
    if crops < len(classes):
        small = [F.avg_pool2d(photo[crops:], 2) for photo in photos]
        views.append([images[0][crops:, :, ::2, ::2], *small])
    if state.config.discriminator_augmentation:
        views = [augment_photos(*view) for view in views]
    return [[view[0][:, 0], *view[1:]] for view in views]


def _crop(images: list[torch.Tensor]) -> list[torch.Tensor]:
    """The same window of each; along each side, half of them are flush with an edge."""
    device = images[0].device
    rows, columns = (
        _start(length - VIEW_PX, device) + torch.arange(min(length, VIEW_PX), device=device)
        for length in images[0].shape[2:]
    )
    return [image.index_select(2, rows).index_select(3, columns) for image in images]


def _start(room: int, device: torch.device) -> torch.Tensor:
    room = max(room, 0)
    return torch.randint(-(room // 2), room + room // 2 + 1, (1,), device=device).clamp(0, room)


def _discriminator_terms(
    state: TrainState, classes: torch.Tensor, photos: torch.Tensor, generated: torch.Tensor
) -> tuple[torch.Tensor, ...]:
    """The losses on real photos, on generated ones, and of LabelMix (section 3.3): of a photo that is real in
    some classes and generated in the others, it should say what it says of each."""
    n, known = len(photos), _discriminator(state).classes
    real_there = torch.rand(n, known, device=classes.device) < 0.5
    mask = real_there.gather(1, classes.flatten(1)).view(classes.shape)[:, None]
    mixed = torch.where(mask, photos, generated)
    _, logits = run_network(state, state.discriminator, torch.cat([photos, generated, mixed]))
    real, fake, mix = logits.float().split(n)
    return (
        segmentation_loss(real, classes, state.config.class_balance),
        fake_loss(fake),
        F.mse_loss(mix, torch.where(mask, real, fake)),
    )


def _discriminator(state: TrainState) -> SegmentingDiscriminator:
    assert isinstance(state.discriminator, SegmentingDiscriminator)
    return state.discriminator


def _generator_terms(
    state: TrainState, classes: torch.Tensor, photos: torch.Tensor, generated: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """How far the generated photo is from being read as the street that it should be, and how far its
    features in the discriminator's encoder are from those of the real one."""
    layers, logits = run_network(state, state.discriminator, generated)
    with torch.no_grad():
        wanted = run_network(state, _discriminator(state).encode, photos)
    loss = segmentation_loss(logits, classes, state.config.class_balance)
    return loss, feature_matching_loss([[*layers, logits]], [[*wanted, logits]])
