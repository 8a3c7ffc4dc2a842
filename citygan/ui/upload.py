"""The Upload tab: where files are chosen, and what comes of them is shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from html import escape
from typing import Any, NamedTuple

import gradio as gr
from gradio.helpers import Examples

from citygan import streets
from citygan.data import readings
from citygan.data.images import ImageError
from citygan.data.label_maps import LabelMapFile, PhotoReader, UnknownColorsError
from citygan.palette import colorize
from citygan.ui.canvas import publish_static
from citygan.ui.colordialog import ColorDialog
from citygan.ui.endpoint import add_endpoint
from citygan.ui.filesynthesizer import FileSynthesizer, open_label_map
from citygan.ui.imagefile import ImageFile
from citygan.ui.pictures import read_label_map
from citygan.ui.result import ResultView, save_picture

_OTHER_FILES = {True: "a pair of map and photo,\nor a photo of a street", False: "or a pair of map and photo"}

# On a phone the result lies below all that one can choose, or, where it is held sideways, above the examples.
# Pictures load when they come near the window, and push the photo on: it stays until the visitor acts.
_SHOW_PHOTO = """() => {
    const photo = document.querySelector("#cg-photo");
    if (document.querySelector("#cg-read .cg-refused")) return;
    let until = performance.now() + 5000;
    const acts = () => { until = 0; };
    for (const act of ["wheel", "pointerdown", "keydown"]) addEventListener(act, acts, { once: true });
    const hold = () => {
        if (performance.now() > until) return;
        const { top, bottom } = photo.getBoundingClientRect();
        if (top < 0 || bottom > innerHeight) photo.scrollIntoView();
        requestAnimationFrame(hold);
    };
    hold();
}"""


def _read_aloud(
    photo_reader: PhotoReader | None, label_file: str | None, read_as: str | None = None
) -> tuple[str, dict[str, Any], Any]:
    """What a chosen file was read as, or why it is refused, as HTML; how it can be read; and what asks about
    colours that nobody knows."""
    no_choice = gr.update(value=None, visible=False)
    if label_file is None:
        return "", no_choice, None
    try:
        file = read_label_map(label_file, read_as, photo_reader)
    except ImageError as error:
        if not isinstance(error, UnknownColorsError):
            return _refused(str(error)), no_choice, None
        kept = no_choice if read_as is None else gr.skip()
        return _refused(str(error)), kept, ColorDialog.ask(error.colors, again=read_as is not None)
    names = [(readings.NAMES[key], key) for key in sorted(file.readings, key=[*readings.NAMES].index)]
    choice = gr.update(choices=names, value=file.readings[0], visible=len(names) > 1)
    return _said(file.summary), choice, gr.skip()


def _wish(read_as: str | None, palette: str | None) -> str | None:
    """What a file is to be read as: by the visitor's palette, where they chose so."""
    return palette if read_as == readings.OWN and palette else read_as


def _said(text: str) -> str:
    return f'<p class="cg-read" role="status">{escape(text)}</p>'


def _refused(text: str) -> str:
    return f'<p class="cg-read cg-refused" role="alert">{escape(text)}</p>'


class _Inputs(NamedTuple):
    """What a visitor can choose."""

    label_file: ImageFile
    read: gr.HTML  # what it was read as
    read_as: gr.Dropdown  # what it is to be read as
    palette: ColorDialog  # and by which colours
    target_file: ImageFile
    seed: gr.Textbox
    light: gr.Dropdown  # hidden where the checkpoint has no lights


def build_upload(
    generate: FileSynthesizer,
    device_name: str,
    canvas: gr.HTML,
    tabs: gr.Tabs,
    paint_tab: str,
    about: Callable[[LabelMapFile], dict[str, Any]],
) -> None:
    """Builds the Upload tab and the endpoint inside a `gr.Blocks`.

    Args:
        generate: makes the results.
        device_name: for people, for example "CPU".
        canvas: takes the label map when someone wants to edit it.
        tabs: turned to the tab with the id `paint_tab` at the same time.
        paint_tab: the id of the tab that holds `canvas`.
        about: what the canvas is told of a file whose map it takes, as `Live.about`.
    """
    with gr.Row(elem_classes="cg-upload"):
        with gr.Column(scale=1, min_width=300):
            inputs = _build_inputs(generate)
            with gr.Row():
                edit = gr.Button("Edit this map", elem_id="cg-edit", min_width=120)
                start = gr.Button("Generate", variant="primary", elem_id="cg-generate", min_width=120)
            examples = _build_examples(inputs.label_file)
        with gr.Column(scale=3, min_width=320):
            view = ResultView(generate.info, device_name)

    shared: dict[str, Any] = {"concurrency_id": "synthesis", "concurrency_limit": 1}
    _generate_on(start, examples, generate, inputs, view, shared)

    def edited(label_file: str | None, *chosen: str | None) -> tuple[Any, ...]:
        try:
            file = open_label_map(label_file, _wish(*chosen), generate.photo_reader)
        except gr.Error as error:
            return _refused(error.message), gr.skip(), gr.skip()
        return _said(file.summary), (file.label_map, about(file)), gr.Tabs(selected=paint_tab)

    edit.click(
        edited,
        [inputs.label_file, inputs.read_as, inputs.palette],
        [inputs.read, canvas, tabs],
        show_progress="hidden",
        api_visibility="private",
    )
    add_endpoint(generate, generate.info, inputs.label_file, inputs.target_file, shared)


def _generate_on(
    start: gr.Button,
    examples: Examples,
    generate: FileSynthesizer,
    inputs: _Inputs,
    view: ResultView,
    shared: dict[str, Any],
) -> None:
    """Has the button and each example draw the photo; `shared` is what every event has that draws one."""

    # Our examples are read as they are recognised: the choice may still be that of another file.
    def show(file, target, seed, light, read_as=None, palette=None) -> list[Any]:
        try:
            result = generate(file, target, seed, light, read_as=_wish(read_as, palette))
        except gr.Error as error:  # what was shown before stays, and the reason stands where the file is
            return [_refused(error.message), *[gr.skip()] * len(view.outputs)]
        return [_said(result.notes[0]), *view.show(result)]

    given = [inputs.label_file, inputs.target_file, inputs.seed, inputs.light]
    chosen = [inputs.read_as, inputs.palette]
    for event, also in ((start.click, chosen), (examples.load_input_event.then, [])):
        drawn = event(
            show,
            [*given, *also],
            [inputs.read, *view.outputs],
            show_progress_on=view.progress,
            api_visibility="private",
            **shared,
        )
        drawn.success(None, js=_SHOW_PHOTO, api_visibility="private")


def _build_inputs(generate: FileSynthesizer) -> _Inputs:
    info, photo_reader = generate.info, generate.photo_reader
    picture: dict[str, Any] = {"image_mode": None, "sources": ["upload", "clipboard"], "height": 220}
    label_file = ImageFile(
        label="Label map or photo" if photo_reader else "Label map",
        placeholder=f"Drop a label map\n\nin colours or ids,\n{_OTHER_FILES[photo_reader is not None]}",
        elem_id="cg-label-file",
        **picture,
    )
    read = gr.HTML(elem_id="cg-read")
    read_as = gr.Dropdown(
        [(name, key) for key, name in readings.NAMES.items()],
        value=None,
        label="Read as",
        visible=False,
        elem_id="cg-read-as",
    )
    palette = ColorDialog()
    read_aloud = partial(_read_aloud, photo_reader)
    for event, given in (
        (label_file.change, [label_file]),
        (read_as.input, [label_file, read_as]),
        (palette.input, [label_file, palette]),
    ):
        event(read_aloud, given, [read, read_as, palette], show_progress="hidden", api_visibility="private")
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
    return _Inputs(label_file, read, read_as, palette, target_file, seed, light)


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


def on_seen() -> str:
    """JavaScript for when the tab is first seen: Gradio shows the examples as buttons without a name, and its
    own words for a file that is no image."""
    return f"""() => {{
        const root = (window.gradio_config?.root ?? "").replace(/[/]$/, "");
        import(`${{root}}/gradio_api/file={publish_static()}/view/upload.js`)
            .then(({{ watchFields }}) => watchFields());
        const names = {json.dumps(streets.NAMES)};
        const name = () => {{
            const buttons = document.querySelectorAll("#cg-examples .gallery-item");
            if (!buttons.length) requestAnimationFrame(name);
            buttons.forEach((button, i) => (button.title = `Draw the street “${{names[i]}}”`));
        }};
        name();
    }}"""
