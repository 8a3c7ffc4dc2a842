"""Disks that are full, folders that may not be written, files that are cut off, and clocks that are wrong."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny

from citygan.checkpoint import Checkpoint
from citygan.errors import CityGANError
from citygan.files import write_atomically
from tests.faults.commands import Commands, Ended, files_in

pytestmark = [
    pytest.mark.timeout(900),  # many processes, on a machine that may be busy
    pytest.mark.skipif(sys.platform != "linux", reason="children are forked, and disks are mounted"),
]
OFFSETS = 40  # of each file


@pytest.fixture(scope="module")
def commands():
    with Commands() as commands:
        yield commands


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory) -> Path:
    return tiny.write_camvid(tmp_path_factory.mktemp("set"), {"train": 2, "val": 1, "test": 1})


@pytest.fixture
def disk(tmp_path) -> Iterator[Path]:
    """A disk of 192 kB, which the first files of each command fill.

    It is a file system in memory where this process may mount one, which takes root. Where it may not, the
    test is left out, and the one with `most_bytes` stands alone: there each file has a limit of its own.
    """
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=192k", "none", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no file system may be mounted here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def remount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", disk], check=True)


@pytest.fixture
def forbidden(request, tmp_path) -> Path:
    """A folder that may not be written. Root may write in any, and gets one of a disk that is only read."""
    if os.getuid() == 0:
        folder = request.getfixturevalue("disk")
        remount(folder, "ro")
        return folder
    tmp_path.chmod(0o555)
    return tmp_path


def command(name: str, data: Path, out: Path) -> list[str]:
    """One that writes below `out`."""
    small = {"epochs": 1, "width": 1, "device": "cpu", "precision": "no"}
    if name == "prepare":
        return ["prepare", "--data", str(data), "--out", str(out / "small"), "--height-px", "1200"]
    if name == "table":
        places = {"data": data, "out": out / "results", "runs": out / "runs"}
        return ["table", "--no-sweeps", *tiny.flags(**places, rows="citygan", **small)]
    small |= {"discriminator_width": 1}
    return ["fit", "--recipe", "citygan", "--no-compile", *tiny.flags(data=data, out=out / "run", **small)]


NAMES = ("fit", "prepare", "table")  # `push` writes below the system's temporary files alone


def assert_said(ended: Ended, *words: str) -> None:
    """It ended with a sentence, and left no half of a file."""
    assert ended.status == 1, ended.said
    assert "Traceback" not in ended.said
    last = ended.said.strip().splitlines()[-1]
    assert last.startswith("error: "), last
    assert any(word in last for word in words), last


@pytest.mark.parametrize("name", NAMES)
def test_a_full_disk_is_said_and_with_room_the_same_command_goes_on(commands, data_folder, disk, name):
    arguments = command(name, data_folder, disk)
    assert_said(commands.run(arguments), "No space left on device", "the disk full")
    assert not [file for file in files_in(disk) if file.endswith(".part")]
    remount(disk, "size=64m")
    ended = commands.run(arguments)
    assert ended.status == 0, ended.said


@pytest.mark.parametrize("name", ["fit", "prepare"])
def test_a_file_that_cannot_grow_is_said_and_the_same_command_goes_on(commands, data_folder, tmp_path, name):
    arguments = command(name, data_folder, tmp_path)
    assert_said(commands.run(arguments, most_bytes=1500), "File too large", "the disk full")
    ended = commands.run(arguments)
    assert ended.status == 0, ended.said


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_that_may_not_be_written_is_said(commands, data_folder, forbidden, name):
    ended = commands.run(command(name, data_folder, forbidden))
    assert_said(ended, "Read-only file system", "Permission denied")
    assert files_in(forbidden) == {}


def test_an_earlier_file_outlives_a_full_disk(disk):
    file = disk / "notes"
    write_atomically(file, lambda path: path.write_bytes(b"earlier"))
    with pytest.raises(CityGANError, match="is the disk full"):
        write_atomically(file, lambda path: path.write_bytes(bytes(2**20)))
    assert files_in(disk) == {"notes": b"earlier"}


@pytest.mark.parametrize("suffix", [".json", ".safetensors"])
def test_a_checkpoint_cut_off_at_any_byte_is_refused_in_a_sentence(tmp_path, suffix):
    path = tiny.save_checkpoint(tmp_path, tiny.UNet(3, 1))
    file = path.with_suffix(suffix)
    whole = file.read_bytes()
    ends = {0, 1, 7, 8, 9, len(whole) - 1, *random.Random(0).sample(range(len(whole)), OFFSETS)}
    for end in sorted(ends):
        file.write_bytes(whole[:end])
        with pytest.raises(CityGANError) as refusal:
            Checkpoint.find(path).load()
        assert str(refusal.value).startswith(str(path)), end
    file.write_bytes(whole)
    Checkpoint.find(path).load()


def test_a_training_state_cut_off_is_refused_and_named(commands, data_folder, tmp_path):
    arguments = command("fit", data_folder, tmp_path)
    assert commands.run(arguments).status == 0
    state = tmp_path / "run" / "state.pt"
    whole = state.read_bytes()
    for end in (0, 1, len(whole) // 3, len(whole) - 1):
        state.write_bytes(whole[:end])
        assert_said(commands.run(arguments), str(state))
