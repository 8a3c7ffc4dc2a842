"""Serves the page: `python app.py`; `python app.py --help` lists the flags.

Where there is no command line, as on a Hugging Face Space, three of them are variables: CITYGAN_MODEL,
CITYGAN_DEVICE and CITYGAN_MAX_QUEUE. Gradio reads its own too, GRADIO_SERVER_NAME and GRADIO_SERVER_PORT
among them.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # idle threads sleep, and leave the CPU to the browser

from citygan.synthesis import zero_gpu  # before all that may touch CUDA

# isort: split
import ctypes
import logging
import sys
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import gradio as gr
import tyro

from citygan.checkpoint import SHIPPED
from citygan.errors import CityGANError
from citygan.evaluation.metrics import compare, get_ready
from citygan.evaluation.reading import READER, PhotoReader
from citygan.synthesis.serving import fill_shelf, for_browsers, open_checkpoint, warm_up
from citygan.synthesis.shelf import short_name
from citygan.synthesis.synthesizer import Synthesizer
from citygan.ui.page import build_app, serve
from citygan.ui.pairs import build_pairs, maps_to_judge
from citygan.ui.watch import log_requests

RESULTS = Path(__file__).resolve().parent / "results"
_M_ARENA_MAX = -8  # of glibc's malloc.h


def _variable(name: str, default: str) -> str:
    """An environment variable; a Space's settings can leave it empty."""
    return os.environ.get(name, "").strip() or default


def _default_max_queue() -> int:
    text = _variable("CITYGAN_MAX_QUEUE", "64")
    if not text.isdecimal() or len(text) > 9:  # Python reads no number of more than 4300 digits
        raise CityGANError(f"CITYGAN_MAX_QUEUE is {text!r}; give a whole number above 0")
    return int(text)


@dataclass(frozen=True)
class Options:
    """Paint a street as a label map, and see it as a photo."""

    # A checkpoint: a path, or OWNER/NAME[@REVISION] on the Hugging Face Hub. By default CITYGAN_MODEL, or
    # the one that comes with CityGAN.
    model: str | None = None
    # "auto" (CUDA where there is a GPU), "cpu" or "cuda". By default CITYGAN_DEVICE.
    device: str = field(default_factory=partial(_variable, "CITYGAN_DEVICE", "auto"))
    host: str | None = None  # Address to listen on, by default 127.0.0.1; 0.0.0.0 is every one.
    port: int | None = None  # By default the first free one from 7860.
    # Names by which a proxy on this machine passes visitors on. Asked for by another one, a page that listens
    # on this machine alone does not answer: a stranger's page could have made its own name lead here.
    allow_host: tuple[str, ...] = ()
    # Visitors who may wait; the next one is told to come back. By default CITYGAN_MAX_QUEUE.
    max_queue: int = field(default_factory=_default_max_queue)
    # Photos that are made at once of those who wait. By default one on a CPU, and on a GPU as many as are
    # measured to be faster.
    batch: int | None = None
    # More checkpoints for the Compare tab than those in runs/: paths, or ids of the Hub.
    compare: tuple[str, ...] = ()
    # Serves blind pairs instead: photos of one map by this checkpoint and by another (a path, or an id of the
    # Hub), on random sides. A person says which is better; the count is shown at the end, and printed.
    blind_pairs: str | None = None
    pairs_data: Path | None = None  # Blind pairs of the maps of its test split, not of our own streets.
    compile: bool = True  # On the CPU, in the background: photos then take half the time.
    log_requests: bool = (
        False  # Writes a line of JSON for each request: id, what, outcome, milliseconds, bytes.
    )
    metrics: bool = False  # Also offers counters for Prometheus at /metrics, to anybody.
    # Requests a second that one address may make, on average over 10 s; this machine's own are not counted. 0
    # is no limit. Behind a proxy elsewhere, FORWARDED_ALLOW_IPS has to name it, or all visitors share one.
    visitor_rate: float = 0.0
    mcp: bool = False  # Also offer /synthesize as a tool for language models; needs gradio[mcp].
    share: bool = False  # Also serve through a public gradio.live link.

    def __post_init__(self):
        if self.max_queue < 1:
            raise CityGANError(f"{self.max_queue} visitors may wait; give a whole number above 0")
        if self.batch is not None and not 1 <= self.batch <= 64:
            raise CityGANError(f"{self.batch} photos at once cannot be; give a whole number from 1 to 64")
        if not 0 <= self.visitor_rate <= 1000:
            raise CityGANError(f"{self.visitor_rate} requests a second is no limit; give 0 for none, to 1000")
        if self.port is not None and not 1 <= self.port <= 65535:
            raise CityGANError(f"port {self.port} is none; give one from 1 to 65535")
        if self.pairs_data and not self.blind_pairs:
            raise CityGANError("--pairs-data needs --blind-pairs and the other checkpoint")
        if self.mcp and find_spec("mcp") is None:
            raise CityGANError("--mcp needs one more package: pip install 'gradio[mcp]'")


def main(arguments: list[str] | None = None) -> None:
    """Loads the checkpoint and serves until Ctrl-C."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    _share_memory()
    try:
        _run(tyro.cli(Options, args=arguments))
    except CityGANError as error:
        print(f"citygan: {error}", file=sys.stderr)
        sys.exit(2)


def _share_memory() -> None:
    """Has glibc keep what threads free in two places, not in one for each thread that requests run in: under
    the load of 50 painters, memory then grows by a quarter of what it did (`docs/TRUST.md`)."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(_M_ARENA_MAX, 2)


def _run(options: Options) -> None:
    page = open_page(options)
    mcp = options.mcp or None  # None leaves it to GRADIO_MCP_SERVER
    if options.log_requests:
        log_requests()
    serve(
        page,
        options.host,
        options.port,
        share=options.share,
        names=options.allow_host,
        metrics=options.metrics,
        visitor_rate=options.visitor_rate,
        mcp_server=mcp,
    )


def open_model(options: Options) -> tuple[Synthesizer, str]:
    """The checkpoint to paint with, and what the page should say of it; see `open_checkpoint`.

    Raises:
        CityGANError: it cannot be loaded, or the device is not there.
    """
    default = _variable("CITYGAN_MODEL", str(SHIPPED))
    return open_checkpoint(options.model, default, options.device, options.batch)


def open_page(options: Options) -> gr.Blocks:
    """Loads the checkpoint and builds its page, or that of blind pairs.

    Raises:
        CityGANError: as `open_model`.
    """
    synthesizer, notice = open_model(options)
    synthesize = zero_gpu.with_gpu(synthesizer)
    other = options.blind_pairs
    others = options.compare if other is None else (other,)
    shelf = fill_shelf(synthesizer, synthesize, others, options.device)
    if other is not None:
        return build_pairs(shelf, shelf.names[0], short_name(other), maps_to_judge(options.pairs_data))
    if not zero_gpu.is_on():
        warm_up(synthesizer, get_ready, *((synthesizer.compile_in_background,) if options.compile else ()))
    return build_app(
        synthesize,
        compare,
        synthesizer.info,
        synthesizer.device_name,
        source=synthesizer.source,
        max_waiting=options.max_queue,
        notice=notice,
        shelf=shelf,
        results=RESULTS,
        light_of=synthesizer.light_of if synthesizer.lights else None,
        notice_of=lambda: synthesizer.notice,
        photo_reader=_open_photo_reader(),
        on_device=for_browsers(synthesizer),
    )


def _open_photo_reader() -> PhotoReader | None:
    """What finds maps in photos; None where its files are not there, and the page says so then."""
    try:
        return PhotoReader()
    except CityGANError as error:
        logging.getLogger(__name__).info("photos are not read, for want of %s: %s", READER.name, error)
        return None


if __name__ == "__main__":
    main()
