"""How photos differ from real ones as a set: measures that no training of ours has as its goal."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from citygan.evaluation.segmenter import Segmenter, normalized

FRAME_PX = 8  # how wide the border is
FEWEST = 2  # photos that have a distance to others
_BATCH = 8  # photos at a time
SUBSET = 50  # photos in each of the subsets over which KID is averaged
_SMALLEST_PX = 16  # of the pyramid: its last level is 16 to 31 px
_PATCH_PX = 7
_PATCHES = 128  # of each photo and level
_DIRECTIONS = 512
_LOWEST = 0.25  # of Nyquist: what is coarser is the street itself
_SECTOR = np.tan(np.pi / 8)  # 22.5 degrees to either side of an axis


class BackboneFeatures(nn.Module):
    """Photos `(N, 3, H, W) uint8`, of any size -> `(N, d)`: the last layer of a segmenter's backbone, each
    channel's mean over the photo.

    They say mostly what is in the street. A generated photo shares that with the real one of its map, and
    photos of other streets do not: their distance is no floor here.
    """

    def __init__(self, segmenter: Segmenter):
        super().__init__()
        self._segmenter = segmenter

    def forward(self, photos: torch.Tensor) -> torch.Tensor:
        return self._segmenter.features(photos)


class RandomFeatures(nn.Module):
    """Photos `(N, 3, H, W)`, 0 to 255 in any type -> `(N, 1472)`: what the five stages of a VGG-11 with
    random weights say, each channel's mean over the photo.

    Random convolutions tell textures apart, and nobody can have trained for them. Simonyan and Zisserman
    2015, https://arxiv.org/abs/1409.1556. The weights are He's for the number of inputs, so that all stages
    have a say; the same seed gives the same network.
    """

    def __init__(self, seed: int = 0):
        from torchvision.models.vgg import cfgs, make_layers  # takes as long to import as torch

        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.layers = make_layers(cfgs["A"], batch_norm=False)
            for layer in self.layers:
                if isinstance(layer, nn.Conv2d):
                    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                    layer.bias = None
        self.eval().requires_grad_(False)

    def forward(self, photos: torch.Tensor) -> torch.Tensor:
        h, means = normalized(photos.float()), []
        for layer in self.layers:
            h = layer(h)
            if isinstance(layer, nn.MaxPool2d):
                means.append(h.mean((2, 3)))
        return torch.cat(means, 1)


@torch.inference_mode()
def features(network: nn.Module, photos: torch.Tensor, device: torch.device | str = "cpu") -> torch.Tensor:
    """What one of the two above says of photos `(N, 3, H, W) uint8`: `(N, d) float32` on the CPU."""
    return torch.cat([network(batch.to(device)).float().cpu() for batch in photos.split(_BATCH)])


def kid(found: torch.Tensor, real: torch.Tensor, seed: int = 0) -> tuple[float, float]:
    """The kernel distance of two sets of photos, by their features: its mean and standard deviation over 100
    subsets of at most 50 photos. It is 0 on the average for sets of the same kind, and may fall below.

    Binkowski et al. 2018, https://arxiv.org/abs/1801.01401, section 3, by torchmetrics. Unlike there, the
    network is not Inception, and features are divided by the root mean square of the real photos': the
    kernel, (x y / d + 1)^3, presumes a scale.

    Args:
        found: `(N, d)`, see `features`.
        real: `(M, d)`.
        seed: Draws the subsets. There is but one of N photos up to 50, and so no deviation.
    """
    from torchmetrics.image.kid import KernelInceptionDistance  # and this brings torchvision

    scale = real.square().mean().sqrt().clamp_min(1e-12)
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        warnings.filterwarnings("ignore", ".*save all extracted features", UserWarning)
        torch.manual_seed(seed)
        subset = min(SUBSET, len(found), len(real))
        distance = KernelInceptionDistance(feature=nn.Identity(), subset_size=subset)
        distance.update(real / scale, real=True)
        distance.update(found / scale, real=False)
        mean, deviation = distance.compute()
    return float(mean), float(deviation)


def pyramid(photos: torch.Tensor) -> list[torch.Tensor]:
    """The Laplacian pyramid of photos `(N, 3, H, W)`: float32, each level half the size of the one before, as
    long as no side falls below 16 px; the last is what is left, the rest are what is lost to the next.

    Burt and Adelson 1983, https://doi.org/10.1109/TCOM.1983.1095851.
    """
    levels = [photos.float()]
    while min(levels[-1].shape[-2:]) >= 2 * _SMALLEST_PX:
        levels.append(_smoothed(levels[-1])[..., ::2, ::2])
        wide = torch.zeros_like(levels[-2])
        wide[..., ::2, ::2] = levels[-1]
        levels[-2] = levels[-2] - 4 * _smoothed(wide)
    return levels


def _smoothed(images: torch.Tensor) -> torch.Tensor:
    """Through a binomial filter of 5 x 5 px, each channel by itself."""
    taps = images.new_tensor((1, 4, 6, 4, 1)) / 16
    channels = images.shape[1]
    kernel = taps.outer(taps).expand(channels, 1, 5, 5)
    return F.conv2d(F.pad(images, (2, 2, 2, 2), "reflect"), kernel, groups=channels)


def patches(photos: torch.Tensor, seed: int = 0) -> dict[int, torch.Tensor]:
    """128 patches of 7 x 7 px from each photo, at random, for each level of its pyramid.

    Args:
        photos: `(N, 3, H, W) uint8`.
        seed: Draws the places.

    Returns:
        The height of the level in px -> `(N, 128, 3, 7, 7) float32`.
    """
    rng = torch.Generator().manual_seed(seed)
    found: dict[int, list[torch.Tensor]] = {}
    for batch in photos.split(_BATCH):
        for level in pyramid(batch):
            found.setdefault(level.shape[2], []).append(_cut(level, rng))
    return {height_px: torch.cat(parts) for height_px, parts in found.items()}


def _cut(level: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
    """`(N, 3, H, W)` -> `(N, 128, 3, 7, 7)`."""
    count, _, height, width = level.shape
    offsets = torch.arange(_PATCH_PX)
    tops, lefts = (
        torch.randint(side - _PATCH_PX + 1, (count, _PATCHES, 1), generator=rng) + offsets
        for side in (height, width)
    )
    rows, columns = tops[:, :, None, :, None], lefts[:, :, None, None, :]
    images = torch.arange(count).view(-1, 1, 1, 1, 1)
    return level[images, torch.arange(3).view(1, 1, -1, 1, 1), rows, columns]


def sliced_wasserstein(found: torch.Tensor, real: torch.Tensor, seed: int = 0) -> float:
    """How differently patches of two sets of photos are distributed, from 0: the mean over 512 directions of
    the Wasserstein distance of what they are along each.

    Karras et al. 2018, https://arxiv.org/abs/1710.10196, section 5, who state it x 1e3. Each set is brought
    to mean 0 and deviation 1 in each channel first, so neither a colour cast nor contrast counts, but how
    fine detail is spread.

    Args:
        found: `(N, 128, 3, 7, 7)`, see `patches`.
        real: The same of as many photos.
        seed: Draws the directions.
    """
    if len(found) != len(real):
        raise ValueError(f"{len(found)} and {len(real)} photos have patches; as many are needed of both")
    a, b = (_standardized(p.flatten(0, 1)) for p in (found, real))
    rng = torch.Generator().manual_seed(seed)
    total = 0.0
    for _ in range(4):  # as there; it also bounds the memory
        directions = F.normalize(torch.randn(a.shape[1], _DIRECTIONS // 4, generator=rng), dim=0)
        along_a, along_b = ((p @ directions).T.sort(1).values for p in (a, b))
        total += float((along_a - along_b).abs().mean())
    return total / 4


def _standardized(cut: torch.Tensor) -> torch.Tensor:
    """`(M, 3, 7, 7)` -> `(M, 147)`."""
    variance, mean = torch.var_mean(cut, (0, 2, 3), correction=0, keepdim=True)
    return ((cut - mean) / variance.sqrt().clamp_min(1e-8)).flatten(1)


def luma(photos: torch.Tensor) -> torch.Tensor:
    """`(N, 3, H, W)`, 0 to 255 -> `(N, H, W) float32`, 0 to 255 (ITU-R BT.601)."""
    return torch.einsum("nchw,c->nhw", photos.float(), torch.tensor((0.299, 0.587, 0.114)))


def streaks(photos: torch.Tensor) -> np.ndarray:
    """How much more photos change from left to right than from top to bottom, `(N,)`; 1 for noise, and above
    where there are vertical streaks.

    It is the energy of the luma's spectrum near the horizontal axis, over that near the vertical one: within
    22.5 degrees of it, above a quarter of the Nyquist frequency. The photo fades out toward its border
    (Hann), for its spectrum would else have the jump from one side to the other.

    Args:
        photos: `(N, 3, H, W) uint8`.
    """
    height, width = photos.shape[-2:]
    window = torch.hann_window(height)[:, None] * torch.hann_window(width)
    down, across = 2 * torch.fft.fftfreq(height).abs()[:, None], 2 * torch.fft.fftfreq(width).abs()
    band = torch.hypot(down, across) > _LOWEST
    sectors = band & (down < across * _SECTOR), band & (across < down * _SECTOR)
    ratios = []
    for batch in photos.split(_BATCH):
        light = luma(batch)
        light = (light - light.mean((1, 2), keepdim=True)) * window
        power = torch.fft.fft2(light, norm="ortho").abs().square()
        horizontal, vertical = (power[:, sector].mean(1) + 1e-6 for sector in sectors)  # flat photos: 1
        ratios.append(horizontal / vertical)
    return torch.cat(ratios).numpy()


def frame(photos: torch.Tensor) -> np.ndarray:
    """How much brighter the outer 8 px of photos `(N, 3, H, W) uint8` are than the rest: `(N,)`, of 255."""
    light = luma(photos)
    inner = light[:, FRAME_PX:-FRAME_PX, FRAME_PX:-FRAME_PX]
    if not inner.numel():
        raise ValueError(f"photos of {tuple(light.shape[1:])} px are nothing but a border of {FRAME_PX} px")
    outer = light.sum((1, 2)) - inner.sum((1, 2))
    return (outer / (light[0].numel() - inner[0].numel()) - inner.mean((1, 2))).numpy()


def chroma(photos: torch.Tensor) -> np.ndarray:
    """How colourful photos `(N, 3, H, W) uint8` are, `(N,)`, of 255: the mean of sqrt(Cb^2 + Cr^2) (ITU-R
    BT.601, both around 0), 0 for grey."""
    means = []
    for batch in photos.split(_BATCH):
        light, colors = luma(batch), batch.float()
        blue, red = (colors[:, 2] - light) * 0.5 / (1 - 0.114), (colors[:, 0] - light) * 0.5 / (1 - 0.299)
        means.append(torch.hypot(blue, red).mean((1, 2)))
    return torch.cat(means).numpy()


def variety(first: torch.Tensor, second: torch.Tensor) -> float:
    """The mean absolute difference, of 255, of photos `(N, 3, H, W) uint8` of the same maps."""
    return float((first.float() - second.float()).abs().mean())


def class_iou(counts: np.ndarray, of: int, classes: Sequence[int]) -> float | None:
    """Intersection over union of one class, 0 to 1; None where no pixel is of it, or it is not known.

    Args:
        counts: From `scores.confusion`, summed over the photos.
        of: The id of the class.
        classes: The ids that count; pixels of any other are left out.
    """
    ids = sorted(classes)
    if of not in ids or not counts[of].any():
        return None
    return float(counts[of, of] / (counts[of].sum() + counts[ids, of].sum() - counts[of, of]))
