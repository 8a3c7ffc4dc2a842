"""From nothing to a saved photo: by the keyboard alone, and by a finger."""

from __future__ import annotations

from pathlib import Path

import fakes
import numpy as np
import pytest
from canvas_driver import CAR, IDS, ROAD, SKY, UNLABELED, read_bytes
from PIL import Image
from playwright.sync_api import Download, Page
from studio_driver import shown
from tabs import PHONE

MOST_TAB_STOPS = 40
FOCUSED = "document.activeElement.dataset.file ?? document.activeElement.innerText ?? ''"


def map_of(page: Page) -> np.ndarray:
    height = page.evaluate("document.querySelector('.cg-studio').painter.height")
    return read_bytes(page, IDS).reshape(height, -1)


def check(page: Page, download: Download, path: Path) -> None:
    """The file is the photo of the map, which has no gaps that would have been filled."""
    download.save_as(path)
    painted = map_of(page)
    assert set(np.unique(painted)) == {ROAD, SKY, CAR}
    np.testing.assert_array_equal(np.asarray(Image.open(path)), fakes.synthesize(painted))


def tab_to(page: Page, name: str) -> None:
    for _ in range(MOST_TAB_STOPS):
        if page.evaluate(FOCUSED).strip() == name:
            return
        page.keyboard.press("Tab")
    pytest.fail(f"no Tab led to {name!r}")


def test_the_keyboard_alone_goes_from_nothing_to_a_saved_photo(page, whole_page, tmp_path):
    page.goto(whole_page)
    page.locator(".cg-kept").wait_for()
    while "cg-stage" not in page.evaluate("document.activeElement.className"):
        page.keyboard.press("Tab")
    page.keyboard.press("Delete")
    assert set(np.unique(map_of(page))) == {UNLABELED}
    tab_to(page, "Add sky")
    page.keyboard.press("Enter")
    for key in ("1", "g", *["Shift+ArrowDown"] * 20, "Enter"):  # what is below the sky
        page.keyboard.press(key)
    for key in ("6", "b", *["Shift+ArrowUp"] * 5, "Enter"):
        page.keyboard.press(key)
    shown(page, map_of(page))  # the file is the photo that is shown
    tab_to(page, "Download")
    page.keyboard.press("Enter")
    tab_to(page, "photo")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    check(page, download.value, tmp_path / "photo.png")


def test_a_finger_goes_from_nothing_to_a_saved_photo(open_page, whole_page, tmp_path):
    phone = open_page(**PHONE)
    phone.goto(whole_page)
    phone.locator(".cg-kept").wait_for()

    def tap(name: str) -> None:
        phone.get_by_role("button", name=name, exact=True).tap()

    tap("More")
    phone.locator(".cg-menu-item", has_text="Clear").tap()
    tap("Add a road")
    phone.locator(f".cg-class[data-id='{SKY}']").tap()
    tap("More")
    phone.locator(".cg-menu-item", has_text="Fill").first.tap()
    stage = phone.locator(".cg-stage")
    box = stage.bounding_box()
    stage.tap(position={"x": box["width"] / 2, "y": 10})
    tap("Brush")
    phone.locator(f".cg-class[data-id='{CAR}']").tap()
    stage.tap(position={"x": box["width"] / 2, "y": box["height"] - 20})
    shown(phone, map_of(phone))
    tap("Download")
    with phone.expect_download() as download:
        tap("Photo")
    check(phone, download.value, tmp_path / "photo.png")
