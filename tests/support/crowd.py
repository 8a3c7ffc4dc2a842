"""Many who paint at once with an app of several replicas, as its page does: who gets no answer asks again."""

from __future__ import annotations

import base64
import http.client
import io
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from gradio_client import Client, handle_file
from PIL import Image

from citygan.streets import random_street
from citygan.synthesis.synthesizer import Synthesizer
from citygan.wire import checksum, encode_map

PATIENCE_S = 120.0  # for one answer, of a machine that may be busy
LOOK_PX = (32, 32)  # at which photos are compared: a JPEG loses little of that


class Crowd:
    """Painters with a map of their own each.

    Args:
        url: Of the app.
        synthesizer: What its photos have to be.
        count: Of painters.
    """

    def __init__(self, url: str, synthesizer: Synthesizer, count: int):
        self.netloc, info = urlsplit(url).netloc, synthesizer.info
        self.maps = [random_street(seed, info.width_px, info.height_px) for seed in range(count)]
        self.looks = [_look(Image.fromarray(synthesizer(m))) for m in self.maps]
        config = json.loads(self._request("GET", "/config", b""))
        self.canvas = next(c["id"] for c in config["components"] if c["props"].get("elem_id") == "cg-canvas")
        self.outcomes: Counter[str] = Counter()  # "photo", "refused", "wrong", "lost"
        self.seconds, self.half, self._lock = 0.0, 0, threading.Lock()

    def paint(self, photos: int, meanwhile: Callable[[], object] = lambda: None) -> None:
        """Lets each get so many photos; calls `meanwhile` when half of all are there."""
        half, start = threading.Event(), time.monotonic()
        self.half = self.outcomes["photo"] + photos * len(self.maps) // 2
        painters = [
            threading.Thread(target=self._paint, args=(i, photos, half)) for i in range(len(self.maps))
        ]
        for painter in painters:
            painter.start()
        half.wait(PATIENCE_S)
        meanwhile()
        for painter in painters:
            painter.join()
        self.seconds += time.monotonic() - start

    def _paint(self, i: int, photos: int, half: threading.Event) -> None:
        data = {"map": encode_map(self.maps[i]), "seed": None, "target": None}
        body = {"data": data, "component_id": self.canvas, "session_hash": f"painter{i}", "fn_name": "render"}
        until, wanted = time.monotonic() + PATIENCE_S, photos
        while wanted and time.monotonic() < until:
            try:
                answer = json.loads(
                    self._request("POST", "/gradio_api/component_server", json.dumps(body).encode())
                )
            except (OSError, http.client.HTTPException, ValueError):
                outcome = "lost"
            else:
                outcome = "refused" if answer.get("busy") else self._judge(i, answer)
            with self._lock:
                self.outcomes[outcome] += 1
            if outcome == "wrong":
                return
            wanted -= outcome == "photo"
            if self.outcomes["photo"] >= self.half:
                half.set()

    def _judge(self, i: int, answer: dict) -> str:
        """Whether it is the photo of this painter's map: closer to that than to anybody else's."""
        jpeg = base64.b64decode(answer["photo"].partition(",")[2])
        with Image.open(io.BytesIO(jpeg)) as image:
            look = _look(image)
        nearest = int(np.argmin([np.abs(look - own).mean() for own in self.looks]))
        return "photo" if answer["map_crc32"] == checksum(self.maps[i]) and nearest == i else "wrong"

    def _request(self, method: str, path: str, body: bytes) -> bytes:
        """The body of a good answer.

        Raises:
            OSError: there was another one, or none.
        """
        connection = http.client.HTTPConnection(self.netloc, timeout=PATIENCE_S)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise OSError(f"{answer.status}: {content[:200]!r}")
        return content


def _look(photo: Image.Image) -> np.ndarray:
    return np.asarray(photo.convert("RGB").resize(LOOK_PX, Image.Resampling.BOX), np.float32)


def ask_by_script(url: str, seed: int, folder: Path, synthesizer: Synthesizer) -> bool:
    """Whether a script that uploads its map gets the photo of that map, through Gradio's queue."""
    label_map = random_street(seed, 256, 256)
    Image.fromarray(label_map).save(folder / f"{seed}.png")
    client = Client(url, verbose=False)
    photo, _ = client.predict(label_map=handle_file(folder / f"{seed}.png"), api_name="/synthesize")
    with Image.open(photo) as image:
        return np.array_equal(np.asarray(image), synthesizer(label_map))
