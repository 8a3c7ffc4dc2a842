"""Ways to begin a map and to keep it: streets, files, projects and links."""

from __future__ import annotations

import json
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect
from studio_driver import (
    CAR,
    HEIGHT,
    INFO,
    ROAD,
    SKY,
    START,
    TREE,
    WIDTH,
    Generator,
    another_one,
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

from citygan import streets
from citygan.palette import CLASS_BY_ID, colorize, from_train_ids
from citygan.ui.canvas import LabelCanvas
from citygan.ui.live import Live
from citygan.wire import checksum


@pytest.mark.parametrize("name", ["avenue", "empty"])
def test_a_drawn_street_can_be_the_start(studio, name):
    click(studio, "Streets")
    studio.locator(".cg-street", has_text=name).click()
    shown(studio, streets.street(name, WIDTH, HEIGHT))


def test_streets_are_shown_beside_their_photos_which_come_once(app, studio):
    before = len(app.generator.requests)
    click(studio, "Streets")
    photos = studio.locator(".cg-street-picture img")
    expect(photos).to_have_count(len(streets.NAMES))
    asked = len(app.generator.requests)
    assert {seed for _, seed in app.generator.requests[before:]} == {None}
    studio.keyboard.press("Escape")
    click(studio, "Streets")
    expect(photos).to_have_count(len(streets.NAMES))
    assert len(app.generator.requests) == asked


def test_no_photo_of_a_street_is_asked_for_before_the_menu_opens(app, studio):
    before = len(app.generator.requests)
    set_map(studio, with_box(CAR))
    shown(studio, with_box(CAR))
    assert len(app.generator.requests) == before + 1


def test_surprise_me_brings_a_random_street_and_undo_the_old_one(studio):
    studio.get_by_role("button", name="Surprise me").click()
    expect(studio.locator(".cg-message")).to_contain_text("Random street")
    seed = int(studio.locator(".cg-message").inner_text().split()[-1])
    shown(studio, streets.random_street(seed, WIDTH, HEIGHT))
    click(studio, "Undo")
    shown(studio, START)


def test_a_random_street_can_be_drawn_again_by_its_seed(studio):
    click(studio, "Streets")
    studio.get_by_label("Seed of the random street").fill("1234")
    click(studio, "Random street")
    shown(studio, streets.random_street(1234, WIDTH, HEIGHT))


def test_enter_in_the_field_of_the_seed_draws_the_street_and_leaves_the_menu_closed(studio):
    click(studio, "Streets")
    seed = studio.get_by_label("Seed of the random street")
    seed.fill("1234")
    seed.press("Enter")
    shown(studio, streets.random_street(1234, WIDTH, HEIGHT))
    expect(studio.locator(".cg-streets")).to_be_hidden()


def test_a_picture_of_a_map_opens_and_can_be_undone(studio):
    choose(studio, "Open", png(colorize(with_box(CAR))))
    shown(studio, with_box(CAR))
    click(studio, "Undo")
    shown(studio, START)


@pytest.mark.parametrize("event", ["paste", "drop"])
def test_a_picture_opens_when_it_is_pasted_or_dropped_on_the_canvas(studio, event):
    hand_over(studio, ".cg-stage", event, png(colorize(with_box(TREE))))
    shown(studio, with_box(TREE))
    expect(studio.locator(".cg-message")).to_contain_text("120 x 80")


def test_a_map_of_camvid_ids_is_recognised_and_can_be_read_otherwise(studio):
    in_camvid_ids = np.where(with_box(CAR) == SKY, 0, np.where(with_box(CAR) == CAR, 8, 3)).astype(np.uint8)
    choose(studio, "Open", png(in_camvid_ids))
    shown(studio, with_box(CAR))
    expect(studio.locator(".cg-message")).to_have_text("Read as CamVid ids, 120 x 80.")
    reading = studio.get_by_label("Read as")
    expect(reading).to_have_value("camvid-ids")
    reading.select_option("Cityscapes train ids")
    shown(studio, from_train_ids(in_camvid_ids))
    expect(studio.locator(".cg-message")).to_have_text("Read as Cityscapes train ids, 120 x 80.")
    click(studio, "Undo")
    shown(studio, with_box(CAR))
    expect(reading).to_be_hidden()  # it is not what is seen
    click(studio, "Redo")
    expect(reading).to_have_value("train-ids")
    set_map(studio, with_box(CAR))
    expect(reading).to_be_visible()  # painted on
    choose(studio, "Open", png(colorize(with_box(TREE))))
    shown(studio, with_box(TREE))
    expect(reading).to_be_hidden()


def test_a_project_opens_again_exactly(studio, tmp_path):
    noise = np.random.default_rng(1).choice(np.array([ROAD, SKY, CAR, TREE], np.uint8), (HEIGHT, WIDTH))
    set_map(studio, noise)
    another_one(studio)
    studio.wait_for_selector(f'.cg-shot[data-crc32="{checksum(noise)}"]:not([data-seed=""])')
    seed = studio.locator(".cg-shot").get_attribute("data-seed")
    with studio.expect_download() as download:
        click(studio, "Save")
    file = tmp_path / "project.png"
    download.value.save_as(file)
    carried = json.loads(Image.open(file).text["CityGAN project"])
    assert carried["checkpoint"] == "fake-unet"
    set_map(studio, START)
    click(studio, "No seed: the default photo")
    shown(studio, START)
    choose(studio, "Open", file)
    studio.wait_for_selector(f'.cg-shot[data-crc32="{checksum(noise)}"][data-seed="{seed}"]')
    assert np.array_equal(get_map(studio), noise)


def test_a_project_of_another_checkpoint_says_whose_photo_it_was(serve, studio, page, tmp_path):
    set_map(studio, with_box(CAR))
    with studio.expect_download() as download:
        click(studio, "Save")
    download.value.save_as(tmp_path / "project.png")
    with gr.Blocks() as blocks:
        other = SimpleNamespace(**vars(INFO) | {"name": "other-unet"})
        LabelCanvas(START, info=other, server_functions=Live(Generator(), score, other).functions)
    page.goto(serve(blocks))
    choose(page, "Open", tmp_path / "project.png")
    expect(page.locator(".cg-message")).to_contain_text("its photo was made by fake-unet")
    assert np.array_equal(get_map(page), with_box(CAR))


def test_a_damaged_project_is_refused_in_words(studio):
    with studio.expect_download() as download:
        click(studio, "Save")
    content = bytearray(download.value.path().read_bytes())
    content[content.index(b"CityGAN project") + 40] ^= 1
    choose(studio, "Open", {"name": "project.png", "mimeType": "image/png", "buffer": bytes(content)})
    expect(studio.locator(".cg-message")).to_contain_text("a checksum is wrong")
    assert np.array_equal(get_map(studio), START)


def test_a_link_carries_the_map_and_the_seed(app, studio, open_page):
    painted = with_box(CAR)
    set_map(studio, painted)
    another_one(studio)
    studio.wait_for_selector(f'.cg-shot[data-crc32="{checksum(painted)}"]:not([data-seed=""])')
    seed = studio.locator(".cg-shot").get_attribute("data-seed")
    click(studio, "Share")
    link = studio.get_by_label("Link to this map").get_by_role("textbox").input_value()
    other = open_page()
    other.goto(link)
    other.wait_for_selector(f'.cg-shot[data-crc32="{checksum(painted)}"][data-seed="{seed}"]')
    assert "#" not in other.url


def test_a_map_that_is_too_detailed_for_a_link_is_offered_as_a_project(serve, page):
    noise = np.random.default_rng(2).choice(np.array(list(CLASS_BY_ID), np.uint8), (3 * HEIGHT, 3 * WIDTH))
    with gr.Blocks() as blocks:
        functions = Live(Generator(), score, INFO).functions
        LabelCanvas(noise, info=INFO, server_functions=functions, size_px=(3 * WIDTH, 3 * HEIGHT))
    page.goto(serve(blocks))
    click(page, "Share")
    dialog = page.get_by_role("dialog", name="Link to this map")
    expect(dialog).to_contain_text("too detailed for a link")
    with page.expect_download():
        dialog.get_by_role("button", name="Save project").click()


@pytest.mark.parametrize("fragment", ["#map=", "#map=AAAA", "#map=!!!", "#map=AQB4AFAAAAAAAAAA"])
def test_a_broken_link_is_refused_in_words(app, page, fragment):
    page.goto(app.url + fragment)
    expect(page.locator(".cg-message")).to_contain_text("The link holds no map that can be opened")
    shown(page, START)
