"""Paired augmentation of label maps and photos, a batch at a time on the device that holds them.

Ids are only ever picked, never mixed, so nothing leaves the palette. Every sample draws from a seed of its
own, so that it is augmented alike in whatever batch, and in whatever process, it is trained on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional as F

_WARP_CELLS = 5  # a warp is drawn on a grid of so many points a side: bends of about a quarter of the map
_NUMBERS = 9 + 2 * _WARP_CELLS**2  # that one sample draws
_JITTER_GREY = (0.299, 0.587, 0.114)  # luma of ITU-R BT.601


@dataclass(frozen=True)
class Augmentation:
    """The paired augmentation of pix2pix (section 6.2): resize, random crop, mirror; both halves alike.

    Unlike the paper, the photo's colours may be jittered, and the label map's shapes warped or simplified.
    """

    crop_px: int  # height of what is cut out
    load_px: tuple[int, int]  # a sample is first resized to a height drawn from here, ends included
    aspect: float = 1.0  # width / height of both
    mirror: bool = False  # mirror half of the samples
    color_jitter: float = 0.0  # brightness, contrast and saturation of the photo, each times 1 +- this
    simplify_px: int = 0  # half of the label maps are simplified over odd windows up to this side
    warp_px: float = 0.0  # label maps alone are displaced smoothly by up to this much

    def __call__(
        self, labels: torch.Tensor, photos: torch.Tensor, seeds: list[int]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Augments a batch.

        Args:
            labels: `(N, H, W) uint8` ids.
            photos: `(N, 3, H, W) uint8`.
            seeds: One for each sample: the same seed augments alike.

        Returns:
            The same, `crop_px` high. Photos are resized without antialiasing, which is meant for scales
            near 1: from 340 to 256 px, photos of CamVid are the antialiased ones to 42 dB.
        """
        drawn = torch.stack([_draw(seed) for seed in seeds])
        rows, columns, scale = self._places(drawn, labels.shape[1:])
        rows, columns = rows.to(labels.device), columns.to(labels.device)
        photos = _sample(photos, rows, columns)
        if self.color_jitter:
            factors = 1 + self.color_jitter * (2 * drawn[:, 4:7] - 1)
            photos = _jitter(photos, factors.clamp_min(0).to(photos))
        shifts = None
        if self.warp_px:
            grid = drawn[:, 9:].reshape(-1, 2, _WARP_CELLS, _WARP_CELLS).to(labels.device, torch.float32)
            size = (rows.shape[1], columns.shape[1])
            waves = F.interpolate(2 * grid - 1, size, mode="bicubic").clamp(-1, 1)
            shifts = waves * (self.warp_px * scale).to(waves)[:, None, None, None]
        labels = _pick(labels, rows, columns, shifts)
        if self.simplify_px:
            labels = self._simplify(labels, drawn[:, 7:9])
        return labels, photos.round().clamp(0, 255).byte()

    def _places(
        self, drawn: torch.Tensor, stored_px: Sequence[int]
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Where rows and columns of the crops lie in the stored pictures, `(N, h)` and `(N, w)` in px from
        their edge, and how many stored pixels a new one spans, `(N,)`."""
        least, most = self.load_px
        height_px = least + (drawn[:, 0] * (most - least + 1)).floor()
        scale = stored_px[0] / height_px
        places = []
        for stored, aspect, chance in zip(stored_px, (1.0, self.aspect), drawn[:, 1:3].T, strict=True):
            size_px, crop_px = (height_px * aspect).round(), round(self.crop_px * aspect)
            corner_px = (chance * (size_px - crop_px + 1)).floor()
            places.append((torch.arange(crop_px) + 0.5 + corner_px[:, None]) * (stored / size_px)[:, None])
        rows, columns = places
        if self.mirror:
            mirrored = drawn[:, 3, None] < 0.5
            columns = torch.where(mirrored, columns.flip(-1), columns)
        return rows, columns, scale

    def _simplify(self, labels: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
        reaches = 1 + (drawn[:, 1] * ((self.simplify_px - 1) // 2)).floor().int()
        maps = [
            simplify_shapes(one, 2 * reach + 1) if chance < 0.5 else one
            for one, chance, reach in zip(labels.split(1), drawn[:, 0], reaches.tolist(), strict=True)
        ]
        return torch.cat(maps)


def _draw(seed: int) -> torch.Tensor:
    """The numbers of one sample in [0, 1), double so that no product with a count reaches that count."""
    return torch.rand(_NUMBERS, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _sample(photos: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """Photos at the places of `_places`, bilinear: `(N, 3, h, w) float32`, 0 to 255."""
    height, width = photos.shape[2:]
    y, x = (2 * rows / height - 1).float(), (2 * columns / width - 1).float()
    grid = torch.stack(torch.broadcast_tensors(x[:, None, :], y[:, :, None]), -1)
    return F.grid_sample(photos.float(), grid, padding_mode="border", align_corners=False)


def _pick(
    labels: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor, shifts: torch.Tensor | None
) -> torch.Tensor:
    """Ids at the places, each moved by `shifts` (`(N, 2, h, w)` px, down and right) where given."""
    rows, columns = rows[:, :, None], columns[:, None, :]
    if shifts is not None:
        rows, columns = rows + shifts[:, 0], columns + shifts[:, 1]
    height, width = labels.shape[1:]
    rows, columns = rows.floor().long().clamp(0, height - 1), columns.floor().long().clamp(0, width - 1)
    samples = torch.arange(len(labels), device=labels.device)[:, None, None]
    return labels[samples, rows, columns]


def _jitter(photos: torch.Tensor, factors: torch.Tensor) -> torch.Tensor:
    """Brightness, contrast and saturation, in this order: photos `0 to 255`, factors `(N, 3)`."""
    brightness, contrast, saturation = factors[:, :, None, None, None].unbind(1)
    weights = photos.new_tensor(_JITTER_GREY)[:, None, None]
    photos = (photos * brightness).clamp(0, 255)
    mean = (photos * weights).sum(1, keepdim=True).mean((2, 3), keepdim=True)
    photos = (mean + (photos - mean) * contrast).clamp(0, 255)
    grey = (photos * weights).sum(1, keepdim=True)
    return (grey + (photos - grey) * saturation).clamp(0, 255)


def simplify_shapes(label_maps: torch.Tensor, window_px: int) -> torch.Tensor:
    """Replaces each id by the most frequent one in a window: outlines become the blobs that people paint.

    Args:
        label_maps: `(N, H, W) uint8`.
        window_px: Odd side of the window; 1 changes nothing.
    """
    half = window_px // 2
    simplified, most = label_maps, torch.zeros(1, device=label_maps.device)
    for one in label_maps.unique():
        votes = F.pad((label_maps == one).float(), (half + 1, half, half + 1, half))
        for side in (1, 2):  # sums over the window as differences of running sums: whole numbers, so exact
            votes = votes.cumsum(side)
            length = votes.shape[side] - window_px
            votes = votes.narrow(side, window_px, length) - votes.narrow(side, 0, length)
        simplified, most = torch.where(votes > most, one, simplified), torch.maximum(votes, most)
    return simplified


def crop_alike(images: Sequence[torch.Tensor], side_px: int) -> list[torch.Tensor]:
    """The same square window of each of `(N, C, H, W)`, or all of a side that is shorter; along each side,
    half of them are flush with an edge. It draws from torch's global generator of their device, and never
    waits for that device."""
    device = images[0].device
    starts = [_start(length - side_px, device) for length in images[0].shape[2:]]
    if device.type == "cpu":  # several times as fast there
        top, left = map(int, starts)
        return [image[:, :, top : top + side_px, left : left + side_px] for image in images]
    rows, columns = (
        start + torch.arange(min(length, side_px), device=device)
        for start, length in zip(starts, images[0].shape[2:], strict=True)
    )
    return [image.index_select(2, rows).index_select(3, columns) for image in images]


def _start(room: int, device: torch.device) -> torch.Tensor:
    room = max(room, 0)
    return torch.randint(-(room // 2), room + room // 2 + 1, (1,), device=device).clamp(0, room)


def augment_for_discriminator(
    conditions: torch.Tensor, *photos: torch.Tensor, chance: float = 0.5
) -> tuple[torch.Tensor, ...]:
    """Differentiable colour and shift augmentation, so that few photos are not learned by heart.

    Zhao et al. 2020, https://arxiv.org/abs/2006.10738, "Color + Translation": brightness +-0.5, contrast 0.5
    to 1.5, shifts up to 1/8 of the side. Unlike there colours stay as vivid as they are, and a sample keeps
    its brightness and contrast with probability 1 - `chance`: a discriminator learns not to mind what always
    varies. Maps and photos shift alike, and where there are several photos of a map, all change alike. It
    draws from torch's global generator of their device, and never waits for that device.

    Args:
        conditions: `(N, C, H, W)`.
        photos: One or more of `(N, 3, H, W)` in [-1, 1].
        chance: Of another brightness and contrast, for each sample.

    Returns:
        The conditions and each of the photos.
    """
    n, side, device = len(conditions), min(conditions.shape[2:]), conditions.device
    brightness, contrast, drawn = torch.rand(3, n, 1, 1, 1, device=device).unbind()
    changed = drawn < chance
    lighter = torch.where(changed, brightness - 0.5, 0.0)
    contrast = torch.where(changed, contrast + 0.5, 1.0)
    reach = side // 8
    dx, dy = torch.randint(-reach, reach + 1, (2,), device=device)

    def changed_alike(photo: torch.Tensor) -> torch.Tensor:
        mean = photo.mean((1, 2, 3), keepdim=True)
        return (photo - mean) * contrast + mean + lighter

    return tuple(_shift(t, dx, dy) for t in (conditions, *map(changed_alike, photos)))


def _shift(images: torch.Tensor, dx: torch.Tensor, dy: torch.Tensor) -> torch.Tensor:
    """Moves images by whole pixels; what comes in from outside is 0."""
    if images.device.type == "cpu":  # four times as fast there
        right, down = int(dx), int(dy)
        return F.pad(images, (right, -right, down, -down))
    height, width = images.shape[-2:]
    rows, columns = (torch.arange(n, device=images.device) - d for n, d in ((height, dy), (width, dx)))
    inside = ((rows >= 0) & (rows < height))[:, None] & ((columns >= 0) & (columns < width))
    moved = images.index_select(2, rows.clamp(0, height - 1)).index_select(3, columns.clamp(0, width - 1))
    return moved * inside
