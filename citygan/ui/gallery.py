"""The pictures at the top of the Results tab: the same five streets by every system at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from html import escape

import gradio as gr
import numpy as np
from PIL import Image

from citygan import streets
from citygan.checkpoint import CheckpointInfo
from citygan.errors import CityGANError
from citygan.palette import colorize
from citygan.ui.dataurl import data_url
from citygan.wire import canvas_size

Model = tuple[Callable[..., np.ndarray], CheckpointInfo]  # label map -> photo, and what makes it
MAPS = streets.NAMES[:5]
MOST_SYSTEMS = 4
PICTURE_PX = 320  # width


class Gallery:
    """Makes the pictures when they are first looked at, one after the other, and keeps them."""

    def __init__(self, open_model: Callable[[str], Model], names: Sequence[str]):
        """
        Args:
            open_model: name -> `(synthesize, info)`; a CityGANError says why it cannot be opened.
            names: of the systems at hand; the first `MOST_SYSTEMS` are shown.
        """
        self._open_model = open_model
        self._names = names[:MOST_SYSTEMS]
        self._infos: dict[str, CheckpointInfo] = {}  # of those that were opened
        self._picture = lru_cache(maxsize=None)(self._draw)  # as many as there are streets and systems

    def build(self, tab: gr.Tab) -> None:
        """Builds it inside a `gr.Blocks`; it is drawn when `tab` is first seen."""
        shown = gr.HTML(self._html({}), elem_id="cg-gallery")
        tab.select(
            self.steps,
            None,
            shown,
            show_progress="hidden",
            api_visibility="private",
            concurrency_id="synthesis",
            concurrency_limit=1,
        )

    def steps(self) -> Iterator[str]:
        """The HTML after each street, until all are there."""
        done: dict[tuple[str, str], str] = {}
        for street in MAPS:
            for name in self._names:
                try:
                    done[street, name] = self._picture(street, name)
                except CityGANError as error:
                    done[street, name] = f'<p class="cg-missing">{escape(str(error))}</p>'
            yield self._html(done)

    def _draw(self, street: str, name: str) -> str:
        synthesize, info = self._open_model(name)
        self._infos[name] = info
        photo = synthesize(streets.street(street, *canvas_size(info)))
        return _picture(photo, f"{street}, by {name}")

    def _html(self, done: dict[tuple[str, str], str]) -> str:
        heads = "".join(self._head(name) for name in self._names)
        rows = "".join(
            f'<div role="row"><div role="rowheader">{_map(street)}<span>{escape(street)}</span></div>'
            + "".join(
                f'<div role="cell">{done.get((street, name), "<p>not drawn yet</p>")}</div>'
                for name in self._names
            )
            + "</div>"
            for street in MAPS
        )
        missing = len(MAPS) - len({street for street, _ in done})
        state = (
            f"Drawing: {missing} of {len(MAPS)} streets to come." if missing else "All drawn on this machine."
        )
        return (
            "<h2>The same five streets by every system here</h2>"
            f'<p class="cg-gallery-state" role="status">{state}</p>'
            f'<div class="cg-gallery" role="table" style="--cg-systems: {len(self._names)}" '
            'aria-label="Streets and systems"><div role="row"><div role="columnheader">Label map</div>'
            f"{heads}</div>{rows}</div>"
        )

    def _head(self, name: str) -> str:
        info = self._infos.get(name)
        facts = ""
        if info:
            facts = f"{info.epochs} epochs on {info.dataset}, {info.parameters / 1e6:.1f} M parameters"
        return f'<div role="columnheader"><b>{escape(name)}</b> {escape(facts)}</div>'


@lru_cache(maxsize=len(MAPS))
def _map(street: str) -> str:
    return _picture(colorize(streets.street(street)), f"{street}, label map", Image.Resampling.NEAREST)


def _picture(pixels: np.ndarray, alt: str, resample: Image.Resampling = Image.Resampling.LANCZOS) -> str:
    image = Image.fromarray(pixels)
    size = (PICTURE_PX, max(1, round(image.height * PICTURE_PX / image.width)))
    url = data_url(np.asarray(image.resize(size, resample)), "JPEG")
    return f'<img src="{url}" alt="{escape(alt, quote=True)}" width="{size[0]}" height="{size[1]}">'
