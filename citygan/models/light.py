"""The light of a street photo as eight numbers: measured, or guessed from the label map alone."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn
from torch.nn import functional as F

from citygan import palette

NUMBERS = 8
# Whose brightness is measured apart: they make up most of a street, and differ with the weather
_NAMED = ("sky", "road", "building", "vegetation")
_CHANNELS = [i for i, c in enumerate(palette.CLASSES) if c.name in _NAMED]
_CELLS = 4  # of the grid, a side, over which the guess looks at the classes
_RIDGE = 30.0  # how much a guess is drawn to the mean; chosen with each drive of CamVid left out in turn


def measure(photos: torch.Tensor, conditions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and deviation of luma, mean blue and red difference (ITU-R BT.601), and the mean luma of road,
    building, vegetation and sky.

    Args:
        photos: `(N, 3, H, W)` in [-1, 1].
        conditions: Their label maps with a channel a class, `(N, C, H, W)` in 0 and 1.

    Returns:
        The numbers, `(N, 8) float32`, and which of them the photo has: a class may be absent.
    """
    photos = photos.float()
    red, _, blue = photos.unbind(1)
    luma = torch.einsum("nchw,c->nhw", photos, photos.new_tensor((0.299, 0.587, 0.114)))
    variance, mean = torch.var_mean(luma, (1, 2), correction=0)
    overall = [mean, (variance + 1e-8).sqrt(), (blue - luma).mean((1, 2)), (red - luma).mean((1, 2))]
    areas = conditions[:, _CHANNELS].float()
    pixels = areas.sum((2, 3))
    of_classes = (areas * luma[:, None]).sum((2, 3)) / pixels.clamp_min(1)
    present = torch.cat([torch.ones_like(pixels, dtype=torch.bool), pixels > 0], 1)
    return torch.cat([torch.stack(overall, 1), of_classes], 1), present


class Light(nn.Module):
    """What the photos of a training set say about light: how to read it from a photo, how to guess it from
    a label map, and how much it differs where the map does not.

    The code of a photo is `(N, 8)`: what `measure` says, less the mean of the training photos, over their
    standard deviation; 0 where a class is absent. The guess is a ridge regression from the shares of the
    classes in 4 x 4 cells. All of it stands in buffers, so that a checkpoint carries it.
    """

    mean: torch.Tensor
    deviation: torch.Tensor
    weight: torch.Tensor
    bias: torch.Tensor
    spread: torch.Tensor

    def __init__(self, in_channels: int):
        super().__init__()
        cells = in_channels * _CELLS**2
        self.register_buffer("mean", torch.zeros(NUMBERS))
        self.register_buffer("deviation", torch.ones(NUMBERS))
        self.register_buffer("weight", torch.zeros(NUMBERS, cells))
        self.register_buffer("bias", torch.zeros(NUMBERS))
        # the lower triangle of which spread @ spread.T is the covariance of what the guess leaves open
        self.register_buffer("spread", torch.zeros(NUMBERS, NUMBERS))

    def of_photos(self, photos: torch.Tensor, conditions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The code of photos, `(N, 8)`, and which of the numbers they have; arguments as for `measure`."""
        measured, present = measure(photos, conditions)
        return torch.where(present, (measured - self.mean) / self.deviation, 0.0), present

    def guess(self, conditions: torch.Tensor) -> torch.Tensor:
        """The code that photos of these label maps have most likely, `(N, 8)`."""
        return F.linear(_cells(conditions).to(self.weight.dtype), self.weight, self.bias)

    @torch.no_grad()
    def fit(self, samples: Iterable[tuple[torch.Tensor, torch.Tensor]]) -> None:
        """Learns all of it from batches of conditions and photos, each as `measure` takes them."""
        measured, present, cells = [], [], []
        for conditions, photos in samples:
            numbers, has = measure(photos, conditions)
            measured.append(numbers.double().cpu())
            present.append(has.cpu())
            cells.append(_cells(conditions).double().cpu())
        x, y, has = torch.cat(cells), torch.cat(measured), torch.cat(present)
        counts = has.sum(0).clamp_min(1)
        mean = torch.where(has, y, 0).sum(0) / counts
        deviation = (torch.where(has, (y - mean).square(), 0).sum(0) / counts).sqrt().clamp_min(1e-3)
        codes = torch.where(has, (y - mean) / deviation, 0)
        center = x.mean(0)
        centered = x - center
        gram = centered.T @ centered + _RIDGE * torch.eye(x.shape[1], dtype=x.dtype)
        weight = torch.linalg.solve(gram, centered.T @ (codes - codes.mean(0))).T
        bias = codes.mean(0) - weight @ center
        left = codes - x @ weight.T - bias
        covariance = left.T @ left / len(left) + 1e-6 * torch.eye(NUMBERS, dtype=x.dtype)
        learned = (mean, deviation, weight, bias, torch.linalg.cholesky(covariance))
        for buffer, value in zip(self.buffers(), learned, strict=True):
            buffer.copy_(value)


def _cells(conditions: torch.Tensor) -> torch.Tensor:
    """The share of each class in each cell of a grid, `(N, C * 16)`."""
    return F.adaptive_avg_pool2d(conditions, _CELLS).flatten(1)
