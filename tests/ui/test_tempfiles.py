"""Visitors' files go after an hour, whatever others do meanwhile, and no other user reads them until then."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import fakes
import gradio as gr
import pytest

from citygan.ui import tempfiles
from citygan.ui.page import build_app, launch_options
from citygan.ui.tempfiles import LIVE_S, clean_up, keep_private, remove_old

LATER = LIVE_S + 60  # seconds from now, when what is written now is old


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a/one.png", "a/two.png", "b/three.png", "part"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"a picture")
    return tmp_path


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_files_stay_for_an_hour(folder):
    assert remove_old(folder, now=time.time() + LIVE_S - 60) == set()
    assert len(names(folder)) == 6


def test_then_they_go_and_their_folders_after_them_but_not_what_is_kept(folder):
    kept = str(folder / "b" / "three.png")
    removed = remove_old(folder, {kept}, time.time() + LATER)
    assert removed == {str(folder / name) for name in ("a/one.png", "a/two.png", "part")}
    assert remove_old(folder, {kept}, time.time() + 2 * LATER) == set()
    assert names(folder) == ["b", "b/three.png"]


def test_what_the_clock_says_is_of_tomorrow_goes_an_hour_later_all_the_same(folder):
    os.utime(folder / "a", (time.time() + 86_400,) * 2)
    before = os.lstat(folder / "part").st_ctime_ns
    assert (
        remove_old(folder, now=time.time() - 86_400) == set()
    )  # the clock was set back since they were made
    assert len(names(folder)) == 6
    assert os.lstat(folder / "part").st_ctime_ns > before
    remove_old(folder, now=time.time() + LATER)
    remove_old(folder, now=time.time() + LATER)
    assert names(folder) == []


def test_a_link_goes_and_what_it_leads_to_stays(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "private.png").write_bytes(b"not ours")
    (folder / "file").symlink_to(elsewhere / "private.png")
    (folder / "folder").symlink_to(elsewhere)
    remove_old(folder, now=time.time() + LATER)
    assert not (folder / "file").is_symlink()
    assert (elsewhere / "private.png").read_bytes() == b"not ours"


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> gr.Blocks:
    """A page whose visitors' files lie in `tmp_path`."""
    folder = type("Folder", (), {"name": str(tmp_path)})
    monkeypatch.setattr(tempfiles, "keep_private", lambda: folder)
    with gr.Blocks() as blocks:
        pass
    return blocks


def test_all_old_files_go_while_requests_add_new_ones(page, tmp_path):
    """Gradio's own clean-up walks the set that they add to, and ends there."""
    old = {str(tmp_path / f"old-{i}.png") for i in range(3000)}
    for file in old:
        Path(file).write_bytes(b"")
    page.upload_file_set.update(old)
    stop, begun = threading.Event(), threading.Event()

    def add() -> None:
        i = 0
        while not stop.is_set():
            page.upload_file_set.add(f"new-{threading.get_ident()}-{i}")
            (tmp_path / f"new-{threading.get_ident()}").touch()
            i += 1
            begun.set()

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert begun.wait(60)
    clean_up(page, time.time() + LATER)
    stop.set()
    for thread in threads:
        thread.join()
    assert not [file for file in old if os.path.exists(file)]
    assert not page.upload_file_set & old
    assert page.upload_file_set


def test_examples_stay(monkeypatch):
    blocks = build_app(fakes.synthesize, fakes.score, fakes.INFO, "a test")
    kept = {file for block in blocks.blocks.values() for file in getattr(block, "keep_in_cache", ())}
    clean_up(blocks, time.time() + LATER)
    assert len(kept) >= 8
    assert all(Path(file).is_file() for file in kept)


def test_the_app_cleans_up_again_after_it_failed(page, monkeypatch):
    calls, done = [], threading.Event()

    def clean(blocks: gr.Blocks) -> None:
        calls.append(blocks)
        if len(calls) == 1:
            raise OSError("the disk is gone for a moment")
        done.set()

    monkeypatch.setattr(tempfiles, "clean_up", clean)
    monkeypatch.setattr(tempfiles, "LOOK_EVERY_S", 0.01)
    page.launch(prevent_thread_lock=True, quiet=True, **launch_options())
    try:
        assert done.wait(60)
    finally:
        page.close()
    assert set(calls) == {page}


def test_the_folder_is_this_processes_alone_and_goes_with_it(tmp_path):
    assert Path(keep_private().name).stat().st_mode & 0o777 == 0o700
    code = (
        "from citygan.ui.tempfiles import keep_private; from gradio.utils import get_upload_folder; "
        "keep_private(); keep_private(); print(get_upload_folder())"
    )
    environment = os.environ | {"GRADIO_TEMP_DIR": str(tmp_path / "given")}
    said = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    folder = Path(said.stdout.strip())
    assert folder.parent == tmp_path / "given"
    assert folder.name.startswith("citygan-")
    assert not folder.exists()
