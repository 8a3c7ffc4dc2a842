"""How the app fares when many paint at once.

`python benchmarks/load.py [--painters 50] [--minutes 2] [--soak-requests 10000] [--quick] [--json FILE]`
starts the real app and drives it as its page does, through `component_server`, beside Gradio's queue. Each
painter sends a map every 0.5 to 3 s, one request at a time; what was painted while one was under way goes
next, and only the newest. Who is told to come back does so then, and not before. Each photo is compared with
those of all maps, made before: it has to be that of its sender's map. The same with 1 and with 10 painters,
between two measurements of what the bare synthesizer reaches alone in this process, compiled as in the app.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the app sets it

import base64
import hashlib
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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
BARE_S = 10.0  # for each measurement of the bare synthesizer
PAUSE_S = (0.5, 3.0)  # between two strokes of a painter
PATIENCE_S = 120.0  # for one answer
AGAIN_S = 0.3  # as the page, where it is not told when to come back
LOOK_EVERY_S = 1.0  # at the memory
LOOK_PX = (32, 32)  # at which photos are compared: the server's engine may round otherwise
MOST_APART = 4.0  # of 255, on average, between two engines' photos of one map


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

    @property
    def answered(self) -> int:
        """Requests that came back with anything but an error."""
        return len(self.delays_s) + self.outcomes["refused"] + self.outcomes["wrong"]


class Album:
    """The maps with their photos, to tell whose photo one is."""

    def __init__(self, synthesizer: Synthesizer):
        info = synthesizer.info
        self.maps = [random_street(seed, info.width_px, info.height_px) for seed in range(MAPS)]
        self.streets = [Street(encode_map(m), checksum(m), _look(synthesizer(m))) for m in self.maps]
        self._known: dict[bytes, Street | None] = {}  # by the hash of a JPEG: the same map has the same one

    def whose(self, jpeg: bytes) -> Street | None:
        """The map that a photo is of; None where it is like none of theirs."""
        key = hashlib.sha256(jpeg).digest()
        if key not in self._known:
            look = _look(Image.open(io.BytesIO(jpeg)))
            apart = [float(np.abs(street.look - look).mean()) for street in self.streets]
            nearest = int(np.argmin(apart))
            self._known[key] = self.streets[nearest] if apart[nearest] < MOST_APART else None
        return self._known[key]


def _look(photo: np.ndarray | Image.Image) -> np.ndarray:
    image = photo if isinstance(photo, Image.Image) else Image.fromarray(photo)
    return np.asarray(image.convert("RGB").resize(LOOK_PX, Image.Resampling.BOX), np.float32)


def bare_rate(synthesizer: Synthesizer, maps: Sequence[np.ndarray], seconds: float) -> float:
    """How many photos a second the synthesizer makes, one after the other."""
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        synthesizer(maps[count % len(maps)])
        count += 1
    return count / (time.perf_counter() - start)


class Studio:
    """The running app, as painters reach it."""

    def __init__(self, url: str, album: Album):
        self.url, self.album = url, album
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

    def paint(self, painter: Painter, seed: int, until: float) -> None:
        """Paints until a time; the first stroke comes within the first pause. What is under way then still
        comes back, and does not count."""
        rng, address = random.Random(seed), urlsplit(self.url).netloc
        connection = http.client.HTTPConnection(address, timeout=PATIENCE_S)
        stroke = time.monotonic() + rng.uniform(0, PAUSE_S[1])
        following = stroke + rng.uniform(*PAUSE_S)
        while stroke < until:
            time.sleep(max(0.0, stroke - time.monotonic()))
            while following < time.monotonic():  # painted over while the last photo was under way
                painter.outcomes["superseded"] += 1
                stroke, following = following, following + rng.uniform(*PAUSE_S)
            outcome, retry_s = self._ask(connection, rng.choice(self.album.streets), f"painter-{seed}")
            if (now := time.monotonic()) >= until and outcome in ("photo", "refused"):
                return
            if outcome == "photo":
                painter.delays_s.append(now - stroke)
            else:
                painter.outcomes[outcome] += 1
            if outcome == "refused":
                time.sleep(min(retry_s, max(0.0, until - now)))
            else:
                stroke, following = following, following + rng.uniform(*PAUSE_S)

    def _ask(self, connection: http.client.HTTPConnection, street: Street, session: str) -> tuple[str, float]:
        """What came of one request, and in how many seconds to come back if it was refused."""
        data = {"map": street.wire, "seed": None, "target": None}
        body = {"data": data, "component_id": self.canvas, "session_hash": session, "fn_name": "render"}
        headers = {"Content-Type": "application/json"}
        try:
            connection.request("POST", "/gradio_api/component_server", json_module.dumps(body), headers)
            answer = json_module.load(connection.getresponse())
            if answer.get("busy"):
                return "refused", answer.get("retry_s", AGAIN_S)
            jpeg = base64.b64decode(answer["photo"].partition(",")[2])
            right = answer["map_crc32"] == street.crc32 and self.album.whose(jpeg) is street
        except (OSError, http.client.HTTPException, ValueError, KeyError):
            connection.close()
            return "error", 0.0
        return ("photo" if right else "wrong"), 0.0


def run(studio: Studio, count: int, seconds: float) -> list[Painter]:
    """Lets so many paint for a while."""
    painters, until = [Painter() for _ in range(count)], time.monotonic() + seconds
    threads = [
        threading.Thread(target=studio.paint, args=(painter, seed, until))
        for seed, painter in enumerate(painters)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return painters


@contextmanager
def memory_watched(studio: Studio) -> Iterator[list[float]]:
    """The memory of the app in MiB, once a second while this is open."""
    seen, over = [studio.memory_mib()], threading.Event()

    def look() -> None:
        while not over.wait(LOOK_EVERY_S):
            seen.append(studio.memory_mib())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
        seen.append(studio.memory_mib())


def report(figures: Figures, painters: list[Painter], seconds: float) -> float:
    """Adds the figures of one round; the photos a second."""
    count, name = len(painters), f"{len(painters)} painters" if len(painters) > 1 else "1 painter"
    delays = np.array([delay for painter in painters for delay in painter.delays_s] or [float("nan")])
    outcomes = sum((painter.outcomes for painter in painters), Counter())
    photos = [len(painter.delays_s) for painter in painters]
    figures.add(f"{name}: photos", sum(photos) / seconds, "1/s")
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
    return sum(photos) / seconds


def soak(studio: Studio, figures: Figures, painters: int, requests: int, seconds: float) -> None:
    """Adds how the memory grows over so many requests."""
    before, answered = studio.memory_mib(), 0
    wrong: Counter[str] = Counter()
    while answered < requests:
        done = run(studio, painters, seconds)
        answered += sum(painter.answered for painter in done)
        wrong += sum((p.outcomes for p in done), Counter())
        if not any(painter.answered for painter in done):
            break
    figures.add("soak: requests", answered, "", at_least=requests)
    figures.add("soak: wrong or error", wrong["wrong"] + wrong["error"], "", at_most=0)
    figures.add("soak: memory, growth", studio.memory_mib() - before, "MiB", at_most=20)


def main(
    *,
    painters: int = 50,
    minutes: float = 2.0,
    soak_requests: int = 0,
    quick: bool = False,
    json: Path | None = None,
    model: str | None = None,
    batch: int | None = None,
    compile: bool = True,
) -> None:
    """Prints the table.

    Args:
        painters: In the last round.
        minutes: Of each round.
        soak_requests: Go on for so many requests, and see how the memory grows.
        quick: Rounds of 6 s, and nothing is compiled: whether it works, not how well.
        json: Write the figures there, too.
        model: A checkpoint; by default the shipped one.
        batch: Photos in one pass, as `app.py --batch`.
        compile: Wait until the generator is compiled.
    """
    seconds, figures = 6.0 if quick else 60 * minutes, Figures()
    compile = compile and not quick
    synthesizer = Synthesizer(model or SHIPPED)
    album = Album(synthesizer)
    compiled = compile and synthesizer.compile()
    bare_s = min(BARE_S, seconds / 2)
    bare = [bare_rate(synthesizer, album.maps, bare_s)]
    command = [sys.executable, "-u", str(ROOT / "app.py"), "--metrics"]
    command += ["--model", model] if model else []
    command += ["--batch", str(batch)] if batch else []
    command += ["--port"] if compile else ["--no-compile", "--port"]
    rates: dict[int, float] = {}
    with serving(command, {SERVING, COMPILED} if compiled else {SERVING}) as url:
        studio = Studio(url, album)
        run(studio, painters, min(seconds, 10.0))  # what grows while it warms up is no leak
        with memory_watched(studio) as memory:
            for count in sorted({1, min(10, painters), painters}):
                rates[count] = report(figures, run(studio, count, seconds), seconds)
        if soak_requests:
            soak(studio, figures, painters, soak_requests, seconds)
    bare.append(bare_rate(synthesizer, album.maps, bare_s))
    alone = sum(bare) / len(bare)
    figures.add(f"bare synthesizer, {'compiled' if compiled else 'not compiled'}: photos", alone, "1/s")
    goal = 0.9 if painters >= 50 else None  # fewer ask for less than could be made
    figures.add(
        f"{painters} painters, photos to the bare synthesizer's", rates[painters] / alone, "x", at_least=goal
    )
    figures.add("memory, the most while they painted", max(memory), "MiB", at_most=1536)
    figures.add("memory, growth since the warm-up", memory[-1] - memory[0], "MiB", at_most=20)
    figures.show(json)


if __name__ == "__main__":
    tyro.cli(main)
