"""The command line of the app: whatever it cannot load ends in one plain message."""

from __future__ import annotations

import inspect
import os
import pickle
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
import tiny
from fakes import INFO

import app
from citygan.checkpoint import SHIPPED
from citygan.errors import CityGANError
from citygan.models import UNet
from citygan.synthesis import zero_gpu
from citygan.synthesis.synthesizer import Synthesizer
from citygan.ui.gate import Gate
from citygan.ui.page import _header

# Ends the app at its first sight of `spaces`, and says what was imported before.
STOPPING_SPACES = """
import sys
sys.exit("torch was imported first" if "torch" in sys.modules else "in time")
"""


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CITYGAN_MODEL", "CITYGAN_DEVICE", "CITYGAN_MAX_QUEUE", "SPACE_ID"):
        monkeypatch.delenv(name, raising=False)


def refusal(capsys: pytest.CaptureFixture, *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        app.main(list(arguments))
    assert ended.value.code == 2
    message = capsys.readouterr().err
    assert "Traceback" not in message
    return message


def test_a_missing_checkpoint_ends_in_one_line(tmp_path, capsys):
    message = refusal(capsys, "--model", str(tmp_path / "nowhere"))
    assert message.startswith("citygan: ")
    assert "nowhere" in message


def test_a_pickle_is_named_and_never_loaded(tmp_path, capsys):
    class Trap:
        def __reduce__(self):
            return Path.touch, (tmp_path / "sprung",)

    (tmp_path / "net.pth").write_bytes(pickle.dumps(Trap()))
    assert refusal(capsys, "--model", str(tmp_path / "net.pth")).startswith("citygan: ")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("CITYGAN_MAX_QUEUE", "many", "CITYGAN_MAX_QUEUE is 'many'; give a whole number above 0"),
        ("CITYGAN_MAX_QUEUE", "9" * 5000, "give a whole number above 0"),
        ("CITYGAN_MAX_QUEUE", "0", "0 visitors may wait; give a whole number above 0"),
        ("CITYGAN_DEVICE", "gpu", "device 'gpu' is unknown; choose auto, cpu or cuda"),
        ("CITYGAN_MODEL", "net.pth", "net.pth is a pickle"),
    ],
)
def test_a_variable_that_makes_no_sense_ends_in_one_line(monkeypatch, capsys, name, value, message):
    monkeypatch.setenv(name, value)
    assert message in refusal(capsys)


def test_variables_are_the_defaults_of_flags_and_empty_ones_are_none(monkeypatch):
    monkeypatch.setenv("CITYGAN_DEVICE", "cpu")
    monkeypatch.setenv("CITYGAN_MAX_QUEUE", " ")
    assert app.Options() == app.Options(device="cpu", max_queue=64)


def test_mcp_without_its_package_is_refused_with_the_remedy(monkeypatch, capsys):
    monkeypatch.setattr(app, "find_spec", lambda name: None)
    assert "pip install 'gradio[mcp]'" in refusal(capsys, "--mcp")


def test_a_port_that_is_in_use_ends_in_one_line(tmp_path, monkeypatch, capsys):
    with gr.Blocks() as page:
        pass
    monkeypatch.setattr(app, "build_app", lambda *_, **__: page)
    model = str(tiny.save_checkpoint(tmp_path, UNet(3, 1).eval()))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        message = refusal(capsys, "--model", model, "--port", port, "--no-compile")
    assert message.startswith(f"citygan: port {port} is in use")


@pytest.mark.parametrize(
    ("arguments", "space", "hosts"),
    [
        ([], None, ()),
        (["--allow-host", "street.example"], None, ("street.example",)),
        (["--share"], None, None),
        ([], "someone/citygan", None),
    ],
)
def test_where_a_page_is_for_this_machine_alone_it_answers_to_few_names(
    tmp_path, monkeypatch, arguments, space, hosts
):
    launched = []
    page = SimpleNamespace(launch=lambda **options: launched.append(options))
    monkeypatch.setattr(app, "build_app", lambda *_, **__: page)
    if space:
        monkeypatch.setenv("SPACE_ID", space)
    app.main(["--model", str(tiny.save_checkpoint(tmp_path, UNet(3, 1).eval())), "--no-compile", *arguments])
    [gate] = [m for m in launched[0]["app_kwargs"]["middleware"] if m.cls is Gate]
    assert gate.kwargs["hosts"] == hosts
    assert launched[0]["share"] == ("--share" in arguments)


@pytest.mark.parametrize("port", ["0", "65536"])
def test_a_port_that_cannot_be_ends_in_one_line(capsys, port):
    assert refusal(capsys, "--port", port) == f"citygan: port {port} is none; give one from 1 to 65535\n"


def test_maps_for_blind_pairs_without_the_other_checkpoint_are_refused(capsys):
    message = refusal(capsys, "--pairs-data", "camvid")
    assert message == "citygan: --pairs-data needs --blind-pairs and the other checkpoint\n"


def test_the_other_checkpoint_of_blind_pairs_is_opened_before_the_page_is_served(tmp_path, capsys):
    model = str(tiny.save_checkpoint(tmp_path, UNet(3, 1).eval()))
    assert "nowhere" in refusal(capsys, "--model", model, "--blind-pairs", str(tmp_path / "nowhere"))


def test_blind_pairs_take_the_place_of_the_page(tmp_path, monkeypatch, capsys):
    served = []
    monkeypatch.setattr(app, "serve", lambda page, *_, **__: served.append(page))
    ours, theirs = (tmp_path / name for name in ("ours", "theirs"))
    for folder in (ours, theirs):
        folder.mkdir()
        tiny.save_checkpoint(folder, UNet(3, 1).eval())
    data = tiny.write_camvid(tmp_path / "camvid", {"test": 2})
    given = ["--model", str(ours / "tiny"), "--blind-pairs", str(theirs / "tiny"), "--pairs-data", str(data)]
    app.main(given)
    assert [page.title for page in served] == ["Blind pairs"]
    assert not any(name in str(served[0].config) for name in ("ours", "theirs", "tiny"))


def test_the_variable_names_the_model_and_the_flag_is_handed_on_beside_it(monkeypatch, capsys):
    asked = []

    def open_checkpoint(*given):
        asked.append(given)
        raise CityGANError("enough")

    monkeypatch.setattr(app, "open_checkpoint", open_checkpoint)
    for value in ("someone/else", " "):
        monkeypatch.setenv("CITYGAN_MODEL", value)
        refusal(capsys, "--model", "one/other")
    refusal(capsys, "--device", "cpu")
    shipped = str(SHIPPED)
    assert asked == [
        ("one/other", "someone/else", "auto", None),
        ("one/other", shipped, "auto", None),
        (None, shipped, "cpu", None),
    ]


def test_the_page_shows_a_notice():
    assert "someone/streets is out of reach" in _header(INFO, "a test", "", "someone/streets is out of reach")


def test_the_page_shows_the_commit_of_a_checkpoint_from_the_hub():
    assert "fake-unet (someone/streets@0123456789ab), trained on" in _header(
        INFO, "a test", f"someone/streets@0123456789ab{'c' * 28}", ""
    )
    assert "fake-unet, trained on" in _header(INFO, "a test", "/home/me/runs/x@y/best", "")


def test_only_on_a_space_visitors_can_duplicate_it(monkeypatch):
    assert "Duplicate" not in _header(INFO, "a test", "", "")
    monkeypatch.setenv("SPACE_ID", "someone/citygan")
    link = 'href="https://huggingface.co/spaces/someone/citygan?duplicate=true"'
    assert link in _header(INFO, "a test", "", "")
    monkeypatch.setenv("SPACE_ID", 'a/b"><script>')
    assert "script" not in _header(INFO, "a test", "", "")


def test_spaces_is_imported_before_torch(tmp_path):
    (tmp_path / "spaces.py").write_text(STOPPING_SPACES)
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    run = subprocess.run([sys.executable, app.__file__], env=environment, capture_output=True, text=True)
    assert run.stderr.strip() == "in time"


class FakeSpaces:
    """What `spaces` does on ZeroGPU, as far as it shows: arguments and results cross to another process."""

    def __init__(self) -> None:
        self.durations: list[int] = []

    def GPU(self, *, duration: int):  # noqa: N802
        self.durations.append(duration)

        def decorate(task):
            assert not inspect.iscoroutinefunction(task)

            def call(*args, **kwargs):
                args, kwargs = pickle.loads(pickle.dumps((args, kwargs)))
                return pickle.loads(pickle.dumps(task(*args, **kwargs)))

            return call

        return decorate


def test_on_zero_gpu_photos_are_made_under_the_decorator_and_nothing_is_compiled(tmp_path, monkeypatch):
    spaces, built, launched = FakeSpaces(), [], []
    monkeypatch.setattr(zero_gpu, "spaces", spaces)
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    monkeypatch.setenv("CITYGAN_MODEL", str(tiny.save_checkpoint(tmp_path, UNet(3, 1).eval())))

    def build_app(synthesize, *_, **__):
        built.append(synthesize)
        return SimpleNamespace(launch=lambda **_: launched.append(list(spaces.durations)))

    monkeypatch.setattr(app, "build_app", build_app)
    monkeypatch.setattr(app, "warm_up", lambda *_: pytest.fail("on ZeroGPU"))
    app.main([])
    assert launched == [[zero_gpu.CALL_S]]  # decorated by then: ZeroGPU looks at launch
    label_map = np.full((48, 64), 7, np.uint8)
    photo = built[0](label_map, seed=3)
    np.testing.assert_array_equal(photo, Synthesizer(os.environ["CITYGAN_MODEL"])(label_map, 3))
