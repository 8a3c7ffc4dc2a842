"""What surrounds the canvas: the live photo, seeds, targets, projects, links and notes, in a real browser."""

from __future__ import annotations

import io
import json
import re
import threading
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from citygan import streets
from citygan.palette import CLASS_BY_ID, colorize
from citygan.ui.canvas import LabelCanvas, checksum
from citygan.ui.live import Live

UNLABELED, ROAD, BUILDING, TREE, SKY, CAR, TRUCK = 0, 7, 11, 21, 23, 26, 27
WIDTH, HEIGHT = 120, 80
INFO = SimpleNamespace(
    name="fake-unet",
    seen={UNLABELED: 0.1, ROAD: 0.3, BUILDING: 0.2, TREE: 0.1, SKY: 0.2, CAR: 0.1},
    aspect=WIDTH / HEIGHT,
    height_px=HEIGHT // 2,
    val_ssim_percentiles=tuple(np.linspace(0, 1, 101).tolist()),
)
START = np.full((HEIGHT, WIDTH), SKY, np.uint8)
START[40:] = ROAD


class Generator:
    """A stand-in that keeps the requests it got, and waits while its gate is closed."""

    def __init__(self):
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.requests: list[tuple[int, int | None]] = []  # checksum of the map, seed

    def __call__(self, label_map, seed=None):
        self.requests.append((checksum(label_map), seed))
        self.entered.set()
        assert self.gate.wait(60)
        return colorize(label_map)

    def close_gate(self):
        self.entered.clear()
        self.gate.clear()


def score(photo, target):
    """Equal photos have an SSIM of 1; the more they differ the smaller it is."""
    resized = np.array(Image.fromarray(target).resize(photo.shape[1::-1]))
    ssim = 1 - np.abs(photo.astype(float) - resized).mean() / 255
    return SimpleNamespace(ssim=ssim, psnr=20.0, ssim_map=np.full(photo.shape[:2], ssim, np.float32))


@pytest.fixture(scope="module")
def app(serve):
    generator = Generator()
    live = Live(generator, score, INFO, wait_s=0.2)
    with gr.Blocks() as blocks:
        LabelCanvas(START, info=INFO, server_functions=live.functions, streets=streets.NAMES)
    return SimpleNamespace(url=serve(blocks), generator=generator)


@pytest.fixture
def studio(app, page):
    app.generator.gate.set()
    page.goto(app.url)
    shown(page, START)
    return page


def shown(page, label_map):
    """Waits until the photo of a map is on the page."""
    page.wait_for_selector(f'.cg-shot[data-crc32="{checksum(label_map)}"]')


def set_map(page, label_map):
    """Replaces the map as a tool would, in one step."""
    script = """ids => document.querySelector(".cg-studio").painter.setMap(Uint8Array.from(ids), "test")"""
    page.evaluate(script, label_map.ravel().tolist())


def get_map(page):
    ids = page.evaluate("""() => Array.from(document.querySelector(".cg-studio").painter.ids)""")
    return np.array(ids, np.uint8).reshape(HEIGHT, WIDTH)


def with_box(label_id, x=10, y=10, size=20, base=START):
    label_map = base.copy()
    label_map[y : y + size, x : x + size] = label_id
    return label_map


def png(pixels, name="picture.png"):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": buffer.getvalue()}


def choose(page, button, file):
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=button, exact=True).click()
    chooser.value.set_files(file)


def click(page, name):
    page.get_by_role("button", name=name, exact=True).click()


# The live photo


def test_the_first_photo_comes_without_a_click_and_carries_the_checksum_of_its_map(studio):
    photo = studio.locator(".cg-shot")
    assert photo.get_attribute("data-crc32") == str(checksum(START))
    expect(studio.locator(".cg-pace")).to_contain_text("ms")


def test_while_one_request_is_out_only_the_newest_map_waits(app, studio):
    app.generator.close_gate()
    before = len(app.generator.requests)
    maps = [with_box(BUILDING, x=x) for x in range(0, 60, 6)]
    set_map(studio, maps[0])
    app.generator.entered.wait(30)
    for label_map in maps[1:]:
        set_map(studio, label_map)
    app.generator.gate.set()
    shown(studio, maps[-1])
    assert [crc for crc, _ in app.generator.requests[before:]] == [checksum(maps[0]), checksum(maps[-1])]


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
    studio.evaluate(
        """() => {
            window.revisions = [];
            const frame = document.querySelector(".cg-photo-frame");
            const shot = () => frame.querySelector(".cg-shot");
            const note = () => window.revisions.push(Number(shot().dataset.revision));
            new MutationObserver(note).observe(frame, { childList: true });
        }"""
    )
    for x in range(0, 100, 3):
        set_map(studio, with_box(CAR, x=x))
    shown(studio, with_box(CAR, x=99))
    revisions = studio.evaluate("window.revisions")
    assert revisions == sorted(revisions)


def test_the_same_map_is_not_sent_twice(app, studio):
    other = with_box(CAR)
    set_map(studio, other)
    shown(studio, other)
    before = len(app.generator.requests)
    set_map(studio, other)
    set_map(studio, START)
    shown(studio, START)
    assert [crc for crc, _ in app.generator.requests[before:]] == [checksum(START)]


def test_a_busy_server_shows_a_waiting_state_and_the_photo_comes_in_the_end(app, studio, open_page):
    app.generator.close_gate()
    set_map(studio, with_box(CAR))
    app.generator.entered.wait(30)
    other = open_page()
    other.goto(app.url)
    expect(other.locator(".cg-pace")).to_have_attribute("data-kind", "waiting")
    app.generator.gate.set()
    shown(other, START)
    expect(other.locator(".cg-pace")).to_have_attribute("data-kind", "live")


def test_without_a_server_the_page_says_so_and_goes_on_when_it_is_back(app, browser):
    page = browser.new_context().new_page()
    page.goto(app.url)
    shown(page, START)
    page.route("**/component_server/**", lambda route: route.abort())
    set_map(page, with_box(CAR))
    expect(page.locator(".cg-pace")).to_have_attribute("data-kind", "gone")
    expect(page.locator(".cg-pace")).to_contain_text("your map is safe")
    page.unroute("**/component_server/**")
    shown(page, with_box(CAR))
    page.context.close()


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
    click(studio, "Another one")
    studio.wait_for_selector('.cg-shot:not([data-seed=""])')
    seed = int(studio.locator(".cg-shot").get_attribute("data-seed"))
    assert app.generator.requests[-1] == (checksum(START), seed)
    expect(studio.locator(".cg-seed-value")).to_have_text(f"Seed {seed}")
    click(studio, "No seed: the default photo")
    studio.wait_for_selector('.cg-shot[data-seed=""]')
    assert app.generator.requests[-1] == (checksum(START), None)


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
    click(studio, "Another one")
    studio.wait_for_selector('.cg-shot:not([data-seed=""])')
    seed = studio.locator(".cg-shot").get_attribute("data-seed")
    expect(studio.locator(".cg-kept")).to_have_count(2)
    click(studio, "No seed: the default photo")
    set_map(studio, with_box(CAR))
    shown(studio, with_box(CAR))
    click(studio, f"Restore this map and seed {seed}")
    studio.wait_for_selector(f'.cg-shot[data-seed="{seed}"][data-crc32="{checksum(START)}"]')
    assert np.array_equal(get_map(studio), START)


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
    choose(studio, "Add target photo", png(colorize(START)))
    figures = studio.locator(".cg-figures")
    expect(figures).to_contain_text("SSIM 1.000")
    expect(figures).to_contain_text("PSNR 20.0 dB")
    expect(figures).to_contain_text("better than 100%")
    set_map(studio, with_box(CAR))
    expect(figures).not_to_contain_text("SSIM 1.000")
    expect(studio.locator(".cg-curve")).to_have_attribute(
        "aria-label", re.compile("last 2 photos, from 1.000 to 0.9")
    )


def test_the_target_can_be_compared_shown_on_the_canvas_and_removed(studio):
    choose(studio, "Add target photo", png(colorize(START)))
    click(studio, "With target")
    expect(studio.locator(".cg-other")).to_be_visible()
    studio.get_by_label("On canvas").fill("60")
    click(studio, "Remove")
    expect(studio.locator(".cg-other")).to_be_hidden()
    expect(studio.get_by_role("button", name="Add target photo")).to_be_focused()


def test_a_target_that_is_no_image_is_refused_in_words(studio):
    file = {"name": "x.png", "mimeType": "image/png", "buffer": b"no image"}
    choose(studio, "Add target photo", file)
    expect(studio.locator(".cg-message")).to_contain_text("no image that this browser can open")


# Ways to begin, and to keep


@pytest.mark.parametrize("name", ["avenue", "empty"])
def test_a_drawn_street_can_be_the_start(studio, name):
    click(studio, "Streets")
    studio.locator(".cg-street", has_text=name).click()
    shown(studio, streets.street(name, WIDTH, HEIGHT))


def test_a_random_street_can_be_drawn_again_by_its_seed(studio):
    click(studio, "Streets")
    studio.get_by_label("Seed of the random street").fill("1234")
    click(studio, "Random street")
    shown(studio, streets.random_street(1234, WIDTH, HEIGHT))


def test_a_picture_of_a_map_opens_and_can_be_undone(studio):
    choose(studio, "Open", png(colorize(with_box(CAR))))
    shown(studio, with_box(CAR))
    click(studio, "Undo")
    shown(studio, START)


def test_a_picture_can_be_dropped_on_the_canvas(studio):
    studio.evaluate(
        """bytes => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([Uint8Array.from(bytes)], "map.png", { type: "image/png" }));
            const event = new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true });
            document.querySelector(".cg-stage").dispatchEvent(event);
        }""",
        list(png(colorize(with_box(TREE)))["buffer"]),
    )
    shown(studio, with_box(TREE))


def test_a_project_opens_again_exactly(studio, tmp_path):
    noise = np.random.default_rng(1).choice(np.array([ROAD, SKY, CAR, TREE], np.uint8), (HEIGHT, WIDTH))
    set_map(studio, noise)
    click(studio, "Another one")
    studio.wait_for_selector(f'.cg-shot[data-crc32="{checksum(noise)}"]:not([data-seed=""])')
    seed = studio.locator(".cg-shot").get_attribute("data-seed")
    with studio.expect_download() as download:
        click(studio, "Save")
    file = tmp_path / "project.png"
    download.value.save_as(file)
    carried = json.loads(Image.open(file).text["CityGAN project"])
    assert carried["checkpoint"] == "fake-unet"
    studio.reload()
    shown(studio, START)
    choose(studio, "Open", file)
    studio.wait_for_selector(f'.cg-shot[data-crc32="{checksum(noise)}"][data-seed="{seed}"]')
    assert np.array_equal(get_map(studio), noise)


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
    click(studio, "Another one")
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
        LabelCanvas(noise, info=INFO, server_functions=functions, width_px=3 * WIDTH, height_px=3 * HEIGHT)
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


def test_the_map_is_offered_again_after_a_reload(studio):
    painted = with_box(CAR)
    set_map(studio, painted)
    studio.wait_for_function("() => localStorage.getItem('citygan:map')")
    studio.reload()
    shown(studio, START)
    click(studio, "Restore")
    shown(studio, painted)
    expect(studio.locator(".cg-offer")).to_be_hidden()


def test_an_offered_map_can_be_dismissed(studio):
    set_map(studio, with_box(CAR))
    studio.wait_for_function("() => localStorage.getItem('citygan:map')")
    studio.reload()
    click(studio, "Dismiss")
    expect(studio.locator(".cg-offer")).to_be_hidden()
    assert np.array_equal(get_map(studio), START)


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


# Notes on the map


def specks():
    label_map = START.copy()
    label_map[5:35:5, 5:100:7] = TREE
    return label_map


@pytest.mark.parametrize(
    ("key", "label_map", "mended"),
    [
        ("unlabeled", with_box(UNLABELED, size=25), lambda m: np.array_equal(m, START)),
        (f"unseen-{TRUCK}", with_box(TRUCK), lambda m: np.array_equal(m, with_box(CAR))),
        ("road", np.full_like(START, SKY), lambda m: (m[-10:] == ROAD).mean() > 0.8),
        ("sky", np.full_like(START, ROAD), lambda m: (m[:20] == SKY).all()),
        ("small", specks(), lambda m: np.array_equal(m, START)),
    ],
)
def test_each_note_has_a_button_that_mends_the_map(studio, key, label_map, mended):
    set_map(studio, label_map)
    line = studio.locator(f'.cg-lint-line[data-key="{key}"]')
    line.get_by_role("button").click()
    expect(line).to_have_count(0)
    assert mended(get_map(studio))
    click(studio, "Undo")
    assert np.array_equal(get_map(studio), label_map)


def test_a_sound_map_has_no_notes(studio):
    studio.wait_for_selector(".cg-lint[data-revision]", state="attached")
    expect(studio.locator(".cg-lint-line")).to_have_count(0)
