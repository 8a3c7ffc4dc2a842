"""Serves the page: `python app.py`, or `python app.py --help` for model, device, host, port and share."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
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
    share: bool = False  # Also serve through a public gradio.live link.


def main(options: Options) -> None:
    """Loads the checkpoint and serves until Ctrl-C."""
    try:
        synthesizer = Synthesizer(options.model, options.device)
    except ValueError as error:  # a CheckpointError, or a device that is not there
        print(f"citygan: {error}", file=sys.stderr)
        sys.exit(2)
    app = build_app(synthesizer, compare, synthesizer.info, synthesizer.device_name)
    app.launch(server_name=options.host, server_port=options.port, share=options.share, **launch_options())


if __name__ == "__main__":
    main(tyro.cli(Options))
