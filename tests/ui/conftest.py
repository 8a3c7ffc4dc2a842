"""A real browser for the tests of the page, and a way to serve a `gr.Blocks` for one test."""

from __future__ import annotations

import queue
import shutil
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import fakes
import gradio as gr
import pytest
from canvas_driver import Canvas, Phone, build_canvas
from playwright.sync_api import Browser, Page, expect, sync_playwright
from studio_driver import INFO, START, Generator, score, shown
from tabs import PATIENCE_MS, PHONE, Tabs

from citygan import streets
from citygan.ui.canvas import LabelCanvas
from citygan.ui.live import Live
from citygan.ui.page import build_app, launch_options


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One headless Chromium: the system's if there is one, else Playwright's own."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        expect.set_options(timeout=PATIENCE_MS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def tabs(browser: Browser) -> Tabs:
    return Tabs(browser)


@pytest.fixture
def open_page(tabs: Tabs, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """Opens tabs with Playwright's context options; a test fails if a page in one reports an error."""
    failed_before = request.session.testsfailed
    yield tabs.borrow
    if request.session.testsfailed > failed_before:
        tabs.close_lent()
    else:
        errors = tabs.give_all_back()
        assert not errors, errors


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    """A tab of 1440 x 900; the test fails if a page in it reports an error."""
    return open_page()


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[..., str]]:
    """Launches a `gr.Blocks` on a free port and returns its address, until all tests are done."""
    launched: list[gr.Blocks] = []

    def launch(blocks: gr.Blocks, **options) -> str:
        launched.append(blocks)
        options = {"app_kwargs": launch_options()["app_kwargs"]} | options  # what the app's answers carry
        _, url, _ = blocks.launch(prevent_thread_lock=True, quiet=True, **options)  # a port that is free
        return url

    yield launch
    for blocks in launched:
        blocks.close()


@pytest.fixture(scope="session")
def received() -> queue.Queue:
    """The label maps that reached Python from the page at `canvas_url`."""
    return queue.Queue()


@pytest.fixture(scope="session")
def canvas_url(serve: Callable[..., str], received: queue.Queue) -> str:
    """A page with a canvas alone, whose map a button mirrors and halves in Python."""
    with gr.Blocks() as blocks:
        canvas = build_canvas()
        # by default Gradio drops what is painted while an earlier map is on its way
        canvas.input(received.put, canvas, trigger_mode="always_last")
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
    return Phone(open_page(**PHONE), canvas_url)


@pytest.fixture(scope="session")
def whole_page(serve: Callable[..., str]) -> str:
    """The address of all tabs that an app has without a shelf and results, with stand-ins behind them."""
    return serve(build_app(fakes.synthesize, fakes.score, fakes.INFO, "a test"), **launch_options())


@pytest.fixture(scope="session")
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
