"""What the repository ships is what its pages say."""

from __future__ import annotations

import functools
import json
import shlex
from dataclasses import asdict
from pathlib import Path

import pytest

import citygan.__main__ as commands
from citygan.checkpoint import Checkpoint
from citygan.models.layers import for_inference
from citygan.synthesis.onnx_engine import OnnxEngine
from citygan.training import fit as fitting

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "checkpoints" / "README.md").read_text(encoding="utf-8")
SHIPPED = json.loads((ROOT / "checkpoints" / "camvid-unet.json").read_text(encoding="utf-8"))


def recorded(command, calls: list[tuple[str, tuple, dict]]):
    """The command with its flags, that only notes what it was called with."""

    @functools.wraps(command)
    def note(*arguments, **options):
        calls.append((command.__name__, arguments, options))

    return note


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple, dict]]:
    """What each line of the page that begins with `python train.py` calls, read by the real command line."""
    made: list[tuple[str, tuple, dict]] = []
    for name, command in commands.COMMANDS.items():
        monkeypatch.setitem(commands.COMMANDS, name, recorded(command, made))
    monkeypatch.setattr(fitting, "fit", recorded(fitting.fit, made))
    block = PAGE.partition("**Make it again.**")[2].partition("```sh\n")[2].partition("```")[0]
    lines = block.splitlines()
    assert len(lines) == 4
    for line in lines:
        python, script, *words = shlex.split(line)
        assert (python, script) == ("python", "train.py")
        assert commands.main(words) == 0, line
    return made


def test_its_command_lines_name_the_recipe_that_stands_in_its_json(calls):
    (_, _, prepared), (_, _, first), (_, _, second), (_, _, exported) = calls
    wanted = SHIPPED["recipe"]
    assert prepared["leave_out"] == ("0001TP",)
    assert prepared["out"] == first["data"] == second["data"]
    assert second["start_from"] == first["out"]
    assert exported["checkpoint"] == second["out"] / "last"
    assert exported["noise_scale"] == wanted["noise_scale"]
    assert exported["onnx"]
    assert first["recipe"] == second["recipe"] == wanted["name"]
    assert asdict(second["config"]) == {name: wanted[name] for name in asdict(second["config"])}
    before = wanted["started_from"]["recipe"] | {
        "epochs": wanted["started_from"]["epochs"],
        "decay_epochs": 0,
    }
    assert asdict(first["config"]) == {name: before[name] for name in asdict(first["config"])}
    assert first["config"].epochs + second["config"].epochs == SHIPPED["epochs"]


@pytest.mark.parametrize("name", ["camvid-unet", "camvid-citygan"])
def test_its_graph_makes_the_photo_of_its_weights(name):
    found = Checkpoint.find(ROOT / "checkpoints" / name)
    OnnxEngine(found.graph, found).check(for_inference(found.load(), found.info.norm_statistics))


def test_all_that_is_shipped_has_at_most_32_mebibytes():
    assert sum(file.stat().st_size for file in (ROOT / "checkpoints").iterdir()) <= 32 * 2**20
