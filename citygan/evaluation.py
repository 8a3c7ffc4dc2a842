"""Scores of a checkpoint over one split of a data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from .data import LabelPhotoSet
from .metrics import compare


@dataclass(frozen=True)
class Evaluation:
    """The scores of each sample, in the order of the split."""

    names: tuple[str, ...]
    ssim: np.ndarray  # (N,), -1 to 1, at the model's size
    psnr: np.ndarray  # (N,), dB

    @property
    def ssim_percentiles(self) -> tuple[float, ...]:
        """101 values: the 0th to the 100th percentile."""
        return tuple(round(float(v), 4) for v in np.percentile(self.ssim, np.arange(101)))


def evaluate(synthesize: Callable[[np.ndarray], np.ndarray], samples: LabelPhotoSet) -> Evaluation:
    """Generates the photo of each label map and compares it with the real one, in 8 bits.

    Args:
        synthesize: Label map `(H, W) uint8` -> photo `(H, W, 3) uint8`.
        samples: One split, opened at the model's size.
    """
    scores = []
    for labels, target in tqdm(samples, "evaluating", len(samples), leave=False):
        photo = synthesize(labels.numpy())
        scores.append(compare(photo, target.permute(1, 2, 0).numpy()))
    return Evaluation(
        tuple(pair.name for pair in samples.pairs),
        np.array([s.ssim for s in scores]),
        np.array([s.psnr for s in scores]),
    )
