"""Pictures and figures of many photos: sample grids, their animation, contact sheets, scores in files."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from citygan.evaluation.scores import Evaluation, Figure
from citygan.files import write_atomically, write_csv, write_picture

_CAPTION_PX = 36  # height of the two lines above a sample of the contact sheet


def draw_grid(columns: list[tuple[np.ndarray, ...]], path: Path) -> None:
    """Draws samples as columns of `(H, W, 3) uint8` pictures: the label map, the generated and the real
    photo."""
    grid = np.concatenate([np.concatenate(column, 0) for column in columns], 1)
    write_atomically(path, lambda p: write_picture(Image.fromarray(grid), p, "JPEG", quality=90))


def draw_animation(grids: list[Path], path: Path, *, most_frames: int = 60) -> None:
    """Puts the sample grids of a run's epochs together as a GIF, evenly thinned to `most_frames`."""
    chosen = [grids[i] for i in np.unique(np.linspace(0, len(grids) - 1, most_frames).round().astype(int))]
    frames = [Image.open(g).convert("P", palette=Image.Palette.ADAPTIVE) for g in chosen]
    shown = {"append_images": frames[1:], "duration": [150] * (len(frames) - 1) + [2000], "loop": 0}
    write_atomically(path, lambda p: write_picture(frames[0], p, "GIF", save_all=True, **shown))


def write_scores(scores: Evaluation, path: Path) -> None:
    """Writes each sample's name and scores as a CSV; a cell is empty where a score was not measured."""
    decimals = {"ssim": 4, "psnr": 2, "lpips": 4, "pixel_accuracy": 4}

    def cell(column: str, i: int) -> str:
        values = getattr(scores, column)
        return "" if values is None or np.isnan(values[i]) else f"{values[i]:.{decimals[column]}f}"

    rows = [{"name": name} | {c: cell(c, i) for c in decimals} for i, name in enumerate(scores.names)]
    write_csv(path, rows)


def as_json(scores: Mapping[str, Evaluation], figures: Mapping[str, Sequence[Figure]]) -> dict[str, dict]:
    """The mean scores of a split and of its drives, by their names, with the figures of the judges."""
    found = {}
    for name, part in scores.items():
        values = {"photos": len(part.names), "ssim": float(part.ssim.mean()), "psnr": float(part.psnr.mean())}
        if part.common:
            values |= {"ssim_256": float(part.common[0].mean()), "psnr_256": float(part.common[1].mean())}
        if part.lpips is not None:
            values["lpips"] = float(part.lpips.mean())
        fcn = {"fcn_generated": part.fcn_generated, "fcn_real": part.fcn_real}
        found[name] = values | {key: asdict(score) for key, score in fcn.items() if score}
        if name in figures:
            found[name]["judges"] = {f.judge: _measured(f) for f in figures[name]}
    return found


def _measured(figure: Figure) -> dict[str, float]:
    values = asdict(figure)
    del values["judge"]
    return {key: value for key, value in values.items() if value is not None}


def write_json(values: Mapping, path: Path) -> None:
    """Writes values as a JSON file."""
    text = json.dumps(values, indent=1) + "\n"
    write_atomically(path, lambda p: p.write_text(text, encoding="utf-8"))


def draw_contact_sheet(
    scores: Evaluation, sample: Callable[[int], tuple[np.ndarray, ...]], path: Path, *, each: int = 10
) -> None:
    """Draws the best, the median and the worst samples by SSIM, a row of columns each, as a JPEG.

    Args:
        scores: Of a split.
        sample: Index in the split -> the pictures of a column, each `(H, W, 3) uint8`: label map, generated
            and real photo.
        path: A .jpg file.
        each: Samples in a row; fewer where the split has less than three times as many.
    """
    order = np.argsort(-scores.ssim, kind="stable")
    each = min(each, max(1, len(order) // 3))
    middle = (len(order) - each) // 2
    rows = {"best": order[:each], "median": order[middle : middle + each], "worst": order[-each:]}
    drawn = [
        np.concatenate(
            [_captioned(sample(int(i)), f"{title}: {_caption(scores, int(i))}") for i in chosen], 1
        )
        for title, chosen in rows.items()
    ]
    sheet = Image.fromarray(np.concatenate(drawn))
    write_atomically(path, lambda p: write_picture(sheet, p, "JPEG", quality=88))


def _caption(scores: Evaluation, i: int) -> str:
    others = {"LPIPS": scores.lpips, "pixels right": scores.pixel_accuracy}
    measured = [f"{name} {values[i]:.3f}" for name, values in others.items() if values is not None]
    return f"SSIM {scores.ssim[i]:.3f}, {scores.psnr[i]:.1f} dB\n{', '.join(measured)}"


def _captioned(pictures: tuple[np.ndarray, ...], text: str) -> np.ndarray:
    """Pictures on top of each other, below two lines of text."""
    strip = Image.new("RGB", (pictures[0].shape[1], _CAPTION_PX), "white")
    ImageDraw.Draw(strip).text((4, 2), text, "black", ImageFont.load_default(13))
    return np.concatenate([np.asarray(strip), *pictures])
