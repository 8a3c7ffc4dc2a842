"""Stamped things stand on the ground, near ones before far ones, and move until they are painted over."""

from __future__ import annotations

import re

import numpy as np
import pytest
from canvas_driver import BUS, CAR, ROAD, Canvas, street
from playwright.sync_api import Locator, expect

NEAR, FAR = (60, 75), (92, 60)  # feet, on the road


def take(canvas: Canvas, name: str) -> None:
    canvas.page.locator(".cg-toolbar").get_by_role("button", name="Stamps").click()
    canvas.page.locator(".cg-stamp-button", has_text=re.compile(f"^{name}")).click()


def box_of(canvas: Canvas, label_id: int = CAR) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the pixels of a class, the last two outside of it."""
    rows, columns = np.nonzero(canvas.ids == label_id)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def bar(canvas: Canvas) -> Locator:
    return canvas.page.locator(".cg-object-bar")


def press(canvas: Canvas, name: str) -> None:
    bar(canvas).get_by_role("button", name=name, exact=True).click()


@pytest.fixture
def stamped(canvas: Canvas) -> Canvas:
    """The canvas with a car that was stamped."""
    canvas.press("s")
    canvas.click(*NEAR)
    expect(bar(canvas)).to_be_visible()
    return canvas


def test_near_things_hide_far_ones_whatever_the_order_of_clicks(canvas):
    seen = []
    for order in ((("car", NEAR), ("bus", FAR)), (("bus", FAR), ("car", NEAR))):
        for name, foot in order:
            take(canvas, name)
            canvas.click(*foot)
        seen.append(canvas.ids)
        canvas.press("Control+z", "Control+z")
        np.testing.assert_array_equal(canvas.ids, street())
    assert (seen[0] == CAR).any()
    assert (seen[0] == BUS).any()
    np.testing.assert_array_equal(*seen)


def test_a_click_in_the_sky_says_where_stamps_stand_and_leaves_nothing(canvas):
    canvas.press("s")
    canvas.click(90, 20)
    expect(canvas.status).to_have_text("Stamps stand on the ground: choose a place below the horizon")
    np.testing.assert_array_equal(canvas.ids, street())
    expect(canvas.page.get_by_role("button", name="Undo", exact=True)).to_be_disabled()


def test_a_thing_that_is_dragged_moves_shrinks_and_uncovers_the_map(stamped):
    left, _, right, bottom = box_of(stamped)
    before = stamped.ids
    stamped.drag((60, 65), (75, 50))  # 15 px to the right and up
    moved = box_of(stamped)
    assert moved[3] == bottom - 15
    assert moved[2] - moved[0] < 0.7 * (right - left)
    assert (moved[0] + moved[2]) / 2 == pytest.approx((left + right) / 2 + 15, abs=1)
    away = stamped.ids == CAR
    np.testing.assert_array_equal(stamped.ids, np.where(away, CAR, street()))
    stamped.press("Control+z")
    np.testing.assert_array_equal(stamped.ids, before)
    stamped.press("Control+Shift+Z")
    assert box_of(stamped) == moved
    stamped.drag((moved[0] + 5, moved[3] - 5), (20, 5))  # as far as the ground goes
    assert box_of(stamped)[3] <= 43
    assert (stamped.ids == CAR).sum() > 10


def test_buttons_scale_copy_and_delete_what_is_picked(stamped):
    left, top, right, bottom = box_of(stamped)
    press(stamped, "Smaller")
    smaller = box_of(stamped)
    assert smaller[2] - smaller[0] < right - left
    assert smaller[3] == bottom
    press(stamped, "Larger")
    assert box_of(stamped) == (left, top, right, bottom)
    press(stamped, "Smaller")
    press(stamped, "Copy")
    both = box_of(stamped)
    assert both[2] - both[0] > 1.9 * (smaller[2] - smaller[0])
    press(stamped, "Delete")
    assert box_of(stamped) == smaller
    expect(bar(stamped)).to_be_hidden()
    expect(stamped.stage).to_be_focused()
    stamped.click(60, 65)  # picks the first one
    expect(bar(stamped)).to_be_visible()
    press(stamped, "Delete")
    np.testing.assert_array_equal(stamped.ids, street())
    stamped.press(*["Control+z"] * 6)
    assert box_of(stamped) == (left, top, right, bottom)
    stamped.press("Control+z")
    np.testing.assert_array_equal(stamped.ids, street())


def test_what_is_painted_over_cannot_be_moved_any_more(stamped):
    stamped.press("b", "1")
    stamped.size(4)
    stamped.click(60, 60)
    painted = stamped.ids
    assert painted[60, 60] == ROAD
    stamped.press("s")
    stamped.drag((50, 65), (90, 65))
    expect(stamped.status).to_contain_text("Stamp, car")  # another one
    assert (stamped.ids == CAR).sum() > (painted == CAR).sum()
    stamped.press("Control+z")
    np.testing.assert_array_equal(stamped.ids, painted)
    stamped.press("Control+z")
    stamped.click(50, 65)  # it is whole again
    expect(bar(stamped)).to_be_visible()


def test_a_thing_is_picked_up_moved_and_set_down_by_keys(stamped):
    stamped.press("Escape")
    expect(bar(stamped)).to_be_hidden()
    stamped.press("Shift+ArrowDown", "Shift+ArrowDown")
    expect(stamped.page.locator(".cg-place")).to_contain_text("car")
    left, _, right, bottom = box_of(stamped)
    stamped.press("Enter")
    expect(stamped.status).to_contain_text("Picked up the car")
    stamped.press("Shift+ArrowRight", "Shift+ArrowRight", "Enter")
    moved = box_of(stamped)
    assert moved == (left + 20, moved[1], right + 20, bottom)
    stamped.press("]")
    assert box_of(stamped)[2] > moved[2]
    stamped.press("[", "c")
    assert box_of(stamped)[0] < moved[0]  # there is no room on the right
    stamped.press("Delete")
    assert box_of(stamped) == moved
    stamped.press("Enter", "Shift+ArrowLeft", "Escape")
    assert box_of(stamped) == moved


def test_a_finger_stamps_picks_and_moves(phone):
    phone.page.locator(".cg-toolbar").get_by_role("button", name="Stamps").tap()
    phone.page.locator(".cg-stamp-button", has_text=re.compile("^car")).tap()
    phone.touch("touchStart", NEAR)
    phone.touch("touchEnd")
    expect(bar(phone)).to_be_visible()
    left, _, _, bottom = box_of(phone)
    phone.touch("touchStart", (60, 65))
    phone.touch("touchMove", (80, 65))
    phone.touch("touchEnd")
    expect(phone.status).to_have_text("Move, car")
    assert box_of(phone)[0] == pytest.approx(left + 20, abs=1)
    assert box_of(phone)[3] == bottom
    for button in bar(phone).get_by_role("button").all():
        size = button.bounding_box()
        assert min(size["width"], size["height"]) >= 44
    bar(phone).get_by_role("button", name="Delete").tap()
    expect(bar(phone)).to_be_hidden()
    np.testing.assert_array_equal(phone.ids, street())


def test_stamps_of_classes_that_the_model_never_saw_come_last_and_say_what_they_become(canvas):
    canvas.page.locator(".cg-toolbar").get_by_role("button", name="Stamps").click()
    names = canvas.page.locator(".cg-stamp-button").all_inner_texts()
    known = [i for i, name in enumerate(names) if "drawn as" not in name]
    assert known == list(range(len(known)))
    assert "drawn as" in next(name for name in names if name.startswith("bus"))
    canvas.page.locator(".cg-stamp-button", has_text=re.compile("^bus")).click()
    canvas.click(*NEAR)
    noted = canvas.painter("revision")
    lint = canvas.page.locator(".cg-lint")
    canvas.page.wait_for_function(
        "(revision) => Number(document.querySelector('.cg-lint').dataset.revision) >= revision", arg=noted
    )
    assert (canvas.ids == BUS).any()
    expect(lint.locator('[data-key="unseen"]')).to_have_count(0)
    expect(canvas.page.locator(".cg-message.cg-warning")).to_have_count(0)
