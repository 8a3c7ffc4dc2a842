"""What the repository ships is what its pages say."""

from __future__ import annotations

import functools
import json
import shlex
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

import citygan.__main__ as commands
from citygan.checkpoint import Checkpoint
from citygan.models.layers import for_inference
from citygan.synthesis.onnx_engine import OnnxEngine
from citygan.training import fit as fitting
from citygan.training.config import TrainConfig

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "checkpoints" / "README.md").read_text(encoding="utf-8")
DEFAULTS = asdict(TrainConfig())  # of fields that are newer than a checkpoint
LIGHT = json.loads((ROOT / "checkpoints" / "camvid-light.json").read_text(encoding="utf-8"))
THIRD = LIGHT["recipe"]["started_from"]  # of what it goes on from
SECOND = THIRD["recipe"]["started_from"]  # and that
FIRST = SECOND["recipe"]["started_from"]  # and that
UNET = FIRST["recipe"]["started_from"]  # and that


def recorded(command, calls: list[tuple[str, tuple, dict]]):
    """The command with its flags, that only notes what it was called with."""

    @functools.wraps(command)
    def note(*arguments, **options):
        calls.append((command.__name__, arguments, options))

    return note


@pytest.fixture
def calls_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[tuple[str, tuple, dict]]]:
    """What each line by which the page makes a checkpoint again calls, read by the real command line."""

    def calls_of(checkpoint: str) -> list[tuple[str, tuple, dict]]:
        made: list[tuple[str, tuple, dict]] = []
        for name, command in commands.COMMANDS.items():
            monkeypatch.setitem(commands.COMMANDS, name, recorded(command, made))
        monkeypatch.setattr(fitting, "fit", recorded(fitting.fit, made))
        section = PAGE.partition(f"# {checkpoint}\n")[2]
        for line in section.partition("**Make it again.**")[2].split("```")[1].splitlines()[1:]:
            program, *words = shlex.split(line)
            if program == "torchrun":
                assert words.pop(0) == "--nproc_per_node=2"
            else:
                assert program == "python"
            assert words.pop(0) == "train.py"
            assert commands.main(words) == 0, line
        return made

    return calls_of


def test_the_lines_of_camvid_light_name_the_recipe_that_stands_in_its_json(calls_of):
    (_, _, fitted), (_, _, exported) = calls_of("camvid-light")
    wanted = LIGHT["recipe"]
    assert exported["checkpoint"] == fitted["out"] / "last"
    assert exported["out"] == Path("checkpoints/camvid-light")
    assert exported["onnx"]
    assert fitted["recipe"] == wanted["name"]
    assert asdict(fitted["config"]) == {name: wanted.get(name, default) for name, default in DEFAULTS.items()}
    (*_, before) = calls_of("camvid-light-3")
    assert fitted["generator_weights"] == before[2]["out"]
    assert fitted["config"].epochs + THIRD["epochs"] == LIGHT["epochs"]


@pytest.mark.parametrize(
    ("name", "saved", "started_from", "epochs_before"),
    [
        ("camvid-light-3", THIRD, "camvid-light-2", SECOND["epochs"]),
        ("camvid-light-2", SECOND, "camvid-light-1", FIRST["epochs"]),
        ("camvid-light-1", FIRST, "camvid-unet", UNET["epochs"]),
    ],
)
def test_the_lines_of_those_before_name_the_recipes_that_they_started_from(
    calls_of, name, saved, started_from, epochs_before
):
    (_, _, fitted), (_, _, exported) = calls_of(name)
    wanted = saved["recipe"]
    assert exported["checkpoint"] == fitted["out"] / "last"
    assert fitted["recipe"] == wanted["name"]
    assert asdict(fitted["config"]) == {name: wanted.get(name, DEFAULTS[name]) for name in DEFAULTS}
    assert fitted["config"].epochs + epochs_before == saved["epochs"]
    (*_, before) = calls_of(started_from)
    assert fitted["generator_weights"] == before[2]["out"]


def test_what_ships_is_no_larger_than_the_design_allows():
    files = (ROOT / "checkpoints").iterdir()
    assert sum(file.stat().st_size for file in files) <= 32 * 2**20


def test_the_lines_of_camvid_unet_name_the_recipe_that_this_one_started_from(calls_of):
    (_, _, prepared), (_, _, first), (_, _, second), (_, _, exported) = calls_of("camvid-unet")
    wanted = UNET["recipe"]
    assert prepared["leave_out"] == ("0001TP",)
    assert prepared["out"] == first["data"] == second["data"]
    assert second["start_from"] == first["out"]
    assert exported["checkpoint"] == second["out"] / "last"
    assert exported["noise_scale"] == wanted["noise_scale"]
    assert first["recipe"] == second["recipe"] == wanted["name"]
    assert asdict(second["config"]) == {name: wanted.get(name, DEFAULTS[name]) for name in DEFAULTS}
    before = wanted["started_from"]["recipe"] | {
        "epochs": wanted["started_from"]["epochs"],
        "decay_epochs": 0,
    }
    assert asdict(first["config"]) == {name: before.get(name, DEFAULTS[name]) for name in DEFAULTS}
    assert first["config"].epochs + second["config"].epochs == UNET["epochs"]


@pytest.mark.parametrize("name", ["camvid-light", "camvid-citygan"])
def test_its_graph_makes_the_photo_of_its_weights(name):
    found = Checkpoint.find(ROOT / "checkpoints" / name)
    OnnxEngine(found.graph, found).check(for_inference(found.load(), found.info.norm_statistics))
