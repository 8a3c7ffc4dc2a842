"""A real browser for the tests of the page, and a way to serve a `gr.Blocks` for one test."""

from __future__ import annotations

import queue
import shutil
import socket
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import gradio as gr
import pytest
from canvas_driver import Canvas, Phone, build_canvas
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from studio_driver import INFO, START, Generator, score, shown

from citygan import streets
from citygan.ui.canvas import LabelCanvas
from citygan.ui.live import Live


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One headless Chromium: the system's if there is one, else Playwright's own."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield chromium
        chromium.close()


def watch_errors(page: Page) -> list[str]:
    """Collects what the page reports as an error: exceptions, and lines in the console."""
    errors: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        address = message.location["url"]
        if message.type == "error" and not address.endswith("/favicon.ico"):  # outside of an app below a path
            errors.append(f"console: {message.text} {address}")

    page.on("pageerror", lambda error: errors.append(f"page error: {error}"))
    page.on("console", on_console)
    return errors


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages with Playwright's context options; a test fails if one of its pages reports an error."""
    contexts: list[BrowserContext] = []
    reported: list[list[str]] = []

    def open_one(**options) -> Page:
        options.setdefault("viewport", {"width": 1440, "height": 900})
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(60_000)  # for machines that have other things to do
        reported.append(watch_errors(page))
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not any(reported), reported


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    """A page of 1440 x 900; the test fails if it reports an error."""
    return open_page()


@pytest.fixture(scope="module")
def serve() -> Iterator[Callable[..., str]]:
    """Launches a `gr.Blocks` on a free port and returns its address, until the module's tests are done."""
    launched: list[gr.Blocks] = []

    def launch(blocks: gr.Blocks, **options) -> str:
        launched.append(blocks)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        _, url, _ = blocks.launch(server_port=port, prevent_thread_lock=True, quiet=True, **options)
        return url

    yield launch
    for blocks in launched:
        blocks.close()


@pytest.fixture(scope="module")
def received() -> queue.Queue:
    """The label maps that reached Python from the page at `canvas_url`."""
    return queue.Queue()


@pytest.fixture(scope="module")
def canvas_url(serve: Callable[..., str], received: queue.Queue) -> str:
    """A page with a canvas alone, whose map a button mirrors and halves in Python."""
    with gr.Blocks() as blocks:
        canvas = build_canvas()
        canvas.input(received.put, canvas)
        mirrored = gr.Button("Mirror in Python")
        mirrored.click(lambda m: m[::2, ::-2], canvas, canvas)
        gr.Textbox(label="Elsewhere")
    return serve(blocks)


@pytest.fixture
def canvas(page: Page, canvas_url: str) -> Canvas:
    """The canvas with the map `street()`."""
    return Canvas(page, canvas_url)


@pytest.fixture
def phone(open_page: Callable[..., Page], canvas_url: str) -> Phone:
    """The same on a phone."""
    page = open_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    return Phone(page, canvas_url)


@pytest.fixture(scope="module")
def app(serve: Callable[..., str]) -> SimpleNamespace:
    """The address of a whole studio, and the stand-in generator behind it."""
    generator = Generator()
    live = Live(generator, score, INFO, wait_s=0.2)
    with gr.Blocks() as blocks:
        LabelCanvas(START, info=INFO, server_functions=live.functions, streets=streets.NAMES)
    return SimpleNamespace(url=serve(blocks), generator=generator)


@pytest.fixture
def studio(app: SimpleNamespace, page: Page) -> Page:
    """The studio with the photo of the map `START`."""
    app.generator.gate.set()
    page.goto(app.url)
    shown(page, START)
    return page
