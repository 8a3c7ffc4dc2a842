"""kill -9 at any moment: the same command goes on, and ends like one that nothing disturbed."""

from __future__ import annotations

import random
import shutil
import sys
from pathlib import Path

import pytest
import tiny
import torch
from states import same

from citygan.checkpoint import Checkpoint
from tests.faults.commands import Commands, spread

pytestmark = [
    pytest.mark.timeout(900),  # many processes, on a machine that may be busy
    pytest.mark.skipif(sys.platform != "linux", reason="children are forked"),
]

STEPS, KILLS, MOMENTS = 3, 10, 8
CPU = {"device": "cpu", "precision": "no"}
SMALL = {"width": 1, "discriminator_width": 1, "batch_size": 1, "epochs": 2} | CPU


@pytest.fixture(scope="module")
def commands():
    with Commands() as commands:
        yield commands


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory):
    return tiny.write_camvid(tmp_path_factory.mktemp("set"), {"train": STEPS, "val": 1, "test": 1})


def fit(data: Path, out: Path) -> list[str]:
    """A run that draws random numbers wherever one can, and saves after each step."""
    options = {"data": data, "out": out, "save_minutes": 0, "dropout": 0.5, "color_jitter": 0.2}
    return ["fit", "--recipe", "citygan-plus", "--no-compile", *tiny.flags(**(options | SMALL))]


@pytest.fixture(scope="module")
def finished(commands, data_folder, tmp_path_factory):
    """A run that nothing disturbed: its folder, and what the command did and took."""
    out = tmp_path_factory.mktemp("runs") / "run"
    ended = commands.run(fit(data_folder, out), below=str(out))
    assert ended.status == 0, ended.said
    return out, ended


def assert_same_run(out: Path, finished: Path) -> None:
    """The same weights, optimizers, checkpoints and log, and nothing else left."""
    one, other = (torch.load(folder / "state.pt", weights_only=True) for folder in (out, finished))
    for saved in (one, other):
        del saved["seconds"]
    assert one["position"]["epoch"] == 2
    assert same(one, other)
    for name in ("last", "best"):
        for suffix in (".safetensors", ".json"):
            assert (out / name).with_suffix(suffix).read_bytes() == (
                (finished / name).with_suffix(suffix).read_bytes()
            ), f"{name}{suffix}"
    assert (out / "metrics.csv").read_bytes() == (finished / "metrics.csv").read_bytes()
    left = [{p.name for p in folder.iterdir()} - {"tensorboard"} for folder in (out, finished)]
    assert left[0] == left[1]


def test_a_training_killed_ten_times_at_random_ends_like_one_that_was_not(
    commands, data_folder, finished, tmp_path
):
    out, rng, kills = tmp_path / "run", random.Random(0), 0
    while kills < KILLS:
        ended = commands.run(fit(data_folder, out), kill_after_s=rng.uniform(0.02, 0.5) * finished[1].cpu_s)
        kills += ended.killed
        if ended.status == 0:  # it came to its end before
            assert_same_run(out, finished[0])
            shutil.rmtree(out)
        else:
            assert ended.killed, ended.said
    ended = commands.run(fit(data_folder, out))
    assert ended.status == 0, ended.said
    assert_same_run(out, finished[0])


@pytest.mark.parametrize("share", range(MOMENTS))
def test_a_training_killed_while_it_writes_leaves_whole_files_and_ends_like_one_that_was_not(
    commands, data_folder, finished, tmp_path, share
):
    out = tmp_path / "run"
    moment = spread(finished[1].events, MOMENTS)[share]
    ended = commands.run(fit(data_folder, out), below=str(out), kill_at=moment)
    assert ended.killed, ended.said
    assert ended.events == moment
    for name in ("last", "best"):
        if (out / f"{name}.json").exists():
            Checkpoint.find(out / name).load()
    if (out / "state.pt").exists():
        torch.load(out / "state.pt", weights_only=True)
    ended = commands.run(fit(data_folder, out))
    assert ended.status == 0, ended.said
    assert_same_run(out, finished[0])
