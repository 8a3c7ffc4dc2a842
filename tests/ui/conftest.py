"""A real browser for the tests of the page, and a way to serve a `gr.Blocks` for one test."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator

import gradio as gr
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright


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
