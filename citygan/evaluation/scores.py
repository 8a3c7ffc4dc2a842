"""What scores are, and what is computed of them alone: no photo is looked at here, and no torch needed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from citygan.checkpoint import CheckpointInfo
from citygan.data.layouts import NO_DRIVE
from citygan.errors import CityGANError
from citygan.palette import MAX_ID

FCN_DEFINITION = (
    "a segmentation network reads the photos; per-pixel accuracy, per-class accuracy and class IoU against "
    "the label maps, over the classes seen in training, unlabeled pixels left out"
)
LEFT_OUT = "left out of training"
NEVER_SEEN = "never seen in training"


@dataclass(frozen=True)
class Scores:
    """How near a photo is to its target."""

    ssim: float  # -1 to 1, 1 for equal photos
    psnr: float  # dB; infinite for equal photos
    ssim_map: np.ndarray  # (H, W) float32, -1 to 1, of the photo's size: where they differ


def percentiles(values: np.ndarray) -> tuple[float, ...]:
    """The 0th to the 100th percentile of many values, to four decimals."""
    return tuple(round(float(v), 4) for v in np.percentile(values, np.arange(101)))


def percentile_of(value: float, distribution: Sequence[float]) -> float | None:
    """The share, 0 to 100, of a distribution that lies below `value`.

    Args:
        value: Such as an SSIM.
        distribution: Its percentiles, rising from the 0th to the 100th in even steps, any number of them.

    Returns:
        None for fewer than two, which are no distribution.
    """
    if len(distribution) < 2:
        return None
    return float(np.interp(value, distribution, np.linspace(0, 100, len(distribution))))


@dataclass(frozen=True)
class RecordedSsim:
    """An SSIM that stands in a checkpoint's `.json`: of a drive's photos in a split, or of a whole split."""

    split: str  # "train", "val" or "test"
    drive: str  # "" for the whole split
    value: float
    known: str  # what training knew of these photos, for people; "" where that is not noted

    @property
    def photos(self) -> str:
        """Which photos, for people."""
        of = f"{self.drive} in {self.split}" if self.drive else self.split
        return f"{of} ({self.known})" if self.known else of


def recorded_ssim(info: CheckpointInfo) -> list[RecordedSsim]:
    """The SSIM of each drive in each split, and of a whole split that has several drives or none noted."""
    found = []
    for split in (s for s in ("train", "val", "test") if s in info.ssim):
        drives = {d: v for d, v in info.ssim_by_drive.get(split, {}).items() if d != NO_DRIVE}
        found += [RecordedSsim(split, d, value, _known(info, split, d)) for d, value in drives.items()]
        if len(drives) != 1:
            known = "its drives together" if drives else ""
            found.append(RecordedSsim(split, "", info.ssim[split], known))
    return found


def _known(info: CheckpointInfo, split: str, drive: str) -> str:
    if not info.drives:
        return ""
    if drive in info.drives:
        return "trained on these photos" if split == "train" else "trained on other photos of this drive"
    return LEFT_OUT if drive in info.ssim_by_drive.get("train", {}) else NEVER_SEEN


@dataclass(frozen=True)
class KnownDrives:
    """Which drives a checkpoint can have met before."""

    split: frozenset[str]  # those of the data set's training split
    own: frozenset[str]  # those of its own training; empty where its .json does not say

    def __call__(self, drive: str) -> str:
        """What is to be said of a drive."""
        if not self.own:
            return "also in the training split" if drive in self.split else "not in the training split"
        if drive in self.own:
            return "also in training"
        return LEFT_OUT if drive in self.split else NEVER_SEEN

    def is_strange(self, drive: str) -> bool:
        """Whether training cannot have seen it, nor anybody have left it out for how it looks."""
        return bool(self.own) and drive not in self.own | self.split


@dataclass(frozen=True)
class FcnScore:
    """How well a segmentation network finds the label map in a photo; each 0 to 1."""

    pixel_accuracy: float  # the share of labeled pixels that are right
    class_accuracy: float  # the same within each class, then the mean over the classes
    class_iou: float  # intersection over union of each class, then the mean over the classes


def confusion(label_map: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Counts pixels by what they are and what they were taken for.

    Args:
        label_map: `uint8` ids of any shape: the truth.
        predicted: `uint8` ids of the same shape.

    Returns:
        `(34, 34) int64`, [true id, predicted id]. Those of several photos may be added.
    """
    if label_map.shape != predicted.shape:
        raise ValueError(f"the label map is {label_map.shape}, but the prediction {predicted.shape}")
    ids = MAX_ID + 1
    both = label_map.astype(np.int64).ravel() * ids + predicted.ravel()
    return np.bincount(both, minlength=ids * ids).reshape(ids, ids)


def fcn_score(counts: np.ndarray, classes: Collection[int]) -> FcnScore:
    """The FCN-score of pix2pix: is a generated photo so like a real one that a network can read it?

    Isola et al. 2017, https://arxiv.org/abs/1611.07004, section 4.1; the three measures are those of Long
    et al. 2015, https://arxiv.org/abs/1411.4038, section 5. With n_ij pixels of class i taken for class j
    and t_i = sum_j n_ij: sum_i n_ii / sum_i t_i; mean of n_ii / t_i; mean of
    n_ii / (t_i + sum_j n_ji - n_ii). Unlike Long et al., classes without a pixel in the label maps are left
    out of the means. Unlike pix2pix, the network is whatever `citygan segmenter` trained, not FCN-8s.

    Args:
        counts: From `confusion`, summed over the photos.
        classes: The ids that count, those seen in training. Pixels of any other, unlabeled ones among them,
            are left out; to predict another is an error like any.

    Raises:
        CityGANError: no pixel has one of the classes.
    """
    ids = sorted(classes)
    right = np.diag(counts)[ids]
    labeled = counts[ids].sum(1)
    taken_for = counts[np.ix_(ids, ids)].sum(0)
    present = labeled > 0
    if not present.any():
        raise CityGANError(f"no pixel of the label maps has one of the classes {ids}")
    right, labeled, taken_for = right[present], labeled[present], taken_for[present]
    return FcnScore(
        float(right.sum() / labeled.sum()),
        float((right / labeled).mean()),
        float((right / (labeled + taken_for - right)).mean()),
    )


@dataclass(frozen=True)
class Reading:
    """What a segmentation network reads in photos: the confusion of each."""

    classes: tuple[int, ...]  # that it knows
    generated: np.ndarray  # (N, 34, 34), see `confusion`
    real: np.ndarray  # the same of the real photos

    def of(self, indices: Sequence[int]) -> Reading:
        """Of those photos alone."""
        chosen = list(indices)
        return replace(self, generated=self.generated[chosen], real=self.real[chosen])


@dataclass(frozen=True)
class Figure:
    """What one judge says; None where it has nothing to say."""

    judge: str  # for people, with its unit
    generated: float | None  # of the generated photos, or how far they are from the real ones
    training: float | None = None  # the same of as many real photos from training
    real: float | None = None  # the same of the real photos of these label maps
    generated_deviation: float | None = None  # over subsets, where there are several
    training_deviation: float | None = None


@dataclass(frozen=True)
class Evaluation:
    """The scores of each sample, in the order of the split, and those of all of them together."""

    names: tuple[str, ...]
    ssim: np.ndarray  # (N,), -1 to 1, at the model's size
    psnr: np.ndarray  # (N,), dB
    lpips: np.ndarray | None = None  # (N,), from 0; None where it was not measured
    reading: Reading | None = None  # None without a segmenter
    common: tuple[np.ndarray, np.ndarray] | None = None  # SSIM and PSNR at 256 x 256, if that is another size

    def of(self, indices: Sequence[int]) -> Evaluation:
        """The scores of those samples alone, such as those of a drive."""
        chosen = list(indices)
        return Evaluation(
            tuple(self.names[i] for i in chosen),
            self.ssim[chosen],
            self.psnr[chosen],
            None if self.lpips is None else self.lpips[chosen],
            self.reading and self.reading.of(chosen),
            self.common and (self.common[0][chosen], self.common[1][chosen]),
        )

    @property
    def pixel_accuracy(self) -> np.ndarray | None:
        """`(N,)`, 0 to 1, NaN for a map that is unlabeled throughout; None without a segmenter."""
        if self.reading is None:
            return None
        classes = list(self.reading.classes)
        labeled = self.reading.generated[:, classes].sum((1, 2)).astype(float)
        right = self.reading.generated[:, classes, classes].sum(1)
        return np.divide(right, labeled, out=np.full(len(labeled), np.nan), where=labeled > 0)

    @property
    def fcn_generated(self) -> FcnScore | None:
        """Of the generated photos; None without a segmenter."""
        reading = self.reading
        return None if reading is None else fcn_score(reading.generated.sum(0), reading.classes)

    @property
    def fcn_real(self) -> FcnScore | None:
        """Of the real photos, which the network may read worse than the generated ones."""
        reading = self.reading
        return None if reading is None else fcn_score(reading.real.sum(0), reading.classes)
