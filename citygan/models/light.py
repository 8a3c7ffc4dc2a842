"""The light of a street photo as eight numbers: measured, or guessed from the label map alone."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn
from torch.nn import functional as F

from citygan import palette
from citygan.models.encoding import encode_labels

NUMBERS = 8
_OVERALL = 4  # of them are of the whole photo
LIGHTS = ("day", "overcast", "dusk")  # groups of the training photos, from the brightest to the darkest
# Whose brightness is measured apart: they make up most of a street, and differ with the weather
_NAMED = ("sky", "road", "building", "vegetation")
_CHANNELS = [i for i, c in enumerate(palette.CLASSES) if c.name in _NAMED]
_CELLS = 4  # of the grid, a side, over which the guess looks at the classes
_FOLDS = 4  # in which the training photos are guessed from the others
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
    red, green, blue = photos.unbind(1)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue  # no tensor is made: a CUDA graph could not copy it
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
    covariance: torch.Tensor
    centers: torch.Tensor

    def __init__(self, in_channels: int):
        super().__init__()
        cells = in_channels * _CELLS**2
        self.register_buffer("mean", torch.zeros(NUMBERS))
        self.register_buffer("deviation", torch.ones(NUMBERS))
        self.register_buffer("weight", torch.zeros(NUMBERS, cells))
        self.register_buffer("bias", torch.zeros(NUMBERS))
        # the lower triangle of which spread @ spread.T is the covariance of what the guess leaves open
        self.register_buffer("spread", torch.zeros(NUMBERS, NUMBERS))
        self.register_buffer("covariance", torch.eye(NUMBERS))  # of the codes
        self.register_buffer("centers", torch.zeros(len(LIGHTS), NUMBERS))  # of three groups of codes

    @property
    def knows(self) -> bool:
        """Whether `fit` was called, or weights were loaded."""
        return bool(self.weight.any())

    def of_photos(self, photos: torch.Tensor, conditions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The code of photos, `(N, 8)`, and which of the numbers they have; arguments as for `measure`."""
        measured, present = measure(photos, conditions)
        return torch.where(present, (measured - self.mean) / self.deviation, 0.0), present

    def guess(self, conditions: torch.Tensor) -> torch.Tensor:
        """The code that photos of these label maps have most likely, `(N, 8)`."""
        return F.linear(_cells(conditions).to(self.weight.dtype), self.weight, self.bias)

    def guess_of_map(self, label_map: torch.Tensor) -> torch.Tensor:
        """The same of one map of ids, `(1, H, W) uint8` on the CPU, whose sides are multiples of 4: counted,
        without the large tensor of a channel a class."""
        height, width = label_map.shape[1:]
        rows, columns = (torch.arange(_CELLS).repeat_interleave(side // _CELLS) for side in (height, width))
        cells = (rows[:, None] * _CELLS + columns) * 256 + label_map[0]
        counts = torch.bincount(cells.flatten(), minlength=256 * _CELLS**2).view(_CELLS**2, 256)
        table = encode_labels(torch.arange(256, dtype=torch.uint8).view(1, 1, 256), "classes")[0, :, 0]
        shares = table @ counts.T.float() * (_CELLS**2 / (height * width))
        return F.linear(shares.flatten()[None].to(self.weight), self.weight, self.bias)

    def vary(self, seed: int) -> torch.Tensor:
        """What a seed adds to a guess, `(1, 8)`: as much as photos differ whose maps say the same."""
        rng = torch.Generator().manual_seed(seed)
        drawn = torch.randn(1, NUMBERS, generator=rng).to(self.spread.device)
        return drawn @ self.spread.T

    def of_picture(self, photo: torch.Tensor) -> torch.Tensor:
        """The code of any picture, `(1, 8)`, though nobody knows its classes: their brightness is what photos
        of such colours have most likely.

        Args:
            photo: `(1, 3, H, W)` in [-1, 1].
        """
        nothing = photo.new_zeros(1, len(palette.CLASSES), *photo.shape[2:])
        seen = self.of_photos(photo, nothing)[0][:, :_OVERALL]
        return torch.cat([seen, seen @ self.classes_from_overall()], 1)

    def classes_from_overall(self) -> torch.Tensor:
        """What turns the numbers of a whole photo into the likeliest brightness of its classes, `(4, 4)`."""
        known, wanted = self.covariance[:_OVERALL, :_OVERALL], self.covariance[_OVERALL:, :_OVERALL]
        return torch.linalg.solve(known, wanted.T)

    def named(self) -> dict[str, tuple[float, ...]]:
        """The codes of `LIGHTS`, for people to choose from."""
        return {name: tuple(code) for name, code in zip(LIGHTS, self.centers.tolist(), strict=True)}

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
        weight, bias = _ridge(x, codes)
        left = _left_open(x, codes)
        covariance = left.T @ left / len(left) + 1e-6 * torch.eye(NUMBERS, dtype=x.dtype)
        between = codes.T @ codes / len(codes) + 1e-3 * torch.eye(NUMBERS, dtype=x.dtype)
        learned = (mean, deviation, weight, bias, torch.linalg.cholesky(covariance), between, _groups(codes))
        for buffer, value in zip(self.buffers(), learned, strict=True):
            buffer.copy_(value)


def changed(code: torch.Tensor, brightness: float, warmth: float) -> torch.Tensor:
    """A code that is brighter, and warmer: more red and less blue.

    Args:
        code: `(N, 8)`.
        brightness: Added to every mean luma, in standard deviations over the training photos.
        warmth: Added to the red difference and taken from the blue one, in the same unit.
    """
    step = torch.tensor([brightness, 0.0, -warmth, warmth, *[brightness] * (NUMBERS - _OVERALL)])
    return code + step.to(code)


def _ridge(x: torch.Tensor, codes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Weight `(8, C)` and bias `(8,)` that guess codes `(N, 8)` of class shares `(N, C)`."""
    center, mean = x.mean(0), codes.mean(0)
    centered = x - center
    gram = centered.T @ centered + _RIDGE * torch.eye(x.shape[1], dtype=x.dtype)
    weight = torch.linalg.solve(gram, centered.T @ (codes - mean)).T
    return weight, mean - weight @ center


def _left_open(x: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
    """What a guess leaves open of photos that it was not learned from, `(N, 8)`: each quarter of them, which
    in the order of a data set are other streets, is guessed from the rest."""
    if len(x) < _FOLDS:
        weight, bias = _ridge(x, codes)
        return codes - x @ weight.T - bias
    folds = (torch.arange(len(x)) * _FOLDS).div(len(x), rounding_mode="floor")
    left = torch.empty_like(codes)
    for fold in range(_FOLDS):
        mine = folds == fold
        weight, bias = _ridge(x[~mine], codes[~mine])
        left[mine] = codes[mine] - x[mine] @ weight.T - bias
    return left


def _groups(codes: torch.Tensor) -> torch.Tensor:
    """The centers of as many groups of codes as there are `LIGHTS`, in their order: k-means, from codes that
    are far from each other."""
    centers = codes[codes[:, 0].argmin()][None]  # the darkest
    while len(centers) < len(LIGHTS):
        centers = torch.cat([centers, codes[torch.cdist(codes, centers).amin(1).argmax()][None]])
    for _ in range(50):
        nearest = torch.cdist(codes, centers).argmin(1)
        members = F.one_hot(nearest, len(centers)).to(codes.dtype)
        sums, counts = members.T @ codes, members.sum(0)[:, None]
        centers = torch.where(counts > 0, sums / counts.clamp_min(1), centers)
    return centers[centers[:, 0].argsort(descending=True)]


def _cells(conditions: torch.Tensor) -> torch.Tensor:
    """The share of each class in each cell of a grid, `(N, C * 16)`."""
    return F.adaptive_avg_pool2d(conditions, _CELLS).flatten(1)


def light_of(generator: nn.Module) -> Light | None:
    """What a generator knows of the light that it is told; None where it is told none."""
    return next((m for m in generator.modules() if isinstance(m, Light)), None)
