"""`train.py evaluate`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

from citygan import checkpoint as checkpoints
from citygan import palette
from citygan.data import dataset as datasets
from citygan.data.dataset import LabelPhotoSet
from citygan.evaluation import scoring as evaluation
from citygan.evaluation import sheets
from citygan.evaluation.metrics import FCN_DEFINITION, LPIPS_DEFINITION, PSNR_DEFINITION, FcnScore, Lpips
from citygan.evaluation.scoring import Evaluation
from citygan.evaluation.segmenter import Segmenter
from citygan.models.published import WeightsUnavailableError
from citygan.synthesis.synthesizer import Synthesizer


def evaluate(
    model: str,
    data: Path,
    *,
    split: Literal["train", "val", "test"] = "test",
    segmenter: Path | None = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    csv: Path | None = None,
    sheet: Path | None = None,
    record: bool = False,
) -> None:
    """Scores a checkpoint on one split, at the model's own size: SSIM, PSNR, LPIPS and the FCN-score.

    Args:
        model: A checkpoint, a path or a Hub id.
        data: The data set, in any known layout.
        split: Which part of it.
        segmenter: The network of the FCN-score, from train.py segmenter.
        device: What computes; auto is CUDA where there is one.
        csv: Where to write each sample's scores.
        sheet: A .jpg file: the best, the median and the worst ten by SSIM.
        record: Write the mean SSIM (and over val its percentiles) into the checkpoint's .json.
    """
    synthesizer = Synthesizer(model, device)
    judge = Segmenter(segmenter, synthesizer.device) if segmenter else None
    samples = datasets.open_split(data, split, synthesizer.info.height_px, progress=True)
    lpips, why_not = _find_lpips(synthesizer)
    scores = evaluation.evaluate(synthesizer, samples, lpips=lpips, segmenter=judge)
    if csv:
        sheets.write_scores(scores, csv)
    if sheet:
        _draw_sheet(scores, synthesizer, samples, sheet)
    ssim = round(float(scores.ssim.mean()), 4)
    recorded = synthesizer.info.ssim.get(split)
    said = "" if recorded is None else f" (its .json says {recorded:.4f})"
    print(f"{model} on {split}, {len(samples)} photos, {synthesizer.device_name}:")
    print(f"SSIM: {ssim:.4f}{said}; {synthesizer.info.ssim_definition}")
    _print_others(scores, why_not, judge)
    if record:
        percentiles = {"val_ssim_percentiles": scores.ssim_percentiles} if split == "val" else {}
        info = replace(synthesizer.info, ssim=synthesizer.info.ssim | {split: ssim}, **percentiles)
        checkpoints.write_info(Path(model), info)


def _find_lpips(synthesizer: Synthesizer) -> tuple[Lpips | None, str]:
    """LPIPS, or None and why not."""
    try:
        return Lpips(synthesizer.device), ""
    except WeightsUnavailableError as error:
        return None, str(error)


def _print_others(scores: Evaluation, why_no_lpips: str, judge: Segmenter | None) -> None:
    print(f"PSNR: {scores.psnr.mean():.2f} dB; {PSNR_DEFINITION}")
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


def _says(score: FcnScore) -> str:
    return (
        f"per-pixel accuracy {score.pixel_accuracy:.3f}, per-class accuracy {score.class_accuracy:.3f}, "
        f"class IoU {score.class_iou:.3f}"
    )


def _draw_sheet(scores: Evaluation, synthesizer: Synthesizer, samples: LabelPhotoSet, path: Path) -> None:
    def sample(i: int):
        labels, target = samples[i]
        label_map = labels.numpy()
        return palette.colorize(label_map), synthesizer(label_map), target.permute(1, 2, 0).numpy()

    sheets.draw_contact_sheet(scores, sample, path)
