"""The notes on a map, and the buttons that mend it, in a real browser."""

from __future__ import annotations

from playwright.sync_api import expect
from studio_driver import CAR, TRUCK, click, get_map, set_map, shown, with_box

READ = """() => Number(document.querySelector(".cg-lint").dataset.revision)
    === document.querySelector(".cg-studio").painter.revision"""


def test_a_note_has_a_button_that_mends_the_map(studio):
    set_map(studio, with_box(TRUCK))
    line = studio.locator(".cg-lint-line")
    expect(line).to_contain_text("The model was never shown “truck”")
    line.get_by_role("button").click()
    expect(line).to_have_count(0)
    shown(studio, with_box(CAR))
    click(studio, "Undo")
    assert (get_map(studio) == with_box(TRUCK)).all()


def test_notes_come_below_the_strip_so_that_they_push_nothing_away(studio):
    studio.wait_for_function(READ)
    strip = studio.locator(".cg-strip")
    expect(strip).to_be_visible()
    before = strip.bounding_box()["y"]
    set_map(studio, with_box(TRUCK))
    expect(studio.locator(".cg-lint-line")).to_be_visible()
    assert strip.bounding_box()["y"] == before


def test_a_sound_map_has_no_notes(studio):
    studio.wait_for_function(READ)
    expect(studio.locator(".cg-lint-line")).to_have_count(0)
