"""A file is whole or not there, whatever happens while it is written and however many write it."""

import errno
import multiprocessing
import os
import stat
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from citygan.errors import CityGANError
from citygan.files import remove_leftovers, write_atomically

WRITES = 50


def write_often(file: Path, letter: str) -> None:
    for _ in range(WRITES):
        write_atomically(file, lambda p: p.write_text(letter * 10_000))


SPAWN = multiprocessing.get_context("spawn")


@pytest.mark.parametrize(
    "pool", [ThreadPoolExecutor, partial(ProcessPoolExecutor, mp_context=SPAWN)], ids=["threads", "processes"]
)
def test_two_that_write_the_same_file_leave_one_of_them_whole_and_nothing_else(tmp_path, pool):
    file = tmp_path / "file"
    with pool(2) as writers:
        list(writers.map(partial(write_often, file), "ab"))
    assert file.read_text() in ("a" * 10_000, "b" * 10_000)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_writers_of_one_file_never_share_a_temporary_name(tmp_path):
    names = []

    def write(part: Path) -> None:
        names.append(part)
        if len(names) < 3:  # another writer comes in before this one is done
            write_atomically(tmp_path / "file", write)
        part.write_text("x")

    write_atomically(tmp_path / "file", write)
    assert len(set(names)) == 3


def test_a_write_that_fails_leaves_the_earlier_file_and_nothing_temporary(tmp_path):
    file = tmp_path / "file"
    file.write_text("earlier")

    def fill_the_disk(part: Path) -> None:
        part.write_text("half of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(CityGANError, match=r"file could not be written \(.*No space left.*disk full"):
        write_atomically(file, fill_the_disk)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    assert file.read_text() == "earlier"


def test_a_defect_of_the_writer_is_not_taken_for_a_full_disk(tmp_path):
    with pytest.raises(KeyError):
        write_atomically(tmp_path / "file", lambda p: {}["nothing"])


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CityGANError, match="below could not be written"):
        write_atomically(tmp_path / "file" / "below", Path.touch)


def test_others_may_read_it_whoever_wrote_it(tmp_path):
    def write_for_oneself(path: Path) -> None:  # as safetensors does
        path.touch(mode=0o600)

    write_atomically(tmp_path / "file", write_for_oneself)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o644


def test_a_file_stays_private_where_new_files_are(tmp_path):
    earlier = os.umask(0o077)
    try:
        write_atomically(tmp_path / "file", lambda path: path.write_text("x"))
    finally:
        os.umask(earlier)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path):
    left = [tmp_path / ".state.pt.0123abcd.part", tmp_path / ".set.x1.part"]
    kept = [tmp_path / "state.pt", tmp_path / ".hidden", tmp_path / "a.part", tmp_path / ".other.x2.part"]
    left[0].touch()
    (left[1] / "copy").mkdir(parents=True)
    for file in kept:
        file.touch()
    remove_leftovers(tmp_path, "set")
    assert left[0].exists()
    assert not left[1].exists()
    kept.pop().unlink()
    remove_leftovers(tmp_path)
    assert not left[0].exists()
    assert all(file.exists() for file in kept)
    remove_leftovers(tmp_path / "nowhere")
