"""`citygan evaluate`: the scores of a checkpoint over whole splits, and over each drive in them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from tqdm import tqdm

from citygan import palette
from citygan.checkpoint import Checkpoint, CheckpointInfo
from citygan.data import dataset as datasets
from citygan.data.dataset import LabelPhotoSet
from citygan.errors import CityGANError
from citygan.evaluation import sheets
from citygan.evaluation.judging import COMMON_PX, Judges, report
from citygan.evaluation.metrics import Lpips, compare
from citygan.evaluation.printing import print_drives, print_folds, print_scores
from citygan.evaluation.scores import (
    Evaluation,
    Figure,
    KnownDrives,
    Reading,
    confusion,
    percentiles,
)
from citygan.evaluation.segmenter import Segmenter
from citygan.models.published import WeightsUnavailableError
from citygan.synthesis.synthesizer import Synthesizer

Split = Literal["train", "val", "test"]


def evaluate(
    model: str,
    data: Path,
    *,
    split: tuple[Split, ...] = ("test",),
    folds: Literal["drive"] | None = None,
    segmenter: Path | None = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    csv: Path | None = None,
    sheet: Path | None = None,
    record: bool = False,
    judges: bool = False,
    true_light: bool = False,
    json: Path | None = None,
) -> None:
    """Scores a checkpoint at the model's own size, over each split and each drive: SSIM, PSNR, LPIPS and the
    FCN-score; SSIM and PSNR at 256 x 256 too.

    Args:
        model: A checkpoint, a path or a Hub id.
        data: The data set, in any known layout.
        split: Which part of it, or several.
        folds: For choosing between checkpoints: also the mean over drives, each counted once, of those that
            the training of this one had and of those that it never saw.
        segmenter: The network of the FCN-score, from train.py segmenter.
        device: What computes; auto is CUDA where there is one.
        csv: Where to write each sample's scores.
        sheet: A .jpg file: the best, the median and the worst ten by SSIM.
        record: Write the SSIM of each split and drive into the checkpoint's .json, and its percentiles over
            photos of drives that no training saw.
        judges: Also how photos differ from real ones as a set, beside real training photos of the data
            set: KID, sliced Wasserstein distances, streaks, frame, chroma, IoU of small things, seeds.
        true_light: Also score photos in the light of the real ones, which says something of them. Every other
            score is of the light that the label map suggests.
        json: Where to write all figures but those of single samples.
    """
    if len(split) != 1 and (csv or sheet):
        raise CityGANError(f"--csv and --sheet are of one split; name one instead of {', '.join(split)}")
    checkpoint = Checkpoint.find(model)
    if record:
        checkpoint.record()  # what cannot be written is said now, not after minutes of scoring
    synthesizer = Synthesizer(checkpoint, device)
    if true_light and not synthesizer.lights:
        raise CityGANError(f"{model} is told no light; leave --true-light out")
    bench = _open_bench(
        model, data, synthesizer, segmenter, judges=judges, true_light=true_light, splits=split
    )
    info, figures = synthesizer.info, {}
    every_drive: dict[str, list[np.ndarray]] = {}
    for one in split:
        samples = bench.open_split(one)
        scores, drives, figures[one] = bench.score(one, samples)
        info = _noted(info, one, scores, drives, bench.known)
        for name, part in drives.items():
            every_drive.setdefault(name, []).append(part.ssim)
        if csv:
            sheets.write_scores(scores, csv)
        if sheet:
            _draw_sheet(scores, synthesizer, samples, sheet)
    if folds:
        print_folds({name: np.concatenate(parts) for name, parts in every_drive.items()}, bench.known)
    if json:
        sheets.write_json({"model": model, "splits": figures}, json)
    if record:
        checkpoint.record(
            ssim=info.ssim,
            ssim_by_drive=info.ssim_by_drive,
            ssim_percentiles=info.ssim_percentiles,
            ssim_percentiles_of=info.ssim_percentiles_of,
        )


@dataclass(frozen=True)
class _Bench:
    """What a checkpoint is scored with."""

    model: str  # as it was asked for
    data: Path
    synthesizer: Synthesizer
    segmenter: Segmenter | None
    lpips: Lpips | None
    why_no_lpips: str
    known: KnownDrives
    training: LabelPhotoSet | None  # real photos to hold the generated ones against
    judges: bool  # whether these are asked
    true_light: bool

    def open_split(self, split: Split) -> LabelPhotoSet:
        """A split at the model's own size."""
        return _open_split(self.data, split, self.synthesizer.info)

    def score(self, split: Split, samples: LabelPhotoSet) -> tuple[Evaluation, dict[str, Evaluation], dict]:
        """Scores a split, and says what came of it.

        Returns:
            The scores of all its photos, those of each drive, and all figures for a JSON file.
        """
        photos: list[np.ndarray] | None = [] if self.judges else None
        scores = score_split(
            self.synthesizer, samples, lpips=self.lpips, segmenter=self.segmenter, photos=photos
        )
        indices = datasets.drives(samples)
        drives = {name: scores.of(chosen) for name, chosen in indices.items()}
        print(f"{self.model} on {split}, {len(samples)} photos, {self.synthesizer.device_name}:")
        print_scores(scores, self.synthesizer.info, split, self.why_no_lpips, self.segmenter)
        print_drives(drives, self.known)
        judged = self._judge(photos, split, samples, scores, indices) if photos else {}
        figures = sheets.as_json({datasets.NO_DRIVE: scores} | drives, judged)
        if self.true_light:
            figures[datasets.NO_DRIVE]["true_light"] = _in_true_light(self.synthesizer, samples)
        return scores, drives, figures

    def _judge(
        self,
        photos: list[np.ndarray],
        split: Split,
        samples: LabelPhotoSet,
        scores: Evaluation,
        drives: dict[str, list[int]],
    ) -> dict[str, list[Figure]]:
        """What the judges say of the photos of a split."""
        start = time.monotonic()
        jury = Judges(self.synthesizer, self.segmenter, None if split == "train" else self.training)
        figures = jury(photos, samples, scores.reading, drives)
        print(f"judges ({time.monotonic() - start:.0f} s):", *report(figures), sep="\n")
        return figures


def _open_bench(
    model: str,
    data: Path,
    synthesizer: Synthesizer,
    segmenter: Path | None,
    *,
    judges: bool,
    true_light: bool,
    splits: tuple[Split, ...],
) -> _Bench:
    """Opens the networks that score, and the training photos where the judges need them."""
    network = Segmenter(segmenter, synthesizer.device) if segmenter else None
    lpips, why_not = _find_lpips(synthesizer)
    info = synthesizer.info
    known = KnownDrives(datasets.drives_of_split(data, "train"), frozenset(info.drives))
    compared = judges and known.split and set(splits) != {"train"}
    training = _open_split(data, "train", info) if compared else None
    return _Bench(model, data, synthesizer, network, lpips, why_not, known, training, judges, true_light)


def _open_split(data: Path, split: Split, info: CheckpointInfo) -> LabelPhotoSet:
    """A split of a data set at a model's own size."""
    aspect = info.width_px / info.height_px
    return datasets.open_split(data, split, info.height_px, aspect=aspect, progress=True)


def score_split(
    synthesize: Callable[[np.ndarray], np.ndarray],
    samples: LabelPhotoSet,
    *,
    lpips: Callable[[np.ndarray, np.ndarray], float] | None = None,
    segmenter: Segmenter | None = None,
    photos: list[np.ndarray] | None = None,
) -> Evaluation:
    """Generates the photo of each label map and compares it with the real one, in 8 bits.

    Args:
        synthesize: Label map `(H, W) uint8` -> photo `(H, W, 3) uint8`.
        samples: One split, opened at the model's size.
        lpips: A `metrics.Lpips`, or None to leave it out.
        segmenter: The network of the FCN-score, or None to leave it out.
        photos: Is given each photo.
    """
    scores, distances, read, common = [], [], [], []
    for labels, target in tqdm(samples, "evaluating", len(samples), leave=False):
        label_map, real = labels.numpy(), target.permute(1, 2, 0).numpy()
        photo = synthesize(label_map)
        scores.append(compare(photo, real))
        if photos is not None:
            photos.append(photo)
        if photo.shape[:2] != (COMMON_PX, COMMON_PX):
            at_256 = compare(photo, real, (COMMON_PX, COMMON_PX))
            common.append((at_256.ssim, at_256.psnr))
        if lpips:
            distances.append(lpips(photo, real))
        if segmenter:
            both = torch.from_numpy(np.stack([photo, real])).permute(0, 3, 1, 2)
            read.append([confusion(label_map, ids) for ids in segmenter(both).numpy()])
    return Evaluation(
        tuple(pair.name for pair in samples.pairs),
        np.array([s.ssim for s in scores]),
        np.array([s.psnr for s in scores]),
        np.array(distances) if lpips else None,
        Reading(segmenter.classes, *np.array(read).swapaxes(0, 1)) if segmenter else None,
        (np.array(common)[:, 0], np.array(common)[:, 1]) if common else None,
    )


def _in_true_light(synthesizer: Synthesizer, samples: LabelPhotoSet) -> dict[str, float]:
    found = []
    for labels, target in tqdm(samples, "in true light", len(samples), leave=False):
        label_map, real = labels.numpy(), target.permute(1, 2, 0).numpy()
        photo = synthesizer(label_map, light=synthesizer.light_of(real, label_map))
        own, common = compare(photo, real), compare(photo, real, (COMMON_PX, COMMON_PX))
        found.append((own.ssim, own.psnr, common.ssim, common.psnr))
    names = ("ssim", "psnr", f"ssim_{COMMON_PX}", f"psnr_{COMMON_PX}")
    told = dict(zip(names, np.mean(found, 0).tolist(), strict=True))
    print(
        f"told the real photo's light, which leaks it: SSIM {told['ssim']:.4f}, PSNR {told['psnr']:.2f} dB; "
        f"at {COMMON_PX} x {COMMON_PX} SSIM {told[names[2]]:.4f}, PSNR {told[names[3]]:.2f} dB"
    )
    return told


def _noted(
    info: CheckpointInfo,
    split: str,
    scores: Evaluation,
    drives: dict[str, Evaluation],
    known: KnownDrives,
) -> CheckpointInfo:
    """The info with these scores, and with their percentiles where there are strange drives."""
    strange = [part.ssim for name, part in drives.items() if known.is_strange(name)]
    photos = sum(map(len, strange))
    if photos > 1:
        of = "a drive" if len(strange) == 1 else f"{len(strange)} drives"
        info = replace(
            info,
            ssim_percentiles=percentiles(np.concatenate(strange)),
            ssim_percentiles_of=f"{photos} photos of {of} it never saw",
        )
    by_drive = {name: _mean(part.ssim) for name, part in drives.items()}
    return replace(
        info,
        ssim=info.ssim | {split: _mean(scores.ssim)},
        ssim_by_drive=info.ssim_by_drive | {split: by_drive},
    )


def _mean(ssim: np.ndarray) -> float:
    return round(float(ssim.mean()), 4)


def _find_lpips(synthesizer: Synthesizer) -> tuple[Lpips | None, str]:
    """LPIPS, or None and why not."""
    try:
        return Lpips(synthesizer.device), ""
    except WeightsUnavailableError as error:
        return None, str(error)


def _draw_sheet(scores: Evaluation, synthesizer: Synthesizer, samples: LabelPhotoSet, path: Path) -> None:
    def sample(i: int):
        labels, target = samples[i]
        label_map = labels.numpy()
        return palette.colorize(label_map), synthesizer(label_map), target.permute(1, 2, 0).numpy()

    sheets.draw_contact_sheet(scores, sample, path)
