"""The dialog of the Upload tab that asks which class each colour of a map is, a `gr.HTML` component."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any

import gradio as gr

from citygan.palette import CLASSES
from citygan.ui.canvas import publish_static

_JS_ON_LOAD = """
const root = (window.gradio_config?.root ?? "").replace(/[/]$/, "");
import(`${root}/gradio_api/file=${props.modules}/panels/colors.js`)
    .then(({ mountColors }) => mountColors(props, trigger, watch))
    .catch((error) => console.error(error));
"""


class ColorDialog(gr.HTML):
    """Opens where Python gives it colours, see `ask`; what comes back is a palette as JSON, or None.

    The dialog itself is `static/panels/colors.js`; it takes no room on the page.
    """

    def __init__(self, *, render: bool = True):
        """`render` is as in `gr.HTML`: told to skip an update, Gradio makes the component anew with False."""
        super().__init__(
            None,
            html_template="",
            js_on_load=_JS_ON_LOAD,
            apply_default_css=False,
            modules=publish_static(),
            classes=[c.name for c in CLASSES],
            elem_id="cg-palette",
            render=render,
        )

    @staticmethod
    def ask(colors: Mapping[str, float], again: bool) -> dict[str, Any]:
        """The value that asks about colours and the share of each.

        Args:
            colors: `{"#804080": 0.3, ...}`, in the order in which they are shown.
            again: also if the browser remembers what each of them is.
        """
        return {"colors": list(colors.items()), "again": again, "id": secrets.token_hex(4)}

    def preprocess(self, payload: Any) -> str | None:
        """The palette that came back, as `read_label_map` takes it and checks it."""
        palette = payload.get("palette") if isinstance(payload, dict) else None
        return None if palette is None else json.dumps(palette)

    # ty: ignore[incompatible-method-override]: `gr.HTML` holds a string, and this an object
    def postprocess(self, value: dict[str, Any] | None) -> dict[str, Any] | None:
        """What `ask` made, as it is."""
        return value
