"""The paint canvas in Python: what it accepts over the wire, and what it tells the page."""

from __future__ import annotations

import base64
import json
import runpy
import socket
import threading
import urllib.request
from pathlib import Path

import fastapi
import gradio as gr
import numpy as np
import pytest
import uvicorn
from canvas_driver import HEIGHT, INFO, ROAD, SKY, WIDTH, Canvas, build_canvas, street

from citygan.errors import CityGANError
from citygan.palette import CLASSES
from citygan.ui.canvas import LabelCanvas
from citygan.wire import decode_map, encode_map


@pytest.mark.parametrize("noise", [False, True])
def test_a_map_survives_the_wire_exactly(noise):
    label_map = street()
    if noise:  # run lengths would be longer than the ids themselves
        ids = np.array([c.id for c in CLASSES], np.uint8)
        label_map = np.random.default_rng(0).choice(ids, (HEIGHT, WIDTH))
    wire = encode_map(label_map, seq=3, final=False)
    assert wire["encoding"] == ("raw" if noise else "rle")
    assert (wire["seq"], wire["final"]) == (3, False)
    assert np.array_equal(decode_map(json.loads(json.dumps(wire))), label_map)


def test_runs_longer_than_a_uint16_are_split():
    label_map = np.full((300, 500), ROAD, np.uint8)
    wire = encode_map(label_map)
    assert len(base64.b64decode(wire["data"])) == 9
    assert np.array_equal(decode_map(wire), label_map)


def test_the_tests_of_the_page_read_what_python_encodes():
    fixture = runpy.run_path(str(Path(__file__).parents[1] / "js" / "fixtures" / "wire.py"))
    command = "PYTHONPATH=. python tests/js/fixtures/wire.py writes it anew"
    assert json.loads(fixture["FILE"].read_text()) == fixture["cases"](), command


def packed(*runs: tuple[int, int]) -> str:
    return base64.b64encode(b"".join(n.to_bytes(2, "little") + bytes([i]) for n, i in runs)).decode()


GOOD = {"width": 4, "height": 2, "encoding": "rle", "data": packed((8, ROAD)), "seq": 0, "final": True}
MALFORMED = {
    "not an object": ([1, 2], "is an object, not list"),
    "a key too few": ({k: v for k, v in GOOD.items() if k != "seq"}, "expected the keys"),
    "a key too many": ({**GOOD, "path": "/etc/passwd"}, "expected the keys"),
    "true for one": ({**GOOD, "width": True}, "'width' must be int, not bool"),
    "a float": ({**GOOD, "height": 2.0}, "'height' must be int, not float"),
    "one for true": ({**GOOD, "final": 1}, "'final' must be bool, not int"),
    "no size": ({**GOOD, "width": 0}, "'width' is 0; it goes from 1 to 2048"),
    "too large": ({**GOOD, "height": 10**9}, "'height' is 1000000000"),
    "unknown encoding": ({**GOOD, "encoding": "png"}, "the encoding 'png' is unknown"),
    "negative seq": ({**GOOD, "seq": -1}, "'seq' is -1"),
    "too much data": ({**GOOD, "data": "A" * 1000}, "1000 characters; at most 32 can be sent"),
    "not base64": ({**GOOD, "data": "a!b?"}, "not base64"),
    "not ASCII": ({**GOOD, "data": "äöü="}, "not base64"),
    "half a run": ({**GOOD, "data": base64.b64encode(b"\x08\x00\x07\x01").decode()}, "not 4 bytes"),
    "too few pixels": ({**GOOD, "data": packed((7, ROAD))}, "cover 7 pixels"),
    "too many pixels": ({**GOOD, "data": packed((65535, ROAD), (65535, ROAD))}, "cover 131070 pixels"),
    "an empty run": ({**GOOD, "data": packed((8, ROAD), (0, SKY))}, "none of them empty"),
    "raw too short": ({**GOOD, "encoding": "raw", "data": "AAAA"}, "raw data hold 3 bytes"),
    "an unknown class": ({**GOOD, "data": packed((8, 99))}, r"ids \[99\] are no classes"),
    "a folded class": ({**GOOD, "data": packed((8, 18))}, r"ids \[18\] are no classes"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_value_is_refused_with_its_reason(case):
    value, reason = MALFORMED[case]
    with pytest.raises(CityGANError, match=reason):
        decode_map(value)
    with pytest.raises(gr.Error, match="The label map could not be read"):
        LabelCanvas(info=INFO).preprocess(value)


def test_a_component_without_a_value_gives_none():
    canvas = LabelCanvas(info=INFO)
    assert canvas.preprocess(None) is None
    assert canvas.postprocess(None) is None


def test_the_example_for_scripts_is_valid_and_matches_the_schema():
    canvas = LabelCanvas(info=INFO)
    payload = canvas.example_payload()
    assert decode_map(payload).shape == canvas.example_value().shape
    assert payload.keys() == canvas.api_info()["properties"].keys()


def test_the_canvas_is_twice_as_large_as_what_the_model_saw_by_default():
    canvas = LabelCanvas(info=INFO)
    assert (canvas.props["width"], canvas.props["height"]) == (WIDTH, HEIGHT)


def test_a_canvas_that_is_too_large_is_refused():
    with pytest.raises(CityGANError, match="each side goes from 1 to 2048"):
        LabelCanvas(info=INFO, size_px=(4096, 512))


def test_classes_outside_the_training_name_what_stands_in_for_them():
    classes = {c["name"]: c for c in LabelCanvas(info=INFO).props["classes"]}
    assert (classes["bus"]["seen"], classes["bus"]["substitute"]) == (False, "car")
    assert (classes["car"]["seen"], classes["car"]["substitute"]) == (True, None)


def test_the_page_learns_no_path_of_the_machine(canvas_url):
    with urllib.request.urlopen(f"{canvas_url}config") as response:
        config = response.read().decode()
    assert ".gradio/citygan-" in config
    assert str(LabelCanvas.__module__.replace(".", "/")) not in config


def test_a_canvas_in_an_app_below_a_path_finds_its_modules(page):
    with gr.Blocks() as blocks:
        build_canvas()
    app = gr.mount_gradio_app(fastapi.FastAPI(), blocks, path="/street")
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    listening = socket.create_server(("127.0.0.1", 0))  # from now on a browser waits for its answer
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/street/"
    assert np.array_equal(Canvas(page, url).ids, street())
    page.goto("about:blank")  # it holds a connection, for which the server waits
    server.should_exit = True
    thread.join()
