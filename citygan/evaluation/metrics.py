"""How near a photo is to its target: SSIM, PSNR and LPIPS over torchmetrics.

SSIM is torchmetrics' `structural_similarity_index_measure` on RGB in [0, 1] with `data_range=1.0` (Gaussian
window, sigma 1.5, 11 px; Wang et al. 2004, https://doi.org/10.1109/TIP.2003.819861), at the photo's own size.
Torchmetrics is imported where it is first needed: it brings all of torchvision, which takes as long as torch,
and the page is to stand sooner.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import numpy as np
import torch
from PIL import Image

from citygan.errors import CityGANError
from citygan.evaluation.scores import Scores

SSIM_DEFINITION = (
    "torchmetrics structural_similarity_index_measure on RGB in [0, 1], data_range 1.0, Gaussian window "
    "(sigma 1.5, 11 px), at the size of the model"
)
PSNR_DEFINITION = "of each image, from 8-bit RGB; the figure is the mean over the images"
LPIPS_DEFINITION = "torchmetrics LearnedPerceptualImagePatchSimilarity, net alex, on [-1, 1]; lower is nearer"
_WINDOW_PX = 11


def get_ready() -> None:
    """Imports what scores need, which takes a second or two."""
    import torchmetrics.functional.image  # noqa: F401


def compare(photo: np.ndarray, target: np.ndarray, size_px: tuple[int, int] | None = None) -> Scores:
    """SSIM, PSNR and the SSIM map of a photo against its target.

    Args:
        photo: `(H, W, 3) uint8`.
        target: `(h, w, 3) uint8`.
        size_px: Width and height to compare at, such as the model's own; both are resized to it. By default
            the photo's size.

    Raises:
        CityGANError: a size below 11 px, the window of SSIM.
    """
    from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure

    for name, image in (("photo", photo), ("target", target)):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
            raise ValueError(
                f"the {name} must be (H, W, 3) uint8 with pixels, not {image.dtype} {image.shape}"
            )
    width, height = size_px or photo.shape[1::-1]
    if min(width, height) < _WINDOW_PX:
        raise CityGANError(f"SSIM needs photos of at least {_WINDOW_PX} px, got {width} x {height}")
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
    from torchmetrics.functional.image import structural_similarity_index_measure

    values = []
    for photo, target in pairs:
        a, b = (t.clamp(-1, 1).add(1).mul(127.5).round().div(255) for t in (photo, target))
        ssim = cast(torch.Tensor, structural_similarity_index_measure(a, b, data_range=1.0))  # the mean alone
        values.append(float(ssim))
    return float(np.mean(values))


class Lpips:
    """LPIPS of a photo and its target: the distance of their AlexNet features, 0 for equal photos.

    Zhang et al. 2018, https://arxiv.org/abs/1801.03924. The backbone's ImageNet weights come through
    torchvision's cache, `$TORCH_HOME/hub/checkpoints`.

    Raises:
        WeightsUnavailableError: the backbone is not in the cache and cannot be downloaded, or is damaged.
    """

    def __init__(self, device: torch.device | str = "cpu"):
        from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity
        from torchvision.models import AlexNet_Weights

        from citygan.models import published as zoo

        self._device = device
        with zoo.published(AlexNet_Weights.DEFAULT):
            self._distance = LearnedPerceptualImagePatchSimilarity(net_type="alex").net.to(device)

    @torch.inference_mode()
    def __call__(self, photo: np.ndarray, target: np.ndarray) -> float:
        """LPIPS of two `(H, W, 3) uint8` pictures of the same size."""
        a, b = (_resized(p, p.shape[1::-1]).mul(2).sub(1).to(self._device) for p in (photo, target))
        return float(self._distance(a, b))
