"""A button drives along the street: map and photo live, and the map at the stop to paint on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from studio_driver import BUILDING, HEIGHT, START, WIDTH, click, get_map, set_map, shown, with_box
from test_timelapse import frame_of

DRIVES = ".cg-drives"


def start(page: Page, pictures: int = 3) -> None:
    """Begins a drive and waits until some pictures of it have been seen."""
    page.evaluate("""() => {
        window.seen = new Set();
        const frame = document.querySelector(".cg-photo-frame");
        new MutationObserver(() => {
            const shot = frame.querySelector(".cg-shot");
            if (shot && document.querySelector(".cg-drives")) window.seen.add(shot.dataset.crc32);
        }).observe(frame, { childList: true });
    }""")
    click(page, "Drive")
    page.wait_for_function(f"window.seen.size >= {pictures}")


def stopped(page: Page) -> None:
    expect(page.locator(DRIVES)).to_have_count(0)
    expect(page.get_by_role("button", name="Drive", exact=True)).to_be_visible()


def test_a_drive_shows_map_and_photo_until_it_is_stopped_and_leaves_its_map(studio):
    painted = with_box(BUILDING, x=40, y=30, size=40)
    set_map(studio, painted)
    shown(studio, painted)
    start(studio)
    expect(studio.locator(".cg-drive canvas")).to_be_visible()
    assert np.array_equal(get_map(studio), painted)  # until the stop
    click(studio, "Stop")
    stopped(studio)
    expect(studio.locator(".cg-drive")).to_be_hidden()
    left = get_map(studio)
    assert not np.array_equal(left, painted)
    shown(studio, left)  # a photo of it comes as of any map
    studio.keyboard.press("Control+z")
    assert np.array_equal(get_map(studio), painted)  # one step


@pytest.mark.parametrize("key", ["Space", "Escape"])
def test_a_key_stops_it(studio, key):
    start(studio)
    studio.keyboard.press(key)
    stopped(studio)


def test_a_click_on_the_map_stops_it_and_paints_nothing(studio):
    start(studio)
    studio.locator(".cg-drive").click()
    stopped(studio)
    studio.keyboard.press("Control+z")
    assert np.array_equal(get_map(studio), START)


def test_one_request_is_under_way_at_a_time_and_none_of_the_loop(studio):
    most = studio.evaluate("""() => {
        const real = window.fetch;
        window.under = 0; window.most = 0; window.asked = [];
        window.fetch = async (url, options) => {
            const mine = String(url).includes("component_server");
            if (mine) {
                window.asked.push(JSON.parse(options.body).fn_name);
                window.most = Math.max(window.most, ++window.under);
            }
            try { return await real(url, options); } finally { if (mine) window.under--; }
        };
    }""")
    start(studio)
    click(studio, "Another one")  # which waits for the stop
    studio.wait_for_function("n => window.seen.size > n", arg=studio.evaluate("window.seen.size"))
    most, asked = studio.evaluate("[window.most, window.asked]")
    assert most == 1
    assert set(asked) == {"drive"}
    click(studio, "Stop")
    stopped(studio)


def test_it_stops_when_the_tab_is_hidden(studio):
    start(studio)
    studio.evaluate("""() => {
        Object.defineProperty(document, "hidden", { value: true, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }""")
    stopped(studio)
    assert not np.array_equal(get_map(studio), START)


def test_a_street_that_is_opened_on_the_way_takes_the_place_of_the_drive(studio):
    start(studio)
    set_map(studio, with_box(BUILDING, x=40, y=30, size=40))
    stopped(studio)
    assert np.array_equal(get_map(studio), with_box(BUILDING, x=40, y=30, size=40))


def test_it_goes_on_where_it_stopped(studio):
    start(studio)
    click(studio, "Stop")
    stopped(studio)
    with studio.expect_request(lambda request: '"fn_name":"drive"' in (request.post_data or "")) as asked:
        click(studio, "Drive")
    assert json.loads(asked.value.post_data)["data"]["at_m"] > 0
    studio.keyboard.press("Escape")
    stopped(studio)


def test_after_a_reload_it_goes_along_the_street_that_it_was(studio):
    click(studio, "Streets")
    studio.get_by_role("button", name="motorway").click()
    expect(studio.locator(".cg-message")).to_have_text("Street: motorway")
    start(studio)
    click(studio, "Stop")
    stopped(studio)
    studio.reload()
    studio.wait_for_selector(".cg-shot")
    with studio.expect_request(lambda request: '"fn_name":"drive"' in (request.post_data or "")) as asked:
        click(studio, "Drive")
    place = json.loads(asked.value.post_data)["data"]
    assert place["name"] == "motorway"
    assert place["at_m"] > 0
    studio.keyboard.press("Escape")
    stopped(studio)


def test_the_map_keeps_its_size_when_the_video_can_be_saved(studio):
    studio.set_viewport_size({"width": 768, "height": 1024})
    stage = studio.locator(".cg-stage")
    before = stage.bounding_box()
    start(studio)
    click(studio, "Stop")
    stopped(studio)
    expect(studio.get_by_role("button", name="Save video")).to_be_visible()
    assert stage.bounding_box() == before


def test_the_drive_is_saved_as_a_video(studio, tmp_path):
    start(studio)
    click(studio, "Stop")
    stopped(studio)
    with studio.expect_download() as download:
        click(studio, "Save video")
    assert download.value.suggested_filename.startswith("citygan-drive.")
    path = str(tmp_path / Path(download.value.suggested_filename).name)
    download.value.save_as(path)
    frame = frame_of(studio, path, at_end=True)
    height, width = frame.shape[:2]
    assert width == 2 * round(height * WIDTH / HEIGHT)
    assert frame[:, : width // 2].std() > 10


def test_nothing_drives_by_itself(studio):
    expect(studio.locator(DRIVES)).to_have_count(0)
    expect(studio.get_by_role("button", name="Save video")).to_be_hidden()
