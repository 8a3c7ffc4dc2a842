"""How near a photo is to its target: SSIM and PSNR over torchmetrics.

SSIM is torchmetrics' `structural_similarity_index_measure` on RGB in [0, 1] with `data_range=1.0` (Gaussian
window, sigma 1.5, 11 px; Wang et al. 2004, https://doi.org/10.1109/TIP.2003.819861), at the photo's own size.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torchmetrics.functional.image import (
    peak_signal_noise_ratio,
    structural_similarity_index_measure,
)

SSIM_DEFINITION = (
    "torchmetrics structural_similarity_index_measure on RGB in [0, 1], data_range 1.0, Gaussian window "
    "(sigma 1.5, 11 px), at the size of the model"
)
_WINDOW_PX = 11


@dataclass(frozen=True)
class Scores:
    """How near a photo is to its target."""

    ssim: float  # -1 to 1, 1 for equal photos
    psnr: float  # dB; infinite for equal photos
    ssim_map: np.ndarray  # (H, W) float32, -1 to 1, of the photo's size: where they differ


def compare(photo: np.ndarray, target: np.ndarray, size_px: tuple[int, int] | None = None) -> Scores:
    """SSIM, PSNR and the SSIM map of a photo against its target.

    Args:
        photo: `(H, W, 3) uint8`.
        target: `(h, w, 3) uint8`.
        size_px: Width and height to compare at, such as the model's own; both are resized to it. By default
            the photo's size.

    Raises:
        ValueError: another type or shape, or a size below 11 px, the window of SSIM.
    """
    for name, image in (("photo", photo), ("target", target)):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
            raise ValueError(
                f"the {name} must be (H, W, 3) uint8 with pixels, not {image.dtype} {image.shape}"
            )
    width, height = size_px or photo.shape[1::-1]
    if min(width, height) < _WINDOW_PX:
        raise ValueError(f"SSIM needs photos of at least {_WINDOW_PX} px, got {width} x {height}")
    a, b = (_resized(image, (width, height)) for image in (photo, target))
    ssim, full = structural_similarity_index_measure(a, b, data_range=1.0, return_full_image=True)
    psnr = peak_signal_noise_ratio(a, b, data_range=1.0)
    ssim_map = full[0].mean(0).numpy()
    if ssim_map.shape != photo.shape[:2]:
        whole = Image.fromarray(ssim_map).resize(photo.shape[1::-1], Image.Resampling.BILINEAR)
        ssim_map = np.asarray(whole)
    return Scores(float(ssim), float(psnr), ssim_map)


def _resized(image: np.ndarray, size_px: tuple[int, int]) -> torch.Tensor:
    """`(H, W, 3) uint8` -> `(1, 3, height, width)` in [0, 1]."""
    if image.shape[1::-1] != size_px:
        image = np.asarray(Image.fromarray(image).resize(size_px, Image.Resampling.BICUBIC))
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 255


@torch.no_grad()
def mean_ssim(pairs: Iterable[tuple[torch.Tensor, torch.Tensor]]) -> float:
    """Mean SSIM of photos and targets, each `(1, 3, H, W)` in [-1, 1], rounded to 8 bits first as a saved
    photo is."""
    values = []
    for photo, target in pairs:
        a, b = (t.clamp(-1, 1).add(1).mul(127.5).round().div(255) for t in (photo, target))
        values.append(float(structural_similarity_index_measure(a, b, data_range=1.0)))
    return float(np.mean(values))


def percentile_of(value: float, percentiles: tuple[float, ...]) -> float | None:
    """The share, 0 to 100, of validation photos that score below `value`; None without a distribution.

    Args:
        value: An SSIM.
        percentiles: The 0th to the 100th percentile, rising.
    """
    if not percentiles:
        return None
    return float(np.interp(value, percentiles, np.linspace(0, 100, len(percentiles))))
