"""The light of the photo: chosen by name, taken from a picture, made brighter and warmer."""

from __future__ import annotations

from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from playwright.sync_api import expect
from studio_driver import CAR, INFO, START, choose, click, hand_over, png, score, set_map, shown, with_box

from citygan.palette import colorize
from citygan.ui.canvas import LabelCanvas
from citygan.ui.live import Live

LIGHTS = {"day": (1.0,) * 8, "dusk": (-1.0,) * 8}
GREY = np.full((20, 30, 3), 51, np.uint8)


@pytest.fixture(scope="module")
def lit(serve):
    """The address of a studio that is told the light, and the lights that it was asked for."""
    asked = []

    def synthesize(label_map, seed=None, wait_s=None, **light):
        asked.append((seed, light))
        return colorize(label_map)

    info = SimpleNamespace(**vars(INFO) | {"lights": LIGHTS})
    live = Live(synthesize, score, info, light_of=lambda photo: (photo[0, 0, 0] / 51, *[0.5] * 7))
    with gr.Blocks() as blocks:
        LabelCanvas(START, info=info, server_functions=live.functions, streets=["avenue"])
    return SimpleNamespace(url=serve(blocks), asked=asked)


@pytest.fixture
def page_in_light(lit, page):
    page.goto(lit.url)
    shown(page, START)
    lit.asked.clear()
    return page


def last_light(lit):
    return lit.asked[-1][1]


def wait_for_light(page, text):
    """Until the newest photo of the strip says that it has a light."""
    page.get_by_title(text, exact=True).wait_for()


def test_a_name_is_a_light_and_auto_goes_back(lit, page_in_light):
    click(page_in_light, "dusk")
    wait_for_light(page_in_light, "Restore this map and light (dusk)")
    assert last_light(lit) == {"light": "dusk", "brightness": 0.0, "warmth": 0.0}
    expect(page_in_light.get_by_role("button", name="dusk", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    click(page_in_light, "auto")
    set_map(page_in_light, with_box(CAR))
    shown(page_in_light, with_box(CAR))
    assert last_light(lit) == {}


def test_sliders_make_it_brighter_and_warmer(lit, page_in_light):
    page_in_light.get_by_label("Brightness").fill("-15")
    page_in_light.get_by_label("Warmth").fill("5")
    wait_for_light(page_in_light, "Restore this map and light (darker, warmer)")
    assert last_light(lit) == {"light": None, "brightness": -1.5, "warmth": 0.5}


def test_a_picture_lends_its_light_chosen_or_dropped(lit, page_in_light):
    choose(page_in_light, "As in a photo", png(GREY))
    wait_for_light(page_in_light, "Restore this map and light (as in a photo)")
    assert last_light(lit)["light"] == [1.0, *[0.5] * 7]
    expect(page_in_light.locator(".cg-lighting-thumb img")).to_be_visible()
    hand_over(page_in_light, ".cg-lighting", "drop", png(2 * GREY))
    page_in_light.wait_for_function("document.querySelectorAll('.cg-kept').length === 3")
    assert last_light(lit)["light"] == [2.0, *[0.5] * 7]


def test_what_is_no_picture_is_said_and_the_light_stays(lit, page_in_light):
    choose(
        page_in_light, "As in a photo", {"name": "a.png", "mimeType": "image/png", "buffer": b"no picture"}
    )
    expect(page_in_light.locator(".cg-message")).to_contain_text("That picture's light cannot be used")
    expect(page_in_light.get_by_role("button", name="auto")).to_have_attribute("aria-pressed", "true")


def test_the_strip_brings_a_light_back_and_another_street_keeps_it(lit, page_in_light):
    click(page_in_light, "dusk")
    wait_for_light(page_in_light, "Restore this map and light (dusk)")
    page_in_light.get_by_title("Restore this map", exact=True).click()
    expect(page_in_light.get_by_role("button", name="auto")).to_have_attribute("aria-pressed", "true")
    page_in_light.get_by_title("Restore this map and light (dusk)", exact=True).click()
    dusk = page_in_light.get_by_role("button", name="dusk", exact=True)
    expect(dusk).to_have_attribute("aria-pressed", "true")
    set_map(page_in_light, with_box(CAR))
    expect(dusk).to_have_attribute("aria-pressed", "true")


def test_a_link_carries_the_light(lit, page_in_light, open_page):
    click(page_in_light, "dusk")
    wait_for_light(page_in_light, "Restore this map and light (dusk)")
    click(page_in_light, "Share")
    link = page_in_light.get_by_label("Link to this map").get_by_role("textbox").input_value()
    other = open_page()
    other.goto(link)
    expect(other.get_by_role("button", name="dusk", exact=True)).to_have_attribute("aria-pressed", "true")


def test_without_lights_there_is_no_panel(studio):
    expect(studio.locator(".cg-lighting")).to_be_hidden()
