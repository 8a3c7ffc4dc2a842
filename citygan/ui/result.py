"""What came of one label map, and how the page shows it."""

from __future__ import annotations

import io
import math
import zlib
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr
import numpy as np
from gradio.processing_utils import save_bytes_to_cache
from gradio.utils import get_upload_folder
from PIL import Image

from citygan.checkpoint import CheckpointInfo
from citygan.evaluation.scores import Scores, percentile_of
from citygan.palette import colorize

# Viridis (Smith and van der Walt 2015, CC0) at eight even steps: it gets lighter evenly, and it can be read
# without colour vision.
_VIRIDIS = np.array(
    [
        (68, 1, 84),
        (70, 50, 127),
        (54, 92, 141),
        (39, 127, 142),
        (31, 161, 135),
        (74, 194, 109),
        (159, 218, 58),
        (253, 231, 37),
    ]
)


@dataclass(frozen=True)
class Result:
    """A label map, the photo made of it, and how near that is to a target."""

    label_map: np.ndarray  # (H, W) uint8
    photo: np.ndarray  # (H, W, 3) uint8
    target: np.ndarray | None  # (H, W, 3) uint8, resized to the photo
    scores: Scores | None  # None without a target
    percentile: float | None  # 0-100, of the SSIM in the checkpoint's distribution; None where it has none
    elapsed_ms: float  # the time that the generator took
    notes: tuple[str, ...]  # sentences about the files and the classes

    def as_json(self, info: CheckpointInfo) -> dict[str, Any]:
        """The figures and notes for scripts. `psnr` is None for equal photos, where it is infinite."""
        psnr = self.scores.psnr if self.scores else None
        return {
            "ssim": self.scores.ssim if self.scores else None,
            "psnr": psnr if psnr is not None and math.isfinite(psnr) else None,
            "percentile": self.percentile,
            "percentile_of": None if self.percentile is None else info.ssim_percentiles_of,
            "milliseconds": round(self.elapsed_ms, 1),
            "notes": list(self.notes),
        }


def score_against(
    photo: np.ndarray, target: np.ndarray, score, info: CheckpointInfo
) -> tuple[np.ndarray, Scores, float | None]:
    """The target at the size of the photo, the scores, and the percentile of the SSIM.

    Raises:
        ValueError: the photo is too small to score.
    """
    scores = score(photo, target)
    if target.shape != photo.shape:
        size = photo.shape[1::-1]
        target = np.asarray(Image.fromarray(target).resize(size, Image.Resampling.BICUBIC))
    return target, scores, percentile_of(scores.ssim, info.ssim_percentiles)


def color_ssim(ssim_map: np.ndarray) -> np.ndarray:
    """The SSIM map `(H, W)` as `(H, W, 3) uint8`: 0 and below dark violet, 1 bright yellow."""
    position = np.clip(ssim_map, 0, 1) * (len(_VIRIDIS) - 1)
    steps = np.arange(len(_VIRIDIS))
    channels = [np.interp(position, steps, _VIRIDIS[:, c]) for c in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def describe(result: Result, info: CheckpointInfo, device_name: str) -> str:
    """The figures and notes as HTML."""
    figures = [("Time", _milliseconds(result.elapsed_ms), f"for the photo, on {device_name}")]
    definition = ""
    if result.scores:
        better = "1 is equal, 0 is unlike"
        if result.percentile is not None:
            better = f"better than {result.percentile:.0f} % of {info.ssim_percentiles_of}"
        psnr = f"{result.scores.psnr:.1f} dB" if math.isfinite(result.scores.psnr) else "∞"
        figures.insert(0, ("SSIM", f"{result.scores.ssim:.3f}", better))
        figures.insert(1, ("PSNR", psnr, "higher is nearer to the target"))
        definition = f'<p class="cg-definition">SSIM: {escape(info.ssim_definition)}.</p>'
    notes = "".join(f"<li>{escape(note)}</li>" for note in result.notes)
    return f'<dl class="cg-figures">{tiles(figures)}</dl><ul class="cg-notes">{notes}</ul>{definition}'


def tiles(figures: list[tuple[str, str, str]]) -> str:
    """The cells of a list of figures as HTML, each with its name, its value and a remark."""
    return "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd><dd>{escape(remark)}</dd></div>"
        for name, value, remark in figures
    )


def _milliseconds(elapsed_ms: float) -> str:
    return f"{elapsed_ms:.0f} ms" if elapsed_ms < 1000 else f"{elapsed_ms / 1000:.1f} s"


class ResultView:
    """The components that show a result, hidden until there is one. Make it inside a `gr.Blocks`."""

    def __init__(self, info: CheckpointInfo, device_name: str):
        self._info = info
        self._device_name = device_name
        picture: dict[str, Any] = {
            "interactive": False,
            "format": "png",
            "buttons": ["fullscreen"],
            "min_width": 220,
        }
        self._empty = gr.HTML(
            '<div class="cg-empty"><p>Choose a label map, or one of the examples.</p>'
            "<p>The photo appears here.</p></div>"
        )
        with gr.Column(visible=False, elem_classes="cg-result") as self._shown:
            with gr.Row():
                self._labels = gr.Image(label="Label map", elem_id="cg-labels", **picture)
                self._photo = gr.Image(label="Photo", elem_id="cg-photo", **picture)
                self._target = gr.Image(label="Target", elem_id="cg-target", **picture)
            self._download = gr.DownloadButton("Download the photo (PNG)", elem_id="cg-download", size="md")
            self._figures = gr.HTML(elem_id="cg-scores")
            with gr.Row(visible=False) as self._comparison:
                self._slider = gr.ImageSlider(
                    label="Photo (left) against target (right)", elem_id="cg-slider", **picture
                )
                self._ssim_map = gr.Image(
                    label="SSIM map: bright where alike, dark where not", elem_id="cg-ssim-map", **picture
                )

    @property
    def outputs(self) -> list[gr.blocks.Block]:
        """What `show` updates, in its order."""
        return [
            self._empty,
            self._shown,
            self._comparison,
            self._labels,
            self._photo,
            self._target,
            self._figures,
            self._slider,
            self._ssim_map,
            self._download,
        ]

    @property
    def progress(self) -> list[gr.components.Component]:
        """Where to show that a result is on its way."""
        return [self._empty, self._photo]

    def show(self, result: Result) -> list[Any]:
        """The updates for a result."""
        compared = result.scores is not None
        photo_file = save_picture(result.photo)
        return [
            gr.update(visible=False),
            gr.update(visible=True),
            gr.update(visible=compared),
            colorize(result.label_map),
            photo_file,
            gr.update(value=result.target, visible=result.target is not None),
            describe(result, self._info, self._device_name),
            (result.photo, result.target) if compared else None,
            color_ssim(result.scores.ssim_map) if compared else None,
            photo_file,
        ]


def save_picture(pixels: np.ndarray) -> str:
    """Writes a picture as PNG where Gradio keeps, and later deletes, its files."""
    file = io.BytesIO()
    # a photo's file is as small as with zlib's default strategy, in a third of the time
    Image.fromarray(pixels).save(file, "PNG", compress_type=zlib.Z_RLE)
    return save_bytes_to_cache(file.getvalue(), "image.png", get_upload_folder())
