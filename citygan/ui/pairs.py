"""Blind pairs: a label map, two checkpoints' photos of it, and a person who is not told which is whose."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from citygan import streets
from citygan.data.layouts import DataError, find_layout
from citygan.errors import CityGANError
from citygan.palette import colorize
from citygan.ui.compare import Model
from citygan.ui.dataurl import data_url
from citygan.ui.result import tiles
from citygan.wire import canvas_size

PAIRS = 30
LEFT, NEITHER, RIGHT, BACK, END = "left", "neither", "right", "back", "end"
_KEYS = {"ArrowLeft": LEFT, "ArrowDown": NEITHER, "ArrowRight": RIGHT, "Backspace": BACK}
_BUTTONS = (
    {LEFT: "← Left", NEITHER: "↓ Can't tell", RIGHT: "Right →"},
    {BACK: "Back", END: "End here and count"},
)
_WHICH_PAIR = "(now) => [now, Number(document.getElementById('cg-pair-number').textContent)]"
# A key that is held down would answer for pairs that nobody saw.
_JS_ON_LOAD = f"""
const keys = {_KEYS};
document.addEventListener("keydown", (event) => {{
    const name = keys[event.key];
    if (!name || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    document.getElementById(`cg-pair-${{name}}`)?.click();
}});
"""


@dataclass(frozen=True)
class Round:
    """What one person is shown, and has answered so far."""

    first_is_left: tuple[bool, ...]  # for each pair: on which side the first checkpoint's photo is
    answers: tuple[str, ...] = ()  # LEFT, NEITHER or RIGHT

    @classmethod
    def draw(cls, pairs: int, seed: int) -> Round:
        """A new round; the first checkpoint is on the left in half of the pairs, and the seed says which."""
        sides = [i % 2 == 0 for i in range(pairs)]
        random.Random(seed).shuffle(sides)
        return cls(tuple(sides))

    def after(self, button: str) -> Round:
        """The round after a button was pressed; END leaves out the pairs without an answer."""
        if button == END:
            return replace(self, first_is_left=self.first_is_left[: len(self.answers)])
        return replace(self, answers=self.answers[:-1] if button == BACK else (*self.answers, button))

    def count(self) -> tuple[int, int, int]:
        """How many answers were for the first checkpoint, for the other one, and for neither."""
        decided = [
            (answer == LEFT) == first_is_left
            for answer, first_is_left in zip(self.answers, self.first_is_left, strict=False)
            if answer != NEITHER
        ]
        return sum(decided), len(decided) - sum(decided), len(self.answers) - len(decided)

    def verdict(self, first: str, other: str) -> str:
        """The line to print: "blind pairs: 24 of 30 for NEW, 5 for OLD, 1 undecided"."""
        asked, (ours, theirs, undecided) = len(self.answers), self.count()
        return f"blind pairs: {ours} of {asked} for {first}, {theirs} for {other}, {undecided} undecided"


def maps_to_judge(data: Path | None = None) -> list[Callable[[], np.ndarray]]:
    """Label maps, each drawn or read when it is called: our own streets, or of a data set's test split.

    Raises:
        DataError: it is no data set that is known, or has no test split.
    """
    if data is None:
        drawn = [partial(streets.street, name) for name in streets.NAMES]
        return [*drawn, *(partial(streets.random_street, seed) for seed in range(PAIRS - len(drawn)))]
    layout = find_layout(data)
    samples = layout.pairs(data, "test")
    if not samples:
        raise DataError(f"{data} has no samples for the split 'test' (layout: {layout.name})")
    spread = np.linspace(0, len(samples) - 1, min(PAIRS, len(samples))).round().astype(int)
    return [partial(lambda sample: layout.read(sample)[0], samples[i]) for i in spread]


def build_pairs(
    open_model: Callable[[str], Model], first: str, other: str, maps: Sequence[Callable[[], np.ndarray]]
) -> gr.Blocks:
    """Builds the page; when a round ends, its count is shown there and printed.

    Args:
        open_model: name -> `(synthesize, info)` of a checkpoint.
        first: The name of the checkpoint that is asked about.
        other: The one that it is held against.
        maps: From `maps_to_judge`, a pair of photos for each.

    Raises:
        CityGANError: both are the same, or one cannot be opened.
    """
    if first == other:
        raise CityGANError(f"blind pairs need two checkpoints; both are {first}; name another one")
    models = open_model(first), open_model(other)
    size_px = canvas_size(models[0][1])  # of every picture, so that none tells by its size whose it is

    def view(now: Round) -> list[Any]:
        if len(now.answers) == len(now.first_is_left):
            print(now.verdict(first, other), flush=True)
            return [now, _result(now, first, other), gr.update(visible=False)]
        label_map = maps[len(now.answers)]()
        photos = [_photo(model, label_map, size_px) for model in models]
        if not now.first_is_left[len(now.answers)]:
            photos.reverse()
        colors = Image.fromarray(colorize(label_map)).resize(size_px, Image.Resampling.NEAREST)
        return [now, _pair(now, colors, *photos), gr.update(visible=True)]

    def begin() -> list[Any]:
        return view(Round.draw(len(maps), secrets.randbits(64)))

    def press(now: Round, seen: int, event: gr.EventData) -> list[Any]:
        if seen != len(now.answers) + 1:  # it was pressed before the next pair was there
            return [gr.skip()] * 3
        return view(now.after(next(name for name, button in buttons.items() if button is event.target)))

    with gr.Blocks(title="Blind pairs", analytics_enabled=False, fill_width=True) as page:
        state, seen = gr.State(), gr.Number(visible=False)
        with gr.Column(elem_classes="cg-pairs"):
            shown = gr.HTML(js_on_load=_JS_ON_LOAD)
            with gr.Column(visible=False) as controls:
                buttons = {}
                for row in _BUTTONS:
                    with gr.Row(elem_classes="cg-pair-row"):
                        for name, label in row.items():
                            buttons[name] = gr.Button(label, elem_id=f"cg-pair-{name}", min_width=90)
        shows: dict[str, Any] = {
            "outputs": [state, shown, controls],
            "show_progress": "minimal",
            "show_progress_on": shown,
            "api_visibility": "private",
        }
        page.load(begin, **shows)
        clicks = [button.click for button in buttons.values()]
        # one event for all, so that one press is counted after the other
        gr.on(clicks, press, [state, seen], js=_WHICH_PAIR, trigger_mode="multiple", **shows)
    return page


def _photo(model: Model, label_map: np.ndarray, size_px: tuple[int, int]) -> Image.Image:
    """The photo as its checkpoint makes it, brought to the size that both are shown at."""
    synthesize, info = model
    asked = Image.fromarray(label_map).resize((info.width_px, info.height_px), Image.Resampling.NEAREST)
    return Image.fromarray(synthesize(np.asarray(asked))).resize(size_px, Image.Resampling.BICUBIC)


def _pair(now: Round, colors: Image.Image, left: Image.Image, right: Image.Image) -> str:
    map_url, *urls = (data_url(np.asarray(image), "JPEG") for image in (colors, left, right))
    number, pairs = len(now.answers) + 1, len(now.first_is_left)
    return (
        '<div class="cg-pair-ask"><div><h1>Which one looks more like a photo of this street?</h1>'
        "<p>Two networks made a photo of the same map. Which one made which, you see at the end.</p>"
        f'<p>Pair <span id="cg-pair-number">{number}</span> of {pairs}</p></div>'
        f'<img src="{map_url}" alt="Label map"></div><div class="cg-pair-photos">'
        f'<img src="{urls[0]}" alt="Left photo"><img src="{urls[1]}" alt="Right photo"></div>'
    )


def _result(now: Round, first: str, other: str) -> str:
    asked = len(now.answers)
    figures = zip((first, other, "undecided"), map(str, now.count()), [f"of {asked}"] * 3, strict=True)
    return (
        f'<h1>{asked} blind pairs</h1><dl class="cg-figures">{tiles(list(figures))}</dl>'
        "<p>Reload the page to begin again, with the sides drawn anew.</p>"
    )
