"""The photo beside the canvas: live, with seeds, kept, compared with a target; in a real browser."""

from __future__ import annotations

import re

import numpy as np
import pytest
from canvas_driver import HAS_PIXELS
from PIL import Image
from playwright.sync_api import Route, expect
from studio_driver import (
    BUILDING,
    CAR,
    START,
    another_one,
    choose,
    click,
    get_map,
    hand_over,
    png,
    sent,
    set_map,
    shown,
    with_box,
)

from citygan.palette import colorize
from citygan.wire import checksum

# Keeps the next photo from being decoded until `decoded` is called.
HOLD_THE_NEXT_PHOTO = """() => {
    const { decode } = HTMLImageElement.prototype;
    HTMLImageElement.prototype.decode = function () {
        HTMLImageElement.prototype.decode = decode;
        return new Promise((resolve) => (window.decoded = () => decode.call(this).then(resolve)));
    };
}"""


def test_the_first_photo_comes_without_a_click_and_carries_the_checksum_of_its_map(studio):
    photo = studio.locator(".cg-shot")
    assert photo.get_attribute("data-crc32") == str(checksum(START))
    expect(studio.locator(".cg-pace")).to_contain_text("ms")


def test_the_last_map_of_a_drawn_stroke_is_the_one_that_is_shown(studio):
    box = studio.locator(".cg-stage").bounding_box()
    studio.mouse.move(box["x"] + 40, box["y"] + 60)
    studio.mouse.down()
    studio.mouse.move(box["x"] + 300, box["y"] + 200, steps=15)
    studio.mouse.up()
    painted = get_map(studio)
    assert (painted != START).any()
    shown(studio, painted)


def test_a_photo_never_replaces_a_newer_one(studio):
    studio.evaluate(HOLD_THE_NEXT_PHOTO)
    set_map(studio, with_box(CAR))
    studio.wait_for_function("() => window.decoded !== undefined")
    set_map(studio, with_box(BUILDING))
    shown(studio, with_box(BUILDING))
    studio.evaluate("() => window.decoded().then(() => new Promise(requestAnimationFrame))")
    assert studio.locator(".cg-shot").get_attribute("data-crc32") == str(checksum(with_box(BUILDING)))


def test_the_photo_of_another_map_is_asked_for_again(studio):
    def lie(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "map_crc32": sent(START)})

    studio.route("**/component_server/**", lie)
    set_map(studio, with_box(CAR))
    expect(studio.locator(".cg-pace")).to_have_text("The server drew another map; asking again")
    assert studio.locator(".cg-shot").get_attribute("data-crc32") == str(checksum(START))
    studio.unroute("**/component_server/**")
    shown(studio, with_box(CAR))


def test_a_busy_server_shows_a_waiting_state_and_the_photo_comes_in_the_end(app, studio, open_page):
    app.generator.close_gate()
    set_map(studio, with_box(CAR))
    app.generator.wait_for_request()
    other = open_page()
    other.goto(app.url)
    expect(other.locator(".cg-pace")).to_have_attribute("data-kind", "waiting")
    app.generator.gate.set()
    shown(other, START)
    expect(other.locator(".cg-pace")).to_have_attribute("data-kind", "live")


def test_without_a_server_the_page_says_so_and_goes_on_when_it_is_back(studio):
    studio.route("**/component_server/**", lambda route: route.abort())
    set_map(studio, with_box(CAR))
    expect(studio.locator(".cg-pace")).to_have_attribute("data-kind", "gone")
    expect(studio.locator(".cg-pace")).to_contain_text("your map is safe")
    click(studio, "Download")
    studio.locator(".cg-downloads [data-file=photo]").click()
    expect(studio.locator(".cg-message")).to_contain_text("Not downloaded")
    studio.unroute("**/component_server/**")
    shown(studio, with_box(CAR))
    expect(studio.locator(".cg-message")).to_have_text("The connection is back")
    studio.clear_console_messages()  # the browser's own, about the requests that failed


def test_with_live_off_a_photo_is_made_on_ctrl_enter_only(app, studio):
    studio.get_by_role("switch", name="Live").uncheck()
    before = len(app.generator.requests)
    set_map(studio, with_box(CAR))
    expect(studio.locator(".cg-pace")).to_have_text("Live is off")
    assert len(app.generator.requests) == before
    studio.locator(".cg-stage").focus()
    studio.keyboard.press("Control+Enter")
    shown(studio, with_box(CAR))
    assert len(app.generator.requests) == before + 1


# Seeds, the strip, comparing


def test_another_one_draws_a_new_seed_and_no_seed_goes_back(app, studio):
    another_one(studio)
    studio.wait_for_selector('.cg-shot:not([data-seed=""])')
    seed = int(studio.locator(".cg-shot").get_attribute("data-seed"))
    assert app.generator.requests[-1] == (sent(START), seed)
    expect(studio.locator(".cg-seed-value")).to_have_text(f"Seed {seed}")
    click(studio, "No seed: the default photo")
    studio.wait_for_selector('.cg-shot[data-seed=""]')
    assert app.generator.requests[-1] == (sent(START), None)


def test_another_one_shows_four_photos_of_the_map_and_takes_the_chosen_one(app, studio):
    before = len(app.generator.requests)
    click(studio, "Another one")
    variants = studio.locator(".cg-variant:not([aria-busy]) img")
    expect(variants).to_have_count(4)
    asked = app.generator.requests[before:]
    assert {crc32 for crc32, _ in asked} == {sent(START)}
    assert len({seed for _, seed in asked}) == 4
    assert studio.locator(".cg-shot").get_attribute("data-seed") == ""
    studio.get_by_role("button", name=f"Photo with seed {asked[2][1]}", exact=True).click()
    studio.wait_for_selector(f'.cg-shot[data-seed="{asked[2][1]}"]')
    expect(variants.first).to_be_hidden()


def test_the_strip_keeps_the_last_eight_and_what_is_pinned(studio):
    expect(studio.locator(".cg-kept")).to_have_count(1)
    studio.locator(".cg-pin").click()
    for x in range(0, 90, 9):
        set_map(studio, with_box(CAR, x=x))
        shown(studio, with_box(CAR, x=x))
        studio.wait_for_selector(f'.cg-kept[data-crc32="{checksum(with_box(CAR, x=x))}"]')
    expect(studio.locator(".cg-kept")).to_have_count(8)
    expect(studio.locator(f'.cg-kept[data-crc32="{checksum(START)}"]')).to_have_class(re.compile("cg-pinned"))


def test_a_click_in_the_strip_restores_the_map_and_the_seed(studio):
    another_one(studio)
    studio.wait_for_selector('.cg-shot:not([data-seed=""])')
    seed = studio.locator(".cg-shot").get_attribute("data-seed")
    expect(studio.locator(".cg-kept")).to_have_count(2)
    click(studio, "No seed: the default photo")
    set_map(studio, with_box(CAR))
    shown(studio, with_box(CAR))
    studio.get_by_title(f"Restore this map and seed {seed}", exact=True).click()
    studio.wait_for_selector(f'.cg-shot[data-seed="{seed}"][data-crc32="{checksum(START)}"]')
    assert np.array_equal(get_map(studio), START)


def test_each_photo_of_the_strip_has_a_name_of_its_own(studio):
    set_map(studio, with_box(CAR))
    expect(studio.locator(".cg-kept")).to_have_count(2)
    for number in (1, 2):
        expect(
            studio.get_by_role("button", name=f"Restore this map, photo {number}", exact=True)
        ).to_be_visible()
        studio.get_by_role("button", name=f"Pin photo {number}", exact=True).click()
        expect(studio.get_by_role("button", name=f"Pinned photo {number}", exact=True)).to_be_visible()


def test_the_pinned_photo_can_be_compared_with(studio):
    expect(studio.locator(".cg-other")).to_be_hidden()
    studio.locator(".cg-pin").first.click()
    click(studio, "With pinned")
    expect(studio.locator(".cg-other")).to_be_visible()
    click(studio, "With pinned")
    expect(studio.locator(".cg-other")).to_be_hidden()


def test_holding_shows_the_map_in_place_of_the_photo(studio):
    hold = studio.get_by_role("button", name="Hold for map")
    hold.focus()
    studio.keyboard.down("Enter")
    expect(studio.locator(".cg-behind")).to_be_visible()
    studio.keyboard.up("Enter")
    expect(studio.locator(".cg-behind")).to_be_hidden()


# Target


def test_a_target_gives_scores_with_each_photo_and_a_curve(studio):
    choose(studio, "Add target", png(colorize(START)))
    figures = studio.locator(".cg-figures")
    expect(figures).to_contain_text("SSIM 1.000")
    expect(figures).to_contain_text("PSNR 20.0 dB")
    expect(figures).to_contain_text("better than 100% of 2 photos of a drive it never saw")
    set_map(studio, with_box(CAR))
    expect(figures).not_to_contain_text("SSIM 1.000")
    expect(studio.locator(".cg-curve")).to_have_attribute(
        "aria-label", re.compile("last 2 photos, from 1.000 to 0.9")
    )


def test_the_target_can_be_compared_shown_on_the_canvas_and_removed(studio):
    choose(studio, "Add target", png(colorize(START)))
    click(studio, "With target")
    expect(studio.locator(".cg-other")).to_be_visible()
    overlay = studio.locator(".cg-overlay")
    studio.get_by_label("On canvas").fill("60")
    expect(overlay).to_have_css("opacity", "0.6")
    assert overlay.evaluate(HAS_PIXELS)
    click(studio, "Remove")
    assert not overlay.evaluate(HAS_PIXELS)
    expect(studio.locator(".cg-other")).to_be_hidden()
    expect(studio.get_by_role("button", name="Add target")).to_be_focused()


def test_a_photo_that_is_dropped_on_the_photo_becomes_the_target(studio):
    hand_over(studio, ".cg-photo-frame", "drop", png(colorize(START), "photo.png"))
    expect(studio.locator(".cg-figures")).to_contain_text("SSIM 1.000")
    assert np.array_equal(get_map(studio), START)


def test_a_target_that_is_no_image_is_refused_in_words(studio):
    file = {"name": "x.png", "mimeType": "image/png", "buffer": b"no image"}
    choose(studio, "Add target", file)
    expect(studio.locator(".cg-message")).to_contain_text("no image that this browser can open")


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("photo", colorize(START)),
        ("labels_color", colorize(START)),
        ("labels_ids", START),
        ("pair", np.hstack([colorize(START)] * 2)),
    ],
)
def test_each_download_is_without_loss(studio, file, expected):
    click(studio, "Download")
    with studio.expect_download() as download:
        studio.locator(f'[data-file="{file}"]').click()
    assert np.array_equal(np.array(Image.open(download.value.path())), expected)


def test_a_stroke_is_announced_once_however_many_photos_it_makes(studio):
    studio.evaluate("""() => {
        window.heard = [];
        const said = document.querySelectorAll(".cg-studio :is([role=status], [role=alert], [aria-live])");
        for (const node of said) {
            const observer = new MutationObserver(() => heard.push(node.textContent));
            observer.observe(node, { childList: true, subtree: true });
        }
    }""")
    box = studio.locator(".cg-stage").bounding_box()
    studio.mouse.move(box["x"] + 40, box["y"] + 60)
    studio.mouse.down()
    for step in range(1, 4):
        studio.mouse.move(box["x"] + 40 + 60 * step, box["y"] + 60 + 20 * step, steps=4)
        shown(studio, get_map(studio))
    studio.mouse.up()
    shown(studio, get_map(studio))
    assert studio.evaluate("heard") == ["Brush, road"]
