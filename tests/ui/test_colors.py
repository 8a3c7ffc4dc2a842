"""A map in colours that no table has: the page asks which class each is, and remembers it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from studio_driver import CAR, HEIGHT, ROAD, SKY, WIDTH, choose, click, png, shown

from citygan.palette import colorize

CLASSES = {"#123456": "road", "#ff00aa": "sky", "#aaff33": "car"}  # largest area first
EXPECTED = np.full((HEIGHT, WIDTH), ROAD, np.uint8)
EXPECTED[: HEIGHT // 3] = SKY
EXPECTED[HEIGHT // 2 :, : WIDTH // 8] = CAR


@pytest.fixture
def strange() -> np.ndarray:
    """`EXPECTED` in colours of nobody, `(H, W, 3) uint8`."""
    rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for (color, _), id_ in zip(CLASSES.items(), (ROAD, SKY, CAR), strict=True):
        rgb[id_ == EXPECTED] = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    return rgb


def answer(page: Page, classes: dict[str, str] = CLASSES) -> None:
    """Says what each colour is, and closes the dialog."""
    dialog = page.get_by_role("dialog", name="Which class is each colour?")
    expect(dialog.get_by_role("listitem")).to_have_count(len(classes))
    for i, (color, name) in enumerate(classes.items()):
        row = dialog.get_by_role("listitem").nth(i)
        expect(row).to_contain_text(color)
        row.get_by_role("combobox").select_option(name)
    dialog.get_by_role("button", name="Read the map").click()
    expect(dialog).to_have_count(0)


def test_the_canvas_asks_once_and_remembers(studio, strange):
    choose(studio, "Open", png(strange))
    answer(studio)
    shown(studio, EXPECTED)
    expect(studio.locator(".cg-message")).to_have_text(f"Read as your own colours, {WIDTH} x {HEIGHT}.")
    choose(studio, "Open", png(strange[::-1]))
    shown(studio, EXPECTED[::-1])  # without a question
    click(studio, "Change the colours' classes")
    first = studio.get_by_role("dialog").get_by_role("combobox").first
    expect(first).to_be_focused()
    expect(first).to_have_value("road")
    answer(studio, CLASSES | {"#aaff33": "road"})
    shown(studio, np.where(EXPECTED[::-1] == CAR, ROAD, EXPECTED[::-1]).astype(np.uint8))


def test_who_leaves_the_dialog_keeps_the_map(studio, strange):
    before = studio.locator(".cg-shot").first.get_attribute("data-crc32")
    choose(studio, "Open", png(strange))
    expect(studio.get_by_role("dialog").get_by_role("combobox").first).to_be_focused()
    studio.keyboard.press("Escape")
    expect(studio.locator(".cg-message")).to_have_text("The file was not opened")
    assert studio.locator(".cg-shot").first.get_attribute("data-crc32") == before


def test_the_dialog_fits_a_phone_in_the_dark(open_page, app, strange):
    page = open_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page.goto(app.url)
    page.get_by_role("button", name="File", exact=True).click()
    choose(page, "Open", png(strange))
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert dialog.evaluate("node => node.scrollWidth <= node.clientWidth")
    box = dialog.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390


def test_the_upload_tab_asks_and_draws_what_was_answered(page, whole_page, strange, tmp_path):
    page.goto(whole_page)
    page.get_by_role("tab", name="Upload").click()
    Image.fromarray(strange).save(tmp_path / "map.png")
    page.locator("#cg-label-file input[type=file]").set_input_files(tmp_path / "map.png")
    answer(page)
    expect(page.locator("#cg-read")).to_contain_text(f"Read as your own colours, {WIDTH} x {HEIGHT}.")
    page.locator("#cg-generate").click()
    expect(page.locator("#cg-scores")).to_contain_text("Read as your own colours")
    source = page.locator("#cg-labels img").first.get_attribute("src")
    labels = page.request.get(source).body()
    np.testing.assert_array_equal(pixels_of(labels), colorize(EXPECTED))


def pixels_of(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
