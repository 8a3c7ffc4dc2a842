"""A region is drawn again by a click or a lasso; undo, reload and painting treat it as part of the map."""

from __future__ import annotations

import json

import gradio as gr
import numpy as np
import pytest
from playwright.sync_api import expect
from studio_driver import INFO, ROAD, START, get_map, score, shown

from citygan.palette import colorize
from citygan.ui.canvas import LabelCanvas
from citygan.ui.fields import MAX_SEED
from citygan.ui.live import Live
from citygan.wire import decode_again


@pytest.fixture(scope="module")
def renewing(serve):
    """A studio whose stand-in generator takes regions."""

    def draw(label_map, seed=None, wait_s=None, again=None):
        return colorize(label_map) // np.uint8(1 if again is None else 2)

    with gr.Blocks() as blocks:
        LabelCanvas(START, info=INFO, server_functions=Live(draw, score, INFO).functions)
    return serve(blocks)


def seeds(page):
    return page.evaluate("document.querySelector('.cg-studio').painter.again?.seeds ?? null")


def regions_of(asked):
    """The regions that a request asked for."""
    return decode_again(json.loads(asked.value.post_data)["data"]["again"], MAX_SEED)


def asks_again(page, count):
    return page.expect_request(
        lambda request: (
            request.method == "POST"
            and '"again":{' in (request.post_data or "")
            and len(json.loads(request.post_data)["data"]["again"]["seeds"]) == count
        )
    )


def test_a_click_draws_a_region_again_which_undo_painting_and_a_reload_keep_where_it_is(renewing, page):
    page.goto(renewing)
    shown(page, START)
    page.get_by_role("button", name="Again, here").click()
    with asks_again(page, 1) as asked:
        page.locator(".cg-stage").click(position={"x": 30, "y": 10})  # on the sky
    again = regions_of(asked)
    assert np.array_equal(again.plane == 1, START != ROAD)
    assert list(again.seeds) == seeds(page)
    expect(page.locator(".cg-message")).to_have_text("Again, here: sky")
    assert np.array_equal(get_map(page), START)

    page.keyboard.press("Control+z")
    assert seeds(page) is None
    page.keyboard.press("Control+Shift+z")
    assert seeds(page) == list(again.seeds)

    page.keyboard.press("m")  # mirrors the map, and the regions stay
    assert seeds(page) == list(again.seeds)
    with asks_again(page, 1) as asked:
        page.reload()
    page.wait_for_function("document.querySelector('.cg-studio')?.painter")
    assert np.array_equal(regions_of(asked).plane, again.plane)
    assert seeds(page) == list(again.seeds)


def test_a_lasso_draws_what_is_inside_of_it_again(renewing, page):
    page.goto(renewing)
    shown(page, START)
    page.keyboard.press("a")
    box = page.locator(".cg-stage").bounding_box()
    corners = [(0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)]
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=4)
    with asks_again(page, 1) as asked:
        page.mouse.up()
    assert (regions_of(asked).plane == 1).mean() == pytest.approx(0.25, abs=0.03)
    expect(page.locator(".cg-message")).to_have_text("Again, here: inside of the line")
