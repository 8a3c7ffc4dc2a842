"""The Results tab: what the systems draw, how near it comes, and how the loaded checkpoint was trained."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from pathlib import Path

import gradio as gr

from citygan.checkpoint import CheckpointInfo
from citygan.evaluation.scores import recorded_ssim
from citygan.ui.result import tiles

_PICTURE = re.compile(r"!\[([^]]*)\]\(([^)]*)\)\s*")  # what it shows, and its file
_CHART = "table.png"
_CHARTS = (_CHART, "curves.png")
_HEADING = re.compile(r"^(#+ )", re.MULTILINE)
_COMMANDS = (  # for who has the repository, not for visitors
    re.compile(r"^[^\n]*:\n+```sh\n.*?```\n+", re.MULTILINE | re.DOTALL),
    re.compile(r" `python [^`\n]*`[^.\n]*\."),
)


def build_results(
    info: CheckpointInfo, results: Path, training: Path | None, show: Callable[[], None] | None = None
) -> None:
    """Builds the tab inside a `gr.Blocks`: pictures, the chart, then the figures.

    Args:
        info: The loaded checkpoint.
        results: The folder that `train.py table` writes: README.md, table.png.
        training: The folder of the run that made the checkpoint, with `curves.png` and `samples/`, if it is
            here.
        show: Builds the pictures, as `Gallery.build`; without it there are none.
    """
    with gr.Column(elem_classes="cg-results"):
        if show:
            show()
        _picture("SSIM of each system", results / _CHART)
        gr.HTML(f"<h2>{escape(info.name)}</h2>{_facts(info)}")
        pictures = training_pictures(training) if training else {}
        if pictures:
            with gr.Row():
                for label, file in pictures.items():
                    _picture(label, file)
        table = results / "README.md"
        if not table.is_file():
            gr.Markdown("No table of systems is here yet.")
            return
        text, *rest = _PICTURE.split(for_visitors(table.read_text(encoding="utf-8")))
        for label, name, more in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
            if name != _CHART:  # which is at the top
                gr.Markdown(text)
                _picture(label, results / name)
                text = ""
            text += more
        gr.Markdown(text)


def for_visitors(table: str) -> str:
    """The table's Markdown without commands, its headings below the page's own."""
    for command in _COMMANDS:
        table = command.sub("", table)
    return _HEADING.sub(r"#\1", table)


def _picture(label: str, file: Path) -> None:
    """Shows a picture, if it is there: Markdown cannot reach its file. Charts are white, but for the dark."""
    if file.is_file():
        kind = "cg-chart" if file.name in _CHARTS else None
        gr.Image(str(file), label=label, interactive=False, buttons=["fullscreen"], elem_classes=kind)


def training_pictures(run: Path) -> dict[str, Path]:
    """The loss curves and the newest sample grid of a run's folder, as far as they are there."""
    found = {"Losses and validation SSIM": run / "curves.png"}
    grids = sorted((run / "samples").glob("epoch-*.jpg"))
    if grids:
        found["Validation maps, generated and real photos after the last epoch"] = grids[-1]
    return {label: file for label, file in found.items() if file.is_file()}


def _facts(info: CheckpointInfo) -> str:
    figures = [
        (f"SSIM, {' '.join((score.split, score.drive)).strip()}", f"{score.value:.3f}", score.known)
        for score in recorded_ssim(info)
    ]
    figures += [("Parameters", f"{info.parameters / 1e6:.1f} M", ""), ("Epochs", str(info.epochs), "")]
    figures.append(("Photos seen", f"{info.images_seen:,}", "each counted once an epoch"))
    hardware = f'<div><dt>Trained on</dt><dd class="cg-words">{escape(info.hardware)}</dd></div>'
    definition = f'<p class="cg-definition">SSIM: {escape(info.ssim_definition)}.</p>'
    return f'<dl class="cg-figures">{tiles(figures)}{hardware}</dl>{definition if info.ssim else ""}'
