"""The Upload tab and the `/synthesize` endpoint: image files in, photo and scores out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr
import numpy as np
from gradio.helpers import Examples

from citygan import streets
from citygan.checkpoint import CheckpointInfo
from citygan.data.images import ImageError, LabelMapFile
from citygan.errors import CityGANError, in_one_line
from citygan.palette import CLASS_BY_ID, colorize, shares, substitutes
from citygan.ui.imagefile import ImageFile
from citygan.ui.live import MAX_SEED
from citygan.ui.pictures import read_label_map, read_photo
from citygan.ui.result import Result, ResultView, save_picture, score_against
from citygan.ui.watch import watched

MAX_NAMED = 4  # classes in one sentence
_SAME_ASPECT = 1.05  # a target this much wider or narrower than the label map was visibly stretched


@dataclass(frozen=True)
class FileSynthesizer:
    """Makes results of files. Raises `gr.Error` for all that a visitor did wrong."""

    synthesize: Callable[..., np.ndarray]
    score: Callable
    info: CheckpointInfo

    @watched("synthesize")
    def __call__(
        self,
        label_file: str | None,
        target_file: str | None = None,
        seed: float | str | None = None,
        light: str | None = None,
        brightness: float | None = None,
        warmth: float | None = None,
    ) -> Result:
        """Reads the files, draws the photo and scores it. The last three are as `Synthesizer` takes them;
        None is the light that the map suggests."""
        file = open_label_map(label_file)
        seed = _check_seed(seed)
        notes = [file.summary, *self._substitutions(file.label_map)]
        target = self._target(target_file, file, notes)
        start = time.perf_counter()
        photo = self._draw(file.label_map, seed, light or None, brightness or 0.0, warmth or 0.0)
        elapsed_ms = 1000 * (time.perf_counter() - start)
        scores = percentile = None
        if target is not None:
            try:
                target, scores, percentile = score_against(photo, target, self.score, self.info)
            except CityGANError as error:
                notes.append(f"Not scored: {error}.")
        return Result(file.label_map, photo, target, scores, percentile, elapsed_ms, tuple(notes))

    def _draw(
        self, label_map: np.ndarray, seed: int | None, light: str | None, brightness: float, warmth: float
    ) -> np.ndarray:
        if light is None and not brightness and not warmth:
            return self.synthesize(label_map, seed=seed)
        try:
            return self.synthesize(label_map, seed=seed, light=light, brightness=brightness, warmth=warmth)
        except CityGANError as error:
            raise gr.Error(str(error), title="Not drawn", print_exception=False) from error

    def _target(self, target_file: str | None, file: LabelMapFile, notes: list[str]) -> np.ndarray | None:
        if target_file is None:
            return file.target
        target = open_target(target_file)
        if file.target is not None:
            notes.append("The target photo was used, not the photo in the pair.")
        (height, width), (target_height, target_width) = file.label_map.shape, target.shape[:2]
        stretch = (target_width / target_height) / (width / height)
        if (width, height) != (target_width, target_height):
            notes.append(f"The target ({target_width} x {target_height}) was resized to {width} x {height}.")
        if not 1 / _SAME_ASPECT < stretch < _SAME_ASPECT:
            notes.append(
                "That stretched it. If the label map and the target do not show the same part of the street, "
                "crop one of them: SSIM means nothing otherwise."
            )
        return target

    def _substitutions(self, label_map: np.ndarray) -> list[str]:
        """One sentence on the classes that the checkpoint never saw, if the map has any; largest first."""
        table = substitutes(frozenset(self.info.seen))
        unseen = [(i, share) for i, share in shares(label_map).items() if i in table]
        if not unseen:
            return []
        name = {i: c.name for i, c in CLASS_BY_ID.items()}
        parts = [f"{name[i]} ({share:.1%}) as {name[table[i]]}" for i, share in unseen[:MAX_NAMED]]
        if len(unseen) > MAX_NAMED:
            parts.append(f"{len(unseen) - MAX_NAMED} smaller ones likewise")
        return [
            f"Not in the photos that {self.info.name} was trained on, so drawn otherwise: {', '.join(parts)}."
        ]


def open_label_map(label_file: str | None) -> LabelMapFile:
    """Reads the label map; raises `gr.Error` with the reason where it cannot be used."""
    if label_file is None:
        raise gr.Error("Choose a label map first.", title="No label map", print_exception=False)
    try:
        return read_label_map(label_file)
    except ImageError as error:
        raise gr.Error(f"Label map: {error}", title="Not usable", print_exception=False) from error


def open_target(target_file: str) -> np.ndarray:
    """Reads the target photo; raises `gr.Error` with the reason where it cannot be used."""
    try:
        return read_photo(target_file)
    except ImageError as error:
        raise gr.Error(f"Target photo: {error}", print_exception=False) from error


def _check_seed(seed: float | str | None) -> int | None:
    """A seed as a person or a script writes it; None or blank is none."""
    if seed is None or str(seed).strip() == "":
        return None
    digits = str(seed).strip().removesuffix(".0")
    short = len(digits) <= len(str(MAX_SEED))  # Python reads no number of more than 4300 digits
    if not (short and digits.isdecimal() and int(digits) <= MAX_SEED):
        message = f"The seed is {digits}; give a whole number from 0 to {MAX_SEED}, or none."
        raise gr.Error(in_one_line(message), title="Seed", print_exception=False)
    return int(digits)


def _read_aloud(label_file: str | None) -> str:
    """What a chosen file was taken for, or why it is refused, as HTML."""
    if label_file is None:
        return ""
    try:
        return f'<p class="cg-read" role="status">{escape(read_label_map(label_file).summary)}</p>'
    except ImageError as error:
        return f'<p class="cg-read cg-refused" role="alert">{escape(str(error))}</p>'


def build_upload(
    generate: FileSynthesizer, device_name: str, canvas: gr.HTML, tabs: gr.Tabs, paint_tab: str
) -> None:
    """Builds the Upload tab and the endpoint inside a `gr.Blocks`.

    Args:
        generate: makes the results.
        device_name: for people, for example "CPU".
        canvas: takes the label map when someone wants to edit it.
        tabs: turned to the tab with the id `paint_tab` at the same time.
        paint_tab: the id of the tab that holds `canvas`.
    """
    with gr.Row(elem_classes="cg-upload"):
        with gr.Column(scale=1, min_width=300):
            label_file, target_file, seed, light = _build_inputs(generate.info)
            with gr.Row():
                edit = gr.Button("Edit this map", elem_id="cg-edit", min_width=120)
                start = gr.Button("Generate", variant="primary", elem_id="cg-generate", min_width=120)
            examples = _build_examples(label_file)
        with gr.Column(scale=3, min_width=320):
            view = ResultView(generate.info, device_name)

    shared: dict[str, Any] = {"concurrency_id": "synthesis", "concurrency_limit": 1}
    for event in (start.click, examples.load_input_event.then):
        event(
            lambda *given: view.show(generate(*given)),
            [label_file, target_file, seed, light],
            view.outputs,
            scroll_to_output=True,
            api_visibility="private",
            **shared,
        )
    edit.click(
        lambda chosen: (open_label_map(chosen).label_map, gr.Tabs(selected=paint_tab)),
        label_file,
        [canvas, tabs],
        api_visibility="private",
    )
    _add_endpoint(generate, label_file, target_file, shared)


def _build_inputs(info: CheckpointInfo) -> tuple[ImageFile, ImageFile, gr.Textbox, gr.Dropdown]:
    """The label map (with a line that says what it was taken for), the target photo, the seed and, where the
    checkpoint has any, the lights."""
    picture: dict[str, Any] = {"image_mode": None, "sources": ["upload", "clipboard"], "height": 220}
    label_file = ImageFile(
        label="Label map",
        placeholder="Drop a label map\n\nin colours, ids or train ids,\nor a pair of map and photo",
        elem_id="cg-label-file",
        **picture,
    )
    read = gr.HTML(elem_id="cg-read")
    label_file.change(_read_aloud, label_file, read, show_progress="hidden", api_visibility="private")
    extras = "Target photo, seed and light" if info.lights else "Target photo and seed"
    with gr.Accordion(f"{extras} (optional)", open=False):
        target_file = ImageFile(label="Target: the real photo", elem_id="cg-target-file", **picture)
        seed = gr.Textbox(
            label="Seed",
            placeholder="none",
            info="The same seed draws the same photo.",
            max_lines=1,
            max_length=12,
            elem_id="cg-seed",
        )
        light = gr.Dropdown(
            [("as the map suggests", ""), *((name, name) for name in info.lights)],
            value="",
            label="Light",
            visible=bool(info.lights),
            elem_id="cg-light",
        )
    return label_file, target_file, seed, light


def _build_examples(label_file: ImageFile) -> Examples:
    """Our drawn streets, in the Cityscapes colours."""
    files = [save_picture(colorize(streets.street(name))) for name in streets.NAMES]
    label_file.keep_in_cache.update(files)  # or they would be deleted an hour after the first click
    return gr.Examples(
        [[file] for file in files],
        inputs=[label_file],
        label="Examples",
        elem_id="cg-examples",
        api_visibility="private",
    )


def name_examples() -> str:
    """JavaScript for when the tab is first seen: Gradio shows the examples as buttons without a name."""
    return f"""() => {{
        const names = {json.dumps(streets.NAMES)};
        const name = () => {{
            const buttons = document.querySelectorAll("#cg-examples .gallery-item");
            if (!buttons.length) requestAnimationFrame(name);
            buttons.forEach((button, i) => (button.title = `Draw the street “${{names[i]}}”`));
        }};
        name();
    }}"""


def _add_endpoint(
    generate: FileSynthesizer, label_file: ImageFile, target_file: ImageFile, shared: dict
) -> None:
    """`/synthesize`, for scripts and, through MCP, for language models: no button of the page leads there.

    Gradio describes it by its docstring; of each argument it takes one line.
    """

    def synthesize(
        label_map: str,
        target: str | None = None,
        seed: float | None = None,
        light: str | None = None,
        brightness: float | None = None,
        warmth: float | None = None,
    ):
        """Draws a street photo from a semantic label map in the 35 classes of Cityscapes.

        The label map is painted in the Cityscapes colours: road #804080, sidewalk #f423e8, building #464646,
        fence #be9999, pole #999999, traffic sign #dcdc00, vegetation #6b8e23, sky #4682b4, person #dc143c,
        rider #ff0000, car #00008e and so on. Other colours are snapped to the nearest of them.

        Args:
            label_map: The label map: those colours in a PNG or JPEG, or label ids or train ids in a grey PNG.
            target: The real photo of the same street; the drawn one is scored against it.
            seed: A whole number from 0 to 2147483647. Another one draws other details.
            light: Its name, such as day, overcast or dusk, where the checkpoint is told the light.
            brightness: From -3, darker, to 3, where the checkpoint is told the light.
            warmth: From -3, colder, to 3, where the checkpoint is told the light.

        Returns:
            the photo, a PNG of the label map's size
            and ssim, psnr (dB), percentile and percentile_of (null without a target), milliseconds, notes.
        """
        result = generate(label_map, target, seed, light, brightness, warmth)
        return save_picture(result.photo), result.as_json(generate.info)

    with gr.Group(visible=False):
        seed = gr.Number(value=None, label="Seed", precision=0)
        light = gr.Textbox(label="Light")
        brightness, warmth = gr.Number(value=None, label="Brightness"), gr.Number(value=None, label="Warmth")
        photo = gr.Image(label="photo", format="png", type="filepath")
        scores = gr.JSON(label="scores")
        gr.Button().click(
            synthesize,
            [label_file, target_file, seed, light, brightness, warmth],
            [photo, scores],
            api_name="synthesize",
            **shared,
        )
