"""`train.py evaluate`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

from citygan import checkpoints, evaluation, reports
from citygan import data as datasets
from citygan.synthesis import Synthesizer


def evaluate(
    model: str,
    data: Path,
    *,
    split: Literal["train", "val", "test"] = "test",
    device: Literal["auto", "cpu", "cuda"] = "auto",
    csv: Path | None = None,
    record: bool = False,
) -> None:
    """Scores a checkpoint on one split: mean SSIM and PSNR at the model's own size.

    Args:
        model: A checkpoint, a path or a Hub id.
        data: The data set, in any known layout.
        split: Which part of it.
        device: What computes; auto is CUDA where there is one.
        csv: Where to write each sample's scores.
        record: Write the mean SSIM (and over val its percentiles) into the checkpoint's .json.
    """
    synthesizer = Synthesizer(model, device)
    samples = datasets.open_split(data, split, synthesizer.info.height_px, progress=True)
    scores = evaluation.evaluate(synthesizer, samples)
    if csv:
        reports.write_scores(scores, csv)
    ssim = round(float(scores.ssim.mean()), 4)
    recorded = synthesizer.info.ssim.get(split)
    said = "" if recorded is None else f" (its .json says {recorded:.4f})"
    print(
        f"{model} on {split}, {len(samples)} photos: SSIM {ssim:.4f}{said}, PSNR {scores.psnr.mean():.2f} dB"
    )
    print(f"SSIM: {synthesizer.info.ssim_definition}. Device: {synthesizer.device_name}")
    if record:
        percentiles = {"val_ssim_percentiles": scores.ssim_percentiles} if split == "val" else {}
        info = replace(synthesizer.info, ssim=synthesizer.info.ssim | {split: ssim}, **percentiles)
        checkpoints.write_info(Path(model), info)
