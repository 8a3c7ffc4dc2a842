"""What `citygan evaluate` says of the scores of a split, of each drive and of all drives together."""

from __future__ import annotations

import numpy as np

from citygan.checkpoint import CheckpointInfo
from citygan.data import dataset as datasets
from citygan.evaluation.judging import COMMON_PX
from citygan.evaluation.metrics import LPIPS_DEFINITION, PSNR_DEFINITION
from citygan.evaluation.scores import FCN_DEFINITION, Evaluation, FcnScore, KnownDrives
from citygan.evaluation.segmenter import Segmenter


def print_scores(
    scores: Evaluation, info: CheckpointInfo, split: str, why_no_lpips: str, judge: Segmenter | None
) -> None:
    recorded = info.ssim.get(split)
    said = "" if recorded is None else f" (its .json says {recorded:.4f})"
    print(f"SSIM: {scores.ssim.mean():.4f}{said}; {info.ssim_definition}")
    print(f"PSNR: {scores.psnr.mean():.2f} dB; {PSNR_DEFINITION}")
    if scores.common:
        print(f"at {COMMON_PX} x {COMMON_PX}: {_at_common(scores.common)}")
    if scores.lpips is None:
        print(f"LPIPS: not measured ({why_no_lpips})")
    else:
        print(f"LPIPS: {scores.lpips.mean():.4f}; {LPIPS_DEFINITION}")
    if judge is None:
        print("FCN-score: not measured (train a network with train.py segmenter, and pass it as --segmenter)")
        return
    print(f"FCN-score: generated {_says(scores.fcn_generated)}")
    print(f"           real      {_says(scores.fcn_real)}")
    print(f"           {FCN_DEFINITION}; here {judge.info.name}, {judge.info.config.architecture}")


def _says(score: FcnScore | None) -> str:
    if score is None:
        return "not measured"
    return (
        f"per-pixel accuracy {score.pixel_accuracy:.3f}, per-class accuracy {score.class_accuracy:.3f}, "
        f"class IoU {score.class_iou:.3f}"
    )


def print_drives(drives: dict[str, Evaluation], known: KnownDrives) -> None:
    """A line for each drive, where the names of the photos tell drives apart."""
    if drives.keys() == {datasets.NO_DRIVE}:
        return
    for name, scores in drives.items():
        figures = [f"SSIM {scores.ssim.mean():.4f}", f"PSNR {scores.psnr.mean():.2f} dB"]
        if scores.common:
            figures.append(f"at {COMMON_PX} x {COMMON_PX} {_at_common(scores.common)}")
        if scores.lpips is not None:
            figures.append(f"LPIPS {scores.lpips.mean():.4f}")
        print(f"{name} ({len(scores.names)} photos, {known(name)}): {', '.join(figures)}")
        if scores.reading:
            print(f"           generated {_says(scores.fcn_generated)}")
            print(f"           real      {_says(scores.fcn_real)}")


def _at_common(common: tuple[np.ndarray, np.ndarray]) -> str:
    return f"SSIM {common[0].mean():.4f}, PSNR {common[1].mean():.2f} dB"


def print_folds(ssim_of_drives: dict[str, np.ndarray], known: KnownDrives) -> None:
    """The mean over drives, by what training knew of them."""
    print("SSIM over drives, each counted once:")
    groups: dict[str, list[str]] = {}
    for drive in ssim_of_drives:
        groups.setdefault(known(drive), []).append(drive)
    for what, drives in groups.items():
        means = [ssim_of_drives[drive].mean() for drive in drives]
        photos = sum(len(ssim_of_drives[drive]) for drive in drives)
        print(f"{what} ({', '.join(drives)}; {photos} photos): {np.mean(means):.4f}")
