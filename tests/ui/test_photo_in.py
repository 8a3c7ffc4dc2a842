"""A photo is dropped, and becomes a map that can be edited, with the photo as target and in its light."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import fakes
import gradio as gr
import numpy as np
import pytest
from canvas_driver import IDS, read_bytes
from PIL import Image
from playwright.sync_api import Page, expect
from studio_driver import (
    CAR,
    INFO,
    ROAD,
    SKY,
    START,
    choose,
    click,
    get_map,
    hand_over,
    png,
    score,
    set_map,
    shown,
    with_box,
)

from citygan.palette import colorize
from citygan.ui.canvas import LabelCanvas
from citygan.ui.live import Live
from citygan.ui.page import build_app, launch_options
from citygan.wire import checksum

LIGHTS = {"day": (1.0,) * 8, "dusk": (-1.0,) * 8}
PREDICTION = "The map is a prediction, class IoU 0.56"


class SkyAndRoad:
    """Finds sky in the upper three eighths of every photo, and road below."""

    class_iou = 0.5645

    def __call__(self, photo):
        found = np.full(photo.shape[:2], SKY, np.uint8)
        found[3 * len(found) // 8 :] = ROAD
        return found


def drawn_photo() -> np.ndarray:
    """A street in colours of no class, with grain: (80, 120, 3)."""
    y, x = np.mgrid[0:80, 0:120]
    rgb = np.stack([90 + x, 200 - y, 60 + x / 4 + y / 4], axis=-1)
    return (rgb + np.random.default_rng(0).normal(0, 12, rgb.shape)).clip(0, 255).astype(np.uint8)


def light_of(photo):
    return (round(float(photo.mean()) / 255, 3), *[0.5] * 7)


PHOTO = drawn_photo()
FOUND = SkyAndRoad()(PHOTO)


@pytest.fixture(scope="module")
def lit(serve):
    """A studio that reads photos and is told the light, and the lights that it was asked for."""
    asked = []

    def synthesize(label_map, seed=None, wait_s=None, **light):
        asked.append(light)
        return colorize(label_map)

    info = SimpleNamespace(**vars(INFO) | {"lights": LIGHTS})
    live = Live(synthesize, score, info, light_of=light_of, photo_reader=SkyAndRoad())
    with gr.Blocks() as blocks:
        LabelCanvas(START, info=info, server_functions=live.functions, reads_photos=True)
    return SimpleNamespace(url=serve(blocks), asked=asked)


@pytest.fixture
def studio_for_photos(lit, page):
    page.goto(lit.url)
    shown(page, START)
    return page


@pytest.mark.parametrize("place", [".cg-stage", "body"])
def test_a_dropped_photo_becomes_map_target_and_light_and_an_edit_changes_the_street(
    lit, studio_for_photos, place
):
    page = studio_for_photos
    hand_over(page, place, "drop", png(PHOTO))
    shown(page, FOUND)
    expect(page.locator(".cg-reading")).to_contain_text(PREDICTION)
    expect(page.get_by_label("Read as")).to_have_value("photo")
    expect(page.locator(".cg-target-thumb img")).to_be_visible()
    expect(page.locator(".cg-figures")).to_contain_text("SSIM 0.")
    expect(page.get_by_role("button", name="As in a photo", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    assert lit.asked[-1]["light"] == list(light_of(PHOTO))
    set_map(page, with_box(CAR, base=FOUND))
    shown(page, with_box(CAR, base=FOUND))
    assert lit.asked[-1]["light"] == list(light_of(PHOTO))
    expect(page.locator(".cg-target-thumb img")).to_be_visible()


def test_from_a_photo_opens_one_and_undo_brings_the_map_before_it_back(studio_for_photos):
    page = studio_for_photos
    choose(page, "From a photo", png(PHOTO))
    shown(page, FOUND)
    click(page, "Undo")
    shown(page, START)


def test_what_the_photo_was_taken_for_can_be_changed_and_back(studio_for_photos):
    page = studio_for_photos
    choose(page, "Open", png(PHOTO))
    shown(page, FOUND)
    page.get_by_label("Read as").select_option("class colours")
    expect(page.locator(".cg-message")).to_contain_text("Read as a colour map")
    expect(page.locator(".cg-reading")).not_to_contain_text(PREDICTION)
    assert not np.array_equal(get_map(page), FOUND)
    page.get_by_label("Read as").select_option("a photo")
    shown(page, FOUND)
    expect(page.locator(".cg-reading")).to_contain_text(PREDICTION)


def test_without_the_network_a_photo_is_refused_in_one_sentence(studio):
    choose(studio, "Open", png(PHOTO))
    expect(studio.locator(".cg-message")).to_contain_text(
        "The network that finds maps in photos is not here."
    )
    expect(studio.get_by_role("button", name="From a photo")).to_have_count(0)
    assert np.array_equal(get_map(studio), START)


@pytest.fixture(scope="module")
def whole_lit_page(serve):
    asked = []

    def synthesize(label_map, seed=None, wait_s=None, **light):
        asked.append(light)
        return fakes.synthesize(label_map, seed)

    info = replace(fakes.INFO, lights=LIGHTS)
    app = build_app(synthesize, fakes.score, info, "a test", light_of=light_of, photo_reader=SkyAndRoad())
    return SimpleNamespace(url=serve(app, **launch_options()), asked=asked)


def test_a_photo_in_the_upload_tab_is_drawn_scored_and_goes_to_the_canvas_with_target_and_light(
    whole_lit_page, page, tmp_path
):
    large = np.asarray(Image.fromarray(PHOTO).resize((480, 360)))
    Image.fromarray(large).save(tmp_path / "street.png")
    page.goto(whole_lit_page.url)
    page.get_by_role("tab", name="Upload").click()
    page.locator("#cg-label-file input[type=file]").set_input_files(tmp_path / "street.png")
    expect(page.locator("#cg-read")).to_contain_text("Its map is a prediction (class IoU 0.56)")
    expect(page.locator("#cg-read-as input")).to_have_value("a photo")
    page.locator("#cg-generate").click()
    expect(page.locator("#cg-scores")).to_contain_text("Read as a photo, 480 x 360.")
    expect(page.locator("#cg-scores")).to_contain_text("0.500")  # against the photo itself
    assert whole_lit_page.asked[-1]["light"] == light_of(large)
    page.locator("#cg-edit").click()
    expect(page.locator(".cg-reading")).to_contain_text(PREDICTION)
    found = on_canvas(page, SkyAndRoad()(large))
    page.wait_for_selector(f'.cg-shot[data-crc32="{checksum(found)}"]')
    expect(page.locator(".cg-target-thumb img")).to_be_visible()
    expect(page.get_by_role("button", name="As in a photo", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )


def on_canvas(page: Page, found: np.ndarray) -> np.ndarray:
    """The map on the canvas, which is that one at another size."""
    page.wait_for_function(f"{IDS}[0] === {SKY} && {IDS}.at(-1) === {ROAD}")
    width, height = (
        page.evaluate(f"document.querySelector('.cg-studio').painter.{s}") for s in ("width", "height")
    )
    ids = read_bytes(page, IDS).reshape(height, width)
    resized = np.asarray(Image.fromarray(found).resize((width, height), Image.Resampling.NEAREST))
    assert (ids == resized).mean() > 0.99
    return ids
