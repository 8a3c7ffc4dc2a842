"""What a first visitor is shown, in a real browser: a ghost stroke that turns into a car in map and photo."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from studio_driver import CAR, START, get_map, set_map, shown, with_box

from citygan.palette import CLASS_BY_ID

COLOURED = """([selector, color]) => {
    const shown = document.querySelector(selector);
    const size = [shown?.naturalWidth ?? shown?.width, shown?.naturalHeight ?? shown?.height];
    if (!size[0]) return false;
    const copy = new OffscreenCanvas(...size).getContext("2d");
    copy.drawImage(shown, 0, 0);
    const data = copy.getImageData(0, 0, ...size).data;
    const near = (i) => color.every((channel, k) => Math.abs(data[i + k] - channel) < 40);
    return Array.from({ length: data.length / 4 }, (_, i) => 4 * i).filter(near).length > 20;
}"""
CAR_COLOR = list(CLASS_BY_ID[CAR].color)
KEPT = "Object.keys(localStorage).filter((key) => key.startsWith('citygan:map'))"


def visit(page: Page, url: str, motion: str = "no-preference") -> None:
    page.emulate_media(reduced_motion=motion)
    page.goto(url)
    shown(page, START)


def test_painting_is_shown_once_and_leaves_nothing_behind(app, page):
    visit(page, app.url)
    page.wait_for_function(COLOURED, arg=[".cg-demo-map", CAR_COLOR])
    page.wait_for_function(COLOURED, arg=[".cg-demo-photo", CAR_COLOR])
    expect(page.locator(".cg-first")).to_be_hidden()
    expect(page.locator(".cg-demo")).to_have_count(0)
    expect(page.locator(".cg-demo-photo")).to_have_count(0)
    assert np.array_equal(get_map(page), START)
    expect(page.locator(".cg-kept")).to_have_count(1)
    expect(page.get_by_role("button", name="Undo", exact=True)).to_be_disabled()
    assert page.evaluate(KEPT) == []
    expect(page.locator(".cg-first")).to_be_visible()
    page.reload()
    shown(page, START)
    expect(page.locator(".cg-kept")).to_have_count(1)
    assert not page.locator(".cg-showing").count()


@pytest.mark.parametrize("act", ["press", "paint", "wheel"])
def test_the_first_thing_that_a_visitor_does_ends_it(app, page, act):
    visit(page, app.url)
    page.locator(".cg-demo").wait_for(state="attached")
    box = page.locator(".cg-stage").bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + box["height"] - 40)
    {
        "press": lambda: page.keyboard.press("Shift"),
        "paint": lambda: page.mouse.down(),
        "wheel": lambda: page.mouse.wheel(0, 1),
    }[act]()
    page.wait_for_function("!document.querySelector('.cg-demo, .cg-demo-photo, .cg-showing')", timeout=3000)
    page.mouse.up()


@pytest.mark.parametrize("why", ["reduced motion", "a map of one's own"])
def test_it_is_not_shown_to_who_wants_no_motion_or_has_work_to_go_on_with(app, page, why):
    if why == "reduced motion":
        visit(page, app.url, "reduce")
    else:
        visit(page, app.url, "reduce")
        set_map(page, with_box(CAR))
        page.wait_for_function(f"{KEPT}.length")
        page.emulate_media(reduced_motion="no-preference")
        page.reload()
    page.locator(".cg-kept").first.wait_for()
    app.generator.wait_for_request()
    assert not page.locator(".cg-showing").count()
    assert page.evaluate("localStorage.getItem('citygan:was-shown')") is None
