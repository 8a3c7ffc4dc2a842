"""The page as a whole: what its header says, where it loads from, and whether it fits."""

from __future__ import annotations

from itertools import pairwise
from urllib.parse import urlsplit

import fakes
import pytest
from playwright.sync_api import Page, Request, expect
from tabs import PHONE


def open_tab(page: Page, url: str, name: str) -> None:
    page.goto(url)
    page.get_by_role("tab", name=name).click()
    expect(page.locator("#cg-generate" if name == "Upload" else ".cg-stage")).to_be_visible()


def test_checkpoint_device_and_licence_stand_behind_about(page, whole_page):
    page.goto(whole_page)
    facts = page.locator(".cg-facts")
    expect(facts).to_be_hidden()
    page.get_by_text("About this checkpoint").click()
    expect(facts).to_be_visible()
    for fact in (fakes.INFO.name, fakes.INFO.dataset, "a test", fakes.INFO.license):
        expect(facts).to_contain_text(fact)


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1440, 900), (2560, 1440)])
def test_the_whole_studio_is_in_view(page, whole_page, width, height):
    page.set_viewport_size({"width": width, "height": height})
    open_tab(page, whole_page, "Paint")
    parts = (
        ".cg-toolbar",
        ".cg-stage",
        ".cg-photo-frame",
        ".cg-status",
        ".cg-palette",
        ".cg-controls .cg-live",
    )
    for part in parts:
        expect(page.locator(part).first).to_be_in_viewport(ratio=1)


def test_on_a_phone_the_facts_open_with_a_tap_and_canvas_and_photo_are_in_view(open_page, whole_page):
    phone = open_page(**PHONE)
    open_tab(phone, whole_page, "Paint")
    facts = phone.locator(".cg-facts")
    expect(facts).to_be_hidden()
    for part in (".cg-palette", ".cg-stage", ".cg-photo-frame"):
        expect(phone.locator(part)).to_be_in_viewport(ratio=1)
    phone.get_by_text("About this checkpoint").tap()
    expect(facts).to_be_visible()


def test_nothing_is_loaded_from_another_host(page, whole_page):
    hosts = set()

    def note(request: Request) -> None:
        hosts.add(urlsplit(request.url).netloc)

    page.on("request", note)
    open_tab(page, whole_page, "Paint")
    page.locator(".cg-kept img").wait_for()
    page.get_by_role("tab", name="Upload").click()
    page.locator("#cg-examples img").first.wait_for()
    page.remove_listener("request", note)
    assert hosts - {""} == {urlsplit(whole_page).netloc}  # a data URL has no host


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone(open_page, whole_page, scheme):
    phone = open_page(**PHONE)
    phone.emulate_media(color_scheme=scheme)
    for name in ("Paint", "Upload"):
        open_tab(phone, whole_page, name)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_photos_of_the_strip_keep_to_their_places(page, whole_page):
    page.set_viewport_size({"width": 1280, "height": 720})
    open_tab(page, whole_page, "Paint")
    kept = page.locator(".cg-kept")
    for count in range(1, 4):
        expect(kept).to_have_count(count)
        page.get_by_role("button", name="Another one").click()
    page.get_by_role("button", name="Pin photo 2", exact=True).click()
    expect(page.get_by_role("button", name="Pinned photo 2", exact=True)).to_be_visible()
    boxes = [thumb.bounding_box() for thumb in page.locator(".cg-thumb").all()]
    assert len({round(box["width"]) for box in boxes}) == 1
    assert all(left["x"] + left["width"] <= right["x"] for left, right in pairwise(boxes))


def test_the_footer_ends_without_a_divider(page, whole_page):
    open_tab(page, whole_page, "Paint")
    assert page.locator("footer").inner_text().strip() == "Use via API"


def test_dark_mode_is_dark(page, whole_page):
    page.emulate_media(color_scheme="dark")
    open_tab(page, whole_page, "Upload")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(int(channel) for channel in background.strip("rgb()").split(",")) < 60
