"""Serves the page: `python app.py`; `python app.py --help` lists the flags.

Where there is no command line, as on a Hugging Face Space, three of them are variables: CITYGAN_MODEL,
CITYGAN_DEVICE and CITYGAN_MAX_QUEUE. Gradio reads its own too, GRADIO_SERVER_NAME and GRADIO_SERVER_PORT
among them.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # idle threads sleep, and leave the CPU to the browser

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from pathlib import Path

try:
    import spaces  # before anything that may touch CUDA: on ZeroGPU it lends a GPU to each call
except ImportError:  # not on a Space
    spaces = None

import numpy as np
import tyro

from citygan.checkpoint import SHIPPED
from citygan.errors import CityGANError
from citygan.evaluation.metrics import compare
from citygan.hub import HubUnreachableError
from citygan.synthesis.shelf import Shelf, find_runs, short_name
from citygan.synthesis.synthesizer import Synthesizer
from citygan.ui.compare import Model
from citygan.ui.page import build_app, launch_options

ZERO_GPU = spaces is not None and os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")
ROOT = Path(__file__).resolve().parent
GPU_CALL_S = 10  # at most; ZeroGPU lets short calls go first


def _variable(name: str, default: str) -> str:
    """An environment variable; a Space's settings can leave it empty."""
    return os.environ.get(name, "").strip() or default


def _default_max_queue() -> int:
    text = _variable("CITYGAN_MAX_QUEUE", "64")
    if not text.isdecimal():
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
    # Visitors who may wait; the next one is told to come back. By default CITYGAN_MAX_QUEUE.
    max_queue: int = field(default_factory=_default_max_queue)
    # More checkpoints for the Compare tab than those in runs/: paths, or ids of the Hub.
    compare: tuple[str, ...] = ()
    compile: bool = True  # On the CPU, in the background: photos then take half the time.
    mcp: bool = False  # Also offer /synthesize as a tool for language models; needs gradio[mcp].
    share: bool = False  # Also serve through a public gradio.live link.

    def __post_init__(self):
        if self.max_queue < 1:
            raise CityGANError(f"{self.max_queue} visitors may wait; give a whole number above 0")
        if self.mcp and find_spec("mcp") is None:
            raise CityGANError("--mcp needs one more package: pip install 'gradio[mcp]'")


def main(arguments: list[str] | None = None) -> None:
    """Loads the checkpoint and serves until Ctrl-C."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        options = tyro.cli(Options, args=arguments)
        synthesizer, notice = open_checkpoint(options)
    except CityGANError as error:
        print(f"citygan: {error}", file=sys.stderr)
        sys.exit(2)
    info = synthesizer.info
    synthesize = with_gpu(synthesizer)
    app = build_app(
        synthesize,
        compare,
        info,
        synthesizer.device_name,
        source=synthesizer.source,
        max_waiting=options.max_queue,
        notice=notice,
        shelf=make_shelf((synthesize, info), short_name(synthesizer.source), options),
        results=ROOT / "results",
    )
    if options.compile and not ZERO_GPU:
        synthesizer.compile_in_background()
    app.launch(
        server_name=options.host,
        server_port=options.port,
        share=options.share,
        mcp_server=options.mcp or None,  # None leaves it to GRADIO_MCP_SERVER
        **launch_options(),
    )


def open_checkpoint(options: Options) -> tuple[Synthesizer, str]:
    """The checkpoint that was asked for, on its device, and what the page should say of it, if anything.

    A Space whose variable names a checkpoint that is out of reach shows the shipped one; whoever names one
    on the command line is told at once.

    Raises:
        CityGANError: it cannot be loaded, or the device is not there.
    """
    named = options.model or _variable("CITYGAN_MODEL", str(SHIPPED))
    try:
        return Synthesizer(named, options.device), ""
    except HubUnreachableError as error:
        if options.model:
            raise
        logging.warning("%s; the shipped checkpoint is shown", error)
        return Synthesizer(SHIPPED, options.device), f"{named} is out of reach; this is {SHIPPED.name}."


def make_shelf(first: Model, name: str, options: Options) -> Shelf:
    """The checkpoints of the Compare tab; on ZeroGPU, all but the first stay on the CPU."""

    def open_model(source: str) -> Model:
        opened = Synthesizer(source, "cpu" if ZERO_GPU else options.device)
        return opened, opened.info

    found = [
        str(SHIPPED),
        str(ROOT / "checkpoints" / "camvid-citygan"),
        *find_runs(Path("runs")),
        *options.compare,
    ]
    return Shelf(first, name, found, open_model)


def with_gpu(synthesizer: Synthesizer) -> Callable[..., np.ndarray]:
    """The synthesizer as the page calls it: on a Space with ZeroGPU, with a GPU for the time of the call.

    The call then runs in a process of its own, that holds the weights as they were when the page started.
    """
    if spaces is None:
        return synthesizer

    @spaces.GPU(duration=GPU_CALL_S)
    def synthesize(label_map: np.ndarray, seed: int | None = None, wait_s: float | None = None) -> np.ndarray:
        return synthesizer(label_map, seed, wait_s=wait_s)

    return synthesize


if __name__ == "__main__":
    main()
