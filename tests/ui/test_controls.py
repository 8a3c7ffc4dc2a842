"""The keys, the palette and the status line around the paint canvas, in a real browser."""

from __future__ import annotations

import re

import numpy as np
import pytest
from canvas_driver import BUILDING, BUS, CAR, HAS_PIXELS, ROAD, SIGN, UNLABELED, street
from playwright.sync_api import expect

from citygan.palette import CLASS_BY_ID, colorize


def test_keys_work_on_the_whole_page_but_not_in_its_fields(canvas):
    canvas.page.keyboard.press("e")  # nothing has the focus yet
    assert canvas.stage.get_attribute("data-tool") == "eraser"
    canvas.page.get_by_role("button", name="Mirror in Python").focus()
    canvas.page.keyboard.press("g")
    assert canvas.stage.get_attribute("data-tool") == "bucket"
    canvas.page.get_by_label("Elsewhere").click()
    canvas.page.keyboard.type("em")
    canvas.page.keyboard.press("Control+z")
    assert canvas.stage.get_attribute("data-tool") == "bucket"
    assert np.array_equal(canvas.ids, street())


def test_undo_works_by_its_key_after_a_map_came_from_python(canvas):
    canvas.page.get_by_role("button", name="Mirror in Python").click()
    expect(canvas.status).to_have_text("Map opened")
    canvas.page.keyboard.press("Control+z")
    assert np.array_equal(canvas.ids, street())


def test_no_key_works_while_the_studio_is_out_of_sight(canvas):
    canvas.page.evaluate("document.querySelector('.cg-frame').style.display = 'none'")
    canvas.page.keyboard.press("e")
    canvas.page.evaluate("document.querySelector('.cg-frame').style.display = ''")
    assert canvas.stage.get_attribute("data-tool") == "brush"


@pytest.mark.parametrize("control", [".cg-class", ".cg-size input", ".cg-toolbar button"])
def test_delete_clears_the_map_only_while_the_focus_is_on_the_canvas(canvas, control):
    canvas.page.locator(control).first.press("Delete")
    assert np.array_equal(canvas.ids, street())
    canvas.press("Delete")
    assert (canvas.ids == UNLABELED).all()


def test_letters_typed_into_a_field_of_the_studio_are_no_keys(canvas):
    canvas.page.get_by_role("button", name="Streets").click()
    seed = canvas.page.get_by_label("Seed of the random street")
    seed.press_sequentially("7e")
    seed.press("Delete")
    assert canvas.stage.get_attribute("data-tool") == "brush"
    assert np.array_equal(canvas.ids, street())


def test_keys_work_on_after_the_last_click_on_undo_and_on_redo(canvas):
    canvas.press("m")
    for name, key, tool in (("Undo", "e", "eraser"), ("Redo", "g", "bucket")):
        canvas.page.get_by_role("button", name=name, exact=True).click()
        canvas.page.keyboard.press(key)
        assert canvas.stage.get_attribute("data-tool") == tool


def test_the_keyboard_alone_paints_where_its_cursor_is(canvas):
    canvas.size(4)
    canvas.press("6", "ArrowRight", "Shift+ArrowDown", "Enter")
    painted = np.argwhere(canvas.ids == CAR)
    assert len(painted) == 12
    assert np.abs(painted.mean(0) - (50, 61)).max() < 1.5
    canvas.press("r", "Enter", "Shift+ArrowRight", "Shift+ArrowDown", "Enter")
    assert (canvas.ids == CAR).sum() > 100


def test_brackets_change_the_size_and_the_size_is_shown(canvas):
    shown = canvas.page.locator(".cg-size-value")
    canvas.press("[")
    assert shown.inner_text() == "20 px"
    canvas.press("]", "]")
    assert shown.inner_text() == "28 px"
    canvas.press(*["]"] * 20)
    assert shown.inner_text() == "128 px"


def test_the_palette_shows_shares_and_warns_once_about_a_class_outside_the_training(canvas):
    row = canvas.page.locator(f".cg-class[data-id='{ROAD}'] .cg-share")
    assert row.inner_text() == "49%"
    bus = canvas.page.locator(f".cg-class[data-id='{BUS}']")
    canvas.page.get_by_role("button", name="More classes").click()
    bus.click()
    assert "the model will draw it as car" in canvas.status.inner_text()
    canvas.press("m")
    bus.click()
    assert "the model will draw it as car" not in canvas.status.inner_text()


def test_the_eye_shows_a_class_alone_without_changing_the_map(canvas):
    row = canvas.page.locator(".cg-row", has=canvas.page.locator(f"[data-id='{BUILDING}']"))
    row.hover()
    row.locator(".cg-eye").click()
    pixels = canvas.pixels
    assert tuple(pixels[20, 30]) == CLASS_BY_ID[BUILDING].color
    assert tuple(pixels[60, 60]) != CLASS_BY_ID[ROAD].color
    assert np.array_equal(canvas.ids, street())
    row.locator(".cg-eye").click()
    assert np.array_equal(canvas.pixels, colorize(street()))


def test_hovering_a_class_outlines_its_regions(canvas):
    outline = canvas.page.locator(".cg-outline")
    canvas.page.locator(f".cg-class[data-id='{BUILDING}']").hover()
    assert outline.evaluate(HAS_PIXELS)
    canvas.page.mouse.move(*canvas.at(60, 60))
    assert not outline.evaluate(HAS_PIXELS)


def test_the_status_line_names_the_class_and_the_position_under_the_pointer(canvas):
    canvas.page.mouse.move(*canvas.at(30.5, 20.5))
    assert canvas.page.locator(".cg-place").inner_text() == "building at 30, 20"


def test_help_lists_the_keys(canvas):
    canvas.press("?")
    dialog = canvas.page.get_by_role("dialog", name="Keys")
    assert "Polygon" in dialog.inner_text()
    canvas.page.keyboard.press("Escape")
    assert not dialog.is_visible()


def test_the_status_line_says_what_was_painted(canvas):
    canvas.press("r", "6")
    canvas.drag((60, 45), (90, 70))
    assert canvas.status.inner_text() == "Rectangle, car"


def classes_as_seen(page) -> list[str | None]:
    """The ids of the classes, column by column; the button for more has none."""
    buttons = page.locator(".cg-palette button:not(.cg-eye):visible").all()
    boxes = [(button.bounding_box(), button.get_attribute("data-id")) for button in buttons]
    seen = sorted(boxes, key=lambda found: (round(found[0]["x"]), round(found[0]["y"])))
    return [i for _, i in seen]


FOCUSED = "document.activeElement.dataset.id"


@pytest.mark.parametrize("view", ["canvas", "phone"])
def test_arrows_walk_over_the_classes_in_the_order_in_which_they_are_seen(request, view):
    page = request.getfixturevalue(view).page
    expected = classes_as_seen(page)
    page.locator(f".cg-class[data-id='{expected[0]}']").focus()
    walked = []
    for _ in expected:
        walked.append(page.evaluate(FOCUSED))
        page.keyboard.press("ArrowDown")
    assert walked == expected
    assert page.evaluate(FOCUSED) == expected[0]


def test_right_and_left_go_to_the_eye_of_a_class_and_on_to_its_neighbour(canvas):
    page = canvas.page
    road, sidewalk = (page.locator(".cg-class", has_text=name) for name in ("road", "sidewalk"))
    road.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name="Show road alone")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(sidewalk).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(road).to_be_focused()


def test_files_have_their_place_in_the_toolbar(canvas):
    files = canvas.page.locator(".cg-toolbar > .cg-files")
    for name in ("Streets", "Open", "Save", "Share"):
        expect(files.get_by_role("button", name=name, exact=True)).to_be_visible()


def test_a_stamp_in_hand_has_the_colour_of_what_it_is(canvas):
    for name, label_id in (("traffic sign", SIGN), ("car", CAR)):
        canvas.page.locator(".cg-toolbar").get_by_role("button", name="Stamps").click()
        canvas.page.locator(".cg-stamp-button", has_text=re.compile(f"^{name}")).click()
        colour = "rgb({}, {}, {})".format(*CLASS_BY_ID[label_id].color)
        expect(canvas.page.locator(".cg-in-hand .cg-swatch")).to_have_css("background-color", colour)


def test_what_was_painted_is_not_said_beside_another_class(canvas):
    canvas.press("e")
    canvas.click(60, 60)
    expect(canvas.status).to_have_text("Eraser, unlabeled")
    canvas.press("5")
    expect(canvas.page.locator(".cg-in-hand")).to_have_text("sky")
    expect(canvas.status).to_be_empty()


PERSON, VEGETATION = 24, 21


def test_people_have_an_outline_on_the_map_and_a_corner_in_the_palette(canvas):
    outlined = canvas.page.locator(".cg-people")
    assert not outlined.evaluate(HAS_PIXELS)
    canvas.press("r", "7")
    canvas.drag((60.5, 50.5), (79.5, 69.5))
    assert (canvas.ids == PERSON).sum() == 400, np.argwhere(canvas.ids == PERSON)[[0, -1]]
    assert outlined.evaluate(HAS_PIXELS)
    canvas.press("Control+z")
    assert not outlined.evaluate(HAS_PIXELS)
    corner = "node => getComputedStyle(node).backgroundImage"
    swatches = [canvas.page.locator(f".cg-class[data-id='{i}'] .cg-swatch") for i in (PERSON, VEGETATION)]
    assert swatches[0].evaluate(corner).startswith("linear-gradient")
    assert swatches[1].evaluate(corner) == "none"
