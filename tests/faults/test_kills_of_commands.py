"""kill -9 in `prepare`, `table` and `push`: the same command goes on, to the end that it would have had."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import sys
from pathlib import Path

import pytest
import tiny
import torch
from hub_server import WRITER, HubServer, Repo
from states import same

from tests.faults.commands import Commands, Ended, files_in, spread

pytestmark = [
    pytest.mark.timeout(900),  # many processes, on a machine that may be busy
    pytest.mark.skipif(sys.platform != "linux", reason="children are forked"),
]


@pytest.fixture(scope="module")
def server():
    with HubServer() as server:
        yield server


@pytest.fixture(scope="module")
def commands(server, tmp_path_factory):
    hub = {"HF_ENDPOINT": server.url, "HF_HOME": str(tmp_path_factory.mktemp("hub")), "HF_TOKEN": WRITER}
    with Commands(**hub, HF_HUB_DISABLE_XET="1", HF_HUB_DISABLE_PROGRESS_BARS="1") as commands:
        yield commands


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory):
    return tiny.write_camvid(tmp_path_factory.mktemp("set"), {"train": 2, "val": 1, "test": 1})


def killed_and_done(commands: Commands, arguments: list[str], below: Path, moment: int) -> None:
    """Kills a command at one of the moments at which it writes, and runs it again to its end."""
    ended = commands.run(arguments, below=str(below), kill_at=moment)
    assert ended.killed, ended.said
    assert ended.events == moment
    assert_done(commands.run(arguments))


def assert_done(ended: Ended) -> None:
    assert ended.status == 0, ended.said


# prepare


@pytest.mark.parametrize("before", [False, True], ids=["nothing before", "over an earlier copy"])
def test_a_copy_of_a_data_set_is_whole_however_often_it_was_killed(commands, data_folder, tmp_path, before):
    arguments = ["prepare", "--data", str(data_folder), "--height-px"]
    undisturbed = tmp_path / "undisturbed"
    ended = commands.run([*arguments, "32", "--out", str(undisturbed / "small")], below=str(undisturbed))
    assert_done(ended)
    for moment in spread(ended.events, 5):
        place = tmp_path / str(moment)
        if before:
            assert_done(commands.run([*arguments, "16", "--out", str(place / "small")]))
        killed_and_done(commands, [*arguments, "32", "--out", str(place / "small")], place, moment)
        assert files_in(place) == files_in(undisturbed)


# table


def table(data: Path, place: Path) -> list[str]:
    places = {"data": data, "out": place / "results", "runs": place / "runs"}
    options = {"rows": "citygan", "epochs": 1, "width": 1, "device": "cpu", "precision": "no"}
    return ["table", "--no-sweeps", *tiny.flags(**places, **options)]


@pytest.fixture(scope="module")
def made(commands, data_folder, tmp_path_factory) -> tuple[dict[str, object], int]:
    """The files of a table that nothing disturbed, and how often it wrote."""
    place = tmp_path_factory.mktemp("table")
    ended = commands.run(table(data_folder, place), below=str(place))
    assert_done(ended)
    return comparable(place), ended.events


def comparable(place: Path) -> dict[str, object]:
    """All that a table leaves but TensorBoard's events, which say when, and the seconds that it trained."""
    found = {name: content for name, content in files_in(place).items() if "tfevents" not in name}
    records = ("results/rows/citygan-seed0.json", "runs/citygan-seed0/state.pt", "results/table.csv")
    record, state = json.loads(found[records[0]]), torch.load(place / records[1], weights_only=True)
    rows = list(csv.DictReader(found[records[2]].decode().splitlines()))
    del state["seconds"]
    for said in (record, *rows):
        del said["training_seconds"]
    found["results/README.md"] = re.sub(rb"\| \d+ s \|", b"", found["results/README.md"])
    return found | dict(zip(records, (record, state, rows), strict=True))


@pytest.mark.parametrize("share", range(3))
def test_a_table_that_was_killed_goes_on_and_is_the_same(commands, data_folder, made, tmp_path, share):
    killed_and_done(commands, table(data_folder, tmp_path), tmp_path, spread(made[1], 3)[share])
    found = comparable(tmp_path)
    assert found.keys() == made[0].keys()
    assert [name for name in found if not same(found[name], made[0][name])] == []


# push


@pytest.fixture(scope="module")
def pushed(commands, server, tmp_path_factory) -> tuple[list[str], dict[str, bytes], int]:
    """The command but for its repository, what a push that nothing disturbed leaves there, and how often it
    asked."""
    checkpoint = tiny.save_checkpoint(tmp_path_factory.mktemp("run"), tiny.UNet(3, 1))
    command = ["push", "--checkpoint", str(checkpoint), "--repo"]
    server.requests.clear()
    assert_done(commands.run([*command, "someone/calm"]))
    return command, server.repos["someone/calm"].files(), len(server.requests)


@pytest.mark.parametrize("share", range(4))
def test_a_push_that_was_killed_leaves_a_whole_commit_or_none_and_goes_on(commands, server, pushed, share):
    command, files, count = pushed
    moment, name = spread(count, 4)[share], f"someone/killed-{share}"
    pids: list[int] = []
    server.requests.clear()
    server.before = lambda: len(server.requests) == moment and os.kill(pids[0], signal.SIGKILL)
    ended = commands.run([*command, name], began=pids.append)
    server.before = lambda: None
    assert ended.killed, ended.said
    of_this = {file: content.replace(b"someone/calm", name.encode()) for file, content in files.items()}
    assert server.repos.get(name, Repo()).files() in ({}, of_this)
    assert_done(commands.run([*command, name]))
    assert server.repos[name].files() == of_this
