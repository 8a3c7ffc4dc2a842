"""Scores of a checkpoint over one split of a data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from tqdm import tqdm

from citygan.data.dataset import LabelPhotoSet
from citygan.evaluation.metrics import FcnScore, compare, confusion, fcn_score
from citygan.evaluation.segmenter import Segmenter


@dataclass(frozen=True)
class Evaluation:
    """The scores of each sample, in the order of the split, and those of the split as a whole."""

    names: tuple[str, ...]
    ssim: np.ndarray  # (N,), -1 to 1, at the model's size
    psnr: np.ndarray  # (N,), dB
    lpips: np.ndarray | None = None  # (N,), from 0; None where it was not measured
    pixel_accuracy: np.ndarray | None = None  # (N,), 0 to 1, NaN for a map that is unlabeled throughout
    fcn_generated: FcnScore | None = None  # None without a segmenter
    fcn_real: FcnScore | None = None  # of the real photos, what the generated ones could reach at best

    @property
    def ssim_percentiles(self) -> tuple[float, ...]:
        """101 values: the 0th to the 100th percentile."""
        return tuple(round(float(v), 4) for v in np.percentile(self.ssim, np.arange(101)))


def evaluate(
    synthesize: Callable[[np.ndarray], np.ndarray],
    samples: LabelPhotoSet,
    *,
    lpips: Callable[[np.ndarray, np.ndarray], float] | None = None,
    segmenter: Segmenter | None = None,
) -> Evaluation:
    """Generates the photo of each label map and compares it with the real one, in 8 bits.

    Args:
        synthesize: Label map `(H, W) uint8` -> photo `(H, W, 3) uint8`.
        samples: One split, opened at the model's size.
        lpips: A `metrics.Lpips`, or None to leave it out.
        segmenter: The network of the FCN-score, or None to leave it out.
    """
    scores, distances = [], []
    read = _Reading(segmenter) if segmenter else None
    for labels, target in tqdm(samples, "evaluating", len(samples), leave=False):
        label_map, real = labels.numpy(), target.permute(1, 2, 0).numpy()
        photo = synthesize(label_map)
        scores.append(compare(photo, real))
        if lpips:
            distances.append(lpips(photo, real))
        if read:
            read.add(label_map, photo, real)
    return Evaluation(
        tuple(pair.name for pair in samples.pairs),
        np.array([s.ssim for s in scores]),
        np.array([s.psnr for s in scores]),
        np.array(distances) if lpips else None,
        **(read.scores() if read else {}),
    )


class _Reading:
    """What a segmenter reads in the generated photos and in the real ones."""

    def __init__(self, segmenter: Segmenter):
        self.segmenter = segmenter
        self.generated = np.zeros((256, 256), np.int64)
        self.real = np.zeros((256, 256), np.int64)
        self.pixel_accuracy: list[float] = []

    def add(self, label_map: np.ndarray, photo: np.ndarray, real: np.ndarray) -> None:
        both = torch.from_numpy(np.stack([photo, real])).permute(0, 3, 1, 2)
        in_photo, in_real = (confusion(label_map, ids) for ids in self.segmenter(both).numpy())
        self.generated += in_photo
        self.real += in_real
        classes = list(self.segmenter.classes)
        labeled = in_photo[classes].sum()
        self.pixel_accuracy.append(in_photo[classes, classes].sum() / labeled if labeled else np.nan)

    def scores(self) -> dict:
        classes = self.segmenter.classes
        return {
            "pixel_accuracy": np.array(self.pixel_accuracy),
            "fcn_generated": fcn_score(self.generated, classes),
            "fcn_real": fcn_score(self.real, classes),
        }
