"""How long `/synthesize` takes beside an endpoint that does nothing, in turns, with the same file.

`python benchmarks/api.py [--quick] [--json FILE]`: through `gradio_client`, and as plain HTTP.
"""

from __future__ import annotations

import io
import json as json_text
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import httpx
import numpy as np
import tyro
from figures import ROOT, SERVING, Figures, alternating_medians_ms, serving
from gradio_client import Client, handle_file
from PIL import Image

from citygan.palette import colorize
from citygan.streets import street


def through_client(url: str, file: Path, downloads: Path) -> Callable[[], float]:
    """A call through `gradio_client`, which gives the milliseconds that the answer says of the network."""
    client = Client(url, verbose=False, download_files=downloads)
    return lambda: client.predict(handle_file(file), seed=1, api_name="/synthesize")[1]["milliseconds"]


def plain_http(url: str, file: Path) -> Callable[[], float]:
    """The same as four requests over one connection: upload, ask, wait, fetch the photo."""
    client = httpx.Client(base_url=f"{url}/gradio_api/", timeout=60)

    def call() -> float:
        path = client.post("upload", files={"files": file.read_bytes()}).raise_for_status().json()[0]
        label_map = {"path": path, "meta": {"_type": "gradio.FileData"}}
        asked = client.post("call/v2/synthesize", json={"label_map": label_map, "seed": 1})
        answer = client.get(f"call/v2/synthesize/{asked.raise_for_status().json()['event_id']}")
        photo, scores = json_text.loads(answer.text.partition("data: ")[2])
        Image.open(io.BytesIO(client.get(photo["url"]).raise_for_status().content)).verify()
        return scores["milliseconds"]

    return call


def compare(figures: Figures, way: str, calls: dict[str, Callable[[], float]], repeats: int) -> None:
    """Adds the times of one way to call both endpoints, and how they stand to the goal."""
    network_ms: list[float] = []

    def synthesize() -> None:
        network_ms.append(calls["/synthesize"]())

    ms = alternating_medians_ms(calls | {"/synthesize": synthesize}, repeats=repeats)
    network = float(np.median(network_ms))
    for name, value in ms.items():
        figures.add(f"{way}: {name}", value, "ms")
    figures.add(f"{way}: the network's part of it", network, "ms")
    figures.add(f"{way}: times an empty endpoint", ms["/synthesize"] / ms["an empty endpoint"], "x")
    share = ms["/synthesize"] / (1.5 * ms["an empty endpoint"] + network)
    figures.add(f"{way}: of 1.5 x empty + network", share, "x", at_most=1)


def main(*, quick: bool = False, json: Path | None = None, width: int = 684, height: int = 512) -> None:
    """Prints the table.

    Args:
        quick: 10 calls of each instead of 25.
        json: Write the figures there, too.
        width: Of the label map, a colour map; by default what the canvas saves.
        height: Of the label map.
    """
    figures = Figures()
    python = [sys.executable, "-u"]
    app = [*python, str(ROOT / "app.py"), "--no-compile", "--port"]
    empty = [*python, str(ROOT / "benchmarks" / "empty_app.py")]
    with (
        tempfile.TemporaryDirectory() as name,
        serving(app, {SERVING}) as app_url,
        serving(empty, {SERVING}) as empty_url,
    ):
        file = Path(name) / "labels.png"
        Image.fromarray(colorize(street("avenue", width, height))).save(file)
        urls = {"an empty endpoint": empty_url, "/synthesize": app_url}
        for way, call in (
            ("gradio_client", partial(through_client, downloads=Path(name))),
            ("plain HTTP", plain_http),
        ):
            compare(figures, way, {k: call(url, file) for k, url in urls.items()}, 10 if quick else 25)
    figures.show(json)


if __name__ == "__main__":
    tyro.cli(main)
