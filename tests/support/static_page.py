"""A tiny checkpoint that browsers can run, and Python's own web server for a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import tiny
from local_server import LocalServer

from citygan.checkpoint import Checkpoint
from citygan.synthesis.onnx_graph import write_graph

STREET = {"generator": "street-unet", "arguments": {"in_channels": 29, "width": 2, "depth": 6}}
STREET |= {"encoding": "classes", "norm_statistics": "instance", "height_px": 128, "aspect": 2.0}


def save_with_graph(folder: Path) -> Checkpoint:
    """A checkpoint that is told the light, with its graph."""
    network = tiny.settled_street_unet(2)
    saved = Checkpoint.save(folder / "tiny", network, tiny.info(**STREET, lights=network.light.named()))
    write_graph(saved)
    return saved


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """As `python -m http.server -d FOLDER` does it: the address, and the paths that were asked for."""
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_request(self, code="-", size="-"):
            asked.append(self.path)

    with LocalServer(partial(Handler, directory=str(folder))) as server:
        yield f"{server.url}/", asked
