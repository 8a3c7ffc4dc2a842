"""The page as a whole: what its header says, where it loads from, and whether it fits."""

from __future__ import annotations

import re
from itertools import pairwise
from urllib.parse import urlsplit

import fakes
import pytest
from playwright.sync_api import Page, Request, expect
from studio_driver import another_one
from tabs import PHONE


def open_tab(page: Page, url: str, name: str) -> None:
    page.goto(url)
    page.get_by_role("tab", name=name).click()
    expect(page.locator("#cg-generate" if name == "Upload" else ".cg-stage")).to_be_visible()


def test_checkpoint_device_and_licence_stand_behind_about(page, whole_page):
    page.goto(whole_page)
    facts = page.locator(".cg-facts")
    expect(facts).to_be_hidden()
    page.get_by_text("About this checkpoint").click()
    expect(facts).to_be_visible()
    for fact in (fakes.INFO.name, fakes.INFO.dataset, "a test", fakes.INFO.license):
        expect(facts).to_contain_text(fact)


LOOKS = {  # window, and the least width in pixels of map and photo each
    (1920, 1080): ({}, 840),
    (1440, 900): ({}, 600),
    (1366, 657): ({}, 560),
    (1024, 768): ({}, 400),
    (768, 1024): (PHONE, 520),
    (844, 390): (PHONE, 290),
    (390, 844): (PHONE, 370),
    (360, 640): (PHONE, 290),
}
SESSION = (  # what a normal session needs
    ".cg-toolbar",
    ".cg-palette",
    ".cg-stage",
    ".cg-photo-frame",
    ".cg-surprise-button",
    ".cg-in-hand",
    ".cg-under .cg-live",
    ".cg-under .cg-text-button >> text=Another one",
    ".cg-under .cg-text-button >> text=Download",
)


@pytest.fixture(params=LOOKS, ids=lambda size: "{}x{}".format(*size))
def window(request, open_page, whole_page) -> tuple[Page, tuple[int, int]]:
    """The Paint tab in a window of some size."""
    size = request.param
    page = open_page(**LOOKS[size][0])
    page.set_viewport_size({"width": size[0], "height": size[1]})
    open_tab(page, whole_page, "Paint")
    page.locator(".cg-kept").wait_for()
    return page, size


def box(page: Page, selector: str) -> dict[str, float]:
    return page.locator(selector).first.bounding_box()


def test_map_and_photo_take_what_the_window_has(window, record_property):
    page, size = window
    for view in (".cg-stage", ".cg-photo-frame"):
        found = box(page, view)
        record_property(view, f"{found['width']:.0f} x {found['height']:.0f}")
        assert found["width"] >= LOOKS[size][1]
        assert found["width"] / found["height"] == pytest.approx(4 / 3, abs=0.02)
        expect(page.locator(view)).to_be_in_viewport(ratio=0.99)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


@pytest.mark.parametrize("window", list(LOOKS)[:6], indirect=True)
def test_a_session_needs_no_scrolling(window):
    page, _ = window
    for part in SESSION:
        expect(page.locator(part).first).to_be_in_viewport(ratio=0.99)


def test_the_toolbar_is_one_row_and_no_name_is_cut_off(window):
    page, _ = window
    row = box(page, ".cg-toolbar")
    buttons = page.locator(".cg-toolbar > button:visible, .cg-toolbar > .cg-files button:visible").all()
    middles = [each["y"] + each["height"] / 2 for each in (button.bounding_box() for button in buttons)]
    assert max(middles) - min(middles) < 2
    last = buttons[-1].bounding_box()
    assert last["x"] + last["width"] <= row["x"] + row["width"]
    page.get_by_role("button", name="More classes").click()
    cut = "names => names.filter(n => n.scrollWidth > n.clientWidth + 1).map(n => n.textContent)"
    assert page.locator(".cg-name").evaluate_all(cut) == []
    assert page.locator(".cg-name:visible").count() == page.locator(".cg-name").count()


def test_the_tabs_begin_beside_the_title(window):
    page, _ = window
    title, tab = box(page, ".cg-header h1"), page.get_by_role("tab", name="Paint").bounding_box()
    assert title["x"] + title["width"] <= tab["x"]


@pytest.mark.parametrize("window", [(1024, 768)], indirect=True)
def test_beside_low_views_all_classes_that_the_checkpoint_knows_are_in_sight(window):
    page, _ = window
    for row in page.locator(".cg-class:visible").all():
        expect(row).to_be_in_viewport(ratio=0.99)


@pytest.mark.parametrize("window", [(844, 390)], indirect=True)
def test_a_phone_held_sideways_has_room_for_a_message(window):
    page, _ = window
    page.locator(".cg-stage").tap()
    message = page.locator(".cg-message")
    expect(message).not_to_be_empty()
    assert message.evaluate("text => text.scrollWidth <= text.clientWidth && text.clientWidth > 100")


def test_what_the_checkpoint_knows_comes_first_and_the_rest_behind_a_button(page, whole_page):
    open_tab(page, whole_page, "Paint")
    bus = page.locator(".cg-class", has_text="bus")
    expect(bus).to_be_hidden()
    known = {
        int(i) for i in page.locator(".cg-class:visible").evaluate_all("all => all.map(b => b.dataset.id)")
    }
    assert known == set(fakes.SEEN)
    page.get_by_role("button", name="More classes").click()
    bus.click()
    page.get_by_role("button", name="Fewer classes").click()
    expect(bus).to_be_hidden()
    toggle = page.get_by_role("button", name="More classes")
    expect(toggle).to_have_attribute("tabindex", "0")  # or no Tab would lead to the palette
    page.get_by_role("button", name="Brush", exact=True).click()
    page.keyboard.press("6")
    expect(page.locator(".cg-class", has_text=re.compile("^6car"))).to_have_attribute("tabindex", "0")


@pytest.mark.parametrize(("aspect", "stacked"), [("2", True), ("0.6", False)])
def test_the_shape_of_the_map_decides_how_the_views_stand(page, whole_page, aspect, stacked):
    page.set_viewport_size({"width": 1024, "height": 768})
    open_tab(page, whole_page, "Paint")
    page.locator(".cg-kept").wait_for()
    page.locator(".cg-studio").evaluate("(root, a) => root.style.setProperty('--cg-aspect', a)", aspect)
    stage, photo = box(page, ".cg-stage-box"), box(page, ".cg-photo")
    assert (stage["x"] == pytest.approx(photo["x"], abs=1)) == stacked
    assert stage["width"] > 240
    assert photo["y"] + photo["height"] <= 768


def test_what_has_no_room_in_the_toolbar_is_in_its_menus(open_page, whole_page):
    phone = open_page(**PHONE)
    open_tab(phone, whole_page, "Paint")
    for opener, inside in (("Brush size", "slider"), ("File", "button"), ("More", "button")):
        phone.get_by_role("button", name=opener, exact=True).tap()
        names = {"slider": "Brush size in pixels", "button": "Open" if opener == "File" else "Pick class"}
        expect(phone.get_by_role(inside, name=names[inside])).to_be_visible()
        phone.keyboard.press("Escape")
    phone.get_by_role("button", name="File").tap()
    phone.get_by_role("button", name="Streets").tap()
    expect(phone.locator(".cg-street").first).to_be_visible()


def test_on_a_tall_screen_the_photo_stays_in_sight_while_one_scrolls(open_page, whole_page):
    phone = open_page(**PHONE | {"viewport": {"width": 390, "height": 420}})
    open_tab(phone, whole_page, "Paint")
    phone.set_viewport_size({"width": 390, "height": 500})
    phone.evaluate("scrollTo(0, 0)")
    expect(phone.locator(".cg-photo-frame")).to_be_in_viewport(ratio=0.95)


def test_on_a_phone_the_facts_open_with_a_tap_and_canvas_and_photo_are_in_view(open_page, whole_page):
    phone = open_page(**PHONE)
    open_tab(phone, whole_page, "Paint")
    facts = phone.locator(".cg-facts")
    expect(facts).to_be_hidden()
    for part in (".cg-palette", ".cg-stage", ".cg-photo-frame"):
        expect(phone.locator(part)).to_be_in_viewport(ratio=1)
    phone.get_by_text("About this checkpoint").tap()
    expect(facts).to_be_visible()


def test_nothing_is_loaded_from_another_host(page, whole_page):
    hosts = set()

    def note(request: Request) -> None:
        hosts.add(urlsplit(request.url).netloc)

    page.on("request", note)
    open_tab(page, whole_page, "Paint")
    page.locator(".cg-kept img").wait_for()
    page.get_by_role("tab", name="Upload").click()
    page.locator("#cg-examples img").first.wait_for()
    page.remove_listener("request", note)
    assert hosts - {""} == {urlsplit(whole_page).netloc}  # a data URL has no host


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone(open_page, whole_page, scheme):
    phone = open_page(**PHONE)
    phone.emulate_media(color_scheme=scheme)
    for name in ("Paint", "Upload"):
        open_tab(phone, whole_page, name)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_photos_of_the_strip_keep_to_their_places(page, whole_page):
    page.set_viewport_size({"width": 1280, "height": 720})
    open_tab(page, whole_page, "Paint")
    kept = page.locator(".cg-kept")
    for count in range(1, 4):
        expect(kept).to_have_count(count)
        another_one(page)
    expect(kept).to_have_count(4)  # or the fourth would come while the boxes are measured
    page.get_by_role("button", name="Pin photo 2", exact=True).click()
    expect(page.get_by_role("button", name="Pinned photo 2", exact=True)).to_be_visible()
    boxes = [thumb.bounding_box() for thumb in page.locator(".cg-thumb").all()]
    assert len({round(box["width"]) for box in boxes}) == 1
    assert all(left["x"] + left["width"] <= right["x"] for left, right in pairwise(boxes))


def test_the_footer_ends_without_a_divider(page, whole_page):
    open_tab(page, whole_page, "Paint")
    assert page.locator("footer").inner_text().strip() == "Use via API"


def test_dark_mode_is_dark(page, whole_page):
    page.emulate_media(color_scheme="dark")
    open_tab(page, whole_page, "Upload")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(int(channel) for channel in background.strip("rgb()").split(",")) < 60
