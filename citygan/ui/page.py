"""The page: a header and the tabs, Paint, Upload, Compare and Results."""

from __future__ import annotations

import logging
import os
import re
import signal
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from starlette.middleware import Middleware
from starlette.routing import Route

from citygan import streets
from citygan.checkpoint import CheckpointInfo
from citygan.data.images import MAX_FILE_BYTES
from citygan.data.label_maps import PhotoReader
from citygan.errors import CityGANError
from citygan.runtime import BrowserFiles
from citygan.synthesis.shelf import Shelf
from citygan.ui import tempfiles, watch
from citygan.ui.canvas import LabelCanvas
from citygan.ui.compare import build_compare
from citygan.ui.device import device_props
from citygan.ui.filesynthesizer import FileSynthesizer
from citygan.ui.gallery import Gallery
from citygan.ui.gate import Gate
from citygan.ui.headers import SecurityHeaders
from citygan.ui.limits import BodyLimit
from citygan.ui.live import Live
from citygan.ui.rate import VisitorRate
from citygan.ui.requests import CheckedRequests
from citygan.ui.results import build_results
from citygan.ui.theme import CSS, make_theme
from citygan.ui.upload import build_upload, on_seen
from citygan.ui.watch import Watch

log = logging.getLogger(__name__)

# Gradio keeps 100 kB for each session that a request names, whoever made it up; by default of 10,000 of them.
# What is forgotten comes again with the next request
MAX_SESSIONS = 500
MAX_WAITING = 64  # visitors in the queue; the next one is told to come back


class Page(gr.Blocks):
    """Says in a sentence that an event has not the values that it takes.

    Gradio itself prints a traceback then, with all that was sent.
    """

    async def preprocess_data(self, *given: Any, **named: Any) -> list[Any]:
        """Turns what was sent into what functions take.

        Raises:
            gr.Error: it cannot be.
        """
        try:
            return await super().preprocess_data(*given, **named)
        except gr.Error:
            raise
        except Exception as error:  # a component raises whatever it meets in values of another kind
            log.warning("an event is malformed: %s", type(error).__name__)
            raise gr.Error("These are not the values that this takes.", print_exception=False) from error


def build_app(
    synthesize: Callable[..., np.ndarray],
    score: Callable,
    info: CheckpointInfo,
    device_name: str,
    *,
    source: str = "",
    max_waiting: int = MAX_WAITING,
    notice: str = "",
    shelf: Shelf | None = None,
    results: Path | None = None,
    light_of: Callable[[np.ndarray], Sequence[float]] | None = None,
    photo_reader: PhotoReader | None = None,
    on_device: BrowserFiles | None = None,
    notice_of: Callable[[], str] = str,
) -> gr.Blocks:
    """Builds the page for one checkpoint; `launch(**launch_options())` serves it.

    Args:
        synthesize: `(label_map, seed=None, wait_s=None) -> photo`, both `(H, W)`, as `Synthesizer`: called by
            many threads, makes one photo at a time, and raises a `BusyError` where that took longer to begin.
        score: `(photo, target, size_px) -> Scores`; resizes both to that width and height.
        info: the checkpoint behind `synthesize`.
        device_name: where it runs, for people.
        source: where the checkpoint came from; OWNER/NAME@COMMIT of the Hub is shown.
        max_waiting: visitors in the queue.
        notice: one sentence that everyone should read, for example that another checkpoint was asked for.
        shelf: the checkpoints of the Compare tab, each `(synthesize, info)`; without it there is no tab.
        results: the folder of the table of systems, for the Results tab.
        light_of: the light of a picture, where the checkpoint is told one, as `Synthesizer.light_of`.
        photo_reader: finds the map in a visitor's photo; without it photos are refused.
        on_device: the checkpoint's files for browsers, where it has some; then visitors can have their own
            device make the photos.
        notice_of: one sentence that everyone should read with each photo from now on; "" for none.
    """
    score_here = partial(score, size_px=(info.width_px, info.height_px))
    live = Live(
        synthesize, score_here, info, light_of=light_of, notice_of=notice_of, photo_reader=photo_reader
    )
    tempfiles.keep_private()
    with Page(title="CityGAN", analytics_enabled=False, fill_width=True) as app:
        gr.HTML(_header(info, device_name, source, notice))
        with gr.Tabs() as tabs:
            with gr.Tab("Paint", id="paint"), gr.Column(min_width=320):
                reads_photos = photo_reader is not None
                canvas = _build_canvas(live, info, reads_photos, device_props(on_device, device_name))
            with gr.Tab("Upload", id="upload") as upload:
                generate = FileSynthesizer(synthesize, score_here, info, photo_reader, light_of)
                build_upload(generate, device_name, canvas, tabs, "paint", live.about)
            upload.select(None, js=on_seen(), api_visibility="private")
            if shelf:
                with gr.Tab("Compare", id="compare"):
                    build_compare(shelf, shelf.names, score, canvas)
            if results:
                with gr.Tab("Results", id="results") as shown:
                    show = partial(Gallery(shelf, shelf.names).build, shown) if shelf else None
                    build_results(info, results, Path(source).parent, show)
    # not open: who calls an event directly would skip the queue
    return app.queue(max_size=max_waiting, default_concurrency_limit=1, api_open=False)


def _build_canvas(
    live: Live, info: CheckpointInfo, reads_photos: bool, device: dict[str, Any] | None
) -> LabelCanvas:
    """The studio with our first street on it; `device` as `device_props` gives it."""
    return LabelCanvas(
        streets.street("tree-lined road"),
        info=info,
        server_functions=live.functions,
        streets=streets.NAMES,
        reads_photos=reads_photos,
        device=device,
        elem_id="cg-canvas",
    )


def serve(
    page: gr.Blocks,
    host: str | None,
    port: int | None,
    *,
    share: bool = False,
    names: Sequence[str] = (),
    metrics: bool = False,
    visitor_rate: float = 0.0,
    **options: Any,
) -> None:
    """Serves the page until Ctrl-C or a SIGTERM; the requests in hand are then answered, for up to 5 s.

    Args:
        page: From `build_app`.
        host: None for GRADIO_SERVER_NAME, or this machine alone.
        port: None for the first free one.
        share: Also through a public gradio.live link.
        names: Hosts by which a proxy on this machine passes visitors on, see `Gate`.
        metrics: Also counters for Prometheus, at /metrics.
        visitor_rate: Requests a second of one address, see `VisitorRate`; 0 for no limit.
        options: More for `launch`.

    Raises:
        CityGANError: the port cannot be had.
    """
    try:
        public = share or "SPACE_ID" in os.environ  # and asked for by names that others give it
        launched = launch_options(None if public else names, metrics=metrics, visitor_rate=visitor_rate)
        with _sigterm_as_ctrl_c():
            page.launch(server_name=host, server_port=port, share=share, **options, **launched)
    except KeyboardInterrupt:  # before Gradio waited for it
        page.close()
    except OSError as error:
        if not str(error).startswith("Cannot find empty port"):  # Gradio has no class of its own for it
            raise
        which = f"port {port}" if port else "every port that was tried"
        place = f" of {host}" if host else ""
        raise CityGANError(
            f"{which}{place} is in use or not allowed; give another --port, or none for the first free one"
        ) from error


@contextmanager
def _sigterm_as_ctrl_c() -> Generator[None]:
    """For the latter Gradio closes its server in order, which answers what was asked before. In a thread of a
    larger program signals are that program's."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def launch_options(
    names: Sequence[str] | None = (), *, metrics: bool = False, visitor_rate: float = 0.0
) -> dict[str, Any]:
    """What `launch` of the page needs besides host and port.

    Args:
        names: Hosts that it answers to, see `Gate`.
        metrics: Whether there are counters at /metrics.
        visitor_rate: Requests a second of one address, see `VisitorRate`; 0 for no limit.
    """
    doors = [
        Middleware(SecurityHeaders),
        Middleware(Watch),
        Middleware(Gate, hosts=names),
        *([Middleware(VisitorRate, per_s=visitor_rate)] if visitor_rate else []),
        Middleware(BodyLimit),
        Middleware(CheckedRequests),
    ]
    routes = [Route("/health", watch.health), *([Route("/metrics", watch.metrics)] if metrics else [])]
    return {
        "theme": make_theme(),
        "css": CSS,
        "max_file_size": MAX_FILE_BYTES,
        "state_session_capacity": MAX_SESSIONS,
        "app_kwargs": {"middleware": doors, "routes": routes, "lifespan": tempfiles.old_files_go},
        "footer_links": ["api"],
        "run_history": False,
        "ssr_mode": False,
    }


def _header(info: CheckpointInfo, device_name: str, source: str, notice: str) -> str:
    commit = re.fullmatch(r"([\w.-]+/[\w.-]+@)([0-9a-f]{12})[0-9a-f]{28}", source)
    name = f"{info.name} ({commit[1]}{commit[2]})" if commit else info.name
    facts = f"{name}, trained on {info.dataset} · runs on {device_name} · weights: {info.license}"
    notice = f'<p class="cg-notice" role="status">{escape(notice)}</p>' if notice else ""
    return (
        '<header class="cg-header"><h1>CityGAN</h1>'
        '<p class="cg-lead">Paint a street as a label map, and see it as a photo.</p>'
        f"{_duplicate_link(os.environ.get('SPACE_ID', ''))}"
        '<details class="cg-about"><summary>About this checkpoint</summary></details>'
        f'<p class="cg-facts">{escape(facts)}</p>{notice}</header>'
    )


def _duplicate_link(space_id: str) -> str:
    """A link that looks like a button, on a Hugging Face Space alone; it makes the visitor a copy."""
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", space_id):
        return ""
    address = f"https://huggingface.co/spaces/{space_id}?duplicate=true"
    return f'<a class="cg-duplicate" href="{address}" target="_blank" rel="noopener">Duplicate this Space</a>'
