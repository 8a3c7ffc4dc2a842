"""Serves the page: `python app.py`, or `python app.py --help` for model, device, host, port and share."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # idle threads sleep, and leave the CPU to the browser

import logging
import sys
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import tyro

from citygan.checkpoints import SHIPPED
from citygan.metrics import compare
from citygan.synthesis import Synthesizer
from citygan.ui.layout import build_app, launch_options


@dataclass(frozen=True)
class Options:
    """Paint a street as a label map, and see it as a photo."""

    # A checkpoint: a path, or OWNER/NAME on the Hugging Face Hub.
    model: str = field(default_factory=lambda: os.environ.get("CITYGAN_MODEL", str(SHIPPED)))
    device: Literal["auto", "cpu", "cuda"] = "auto"  # Auto is CUDA where there is a GPU.
    host: str | None = None  # Address to listen on, by default 127.0.0.1; 0.0.0.0 is every one.
    port: int | None = None  # By default the first free one from 7860.
    compile: bool = True  # On the CPU, in the background: photos then take half the time.
    share: bool = False  # Also serve through a public gradio.live link.


def main(options: Options) -> None:
    """Loads the checkpoint and serves until Ctrl-C."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        synthesizer = Synthesizer(options.model, options.device)
    except ValueError as error:  # a CheckpointError, or a device that is not there
        print(f"citygan: {error}", file=sys.stderr)
        sys.exit(2)
    info = synthesizer.info
    score = partial(compare, size_px=(info.width_px, info.height_px))
    app = build_app(synthesizer, score, info, synthesizer.device_name)
    if options.compile:
        synthesizer.compile_in_background()
    app.launch(server_name=options.host, server_port=options.port, share=options.share, **launch_options())


if __name__ == "__main__":
    main(tyro.cli(Options))
