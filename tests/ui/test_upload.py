"""The Upload tab in a real browser: from a file to the photo, the scores and the canvas."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import fakes
import numpy as np
import pytest
from canvas_driver import IDS
from PIL import Image
from playwright.sync_api import Page, expect
from tabs import PHONE

from citygan import streets
from citygan.data.layouts import CAMVID_IDS
from citygan.palette import colorize, from_train_ids
from citygan.ui.result import color_ssim
from citygan.wire import checksum


@pytest.fixture(scope="module")
def label_map() -> np.ndarray:
    return streets.street(streets.NAMES[1], 240, 160)


@pytest.fixture
def upload(page: Page, whole_page: str) -> Page:
    """The page, turned to its Upload tab."""
    page.goto(whole_page)
    page.get_by_role("tab", name="Upload").click()
    expect(page.locator("#cg-generate")).to_be_visible()
    return page


def choose(page: Page, field: str, pixels: np.ndarray, path: Path) -> None:
    Image.fromarray(pixels).save(path)
    page.locator(f"{field} input[type=file]").set_input_files(path)
    expect(page.locator(f"{field} img")).to_be_visible()


def shown(page: Page, selector: str) -> np.ndarray:
    """The pixels of the picture behind an `img`."""
    picture = page.locator(f"{selector} img").first
    expect(picture).to_be_visible()
    source = picture.get_attribute("src")
    return np.asarray(Image.open(io.BytesIO(page.request.get(source).body())).convert("RGB"))


def test_an_uploaded_id_map_becomes_the_photo_of_these_ids(upload, label_map, tmp_path):
    choose(upload, "#cg-label-file", label_map, tmp_path / "map.png")
    expect(upload.locator("#cg-read")).to_contain_text("Read as Cityscapes label ids, 240 x 160.")
    upload.locator("#cg-generate").click()
    np.testing.assert_array_equal(shown(upload, "#cg-photo"), fakes.synthesize(label_map))
    np.testing.assert_array_equal(shown(upload, "#cg-labels"), colorize(label_map))
    expect(upload.locator("#cg-slider")).to_be_hidden()
    expect(upload.locator("#cg-scores")).to_contain_text("on a test")


def test_a_map_of_camvid_ids_is_recognised_and_can_be_read_otherwise(upload, tmp_path):
    ids = np.repeat(np.array([0, 1, 8, 3], np.uint8), 20)[:, None].repeat(60, 1)  # sky, building, car, road
    choose(upload, "#cg-label-file", ids, tmp_path / "map.png")
    expect(upload.locator("#cg-read")).to_contain_text("Read as CamVid ids, 60 x 80.")
    upload.locator("#cg-generate").click()
    np.testing.assert_array_equal(shown(upload, "#cg-labels"), colorize(CAMVID_IDS[ids]))
    upload.locator("#cg-read-as input").click()
    upload.get_by_role("option", name="Cityscapes train ids").click()
    expect(upload.locator("#cg-read")).to_contain_text("Read as Cityscapes train ids, 60 x 80.")
    upload.locator("#cg-generate").click()
    expect(upload.locator("#cg-scores")).to_contain_text("Read as Cityscapes train ids")
    np.testing.assert_array_equal(shown(upload, "#cg-labels"), colorize(from_train_ids(ids)))
    upload.locator("#cg-edit").click()
    upload.wait_for_function(f"{IDS}[0] === 7")  # the sky's 0, which is road as a train id
    upload.get_by_role("tab", name="Upload").click()
    upload.locator("#cg-examples img").first.click()
    expected = fakes.synthesize(streets.street(streets.NAMES[0]))
    expect(upload.locator("#cg-scores")).to_contain_text("Read as a colour map")
    np.testing.assert_array_equal(shown(upload, "#cg-photo"), expected)
    expect(upload.locator("#cg-read-as input")).to_be_hidden()


def test_a_target_brings_scores_slider_and_ssim_map(upload, label_map, tmp_path):
    choose(upload, "#cg-label-file", colorize(label_map), tmp_path / "map.png")
    upload.get_by_text("Target photo and seed").click()
    choose(upload, "#cg-target-file", np.full((80, 120, 3), 90, np.uint8), tmp_path / "target.png")
    upload.locator("#cg-generate").click()
    scores = upload.locator("#cg-scores")
    expect(scores).to_contain_text("0.500")
    expect(scores).to_contain_text("better than 50 % of 9 photos of a drive it never saw")
    expect(scores).to_contain_text("20.0 dB")
    expect(scores).to_contain_text(fakes.INFO.ssim_definition)
    expect(scores).to_contain_text("The target (120 x 80) was resized to 240 x 160.")
    expect(upload.locator("#cg-slider img").first).to_be_visible()
    ssim_map = fakes.score(fakes.synthesize(label_map), None).ssim_map
    np.testing.assert_array_equal(shown(upload, "#cg-ssim-map"), color_ssim(ssim_map))


def test_a_photo_given_as_label_map_is_refused_with_the_reason(upload, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    choose(upload, "#cg-label-file", noise, tmp_path / "photo.png")
    expect(upload.get_by_role("alert").filter(has_text="no label map")).to_be_visible()


def test_what_cannot_be_drawn_is_said_in_its_place_and_the_last_result_stays(upload, label_map, tmp_path):
    upload.locator("#cg-generate").click()
    expect(upload.locator("#cg-read")).to_contain_text("Choose a label map first.")
    choose(upload, "#cg-label-file", label_map, tmp_path / "map.png")
    upload.locator("#cg-generate").click()
    np.testing.assert_array_equal(shown(upload, "#cg-photo"), fakes.synthesize(label_map))
    upload.locator("#cg-label-file").get_by_label("Remove").or_(upload.get_by_label("Clear")).first.click()
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    choose(upload, "#cg-label-file", noise, tmp_path / "photo.png")
    upload.locator("#cg-generate").click()
    refused = upload.locator("#cg-read").get_by_role("alert")
    expect(refused).to_contain_text("Label map: This is a photo or another picture, no label map")
    np.testing.assert_array_equal(shown(upload, "#cg-photo"), fakes.synthesize(label_map))
    expect(upload.get_by_test_id("toast-body")).to_have_count(0)
    expect(upload.locator("#cg-photo .error, #cg-labels .error")).to_have_count(0)


def test_a_text_file_is_refused_in_one_sentence_where_it_was_dropped(upload):
    upload.evaluate(
        """() => {
            const transfer = new DataTransfer();
            transfer.items.add(new File(["words"], "notes.txt", { type: "text/plain" }));
            const drop = new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: transfer });
            document.querySelector("#cg-label-file button").dispatchEvent(drop);
        }"""
    )
    refused = upload.get_by_role("alert").filter(has_text="“notes.txt” is no image.")
    expect(refused).to_be_visible()
    expect(upload.get_by_test_id("toast-body")).to_have_count(0)


def test_of_an_animation_the_frame_that_is_read_is_the_one_in_sight(upload, tmp_path):
    frames = [Image.new("RGB", (60, 40), color) for color in ((70, 130, 180), (128, 64, 128))]
    frames[0].save(tmp_path / "map.gif", save_all=True, append_images=frames[1:], duration=40, loop=0)
    upload.locator("#cg-label-file input[type=file]").set_input_files(tmp_path / "map.gif")
    expect(upload.locator("#cg-read")).to_contain_text("the first frame of several")
    picture = upload.locator("#cg-label-file img")
    expect(picture).to_have_attribute("src", re.compile("^data:image/png"))
    data = base64.b64decode(picture.get_attribute("src").partition(",")[2])
    assert Image.open(io.BytesIO(data)).convert("RGB").getpixel((5, 5)) == (70, 130, 180)


def test_the_download_is_the_photo_as_png(upload, label_map, tmp_path):
    choose(upload, "#cg-label-file", label_map, tmp_path / "map.png")
    upload.locator("#cg-generate").click()
    button = upload.locator("#cg-download")
    expect(button).to_be_visible()
    with upload.expect_download() as download:
        button.click()
    with Image.open(download.value.path()) as image:
        assert image.format == "PNG"
        np.testing.assert_array_equal(np.asarray(image), fakes.synthesize(label_map))


def test_an_example_is_drawn_with_one_click(upload):
    upload.locator("#cg-examples img").first.click()
    expected = fakes.synthesize(streets.street(streets.NAMES[0]))
    np.testing.assert_array_equal(shown(upload, "#cg-photo"), expected)


def test_edit_this_map_takes_it_to_the_canvas_and_leaves_the_upload_as_it_was(upload, tmp_path):
    label_map = streets.street("shops", 682, 512)  # the size of the canvas
    choose(upload, "#cg-label-file", label_map, tmp_path / "map.png")
    upload.locator("#cg-edit").click()
    expect(upload.get_by_role("tab", name="Paint")).to_have_attribute("aria-selected", "true")
    upload.wait_for_selector(f'.cg-shot[data-crc32="{checksum(label_map)}"]')
    upload.get_by_role("tab", name="Upload").click()
    expect(upload.locator("#cg-label-file img")).to_be_visible()
    upload.locator("#cg-generate").click()
    np.testing.assert_array_equal(shown(upload, "#cg-labels"), colorize(label_map))


def test_on_a_phone_the_page_scrolls_to_the_photo(open_page, whole_page, label_map, tmp_path):
    phone = open_page(**PHONE)
    phone.goto(whole_page)
    phone.get_by_role("tab", name="Upload").tap()
    choose(phone, "#cg-label-file", label_map, tmp_path / "map.png")
    phone.locator("#cg-generate").tap()
    expect(phone.locator("#cg-photo img").first).to_be_in_viewport(ratio=0.9)
    phone.evaluate("document.body.style.paddingTop = '700px'")  # as pictures do that load above it
    expect(phone.locator("#cg-photo img").first).to_be_in_viewport(ratio=0.9)
    phone.keyboard.press("Shift")  # from here on the visitor scrolls
    phone.set_viewport_size({"width": 844, "height": 390})
    example = phone.locator("#cg-examples button").last  # the photo is above it then
    example.scroll_into_view_if_needed()
    expect(phone.locator("#cg-photo img").first).not_to_be_in_viewport(ratio=0.1)
    example.tap()
    expect(phone.locator("#cg-photo img").first).to_be_in_viewport(ratio=0.9)
