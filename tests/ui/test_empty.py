"""An empty canvas, and what the photo shows where nothing is painted; in a real browser."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image
from playwright.sync_api import expect
from studio_driver import (
    BUILDING,
    CAR,
    HEIGHT,
    ROAD,
    SKY,
    START,
    UNLABELED,
    WIDTH,
    choose,
    click,
    get_map,
    png,
    set_map,
    shown,
    with_box,
)

from citygan.data.snapping import snap
from citygan.palette import colorize

EMPTY = np.zeros((HEIGHT, WIDTH), np.uint8)
CAPTION = "Where nothing is painted yet, the photo shows a plain street."


def photo_classes(page):
    """The map that the stand-in generator drew, from the colours of the photo that is shown."""
    data = page.locator(".cg-shot").get_attribute("src").partition(",")[2]
    return snap(np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")))[0]


def test_an_empty_map_has_the_photo_of_a_plain_street_until_that_is_switched_off(studio):
    set_map(studio, EMPTY)
    shown(studio, EMPTY)
    drawn = photo_classes(studio)
    assert (drawn[0] == SKY).all()
    assert (drawn[-1] == ROAD).all()
    assert not get_map(studio).any()
    expect(studio.get_by_text(CAPTION)).to_be_visible()
    expect(studio.locator(".cg-ghost")).to_be_visible()
    before = studio.locator(".cg-shot").get_attribute("src")
    studio.get_by_role("switch", name="Fill gaps").click()
    studio.wait_for_function("src => document.querySelector('.cg-shot').src !== src", arg=before)
    assert (photo_classes(studio) == UNLABELED).all()
    expect(studio.get_by_text(CAPTION)).to_be_hidden()
    expect(studio.locator(".cg-ghost")).to_be_hidden()


def test_strokes_replace_the_street_and_holes_take_their_neighbours_classes(studio):
    sparse = EMPTY.copy()
    sparse[60:, 40:80] = CAR
    set_map(studio, sparse)
    shown(studio, sparse)
    drawn = photo_classes(studio)
    assert (drawn[0] == SKY).all()
    assert (drawn[32:-1, 15:25] == CAR).all()
    holed = with_box(UNLABELED, x=4, y=4, size=12, base=with_box(BUILDING, x=0, y=0, size=30))
    set_map(studio, holed)
    shown(studio, holed)
    assert (photo_classes(studio)[3:7, 2:4] == BUILDING).all()
    expect(studio.get_by_text(CAPTION)).to_be_hidden()


def test_a_road_and_a_sky_can_be_added_on_the_empty_canvas(studio):
    set_map(studio, EMPTY)
    studio.locator(".cg-empty-map").get_by_role("button", name="Add a road").click()
    assert set(np.unique(get_map(studio))) == {UNLABELED, ROAD}
    expect(studio.locator(".cg-stage")).to_be_focused()
    expect(studio.locator(".cg-empty-map")).to_be_hidden()
    click(studio, "Undo")
    studio.locator(".cg-empty-map").get_by_role("button", name="Add sky").click()
    assert set(np.unique(get_map(studio))) == {UNLABELED, SKY}


def test_the_empty_canvas_can_be_painted_on_between_its_buttons(studio):
    set_map(studio, EMPTY)
    box = studio.locator(".cg-stage").bounding_box()
    studio.mouse.click(box["x"] + 30, box["y"] + 30)
    assert (get_map(studio) == ROAD).any()


def test_downloads_have_the_photo_that_is_shown_and_the_map_that_was_painted(studio):
    set_map(studio, EMPTY)
    shown(studio, EMPTY)
    saved = {}
    for file in ("labels_ids", "photo"):
        click(studio, "Download")
        with studio.expect_download() as download:
            studio.locator(f".cg-downloads [data-file={file}]").click()
        saved[file] = np.asarray(Image.open(download.value.path()))
    assert not saved["labels_ids"].any()
    assert (snap(saved["photo"])[0][-1] == ROAD).all()


def test_with_a_target_the_photo_is_that_of_the_map_itself(studio):
    choose(studio, "Add target", png(colorize(START)))
    expect(studio.locator(".cg-figures")).to_contain_text("SSIM 1.000")
    set_map(studio, EMPTY)
    shown(studio, EMPTY)
    assert (photo_classes(studio) == UNLABELED).all()
    expect(studio.get_by_role("switch", name="Fill gaps")).to_be_disabled()
    expect(studio.get_by_text(CAPTION)).to_be_hidden()
    click(studio, "Remove")
    expect(studio.get_by_text(CAPTION)).to_be_visible()
