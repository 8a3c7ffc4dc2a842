"""What the app says of itself to who runs it: ready or not, a line for each request, counters, its end."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fakes
import gradio as gr
import numpy as np
import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from citygan.errors import BusyError, CityGANError
from citygan.ui import watch
from citygan.ui.limits import BodyLimit
from citygan.ui.page import build_app, launch_options
from citygan.ui.watch import FIGURES, Figures, Watch, note, watched
from citygan.wire import encode_map

MAP = encode_map(np.full((64, 64), 7, np.uint8))
SUPPORT = Path(__file__).parents[1] / "support"


@pytest.fixture
def lines(caplog) -> Callable[[], list[dict]]:
    """The lines that were written so far, as an app with `--log-requests` writes them; not those of the pages
    that other tests left open, whose servers' threads are there already."""
    caplog.set_level(logging.INFO, "citygan.requests")
    others = {thread.ident for thread in threading.enumerate()} - {threading.get_ident()}

    def written() -> list[dict]:
        own = (r for r in caplog.records if r.levelno == logging.INFO and r.thread not in others)
        return [json.loads(record.getMessage()) for record in own]

    return written


async def echo(scope, receive, send) -> None:
    body = (await receive())["body"]
    if scope["path"] == "/broken":
        Figures().add({})
    note(outcome="busy" if scope["path"] == "/busy" else "done")
    status = {"/none": 404, "/full": 503}.get(scope["path"], 200)
    await PlainTextResponse(body * 2, status)(scope, receive, send)


def test_a_request_is_one_line_with_id_duration_sizes_and_outcome(lines):
    answer = TestClient(Watch(echo)).post("/gradio_api/upload?upload_id=7", content=b"12345")
    [line] = lines()
    assert re.fullmatch(r"[0-9a-f]{16}", line["request"])
    assert answer.headers["x-request-id"] == line["request"]
    assert line["ms"] >= 0
    assert line["time"].endswith("+00:00")
    del line["request"], line["ms"], line["time"]
    assert line == {"what": "upload", "outcome": "done", "status": 200, "received": 5, "sent": 10}


def test_no_line_tells_a_path_a_name_or_what_was_sent(lines):
    client = TestClient(Watch(echo))
    for path in (
        "/someones-name",
        "/gradio_api/file=/tmp/a/my-street.png",
        "/gradio_api/heartbeat/my-session",
    ):
        client.post(path, content=b"my picture", headers={"Cookie": "me", "X-Forwarded-For": "192.0.2.1"})
    assert [line["what"] for line in lines()] == ["page", "file", "heartbeat"]
    assert not re.search(r"my-|someones|my picture|192\.0|testclient|\bme\b", json.dumps(lines()))


def test_outcomes_are_told_apart(lines):
    client = TestClient(Watch(BodyLimit(echo, max_body_bytes=10)))
    for path, body in (("/", b""), ("/busy", b""), ("/none", b""), ("/", b" " * 11)):
        client.post(path, content=body)
    assert [(line["outcome"], line["status"]) for line in lines()] == [
        ("done", 200),
        ("busy", 200),
        ("refused", 404),
        ("refused", 413),
    ]


def test_who_finds_the_queue_full_is_told_when_to_come_back():
    client = TestClient(Watch(echo))
    assert client.post("/full").headers["retry-after"] == "5"
    assert "retry-after" not in client.post("/").headers


def test_a_defect_is_one_sentence_for_the_visitor_and_a_traceback_in_the_log(lines, caplog):
    answer = TestClient(Watch(echo)).post("/broken")
    [line] = lines()
    assert (answer.status_code, line["outcome"]) == (500, "failed")
    assert answer.text == f"This could not be answered. It is noted as request {line['request']}."
    [told] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert line["request"] in told.getMessage()
    assert "KeyError: 'what'" in logging.Formatter().formatException(told.exc_info)


def test_what_gradio_stumbles_over_is_a_malformed_request_and_no_traceback(whole_page, caplog):
    for path, body in (
        ("call/v2/nothing", b"{}"),
        ("component_server", b'{"data": 1, "component_id": []}'),
    ):
        request = urllib.request.Request(
            f"{whole_page}gradio_api/{path}", body, {"Content-Type": "application/json"}
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        assert refused.value.code == 400
    [told] = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert re.fullmatch(r"request [0-9a-f]{16} is malformed: KeyError in gradio.routes", told.getMessage())
    assert told.exc_info is None


def test_work_of_the_queue_has_a_line_too(lines):
    @watched("synthesize")
    def make(error: Exception | None) -> str:
        if error:
            raise error
        return "a photo"

    assert make(None) == "a photo"
    for error in (gr.Error("no map"), OSError("the disk")):
        with pytest.raises(type(error)):
            make(error)
    assert [(line["what"], line["outcome"]) for line in lines()] == [
        ("synthesize", "done"),
        ("synthesize", "refused"),
        ("synthesize", "failed"),
    ]
    assert len({line["request"] for line in lines()}) == 3


def test_nothing_is_written_unless_it_is_asked_for(capfd):
    TestClient(Watch(echo)).post("/")
    assert capfd.readouterr() == ("", "")


def test_prometheus_reads_the_counters():
    figures = Figures()
    for what, outcome, ms in (("render", "done", 60), ("render", "done", 40), ("render", "busy", 2000)):
        figures.add({"what": what, "outcome": outcome, "ms": ms, "received": 10, "sent": 1000})
    text = figures.exposed()
    assert 'citygan_requests_total{what="render",outcome="done"} 2\n' in text
    assert 'citygan_requests_total{what="render",outcome="busy"} 1\n' in text
    assert 'citygan_request_seconds_sum{what="render"} 2.100000\n' in text
    assert 'citygan_request_seconds_count{what="render"} 3\n' in text
    assert 'citygan_bytes_total{way="sent"} 3000\n' in text
    sample = re.compile(r'[a-z_]+(\{[a-z]+="\w+"(,[a-z]+="\w+")*\})? [0-9.]+')
    comment = re.compile(r"# (HELP|TYPE) [a-z_]+ .+")
    assert text.endswith("\n")
    assert all(sample.fullmatch(line) or comment.fullmatch(line) for line in text.splitlines())


@pytest.fixture
def app(monkeypatch) -> Iterator[tuple[str, list]]:
    """The address of a page with counters, and what its photos end in, one after the other."""
    ends: list = []

    def synthesize(label_map, seed=None, wait_s=None):
        if ends and (error := ends.pop(0)):
            raise error
        return fakes.synthesize(label_map, seed)

    monkeypatch.setattr(watch, "FRESH_S", 0.0)
    blocks = build_app(synthesize, fakes.score, fakes.INFO, "a test")
    _, url, _ = blocks.launch(prevent_thread_lock=True, quiet=True, **launch_options(metrics=True))
    yield url, ends
    blocks.close()


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def render(url: str) -> dict:
    config = json.loads(get(f"{url}config")[1])
    [canvas] = [c["id"] for c in config["components"] if c["props"].get("elem_id") == "cg-canvas"]
    body = {"data": {"map": MAP}, "component_id": canvas, "session_hash": "a", "fn_name": "render"}
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}gradio_api/component_server", json.dumps(body).encode(), headers)
    return json.load(urllib.request.urlopen(request))


def test_the_app_is_ready_while_a_photo_can_be_made(app):
    url, ends = app
    assert get(f"{url}health") == (200, '{"ready":true}')
    ends += [BusyError("others"), CityGANError("the GPU is gone")]
    status, text = get(f"{url}health")
    assert (status, json.loads(text)["ready"]) == (503, False)
    assert "longer than a visitor would wait" in text
    assert get(f"{url}health") == (503, '{"ready":false,"reason":"the GPU is gone"}')
    ends.append(RuntimeError("CUDA error"))
    status, text = get(f"{url}health")
    assert (status, "CUDA" in text) == (500, False)
    assert get(f"{url}health")[0] == 200


def test_a_visitors_photo_is_proof_enough(app, monkeypatch):
    url, ends = app
    assert "photo" in render(url)
    monkeypatch.setattr(watch, "FRESH_S", 1000.0)
    ends.append(CityGANError("asked for another one"))
    assert get(f"{url}health")[0] == 200
    assert len(ends) == 1


def test_requests_are_counted_by_what_visitors_did(app):
    url, ends = app
    before = FIGURES.exposed()
    ends += [None, BusyError("others")]
    assert "photo" in render(url)
    assert render(url) == {"busy": True}
    status, text = get(f"{url}metrics")
    assert status == 200
    for outcome in ("done", "busy"):
        count = re.compile(rf'what="render",outcome="{outcome}"}} (\d+)')
        counts = [int(found[1]) if (found := count.search(t)) else 0 for t in (before, text)]
        assert counts[1] == counts[0] + 1


def test_there_are_no_counters_for_strangers_unless_asked_for(whole_page):
    assert get(f"{whole_page}metrics")[0] == 404
    assert get(f"{whole_page}health")[0] == 200


def test_sigterm_lets_the_photo_in_hand_be_finished_and_ends_with_status_0():
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(SUPPORT), str(SUPPORT.parents[1])])}
    script = [sys.executable, "-u", str(SUPPORT / "serve_slowly.py")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(script, env=environment, text=True, **pipes) as process:
        try:
            url = (
                next(found[0] for line in process.stdout if (found := re.search(r"http://\S+:\d+", line)))
                + "/"
            )
            assert any("share=True" in line for line in process.stdout)  # the last line of its start
            open_page = urllib.request.urlopen(
                f"{url}gradio_api/heartbeat/someone"
            )  # as every page holds one
            with ThreadPoolExecutor(1) as thread, open_page:
                photo = thread.submit(render, url)
                assert any("a photo begins" in line for line in process.stdout)
                process.send_signal(signal.SIGTERM)
                assert any("closing server" in line for line in process.stdout)
                process.stdin.write("\n")
                process.stdin.flush()
                assert "photo" in photo.result(60)
                assert process.wait(60) == 0
        finally:
            process.kill()
