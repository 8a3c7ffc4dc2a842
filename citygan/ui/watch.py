"""What the app says of itself: whether it is ready, a line for each request, and counters.

Nothing of it holds a picture, an address, a file's name or anything else of a person.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from mmap import PAGESIZE
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse

from citygan.palette import UNLABELED
from citygan.ui.limits import Message, Receive, Send
from citygan.wire import encode_map

COME_BACK_S = b"5"  # for who found the queue full
FRESH_S = 10.0  # a photo that was made so long ago shows that another can be made

_ROUTES = re.compile(
    r"/(?:gradio_api/)?(health|metrics|config|assets|static|upload|queue/join|queue/data|call|run|api|info"
    r"|component_server|heartbeat|file|mcp|cancel)(?=[/=]|$)"
)
_AROUND = {
    f"citygan.ui.{name}" for name in ("watch", "headers", "gate", "rate", "limits", "requests")
}  # around every request
_log = logging.getLogger("citygan.requests")
_log.setLevel(logging.WARNING)  # lines are for who asks for them, see `log_requests`
_record: ContextVar[dict[str, Any] | None] = ContextVar("record", default=None)


class Figures:
    """Counters of all requests of this process, for Prometheus."""

    def __init__(self):
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, str]] = Counter()
        self._seconds: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()
        self._photo_at = -FRESH_S

    def add(self, record: dict[str, Any]) -> None:
        """Counts a request that is over."""
        what = record["what"]
        with self._lock:
            self._requests[what, record["outcome"]] += 1
            self._seconds[what] += record["ms"] / 1000
            for way in ("received", "sent"):
                self._bytes[way] += record.get(way, 0)

    def photo_made(self) -> None:
        """Remembers that a photo was made now."""
        self._photo_at = time.monotonic()

    @property
    def made_one_lately(self) -> bool:
        """Whether a photo was made within the last `FRESH_S`."""
        return time.monotonic() - self._photo_at < FRESH_S

    def exposed(self) -> str:
        """All of them as Prometheus reads them:
        https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format."""
        with self._lock:
            requests, seconds, sizes = sorted(self._requests.items()), dict(self._seconds), dict(self._bytes)
        counts: Counter[str] = Counter()
        lines = _head("citygan_requests_total", "counter", "By what was asked for and what came of it.")
        for (what, outcome), count in requests:
            counts[what] += count
            lines.append(f'citygan_requests_total{{what="{what}",outcome="{outcome}"}} {count}')
        lines += _head("citygan_request_seconds", "summary", "From the request to the end of its answer.")
        for what, total in sorted(seconds.items()):
            lines.append(f'citygan_request_seconds_sum{{what="{what}"}} {total:.6f}')
            lines.append(f'citygan_request_seconds_count{{what="{what}"}} {counts[what]}')
        lines += _head("citygan_bytes_total", "counter", "Bodies of requests and of answers.")
        lines += [f'citygan_bytes_total{{way="{way}"}} {size}' for way, size in sorted(sizes.items())]
        if (memory := _resident_bytes()) is not None:
            lines += _head("process_resident_memory_bytes", "gauge", "What the process holds.")
            lines.append(f"process_resident_memory_bytes {memory}")
        return "\n".join(lines) + "\n"


FIGURES = Figures()


def _head(name: str, kind: str, meaning: str) -> list[str]:
    return [f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"]


def _resident_bytes() -> int | None:
    """What the process holds in memory; None where the system has no /proc."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * PAGESIZE if statm.is_file() else None


def note(**facts: Any) -> None:
    """Adds to what will be said of the request that this code answers; nothing outside of one."""
    if (record := _record.get()) is not None:
        record.update(facts)


@contextmanager
def watched(what: str) -> Generator[dict[str, Any]]:
    """Times what is inside, or a function that it decorates, counts it, and writes its line.

    A `gr.Error` is what a visitor did wrong; another exception is a defect. Both pass.

    Args:
        what: Of a few kinds, such as "upload"; the code inside may `note` another.
    """
    record: dict[str, Any] = {"request": secrets.token_hex(8), "what": what, "outcome": "done"}
    token, start = _record.set(record), time.perf_counter()
    try:
        yield record
    except gr.Error:
        record["outcome"] = "refused"
        raise
    except BaseException:
        record["outcome"] = "failed"
        raise
    finally:
        _record.reset(token)
        record["ms"] = round(1000 * (time.perf_counter() - start), 1)
        FIGURES.add(record)
        _log.info("%s", json.dumps({"time": datetime.now(UTC).isoformat("T", "milliseconds"), **record}))


def log_requests() -> None:
    """Has a line of JSON written for each request from now on."""
    _log.setLevel(logging.INFO)


class Watch:
    """ASGI middleware: an id for each request, its line, and one sentence in place of a defect."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        found = _ROUTES.match(scope["path"])
        with watched(found[1] if found else "page") as record:
            record |= {"status": 0, "received": 0, "sent": 0}
            record["request"] = scope.get("citygan.request", record["request"])  # a proxy gave it one already
            try:
                await self.app(scope, _counting(receive, record), _telling(send, record))
            except Exception as error:
                answer = _answer_to(error, record)
                if not record["status"]:
                    await answer(scope, receive, _telling(send, record))


def _answer_to(error: Exception, record: dict[str, Any]) -> PlainTextResponse:
    """One sentence. A defect of ours keeps its traceback in the log; what Gradio's routes alone stumbled over
    is a request that is not made as theirs, and a line there: strangers could else fill the disk."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    modules = [frame.f_globals.get("__name__", "") for frame in frames]
    ours = [module for module in modules if module.startswith("citygan.")]
    if modules[-1] in ours or not set(ours) <= _AROUND:
        _log.exception("request %s failed", record["request"])
        record["outcome"] = "failed"
        sentence = f"This could not be answered. It is noted as request {record['request']}."
        return PlainTextResponse(sentence, 500)
    # without its message, in which Python and Gradio quote what was sent
    _log.warning("request %s is malformed: %s in %s", record["request"], type(error).__name__, modules[-1])
    record["outcome"] = "refused"
    return PlainTextResponse("The request is not made as the page or the documentation makes it.", 400)


def _counting(receive: Receive, record: dict[str, Any]) -> Receive:
    async def counted() -> Message:
        message = await receive()
        record["received"] += len(message.get("body", b""))
        return message

    return counted


def _telling(send: Send, record: dict[str, Any]) -> Send:
    """Counts what is sent, and gives the answer the id of its request, and a time to come back at."""

    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            record["status"] = message["status"]
            if message["status"] >= 400 and record["outcome"] == "done":
                record["outcome"] = "failed" if message["status"] >= 500 else "refused"
            headers = [*message.get("headers", ()), (b"x-request-id", record["request"].encode())]
            if message["status"] == 503:
                headers.append((b"retry-after", COME_BACK_S))
            message = {**message, "headers": headers}
        record["sent"] += len(message.get("body", b""))
        await send(message)

    return told


def health(request: Request) -> JSONResponse:
    """Ready, 200, when a photo was made just now or one can be: the page's canvas is asked for it, as by
    visitors. Else 503."""
    if not FIGURES.made_one_lately and (render := _render_of(request.app.get_blocks())):
        answer = render({"map": encode_map(np.full((64, 64), UNLABELED, np.uint8))})
        note(what="health", outcome="done")
        if "photo" not in answer:
            reason = answer.get("error", "other photos are being made, for longer than a visitor would wait")
            return JSONResponse({"ready": False, "reason": reason}, 503)
    return JSONResponse({"ready": True})


def _render_of(page: gr.Blocks) -> Callable[[Any], dict[str, Any]] | None:
    """The canvas' function for a photo; a page of blind pairs has none."""
    found = (getattr(block, "render", None) for block in page.blocks.values())
    return next((f for f in found if getattr(f, "_is_server_fn", False)), None)


def metrics(request: Request) -> PlainTextResponse:
    """The counters, for Prometheus."""
    return PlainTextResponse(FIGURES.exposed(), media_type="text/plain; version=0.0.4; charset=utf-8")
