"""A map of another shape than the canvas keeps it: on the canvas, in the photo, and wherever it goes."""

from __future__ import annotations

from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from canvas_driver import IDS, read_bytes
from PIL import Image
from playwright.sync_api import Page, expect
from studio_driver import CAR, INFO, ROAD, SKY, START, Generator, choose, click, png, score, set_map, shown

from citygan.palette import colorize
from citygan.shape import photo_size, photo_sizes
from citygan.ui.canvas import LabelCanvas
from citygan.ui.live import Live
from citygan.wire import checksum

# Draws at multiples of 8 px; the canvas has 120 x 80.
STREET = SimpleNamespace(
    **vars(INFO) | {"generator": "street-unet", "arguments": {"depth": 2}, "width_px": 64, "height_px": 40}
)
WIDE, HIGH, SQUARE = (512, 256), (256, 512), (300, 300)


def street(width: int, height: int) -> np.ndarray:
    """Sky above road, and a car."""
    label_map = np.full((height, width), SKY, np.uint8)
    label_map[height // 2 :] = ROAD
    label_map[height // 2 : height * 3 // 4, width // 4 : width // 2] = CAR
    return label_map


def on_canvas(label_map: np.ndarray) -> np.ndarray:
    """The map as it lies on the canvas of 120 x 80: 512 x 256 px are a whole number of times more."""
    return np.ascontiguousarray(label_map[2::4, 2::4])


def painted(page: Page) -> np.ndarray:
    width, height = page.evaluate(
        "(({ width, height }) => [width, height])(document.querySelector('.cg-studio').painter)"
    )
    return read_bytes(page, IDS).reshape(height, width)


def shape_of(page: Page, selector: str) -> float:
    box = page.locator(selector).bounding_box()
    return box["width"] / box["height"]


@pytest.fixture(scope="module")
def url(serve) -> str:
    with gr.Blocks() as blocks:
        LabelCanvas(START, info=STREET, server_functions=Live(Generator(), score, STREET).functions)
    return serve(blocks)


@pytest.fixture(params=[WIDE, HIGH], ids=["wide", "high"])
def opened(request, page: Page, url: str) -> SimpleNamespace:
    """The studio with the map of a file of 512 x 256 or 256 x 512 px, whose photo has come."""
    page.goto(url)
    shown(page, START)
    label_map = street(*request.param)
    choose(page, "Open", png(colorize(label_map)))
    lies = on_canvas(label_map)
    shown(page, lies)
    return SimpleNamespace(page=page, map=lies, shape=request.param[0] / request.param[1])


def test_canvas_and_photo_have_the_shape_of_the_map_and_undo_the_one_before(opened):
    page = opened.page
    np.testing.assert_array_equal(painted(page), opened.map)
    for part in (".cg-stage", ".cg-photo-frame", ".cg-shot"):
        assert shape_of(page, part) == pytest.approx(opened.shape, rel=0.02), part
    drawn = page.locator(".cg-shot").evaluate("(photo) => [photo.naturalWidth, photo.naturalHeight]")
    height, width = opened.map.shape
    assert tuple(drawn) == photo_size(photo_sizes(STREET), INFO.aspect, width, height)
    assert drawn[0] / drawn[1] == pytest.approx(opened.shape * 64 / 40 / INFO.aspect, rel=0.17)
    click(page, "Undo")
    shown(page, START)
    assert shape_of(page, ".cg-stage") == pytest.approx(120 / 80, rel=0.02)
    click(page, "Redo")
    shown(page, opened.map)
    assert shape_of(page, ".cg-stage") == pytest.approx(opened.shape, rel=0.02)


def test_it_is_painted_on_where_the_pointer_is(opened):
    page, (height, width) = opened.page, opened.map.shape
    box = page.locator(".cg-stage").bounding_box()
    page.keyboard.press("r")  # a rectangle in the lower right corner
    page.keyboard.press("6")
    page.mouse.move(
        box["x"] + box["width"] * (width - 10.5) / width, box["y"] + box["height"] * (height - 8.5) / height
    )
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 1, box["y"] + box["height"] - 1, steps=3)
    page.mouse.up()
    expected = opened.map.copy()
    expected[-9:, -11:] = CAR
    shown(page, expected)
    np.testing.assert_array_equal(painted(page), expected)


def test_what_is_downloaded_has_its_shape(opened, tmp_path):
    for file, wanted in (("labels_ids", opened.map), ("photo", colorize(opened.map))):
        click(opened.page, "Download")
        with opened.page.expect_download() as download:
            opened.page.locator(f'[data-file="{file}"]').click()
        np.testing.assert_array_equal(np.array(Image.open(download.value.path())), wanted)
    with opened.page.expect_download() as download:
        click(opened.page, "Save")
    download.value.save_as(tmp_path / "project.png")
    assert Image.open(tmp_path / "project.png").size == opened.map.shape[::-1]
    set_map(opened.page, np.full_like(opened.map, SKY))
    choose(opened.page, "Open", tmp_path / "project.png")
    shown(opened.page, opened.map)
    np.testing.assert_array_equal(painted(opened.page), opened.map)


def test_link_and_reload_bring_it_back(opened, open_page):
    click(opened.page, "Share")
    link = opened.page.get_by_label("Link to this map").get_by_role("textbox").input_value()
    other = open_page()
    other.goto(link)
    shown(other, opened.map)
    opened.page.reload()
    shown(opened.page, opened.map)
    for page in (other, opened.page):
        np.testing.assert_array_equal(painted(page), opened.map)
        assert shape_of(page, ".cg-photo-frame") == pytest.approx(opened.shape, rel=0.02)


def test_a_photo_of_another_shape_is_not_squashed_while_live_is_off(page, url):
    page.goto(url)
    shown(page, START)
    page.get_by_role("switch", name="Live").click()
    choose(page, "Open", png(colorize(street(*WIDE))))
    expect(page.locator(".cg-message")).to_contain_text("512 x 256")
    assert shape_of(page, ".cg-photo-frame") == pytest.approx(2, rel=0.02)
    assert shape_of(page, ".cg-shot") == pytest.approx(120 / 80, rel=0.02)


def test_a_strip_is_refused_in_a_sentence_and_the_map_stays(page, url):
    page.goto(url)
    shown(page, START)
    choose(page, "Open", png(colorize(street(1000, 100))))
    expect(page.locator(".cg-message")).to_contain_text("1000 x 100; one side has at most three times")
    np.testing.assert_array_equal(painted(page), START)


def test_a_map_that_is_uploaded_keeps_its_shape_on_the_canvas(page, whole_page, tmp_path):
    page.goto(whole_page)
    page.get_by_role("tab", name="Upload").click()
    Image.fromarray(street(*SQUARE)).save(tmp_path / "map.png")
    page.locator("#cg-label-file input[type=file]").set_input_files(tmp_path / "map.png")
    expect(page.locator("#cg-read")).to_contain_text("300 x 300")
    page.locator("#cg-edit").click()
    expect(page.locator(".cg-message")).to_have_text("Read as Cityscapes label ids, 300 x 300.")
    opened = painted(page)
    assert opened.shape[0] == opened.shape[1]
    assert shape_of(page, ".cg-stage") == pytest.approx(1, rel=0.02)
    shown(page, opened)
    assert checksum(opened) == checksum(street(*opened.shape[::-1]))


def test_a_strip_that_is_uploaded_is_refused_where_it_was_dropped(page, whole_page, tmp_path):
    page.goto(whole_page)
    page.get_by_role("tab", name="Upload").click()
    Image.fromarray(street(900, 90)).save(tmp_path / "map.png")
    page.locator("#cg-label-file input[type=file]").set_input_files(tmp_path / "map.png")
    expect(page.locator("#cg-read")).to_contain_text("900 x 90; one side has at most three times")
