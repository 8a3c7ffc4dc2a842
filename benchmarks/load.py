"""How the app fares when many paint at once.

`python benchmarks/load.py [--painters 50] [--minutes 2] [--quick] [--json FILE]` starts the real app and
drives it as its page does, through `component_server`, beside Gradio's queue: each painter sends a map
every 0.5 to 3 s, one request at a time; what was painted while one was under way goes next, and only the
newest. Each photo is compared with those of all maps, made before: it has to be that of its sender's map.
The same with 1 and with 10 painters, after the bare synthesizer has shown in this process what it reaches
alone.
"""

from __future__ import annotations

import base64
import http.client
import io
import json as json_module
import random
import re
import sys
import threading
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import tyro
from figures import ROOT, SERVING, Figures, serving
from PIL import Image

from citygan.checkpoint import SHIPPED
from citygan.streets import random_street
from citygan.synthesis.synthesizer import Synthesizer
from citygan.wire import checksum, encode_map

COMPILED = "photos are now made by compiled code"
MAPS = 24
PAUSE_S = (0.5, 3.0)  # between two strokes of a painter
PATIENCE_S = 120.0  # for one answer
LOOK_PX = (32, 32)  # at which photos are compared: the server's engine may round otherwise


@dataclass
class Street:
    """A map as a painter sends it, and its photo, small."""

    wire: dict
    crc32: int
    look: np.ndarray


@dataclass
class Painter:
    """What came of one painter's strokes."""

    delays_s: list[float] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)  # "superseded", "refused", "wrong", "error"


def _look(photo: np.ndarray | Image.Image) -> np.ndarray:
    image = photo if isinstance(photo, Image.Image) else Image.fromarray(photo)
    return np.asarray(image.convert("RGB").resize(LOOK_PX, Image.Resampling.BOX), np.float32)


def draw_streets(synthesizer: Synthesizer) -> tuple[list[Street], float]:
    """The maps with their photos, and how many photos a second the bare synthesizer makes."""
    info, streets = synthesizer.info, []
    maps = [random_street(seed, info.width_px, info.height_px) for seed in range(MAPS)]
    synthesizer(maps[0])
    start = time.perf_counter()
    photos = [synthesizer(label_map) for label_map in maps]
    rate = MAPS / (time.perf_counter() - start)
    for label_map, photo in zip(maps, photos, strict=True):
        streets.append(Street(encode_map(label_map), checksum(label_map), _look(photo)))
    return streets, rate


class Studio:
    """The running app, as painters reach it."""

    def __init__(self, url: str):
        self.url = url
        components = self._get_json("/config")["components"]
        self.canvas = next(c["id"] for c in components if c["props"].get("elem_id") == "cg-canvas")

    def _get_json(self, path: str) -> dict:
        with urllib.request.urlopen(self.url + path) as answer:
            return json_module.load(answer)

    def memory_mib(self) -> float:
        """What the app holds now."""
        with urllib.request.urlopen(f"{self.url}/metrics") as answer:
            found = re.search(r"^process_resident_memory_bytes (\d+)$", answer.read().decode(), re.MULTILINE)
        return int(found[1]) / 2**20 if found else float("nan")

    def paint(self, painter: Painter, streets: list[Street], seed: int, until: float) -> None:
        """Paints until a time; the first stroke comes within the first pause."""
        rng, connection = (
            random.Random(seed),
            http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=PATIENCE_S),
        )
        stroke = time.monotonic() + rng.uniform(0, PAUSE_S[1])
        following = stroke + rng.uniform(*PAUSE_S)
        while stroke < until:
            time.sleep(max(0.0, stroke - time.monotonic()))
            while following < time.monotonic():  # painted over while the last photo was under way
                painter.outcomes["superseded"] += 1
                stroke, following = following, following + rng.uniform(*PAUSE_S)
            try:
                outcome = self._ask(connection, rng.choice(streets), streets, f"painter-{seed}")
            except (OSError, http.client.HTTPException, ValueError):
                connection.close()
                outcome = "error"
            if outcome == "photo":
                painter.delays_s.append(time.monotonic() - stroke)
            else:
                painter.outcomes[outcome] += 1
            if outcome != "refused":  # then the page asks again at once
                stroke, following = following, following + rng.uniform(*PAUSE_S)

    def _ask(
        self, connection: http.client.HTTPConnection, street: Street, streets: list[Street], session: str
    ) -> str:
        data = {"map": street.wire, "seed": None, "target": None}
        body = {"data": data, "component_id": self.canvas, "session_hash": session, "fn_name": "render"}
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/gradio_api/component_server", json_module.dumps(body), headers)
        answer = json_module.load(connection.getresponse())
        if answer.get("busy"):
            return "refused"
        if "photo" not in answer:
            return "error"
        look = _look(Image.open(io.BytesIO(base64.b64decode(answer["photo"].partition(",")[2]))))
        nearest = min(streets, key=lambda other: float(np.abs(other.look - look).mean()))
        return "photo" if nearest is street and answer["map_crc32"] == street.crc32 else "wrong"


def run(studio: Studio, streets: list[Street], count: int, seconds: float) -> list[Painter]:
    """Lets so many paint for a while."""
    painters, until = [Painter() for _ in range(count)], time.monotonic() + seconds
    threads = [
        threading.Thread(target=studio.paint, args=(painter, streets, seed, until))
        for seed, painter in enumerate(painters)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return painters


def report(figures: Figures, painters: list[Painter], seconds: float, bare: float) -> None:
    """Adds the figures of one round."""
    count, name = len(painters), f"{len(painters)} painters" if len(painters) > 1 else "1 painter"
    delays = np.array([delay for painter in painters for delay in painter.delays_s] or [float("nan")])
    outcomes = sum((painter.outcomes for painter in painters), Counter())
    photos = [len(painter.delays_s) for painter in painters]
    # few painters ask for less than could be made
    figures.add(f"{name}: photos", sum(photos) / seconds, "1/s", at_least=0.9 * bare if count >= 50 else None)
    for percentile in (50, 95, 99):
        goal = 250 if (count, percentile) == (1, 95) else None
        delay_ms = 1000 * float(np.percentile(delays, percentile))
        figures.add(f"{name}: send to photo, p{percentile}", delay_ms, "ms", at_most=goal)
    for outcome in ("superseded", "refused"):
        figures.add(f"{name}: {outcome}", outcomes[outcome], "")
    for outcome in ("wrong", "error"):
        figures.add(f"{name}: {outcome}", outcomes[outcome], "", at_most=0)
    if count > 1:
        fairness = min(photos) / max(float(np.mean(photos)), 1e-9)
        figures.add(f"{name}: slowest to mean", fairness, "", at_least=0.5)


def main(
    *,
    painters: int = 50,
    minutes: float = 2.0,
    quick: bool = False,
    json: Path | None = None,
    model: str | None = None,
    compile: bool = True,
) -> None:
    """Prints the table.

    Args:
        painters: In the last round.
        minutes: Of each round.
        quick: Rounds of 6 s, and nothing is compiled: whether it works, not how well.
        json: Write the figures there, too.
        model: A checkpoint; by default the shipped one.
        compile: Wait until the generator is compiled.
    """
    seconds, figures = 6.0 if quick else 60 * minutes, Figures()
    streets, bare = draw_streets(Synthesizer(model or SHIPPED))
    figures.add("bare synthesizer: photos", bare, "1/s")
    compile = compile and not quick
    command = [
        sys.executable,
        "-u",
        str(ROOT / "app.py"),
        "--metrics",
        *(["--model", model] if model else []),
    ]
    command += ["--port"] if compile else ["--no-compile", "--port"]
    with serving(command, {SERVING, COMPILED} if compile else {SERVING}) as url:
        studio = Studio(url)
        run(studio, streets, painters, min(seconds, 10.0))  # what grows while it warms up is no leak
        memory = [studio.memory_mib()]
        for count in sorted({1, min(10, painters), painters}):
            report(figures, run(studio, streets, count, seconds), seconds, bare)
            memory.append(studio.memory_mib())
    figures.add("memory, the most after a round", max(memory), "MiB", at_most=1536)
    figures.add("memory, growth since the warm-up", memory[-1] - memory[0], "MiB", at_most=20)
    figures.show(json)


if __name__ == "__main__":
    tyro.cli(main)
