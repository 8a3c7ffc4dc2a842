"""The page as a whole: what its header says, where it loads from, and whether it fits."""

from __future__ import annotations

from urllib.parse import urlsplit

import fakes
import pytest
from playwright.sync_api import Page, expect

from citygan.ui.page import build_app, launch_options


@pytest.fixture(scope="module")
def url(serve) -> str:
    return serve(build_app(fakes.synthesize, fakes.score, fakes.INFO, "a test"), **launch_options())


def open_tab(page: Page, url: str, name: str) -> None:
    page.goto(url)
    page.get_by_role("tab", name=name).click()
    expect(page.locator("#cg-generate" if name == "Upload" else ".cg-stage")).to_be_visible()


def test_the_header_names_checkpoint_device_and_licence(page, url):
    page.goto(url)
    facts = page.locator(".cg-facts")
    for fact in (fakes.INFO.name, fakes.INFO.dataset, "a test", fakes.INFO.license):
        expect(facts).to_contain_text(fact)


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1440, 900), (2560, 1440)])
def test_the_whole_studio_is_in_view(open_page, url, width, height):
    page = open_page(viewport={"width": width, "height": height})
    open_tab(page, url, "Paint")
    parts = (
        ".cg-toolbar",
        ".cg-stage",
        ".cg-photo-frame",
        ".cg-status",
        ".cg-palette",
        ".cg-controls .cg-live",
    )
    for part in parts:
        expect(page.locator(part)).to_be_in_viewport(ratio=1)


def test_on_a_phone_the_facts_open_with_a_tap_and_canvas_and_photo_are_in_view(open_page, url):
    phone = open_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    open_tab(phone, url, "Paint")
    facts = phone.locator(".cg-facts")
    expect(facts).to_be_hidden()
    for part in (".cg-palette", ".cg-stage", ".cg-photo-frame"):
        expect(phone.locator(part)).to_be_in_viewport(ratio=1)
    phone.get_by_text("About this checkpoint").tap()
    expect(facts).to_be_visible()


def test_nothing_is_loaded_from_another_host(page, url):
    hosts = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    for name in ("Upload", "Paint"):
        open_tab(page, url, name)
    page.wait_for_load_state("networkidle")
    assert hosts - {""} == {urlsplit(url).netloc}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["Paint", "Upload"])
def test_the_page_fits_a_phone(open_page, url, name, scheme):
    phone = open_page(viewport={"width": 390, "height": 844}, has_touch=True, color_scheme=scheme)
    open_tab(phone, url, name)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


def test_dark_mode_is_dark(open_page, url):
    page = open_page(color_scheme="dark")
    open_tab(page, url, "Upload")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(int(channel) for channel in background.strip("rgb()").split(",")) < 60
