"""The Compare tab: one label map, and the photo that each checkpoint makes of it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from citygan.checkpoint import CheckpointInfo
from citygan.errors import CityGANError
from citygan.evaluation.scores import NEVER_SEEN, Scores, recorded_ssim
from citygan.palette import colorize
from citygan.ui.dataurl import data_url
from citygan.ui.filesynthesizer import open_label_map, open_target
from citygan.ui.imagefile import ImageFile

CHOSEN_AT_FIRST = 4
MOST_AT_ONCE = 12
CARD_PX = 512  # width of the pictures

Model = tuple[Callable[..., np.ndarray], CheckpointInfo]  # label map -> photo, and what makes it


def build_compare(
    open_model: Callable[[str], Model], names: Sequence[str], score: Callable[..., Scores], canvas: gr.HTML
) -> None:
    """Builds the tab inside a `gr.Blocks`.

    Args:
        open_model: name -> `(synthesize, info)` of a checkpoint; a CityGANError says why it cannot be opened.
        names: Of the checkpoints that can be compared; the first is the one that the page uses.
        score: `(photo, target, size_px) -> Scores`.
        canvas: Holds the painted map.
    """
    picture: dict[str, Any] = {"image_mode": None, "sources": ["upload", "clipboard"], "height": 180}
    with gr.Row(elem_classes="cg-upload"):
        with gr.Column(scale=1, min_width=300):
            chosen = gr.CheckboxGroup(
                list(names),
                value=list(names[:CHOSEN_AT_FIRST]),
                label="Checkpoints",
                elem_id="cg-checkpoints",
            )
            with gr.Accordion("Another map, or a target photo (optional)", open=False):
                label_file = ImageFile(label="Label map in place of the painted one", **picture)
                target_file = ImageFile(label="Target: the real photo", **picture)
            start = gr.Button("Compare", variant="primary", elem_id="cg-compare-start")
        with gr.Column(scale=3, min_width=320):
            cards = gr.HTML(_invitation(names), elem_id="cg-cards")

    def compare(
        chosen: list[str], painted: np.ndarray | None, label_file: str | None, target_file: str | None
    ) -> Iterator[str]:
        file = None if label_file is None else open_label_map(label_file)
        label_map = painted if file is None else file.label_map
        if label_map is None:
            raise gr.Error("Paint a map first, or choose a file.", print_exception=False)
        if not chosen:
            raise gr.Error("Choose at least one checkpoint.", print_exception=False)
        target = None if target_file is None else open_target(target_file)
        origin = "the real photo"
        if target is None and file is not None:
            target, origin = file.target, "the photo of the pair"
        shown = [_card("Label map", colorize(label_map), "")]
        for name in chosen[:MOST_AT_ONCE]:
            shown.append(_photo_card(open_model, name, label_map, target, score))
            yield f'<div class="cg-cards">{"".join(shown)}</div>'
        if target is not None:
            shown.append(_card("Target", target, origin))
            yield f'<div class="cg-cards">{"".join(shown)}</div>'

    start.click(
        compare,
        [chosen, canvas, label_file, target_file],
        cards,
        api_visibility="private",
        concurrency_id="synthesis",
        concurrency_limit=1,
    )


def _invitation(names: Sequence[str]) -> str:
    more = "" if len(names) > 1 else "<p>There is one checkpoint here; the README says how to add others.</p>"
    return f'<div class="cg-empty"><p>See what each checkpoint makes of the map you painted.</p>{more}</div>'


def _photo_card(
    open_model: Callable[[str], Model],
    name: str,
    label_map: np.ndarray,
    target: np.ndarray | None,
    score: Callable,
) -> str:
    """One checkpoint's photo with its scores; or why there is none."""
    try:
        synthesize, info = open_model(name)
    except CityGANError as error:
        reason = escape(f"{name}: {error}")
        return f'<figure class="cg-card cg-refused"><figcaption>{reason}</figcaption></figure>'
    start = time.perf_counter()
    photo = synthesize(label_map)
    ms = 1000 * (time.perf_counter() - start)
    return _card(name, photo, f"{_scores(photo, target, score, info)}{_facts(info)} · {ms:.0f} ms")


def _scores(photo: np.ndarray, target: np.ndarray | None, score: Callable, info: CheckpointInfo) -> str:
    if target is None:
        return ""
    scores = score(photo, target, (info.width_px, info.height_px))
    psnr = f"{scores.psnr:.1f} dB" if math.isfinite(scores.psnr) else "∞"
    return f"SSIM {scores.ssim:.3f} · PSNR {psnr} · "


def _facts(info: CheckpointInfo) -> str:
    """What the checkpoint is, and its SSIM on drives that it never saw; without any, on validation."""
    recorded = recorded_ssim(info)
    chosen = [s for s in recorded if s.known == NEVER_SEEN] or [s for s in recorded if s.split == "val"]
    ssim = "".join(f", SSIM {s.value:.3f} on {s.photos}" for s in chosen)
    return f"{info.parameters / 1e6:.1f} M parameters, {info.epochs} epochs on {info.dataset}{ssim}"


def _card(title: str, picture: np.ndarray, text: str) -> str:
    image = Image.fromarray(picture)
    height = max(1, round(image.height * CARD_PX / image.width))
    kind = Image.Resampling.NEAREST if title == "Label map" else Image.Resampling.BICUBIC
    url = data_url(np.asarray(image.resize((CARD_PX, height), kind)), "JPEG")
    return (
        f'<figure class="cg-card"><img src="{url}" alt="{escape(title, quote=True)}">'
        f"<figcaption><b>{escape(title)}</b> {escape(text)}</figcaption></figure>"
    )
