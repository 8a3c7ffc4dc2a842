"""The losses: pure functions of tensors that return a scalar."""

from __future__ import annotations

from functools import cache

import torch
from torch.nn import functional as F


def adversarial_loss(
    logits: torch.Tensor, label: float, kind: str, weights: torch.Tensor | None = None
) -> torch.Tensor:
    """How far logits are from a label: binary cross-entropy (`"bce"`) or least squares (`"mse"`).

    BCE is the loss of pix2pix (https://arxiv.org/abs/1611.07004, equation 1), least squares that of LSGAN
    (https://arxiv.org/abs/1611.04076, equation 2).

    Args:
        logits: Any shape; the mean is over all of them.
        label: 1 for real and 0 for fake, or smoothed ones such as 0.9 and 0.1.
        weights: How much each pixel counts, `(N, 1, H, W)` with a mean of 1: a logit of a patch counts as
            the mean over its share of the picture. All alike where None.

    Raises:
        ValueError: another kind.
    """
    logits = logits.float()
    if weights is not None:
        height, width = logits.shape[-2:]
        weights = F.adaptive_avg_pool2d(weights, (height, width))
    if kind == "bce":
        return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label), weights)
    if kind == "mse":
        squares = (logits - label).square()
        return (squares if weights is None else squares * weights).mean()
    raise ValueError(f"adversarial loss {kind!r} is unknown; choose bce or mse")


def rarity_weights(conditions: torch.Tensor, exponent: float) -> torch.Tensor:
    """How much each pixel counts so that rare classes are not lost beside road and sky.

    A class that covers the share f of a map weighs `f ** -exponent` there. Sushko et al. 2021,
    https://arxiv.org/abs/2012.04781, section 3.1, balance a pixel-wise discriminator in this way. Unlike
    there the exponent is free (1 in the paper), shares are those of each map, not of the batch, and a class
    weighs as one of at least a thousandth.

    Args:
        conditions: Label maps with a channel a class, `(N, C, H, W)` in 0 and 1.
        exponent: 0 weighs all alike.

    Returns:
        `(N, 1, H, W)`, each map with a mean of 1.
    """
    shares = conditions.mean((2, 3)).float()
    weights = shares.clamp_min(1e-3) ** -exponent
    pixels = torch.einsum("nchw,nc->nhw", conditions, weights.to(conditions.dtype))[:, None].float()
    return pixels / pixels.mean((2, 3), keepdim=True)


def feature_matching_loss(fake: list[list[torch.Tensor]], real: list[list[torch.Tensor]]) -> torch.Tensor:
    """How far a discriminator's hidden layers tell generated photos from real ones: the mean absolute
    difference, summed over the layers but the last and averaged over the scales that show any.

    Wang et al. 2018, https://arxiv.org/abs/1711.11585, equation 4, which weighs it by 10.

    Args:
        fake: The layers of each scale, for generated photos.
        real: The same for the real ones.
    """
    scales = [
        torch.stack([l1_loss(a, b.float()) for a, b in zip(f[:-1], r[:-1], strict=True)]).sum()
        for f, r in zip(fake, real, strict=True)
        if f[:-1]
    ]
    return torch.stack(scales).mean()


def segmentation_loss(logits: torch.Tensor, classes: torch.Tensor, balance: float) -> torch.Tensor:
    """Cross-entropy of the class that each pixel should have; pixels without one are left out.

    Sushko et al. 2021, https://arxiv.org/abs/2012.04781, equations 1 and 2. A class that covers the share
    f of the labeled pixels of the batch weighs `f ** -balance` there, as one of at least a thousandth; in the
    paper `balance` is 1.

    Args:
        logits: `(N, C + 1, H, W)`, "fake" last.
        classes: `(N, H, W) int64`, indices of channels; the first is unlabeled.
        balance: From 0, which weighs all alike, to 1.
    """
    count = logits.shape[1] - 1
    pixels = torch.zeros(count, device=logits.device)
    pixels.scatter_add_(0, classes.flatten(), torch.ones(1, device=logits.device).expand(classes.numel()))
    pixels[0] = 0
    shares = pixels / pixels.sum().clamp_min(1)
    weights = shares.clamp_min(1e-3) ** -balance * (shares > 0)
    weights = torch.cat([weights, weights.new_zeros(1)])
    return F.cross_entropy(logits.float(), classes, weights, reduction="sum") / (
        (weights[:-1] * pixels).sum().clamp_min(1)
    )


def fake_loss(logits: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of "fake", the last of the logits `(N, classes + 1, H, W)`, for every pixel."""
    return -F.log_softmax(logits.float(), 1)[:, -1].mean()


def pooled_l1_loss(photos: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Mean absolute difference of the means over 8x8 px: colour, without the blur that L1 asks of detail."""
    return F.l1_loss(F.avg_pool2d(photos.float(), 8), F.avg_pool2d(targets.float(), 8))


def focal_frequency_loss(photos: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Squared differences of the spectra, each weighed by how large it is beside the largest.

    Jiang et al. 2021, https://arxiv.org/abs/2012.12821, equations 8 and 9 with alpha 1, over whole photos in
    [0, 1] with the orthonormal transform.
    """
    with torch.autocast(photos.device.type, enabled=False):
        spectrum = torch.fft.rfft2((photos.float() - targets.float()) / 2, norm="ortho")
        squares = spectrum.real.square() + spectrum.imag.square()
        weights = squares.detach().sqrt()
        weights = weights / weights.amax((2, 3), keepdim=True).clamp_min(1e-12)
        return (weights * squares).mean()


def l1_loss(photos: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Mean absolute difference, such as that of photos in [-1, 1] (pix2pix, equation 3)."""
    return F.l1_loss(photos.float(), targets)


def ssim_loss(photos: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """1 - SSIM of photos in [-1, 1], as `citygan.evaluation.metrics` defines it (on [0, 1], data range 1).

    Wang et al. 2004, https://doi.org/10.1109/TIP.2003.819861. The Gaussian window is applied as two
    products with a band matrix, since a grouped 11x11 convolution takes 3.5 times as long on a CPU; the
    value is that of torchmetrics to 1e-5 (a test compares them).
    """
    a, b = photos.float().add(1).div(2), targets.float().add(1).div(2)
    rows, columns = _blur_matrix(a.shape[-2], a.device), _blur_matrix(a.shape[-1], a.device)
    with torch.autocast(a.device.type, enabled=False):
        mean_a, mean_b, square_a, square_b, product = (
            rows @ torch.stack([a, b, a * a, b * b, a * b]) @ columns.T
        )
    variance_a = (square_a - mean_a**2).clamp_min(0)
    variance_b = (square_b - mean_b**2).clamp_min(0)
    covariance = product - mean_a * mean_b
    c1, c2 = 0.01**2, 0.03**2
    luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    return 1 - (luminance * (2 * covariance + c2) / (variance_a + variance_b + c2)).mean()


@cache
def _blur_matrix(size: int, device: torch.device) -> torch.Tensor:
    """`(size, size)`: a Gaussian of sigma 1.5 over 11 px along each row, mirrored at the borders."""
    offsets = torch.arange(-5, 6)
    weights = torch.exp(-(offsets.float() ** 2) / (2 * 1.5**2))
    weights /= weights.sum()
    sources = torch.arange(size)[:, None] + offsets
    sources = sources.abs()
    sources = torch.where(sources >= size, 2 * (size - 1) - sources, sources)
    matrix = torch.zeros(size, size).scatter_add_(1, sources, weights.expand(size, -1))
    return matrix.to(device)
