"""The `/synthesize` endpoint as a script calls it, and the bounds of what the app accepts over HTTP."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import fakes
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from PIL import Image

from citygan import streets
from citygan.checkpoint import SHIPPED
from citygan.errors import CityGANError
from citygan.palette import colorize, from_train_ids
from citygan.ui.limits import MAX_BODY_BYTES
from citygan.ui.page import build_app, launch_options

ROOT = SHIPPED.parent.parent


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    app = build_app(fakes.synthesize, fakes.score, fakes.INFO, "a test")
    _, address, _ = app.launch(prevent_thread_lock=True, quiet=True, mcp_server=True, **launch_options())
    yield address
    app.close()


@pytest.fixture(scope="module")
def client(url: str, tmp_path_factory) -> Client:
    return Client(url, verbose=False, download_files=tmp_path_factory.mktemp("downloads"))


@pytest.fixture(scope="module")
def label_map() -> np.ndarray:
    return streets.street(streets.NAMES[0], 240, 160)


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., dict]:
    """Writes an array or bytes to a file, and returns it as `gradio_client` sends it."""

    def save(content: np.ndarray | bytes, name: str, **options) -> dict:
        if isinstance(content, bytes):
            (tmp_path / name).write_bytes(content)
        else:
            Image.fromarray(content).save(tmp_path / name, **options)
        return handle_file(tmp_path / name)

    return save


def read(path: str | Path | io.BytesIO) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_label_ids_come_back_as_a_photo_pixel_for_pixel(client, saved, label_map):
    photo, scores = client.predict(saved(label_map, "ids.png"), api_name="/synthesize")
    np.testing.assert_array_equal(read(photo), fakes.synthesize(label_map))
    assert scores["ssim"] is scores["psnr"] is scores["percentile"] is None
    assert scores["notes"][0] == "Read as Cityscapes label ids, 240 x 160."


def test_a_map_can_be_read_in_another_way_than_it_is_recognised(client, saved):
    ids = np.array([[1] * 8, [8] * 8, [3] * 8], np.uint8)  # building, car and road in CamVid's ids
    file = saved(ids, "ids.png")
    photo, scores = client.predict(file, api_name="/synthesize")
    assert scores["notes"][0] == "Read as CamVid ids, 8 x 3."
    photo, scores = client.predict(file, read_as="train-ids", api_name="/synthesize")
    assert scores["notes"][0] == "Read as Cityscapes train ids, 8 x 3."
    np.testing.assert_array_equal(read(photo), fakes.synthesize(from_train_ids(ids)))
    with pytest.raises(AppError, match="No file is read as 'voc'; choose one of colors, camvid"):
        client.predict(file, read_as="voc", api_name="/synthesize")


def test_in_a_photo_the_map_is_found_drawn_in_its_light_and_scored_against_it(saved):
    class Road:
        class_iou = 0.5

        def __call__(self, photo):
            return np.full(photo.shape[:2], 7, np.uint8)

    asked = []

    def synthesize(label_map, seed=None, **light):
        asked.append(light.get("light"))
        return fakes.synthesize(label_map)

    lights = {"light_of": lambda photo: (1.0,) * 8, "photo_reader": Road()}
    app = build_app(
        synthesize, fakes.score, replace(fakes.INFO, lights={"dusk": (0.0,) * 8}), "a test", **lights
    )
    _, address, _ = app.launch(prevent_thread_lock=True, quiet=True, **launch_options())
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    try:
        client = Client(address, verbose=False)
        file = saved(noise, "street.jpg")
        for read_as in (None, "photo"):
            photo, scores = client.predict(file, read_as=read_as, api_name="/synthesize")
            assert read(photo).shape == (64, 96, 3)
            assert scores["ssim"] == 0.5
            assert "Its map is a prediction (class IoU 0.50)" in scores["notes"][0]
        client.predict(file, light="dusk", api_name="/synthesize")
    finally:
        app.close()
    assert asked == [(1.0,) * 8, (1.0,) * 8, "dusk"]


def test_a_colour_map_with_its_target_is_scored(client, saved, label_map):
    target = np.full((80, 120, 3), 128, np.uint8)
    files = saved(colorize(label_map), "color.png"), saved(target, "target.jpg")
    _, scores = client.predict(*files, api_name="/synthesize")
    assert scores["ssim"] == 0.5
    assert scores["psnr"] == 20.0
    assert scores["percentile"] == pytest.approx(50)
    assert scores["percentile_of"] == "9 photos of a drive it never saw"
    assert "The target (120 x 80) was resized to 240 x 160." in scores["notes"]


def test_a_jpeg_is_snapped_and_the_answer_says_so(client, saved, label_map):
    file = saved(colorize(label_map), "color.jpg", quality=95)
    photo, scores = client.predict(label_map=file, api_name="/synthesize")
    assert (read(photo) == fakes.synthesize(label_map)).mean() > 0.95
    assert "were snapped to the nearest" in scores["notes"][0]


def test_a_light_reaches_the_generator_and_an_unknown_one_is_refused(saved, label_map):
    asked = []

    def synthesize(label_map, seed=None, **light):
        if light.get("light") == "moon":
            raise CityGANError("the light 'moon' is unknown; choose one of dusk")
        asked.append(light)
        return fakes.synthesize(label_map)

    app = build_app(synthesize, fakes.score, replace(fakes.INFO, lights={"dusk": (0.0,) * 8}), "a test")
    _, address, _ = app.launch(prevent_thread_lock=True, quiet=True, **launch_options())
    try:
        client, file = Client(address, verbose=False), saved(label_map, "ids.png")
        client.predict(file, light="dusk", warmth=1, api_name="/synthesize")
        client.predict(file, api_name="/synthesize")
        assert asked == [{"light": "dusk", "brightness": 0.0, "warmth": 1}, {}]
        with pytest.raises(AppError, match="the light 'moon' is unknown; choose one of dusk"):
            client.predict(file, light="moon", api_name="/synthesize")
    finally:
        app.close()


def test_a_seed_reaches_the_generator(client, saved, label_map):
    photo, _ = client.predict(saved(label_map, "ids.png"), seed=7, api_name="/synthesize")
    np.testing.assert_array_equal(read(photo), fakes.synthesize(label_map, seed=7))


def test_classes_that_the_checkpoint_never_saw_are_named(client, saved):
    ids = np.full((32, 64), 28, np.uint8)
    _, scores = client.predict(saved(ids, "bus.png"), api_name="/synthesize")
    assert "bus (100.0%) as car" in scores["notes"][1]


def test_a_share_that_rounds_to_nothing_is_not_said_to_be_nothing(client, saved):
    ids = np.full((100, 100), 26, np.uint8)
    ids[0, :4] = 29
    _, scores = client.predict(saved(ids, "caravan.png"), api_name="/synthesize")
    assert "caravan (<0.1%) as car" in scores["notes"][1]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"no image at all", "is no image"),
        (b"\x89PNG\r\n\x1a\n", "is no image"),
        (np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8), "no label map"),
        (np.full((8, 8), 200, np.uint8), "are no classes"),
    ],
    ids=["empty", "text", "header alone", "noise", "unknown ids"],
)
def test_an_unfit_label_map_gets_the_reason_and_the_app_goes_on(client, saved, label_map, content, reason):
    with pytest.raises(AppError, match=reason):
        client.predict(saved(content, "unfit.png"), api_name="/synthesize")
    photo, _ = client.predict(saved(label_map, "ids.png"), api_name="/synthesize")
    assert read(photo).shape == (160, 240, 3)


def test_a_client_is_told_in_words_what_is_wrong_with_a_number(client, saved, label_map):
    ids = saved(label_map, "ids.png")
    with pytest.raises(AppError, match="The seed is x; give a whole number from 0 to 2147483647"):
        client.predict(ids, seed="x", api_name="/synthesize")
    with pytest.raises(AppError, match="The warmth is hot; give a number, or none"):
        client.predict(ids, warmth="hot", api_name="/synthesize")


MAP = {"path": "labels.png", "meta": {"_type": "gradio.FileData"}}


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "The body is no JSON (empty); docs/api.md shows what to send."),
        (b"labels", "The body is no JSON (6 bytes); docs/api.md shows what to send."),
        (b"[]", "The body is not an object with its arguments: label_map, target, seed, "),
        (b"{}", 'The label_map is missing; upload a file, and give {"path": ...} of it.'),
        (
            {"label_map": "labels.png"},
            'The label_map is labels.png; upload a file, and give {"path": ...} of it.',
        ),
        (
            {"label_map": MAP, "seed": "x"},
            "The seed is x; give a whole number from 0 to 2147483647, or none.",
        ),
        (
            {"label_map": MAP, "seed": 1.5},
            "The seed is 1.5; give a whole number from 0 to 2147483647, or none.",
        ),
        ({"label_map": MAP, "brightness": float("nan")}, "The brightness is nan; give a number, or none."),
        ({"label_map": MAP, "light": 5}, "The light is 5; give a text, or none."),
        ({"label_map": MAP, "sede": 1}, "There is no 'sede'; /synthesize takes label_map, target, seed, "),
    ],
    ids=lambda value: (
        None if isinstance(value, str) else json.dumps(value if isinstance(value, dict) else str(value))
    ),
)
def test_a_request_that_cannot_be_taken_gets_a_4xx_and_a_sentence(url, body, sentence):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    status, answer = send(f"{url}gradio_api/call/v2/synthesize", content)
    assert status == 422
    assert json.loads(answer)["error"].startswith(sentence)


def test_values_in_order_are_checked_like_those_with_names(url):
    for endpoint in ("call/synthesize", "run/synthesize"):
        short = json.dumps({"data": [MAP, None]}).encode()
        wrong = json.dumps({"data": [MAP, None, "x", *[None] * 4]}).encode()
        for content, part in ((b"{}", "with 7 values"), (short, "with 7 values"), (wrong, "The seed is x")):
            status, answer = send(f"{url}gradio_api/{endpoint}", content)
            assert status == 422
            assert part in json.loads(answer)["error"]


def test_a_broken_target_and_a_negative_seed_get_the_reason(client, saved, label_map):
    ids = saved(label_map, "ids.png")
    with pytest.raises(AppError, match="Target photo: "):
        client.predict(ids, saved(b"GIF89a", "target.gif"), api_name="/synthesize")
    with pytest.raises(AppError, match="The seed is -1; give a whole number"):
        client.predict(ids, seed=-1, api_name="/synthesize")


@pytest.mark.parametrize(
    "values",
    [[], ["private"], [None] * 4, [[1], {"a": "private"}, {}, {}, [], []], [{"path": ["private"]}] * 6],
)
def test_an_event_with_other_values_is_refused_in_a_sentence_and_none_of_them_is_logged(url, capfd, values):
    body = json.dumps({"data": values}).encode()
    endpoint = f"{url}gradio_api/call/synthesize"
    request = urllib.request.Request(endpoint, body, {"Content-Type": "application/json"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code == 422
    assert json.load(refused.value)["error"].endswith(".")
    said = "".join(capfd.readouterr())
    assert "Traceback" not in said
    assert "private" not in said


@pytest.mark.parametrize("mark", [{}, {"meta": {"_type": "gradio.FileData"}}], ids=["bare", "marked"])
def test_a_file_of_the_server_cannot_be_named_as_the_label_map(url, tmp_path, label_map, mark):
    Image.fromarray(label_map).save(tmp_path / "private.png")
    body = json.dumps({"data": [{"path": str(tmp_path / "private.png"), **mark}, *[None] * 6]})
    endpoint = f"{url}gradio_api/call/synthesize"
    request = urllib.request.Request(endpoint, body.encode(), {"Content-Type": "application/json"})
    event = json.load(urllib.request.urlopen(request))["event_id"]
    assert urllib.request.urlopen(f"{endpoint}/{event}").read().startswith(b"event: error")


def send(url: str, body: bytes | io.BytesIO, **headers: str) -> tuple[int, bytes]:
    """The status and the answer to a request."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json", **headers})
    try:
        answer = urllib.request.urlopen(request)
    except urllib.error.HTTPError as error:
        answer = error
    return answer.status, answer.read()


def examples(language: str) -> list:
    """The code blocks of the README and of docs/api.md in one language; of the shell's, those with curl."""
    found = []
    for name in ("README.md", "docs/api.md"):
        blocks = re.findall(rf"```{language}\n(.*?)```", (ROOT / name).read_text(), re.DOTALL)
        wanted = [b for b in blocks if language == "python" or "curl" in b]
        found += [pytest.param(b, id=f"{name} {i}") for i, b in enumerate(wanted, 1)]
    return found


@pytest.fixture
def here(tmp_path: Path, label_map: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the examples name, as the working directory."""
    Image.fromarray(label_map).save(tmp_path / "labels.png")
    Image.fromarray(np.full((160, 240, 3), 128, np.uint8)).save(tmp_path / "target.png")
    (tmp_path / "checkpoints").symlink_to(ROOT / "checkpoints")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("code", examples("python"))
def test_every_python_example_of_the_documentation_runs(code, here, url, label_map):
    code = code.replace("http://127.0.0.1:7860", url).replace("OWNER/NAME", str(SHIPPED))
    names = {"label_map": label_map}
    exec(code, names)
    photo = next(value for name, value in names.items() if name.startswith("photo"))
    photo = read(photo) if isinstance(photo, str) else photo
    assert photo.shape == (*names["label_map"].shape, 3)
    assert photo.std() > 10


@pytest.mark.parametrize("code", examples("sh"))
def test_every_curl_example_of_the_documentation_runs(code, here, url, label_map):
    code = code.replace("http://127.0.0.1:7860", url.rstrip("/"))
    run = subprocess.run(["sh", "-eu", "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("event: complete")
    np.testing.assert_array_equal(read(here / "photo.png"), fakes.synthesize(label_map, seed=1))


def test_the_documentation_shows_the_client_and_plain_http():
    assert any("gradio_client" in example.values[0] for example in examples("python"))
    assert examples("sh")


def test_the_examples_of_the_page_name_files_and_no_other_host(url):
    endpoints = json.load(urllib.request.urlopen(f"{url}gradio_api/info"))["named_endpoints"]
    snippets = endpoints["/synthesize"]["code_snippets"]
    assert "handle_file('labels.png')" in snippets["python"]
    assert not [a for s in snippets.values() for a in re.findall(r"https?://[^/'\" ]+/", s) if a != url]


def ask_tool(url: str, **arguments) -> tuple[list, object]:
    """The tools that the app offers to language models, and what the only one answers."""

    async def ask() -> tuple[list, object]:
        async with (
            streamable_http_client(f"{url}gradio_api/mcp/") as (source, sink, _),
            ClientSession(source, sink) as session,
        ):
            await session.initialize()
            tools = (await session.list_tools()).tools
            return tools, await session.call_tool("synthesize", arguments)

    with ThreadPoolExecutor(1) as thread:  # browser tests leave an event loop running in this one
        return thread.submit(asyncio.run, ask()).result()


def test_a_language_model_finds_one_tool_whose_description_says_how_to_use_it(url, here, label_map):
    picture = base64.b64encode((here / "labels.png").read_bytes()).decode()
    tools, answer = ask_tool(url, label_map=f"data:image/png;base64,{picture}", seed=1)
    assert [tool.name for tool in tools] == ["synthesize"]
    assert "road #804080" in tools[0].description
    fields = tools[0].inputSchema["properties"]
    assert fields.keys() == {"label_map", "target", "seed", "light", "brightness", "warmth", "read_as"}
    assert all(field["description"] for field in fields.values())
    assert tools[0].inputSchema["required"] == ["label_map"]
    assert not answer.isError
    address = re.search(r"http://[^']+image\.png", answer.content[0].text)[0]
    photo = urllib.request.urlopen(address).read()
    np.testing.assert_array_equal(read(io.BytesIO(photo)), fakes.synthesize(label_map, seed=1))


def test_a_tool_call_cannot_name_a_file_of_the_server(url, here):
    _, answer = ask_tool(url, label_map=str(here / "labels.png"))
    assert answer.isError
    assert "Invalid file data format" in answer.content[0].text


def test_synthesize_is_the_only_public_endpoint(client):
    endpoints = client.view_api(return_format="dict", print_info=False)
    assert list(endpoints["named_endpoints"]) == ["/synthesize"]
    assert not endpoints["unnamed_endpoints"]
    parameters = endpoints["named_endpoints"]["/synthesize"]["parameters"]
    assert [p["parameter_name"] for p in parameters] == [
        *("label_map", "target", "seed"),
        *("light", "brightness", "warmth", "read_as"),
    ]
    assert [p["parameter_has_default"] for p in parameters] == [False, *[True] * 6]


def test_a_body_above_the_limit_is_refused_whether_or_not_it_says_its_length(url):
    body = b" " * (MAX_BODY_BYTES + 1)
    for path in ("component_server", "call/v2/synthesize"):
        target = f"{url}gradio_api/{path}"
        assert send(target, body)[0] == 413
        assert send(target, io.BytesIO(body), **{"Transfer-Encoding": "chunked"})[0] == 413
    assert urllib.request.urlopen(url).status == 200
