"""The paint canvas, a `gr.HTML` component whose value is a label map."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr
import numpy as np

from citygan.checkpoint import CheckpointInfo
from citygan.errors import CityGANError
from citygan.palette import UNLABELED
from citygan.ui.published import publish
from citygan.wire import STATIC, WIRE_TYPES, canvas_props, decode_map, encode_map

_JS_ON_LOAD = """
const root = (window.gradio_config?.root ?? "").replace(/[/]$/, "");
import(`${root}/gradio_api/file=${props.modules}/main.js`)
    .then(({ mount }) => mount(element, props, server, trigger, watch))
    .catch((error) => {
        element.textContent = `The paint canvas could not be loaded: ${error.message}. Reload the page.`;
        console.error(error);
    });
"""


def publish_static() -> str:
    """Lets Gradio serve `static/`; returns the path to put after `file=`. Modules import each other by
    relative paths, so the folder's name, made from its content, reaches all of them."""
    sources = (p for p in STATIC.rglob("*") if p.suffix in (".js", ".css"))
    return publish({p.relative_to(STATIC).as_posix(): p for p in sources})


def _as_server_function(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Gradio marks server functions with an attribute, which a bound method cannot carry.

    The page calls them with one object, which Gradio hands on as it is.
    """

    @functools.wraps(function)
    def call(request: Any) -> Any:
        return function(request)

    del call.__wrapped__  # its signature is the one that Gradio has to see
    return call


class LabelCanvas(gr.HTML):
    """A canvas on which people paint a label map with exact classes.

    Its value is a label map, `(H, W) uint8`, or None while nothing came from the page. A map that comes of a
    file can be given together with what `Live.about` says of it, as a tuple.
    """

    def __init__(
        self,
        value: np.ndarray | None = None,
        *,
        info: CheckpointInfo,
        server_functions: Sequence[Callable[[Any], Any]] = (),
        streets: Sequence[str] = (),
        size_px: tuple[int, int] | None = None,
        reads_photos: bool = False,
        device: dict[str, Any] | None = None,
        **component: Any,
    ):
        """Builds the canvas for one checkpoint.

        Args:
            value: the label map to begin with; another size than the canvas is resampled in the page.
            info: the checkpoint that will draw the photos; its classes are marked in the palette.
            server_functions: called by the page with one JSON object, each returns a JSON object.
            streets: names of maps that the page offers as a start.
            size_px: width and height of the canvas, by default `canvas_size`.
            reads_photos: whether `open_picture` among the server functions finds maps in photos.
            device: what `device_props` says of photos made by the visitor's device; without it none are.
            component: further arguments of `gr.HTML`, for example `elem_id`.
        """
        super().__init__(
            value,
            html_template="",
            js_on_load=_JS_ON_LOAD,
            apply_default_css=False,
            server_functions=[_as_server_function(f) for f in server_functions],
            modules=publish_static(),
            **canvas_props(info, streets, size_px),
            reads_photos=reads_photos,
            device=device,
            **component,
        )

    # ty: ignore[incompatible-method-override]: `gr.HTML` holds a string, and this a label map
    def preprocess(self, payload: dict[str, Any] | None) -> np.ndarray | None:
        """Turns what the page sent into a label map, `(H, W) uint8`.

        Raises:
            gr.Error: it is malformed.
        """
        if payload is None:
            return None
        try:
            return decode_map(payload)
        except CityGANError as error:
            raise gr.Error(f"The label map could not be read: {error}", print_exception=False) from error

    # ty: ignore[incompatible-method-override]: as above
    def postprocess(self, value: np.ndarray | tuple[np.ndarray, dict[str, Any]] | None) -> dict | None:
        """Turns a label map, and what is known of its file, into what the page expects."""
        if isinstance(value, tuple):
            return encode_map(value[0]) | {"about": value[1]}
        return None if value is None else encode_map(value)

    def api_info(self) -> dict[str, Any]:
        """The JSON schema of the wire format."""
        kinds = {int: "integer", str: "string", bool: "boolean"}
        properties: dict[str, dict[str, Any]] = {k: {"type": kinds[t]} for k, t in WIRE_TYPES.items()}
        properties["encoding"]["enum"] = ["rle", "raw"]
        properties["data"]["description"] = (
            "base64 of the class ids, row by row: raw bytes, or (uint16 little-endian run, uint8 id) triples"
        )
        return {"type": "object", "properties": properties, "required": list(properties)}

    def example_payload(self) -> dict[str, Any]:
        """A small map as the page would send it."""
        return encode_map(self.example_value())

    def example_value(self) -> np.ndarray:
        """A small unlabeled map."""
        return np.full((2, 4), UNLABELED, np.uint8)
