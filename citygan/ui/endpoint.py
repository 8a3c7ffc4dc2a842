"""The `/synthesize` endpoint, for scripts and, through MCP, for language models: no button leads there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from citygan.checkpoint import CheckpointInfo
from citygan.errors import CityGANError
from citygan.ui.imagefile import ImageFile
from citygan.ui.plainnumber import PlainNumber
from citygan.ui.requests import check_fields
from citygan.ui.result import Result, save_picture


def add_endpoint(
    generate: Callable[..., Result],
    info: CheckpointInfo,
    label_file: ImageFile,
    target_file: ImageFile,
    shared: dict[str, Any],
) -> None:
    """Adds the endpoint to a `gr.Blocks`.

    Args:
        generate: as `FileSynthesizer`.
        info: of its checkpoint.
        label_file: the page's own input, whose kind of file the endpoint takes.
        target_file: likewise.
        shared: what every event has that draws a photo.
    """

    with gr.Group(visible=False):
        seed = PlainNumber(value=None, label="Seed", precision=0)
        light = gr.Textbox(label="Light")
        brightness, warmth = (PlainNumber(value=None, label=name) for name in ("Brightness", "Warmth"))
        read_as = gr.Textbox(label="Read as")
        photo = gr.Image(label="photo", format="png", type="filepath")
        scores = gr.JSON(label="scores")
        gr.Button().click(
            _synthesize_by(generate, info),
            [label_file, target_file, seed, light, brightness, warmth, read_as],
            [photo, scores],
            api_name="synthesize",
            **shared,
        )


def _synthesize_by(generate: Callable[..., Result], info: CheckpointInfo) -> Callable[..., Any]:
    """What the endpoint calls. Gradio describes it by its docstring, and each argument by one line."""

    def synthesize(
        label_map: str,
        target: str | None = None,
        seed: float | None = None,
        light: str | None = None,
        brightness: float | None = None,
        warmth: float | None = None,
        read_as: str | None = None,
    ):
        """Draws a street photo from a semantic label map in the 35 classes of Cityscapes.

        The label map is painted in the Cityscapes colours: road #804080, sidewalk #f423e8, building #464646,
        fence #be9999, pole #999999, traffic sign #dcdc00, vegetation #6b8e23, sky #4682b4, person #dc143c,
        rider #ff0000, car #00008e and so on. Other colours are snapped to the nearest of them.

        Args:
            label_map: Those colours, or of CamVid, ADE20K, Mapillary or BDD100K; ids in a grey PNG; a photo.
            target: The real photo of the same street; the drawn one is scored against it.
            seed: A whole number from 0 to 2147483647. Another one draws other details.
            light: Its name, such as day, overcast or dusk, where the checkpoint is told the light.
            brightness: From -3, darker, to 3, where the checkpoint is told the light.
            warmth: From -3, colder, to 3, where the checkpoint is told the light.
            read_as: colors, ade20k, label-ids, photo or so; {"#804080": "road", ...}; else recognised.

        Returns:
            the photo, a PNG of the label map's size
            and ssim, psnr (dB), percentile and percentile_of (null without a target), milliseconds, notes.
        """
        sent = {"seed": seed, "light": light, "brightness": brightness, "warmth": warmth, "read_as": read_as}
        try:
            check_fields({"label_map": {"path": label_map}, **sent})
        except CityGANError as error:
            raise gr.Error(str(error), print_exception=False) from error
        result = generate(label_map, target, seed, light, brightness, warmth, read_as)
        return save_picture(result.photo), result.as_json(info)

    return synthesize
