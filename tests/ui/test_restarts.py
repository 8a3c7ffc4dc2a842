"""A page goes on where it was when its server is started anew, and loses nothing."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from canvas_driver import IDS, read_bytes
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from studio_driver import click
from tabs import DESKTOP, PATIENCE_MS

from citygan import streets
from citygan.wire import checksum

SUPPORT = Path(__file__).resolve().parent.parent / "support"
REFUSED = "#cg-read .cg-refused, [data-testid='toast-body']"
SEED_WITHOUT_END = "13"


class Server:
    """A page on one port, in a process that can be killed and started again."""

    def __init__(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.port = taken.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"

    def start(self, *version: str) -> None:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(SUPPORT), str(SUPPORT.parents[1])])}
        script = [sys.executable, "-u", str(SUPPORT / "serve_again.py"), str(self.port), *version]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(script, env=environment, text=True, **pipes)
        self.wait_for("http://")

    def wait_for(self, words: str) -> None:
        assert any(words in line for line in self.process.stdout)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    server.start()
    yield server
    server.kill()


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """A page that is open; the console may complain, for what it asks of a dead server fails."""
    context = browser.new_context(**DESKTOP, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(server.url)
    page.wait_for_selector(".cg-shot")
    page.evaluate("window.first = true")  # is gone when the page was loaded anew
    yield page
    context.close()


def map_of(page: Page) -> np.ndarray:
    return read_bytes(page, IDS)


def paint(page: Page, key: str) -> None:
    """Fills the map with the class in hand, and waits until its photo is there."""
    box = page.locator(".cg-stage").bounding_box()
    page.keyboard.press(key)
    before = page.locator(".cg-shot").get_attribute("data-crc32")
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator(".cg-shot")).not_to_have_attribute("data-crc32", before)


def upload(page: Page, path: Path) -> None:
    page.get_by_role("tab", name="Upload").click()
    page.locator("#cg-label-file input[type=file]").set_input_files(path)
    expect(page.locator("#cg-read")).to_contain_text("Read as")


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    Image.fromarray(streets.street(streets.NAMES[1], 240, 160)).save(tmp_path / "map.png")
    return tmp_path / "map.png"


def test_map_undo_strip_photo_and_upload_outlive_the_server(page, server, drawn):
    before = map_of(page)
    paint(page, "g")
    painted = map_of(page)
    strip = page.locator(".cg-strip img")
    expect(strip).to_have_count(2)
    upload(page, drawn)
    server.kill()
    page.locator("#cg-generate").click()  # waits for a server
    page.get_by_role("tab", name="Paint").click()
    click(page, "Undo")
    expect(page.locator(".cg-pace")).to_have_attribute("data-kind", "gone")
    click(page, "Redo")
    server.start()
    expect(page.locator(".cg-pace")).to_have_attribute("data-kind", "live")
    np.testing.assert_array_equal(map_of(page), painted)
    expect(strip).to_have_count(2)
    click(page, "Undo")
    np.testing.assert_array_equal(map_of(page), before)
    page.wait_for_selector(f'.cg-shot[data-crc32="{checksum(before.reshape(512, -1))}"]')
    page.get_by_role("tab", name="Upload").click()
    expect(page.locator("#cg-label-file img")).to_be_visible()
    expect(page.locator("#cg-photo img")).to_be_visible()  # of a file that the second server was sent again
    expect(page.locator(REFUSED)).to_have_count(0)
    assert page.evaluate("window.first")


def test_what_a_dying_server_was_at_fails_in_a_sentence_and_can_be_asked_for_again(page, server, drawn):
    upload(page, drawn)
    page.locator("#cg-generate").click()
    expect(page.locator("#cg-photo img")).to_be_visible()
    first = page.locator("#cg-photo img").get_attribute("src")
    page.get_by_text("Target photo and seed").click()
    page.locator("#cg-seed input").fill(SEED_WITHOUT_END)
    page.locator("#cg-generate").click()
    server.wait_for("a photo begins")
    server.kill()
    told = page.get_by_test_id("toast-body")
    expect(told).to_contain_text("The server stopped while it worked on this. Try again.")
    expect(page.locator("#cg-photo img")).to_have_attribute("src", first)  # the last good result
    server.start()
    page.locator("#cg-seed input").fill("12")
    page.locator("#cg-generate").click()
    expect(page.locator("#cg-photo img")).not_to_have_attribute("src", first)
    assert page.evaluate("window.first")


def test_who_has_an_older_page_than_the_server_is_told_so(page, server):
    server.kill()
    server.start("newer")
    page.keyboard.press("g")
    page.locator(".cg-stage").click()
    told = "The server has another version of this page: reload it. Your map is kept."
    expect(page.locator(".cg-message")).to_have_text(told)
    assert page.evaluate("window.first")
