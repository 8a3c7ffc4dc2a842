"""Paired augmentation of label maps and photos. Ids are transformed as ids, so nothing leaves the palette."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn.functional import avg_pool2d, pad
from torchvision import tv_tensors
from torchvision.transforms import InterpolationMode, v2
from torchvision.transforms.v2 import functional as TF


def augmentation(
    crop_px: int, load_px: tuple[int, int], *, mirror: bool, color_jitter: float
) -> Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]:
    """The paired augmentation of pix2pix (section 6.2): resize, random crop, mirror; both halves alike.

    Args:
        crop_px: Side of the square crop.
        load_px: The sample is first resized to a square of a size drawn from this range, ends included.
        mirror: Mirror half of the samples.
        color_jitter: Strength of brightness, contrast and saturation jitter of the photo alone; 0 is none.

    Returns:
        A function from a label map `(H, W) uint8` and a photo `(3, H, W) uint8` to the same, `crop_px`
        square. It draws from torch's global generator.
    """
    geometry = v2.Compose([v2.RandomCrop(crop_px), v2.RandomHorizontalFlip(0.5 if mirror else 0.0)])
    jitter = v2.ColorJitter(color_jitter, color_jitter, color_jitter) if color_jitter else None

    def augment(labels: torch.Tensor, photo: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        size = int(torch.randint(load_px[0], load_px[1] + 1, ()))
        if photo.shape[-1] != size:
            labels = TF.resize(labels[None], [size, size], interpolation=InterpolationMode.NEAREST_EXACT)[0]
            photo = TF.resize(photo, [size, size], antialias=True)
        mask, image = geometry(tv_tensors.Mask(labels[None]), tv_tensors.Image(photo))
        image = jitter(image) if jitter else image
        return mask[0].as_subclass(torch.Tensor), image.as_subclass(torch.Tensor)

    return augment


def simplify_shapes(label_maps: torch.Tensor, window_px: int) -> torch.Tensor:
    """Replaces each id by the most frequent one in a window: outlines become the blobs that people paint.

    Args:
        label_maps: `(N, H, W) uint8`.
        window_px: Odd side of the window; 1 changes nothing.
    """
    present = label_maps.unique()
    votes = (label_maps[:, None] == present[:, None, None]).float()
    half = window_px // 2
    votes = avg_pool2d(
        votes, (window_px, 1), 1, (half, 0)
    )  # rows, then columns: the same mean, far fewer additions
    votes = avg_pool2d(votes, (1, window_px), 1, (0, half))
    return present[votes.argmax(1)]


def augment_for_discriminator(
    conditions: torch.Tensor, photos: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Differentiable colour and shift augmentation, so that few photos are not learned by heart.

    Zhao et al. 2020, https://arxiv.org/abs/2006.10738, "Color + Translation": brightness +-0.5, saturation
    0 to 2, contrast 0.5 to 1.5, shifts up to 1/8 of the side. A map and its photo shift alike.
    """
    n, device = photos.shape[0], photos.device
    brightness, saturation, contrast = (torch.rand(3, n, 1, 1, 1, device=device)).unbind()
    photos = photos + (brightness - 0.5)
    grey = photos.mean(1, keepdim=True)
    photos = (photos - grey) * (2 * saturation) + grey
    mean = photos.mean((1, 2, 3), keepdim=True)
    photos = (photos - mean) * (contrast + 0.5) + mean
    reach = photos.shape[-1] // 8
    dx, dy = (int(v) for v in torch.randint(-reach, reach + 1, (2,)))
    return _shift(conditions, dx, dy), _shift(photos, dx, dy)


def _shift(images: torch.Tensor, dx: int, dy: int) -> torch.Tensor:
    """Moves images by whole pixels; what comes in from outside is 0."""
    return pad(images, (dx, -dx, dy, -dy))
