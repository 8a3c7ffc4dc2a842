"""What each tool of the paint canvas does, in a real browser."""

from __future__ import annotations

import numpy as np
from canvas_driver import BUILDING, CAR, ROAD, SKY, UNLABELED, Canvas, disc, street

from citygan.palette import CLASS_BY_ID, colorize
from citygan.wire import checksum


def expect_undo(canvas: Canvas, painted: np.ndarray, note: str) -> None:
    """The canvas shows `painted`; undo brings the street back, redo the painting; screen and memory agree."""
    assert np.array_equal(canvas.ids, painted)
    assert np.array_equal(canvas.pixels, colorize(painted))
    canvas.press("Control+z")
    assert np.array_equal(canvas.ids, street())
    assert np.array_equal(canvas.pixels, colorize(street()))
    assert note in canvas.status.inner_text()
    canvas.press("Control+Shift+Z")
    assert np.array_equal(canvas.ids, painted)


def test_the_first_map_from_python_is_on_the_screen_pixel_for_pixel(canvas):
    assert np.array_equal(canvas.ids, street())
    assert np.array_equal(canvas.pixels, colorize(street()))


def test_the_brush_paints_a_disc_of_its_size(canvas):
    canvas.size(12)
    canvas.press("6")
    canvas.click(70, 50)
    expect_undo(canvas, np.where(disc(70, 50, 12), CAR, street()).astype(np.uint8), "brush, car")


def test_a_stroke_leaves_no_gaps_and_is_one_step(canvas):
    canvas.size(1)
    canvas.press("6")
    canvas.drag((5.5, 45.5), (60.5, 75.5), (110.5, 50.5))
    painted = canvas.ids == CAR
    assert painted[:, 5:111].any(0).all()
    assert set(np.unique(canvas.ids[painted])) == {CAR}
    canvas.press("Control+z")
    assert np.array_equal(canvas.ids, street())


def test_a_stroke_beyond_the_border_paints_up_to_it(canvas):
    canvas.size(8)
    canvas.press("6")
    canvas.drag((100, 60), (140, 60))
    row = canvas.ids[60]
    assert (row[100:] == CAR).all()
    assert (canvas.ids[:, :90] == street()[:, :90]).all()


def test_the_eraser_paints_unlabeled(canvas):
    canvas.size(10)
    canvas.press("e")
    canvas.click(80, 60)
    expect_undo(canvas, np.where(disc(80, 60, 10), UNLABELED, street()).astype(np.uint8), "eraser")


def test_the_bucket_fills_the_connected_region_up_to_all_borders(canvas):
    canvas.press("g", "1")
    canvas.click(119.5, 0.5)
    expected = street()
    expected[expected == SKY] = ROAD
    expect_undo(canvas, expected, "fill, road")


def test_the_bucket_stops_at_other_classes_and_shift_fills_all_of_the_class(canvas):
    two_parts = street()
    two_parts[40:50] = BUILDING
    canvas.painter(f"setMap(Uint8Array.from({two_parts.ravel().tolist()}), 'two parts')")
    canvas.press("g", "6")
    canvas.click(30, 20)
    assert (canvas.ids[10:30, 20:50] == CAR).all()
    assert (canvas.ids[40:50] == BUILDING).all()
    canvas.press("Control+z")
    canvas.click(30, 20, "Shift")
    assert np.array_equal(canvas.ids == CAR, two_parts == BUILDING)


def test_enter_closes_a_polygon(canvas):
    canvas.press("p", "6")
    for corner in [(60, 45), (100, 45), (100, 75), (60, 75)]:
        canvas.click(*corner)
    assert np.array_equal(canvas.ids, street())
    canvas.press("Enter")
    expected = street()
    expected[45:75, 60:100] = CAR
    expect_undo(canvas, expected, "polygon, car")


def test_a_polygon_can_be_drawn_and_closed_by_keys_alone(canvas):
    canvas.press("p", "6")
    ways = ["ArrowRight"] * 3, ["ArrowDown"] * 2, ["ArrowLeft"] * 3, ["ArrowUp"] * 2
    canvas.press("ArrowRight", "Enter")
    for way in ways:
        canvas.press(*[f"Shift+{key}" for key in way], "Enter")
    assert (canvas.ids == CAR).sum() == 31 * 20  # the pixels of both side lines belong to it
    canvas.press("Control+z")
    canvas.press("Enter")
    for way in ways[:2]:
        canvas.press(*[f"Shift+{key}" for key in way], "Enter")
    canvas.press("Enter")  # once more at the last corner
    assert 0 < (canvas.ids == CAR).sum() < 31 * 20


def test_a_click_on_the_first_corner_closes_a_polygon(canvas):
    canvas.press("p", "6")
    for corner in [(60, 45), (100, 45), (100, 75), (60, 45)]:
        canvas.click(*corner)
    assert canvas.ids[50, 95] == CAR


def test_a_double_click_closes_a_polygon(canvas):
    canvas.press("p", "6")
    for corner in [(60, 45), (100, 45)]:
        canvas.click(*corner)
    canvas.page.mouse.dblclick(*canvas.at(100, 75))
    assert canvas.ids[50, 95] == CAR


def test_corners_of_a_polygon_may_lie_close_together(canvas):
    canvas.press("p", "6")
    a_pixel = 120 / canvas.stage.bounding_box()["width"]
    for corner in [(60, 45), (100, 45), (100, 45 + 5 * a_pixel), (100, 75), (60, 75)]:
        canvas.click(*corner)
    canvas.press("Enter")
    assert np.array_equal(canvas.ids == CAR, np.pad(np.ones((30, 40), bool), ((45, 5), (60, 20))))


def test_a_corner_near_the_edge_of_the_map_lies_on_it(canvas):
    canvas.press("p", "6")
    a_pixel = 120 / canvas.stage.bounding_box()["width"]
    right, bottom = 120 - 4 * a_pixel, 80 - 4 * a_pixel
    for corner in [(60, 45), (right, 45), (right, bottom), (60, bottom)]:
        canvas.click(*corner)
    canvas.press("Enter")
    assert np.array_equal(canvas.ids == CAR, np.pad(np.ones((35, 60), bool), ((45, 0), (60, 0))))


def test_escape_drops_a_polygon_and_backspace_takes_a_corner_back(canvas):
    canvas.press("p", "6")
    for corner in [(60, 45), (100, 45), (100, 75)]:
        canvas.click(*corner)
    canvas.press("Backspace", "Enter")
    assert "three corners" in canvas.status.inner_text()
    for corner in [(60, 45), (100, 45), (100, 75)]:
        canvas.click(*corner)
    canvas.press("Backspace")
    canvas.click(100, 75)  # where the one was that was taken back
    canvas.press("Enter")
    assert canvas.ids[50, 95] == CAR
    canvas.press("Control+z")
    for corner in [(60, 45), (100, 45), (100, 75)]:
        canvas.click(*corner)
    canvas.press("Escape", "Enter")
    assert np.array_equal(canvas.ids, street())


def test_a_line_is_as_wide_as_the_brush(canvas):
    canvas.size(4)
    canvas.press("l", "6")
    canvas.drag((30, 60), (90, 60))
    column = canvas.ids[:, 60] == CAR
    assert column.nonzero()[0].tolist() == [58, 59, 60, 61]
    assert (canvas.ids == CAR).any(0).nonzero()[0][[0, -1]].tolist() == [28, 91]
    canvas.press("Control+z")
    assert np.array_equal(canvas.ids, street())


def test_shift_draws_straight_from_the_last_point(canvas):
    canvas.size(2)
    canvas.press("6")
    canvas.click(20, 50)
    canvas.click(100, 50, "Shift")
    assert (canvas.ids[50, 20:100] == CAR).all()


def test_a_rectangle_reaches_from_corner_to_corner(canvas):
    canvas.press("r", "6")
    canvas.drag((90.5, 70.5), (60.5, 45.5))
    expected = street()
    expected[45:71, 60:91] = CAR
    expect_undo(canvas, expected, "rectangle, car")


def test_the_eyedropper_and_alt_pick_the_class_under_the_pointer(canvas):
    in_hand = canvas.page.locator(".cg-in-hand")
    canvas.press("i")
    canvas.click(30, 20)
    assert in_hand.inner_text() == "building"
    canvas.press("b")
    canvas.click(30, 60, "Alt")
    assert in_hand.inner_text() == "road"
    assert np.array_equal(canvas.ids, street())


def stamp_size(canvas: Canvas, y: int) -> int:
    canvas.click(60, y)
    rows = np.flatnonzero((canvas.ids == CAR).any(1))
    canvas.press("Control+z")
    return len(rows)


def test_stamps_stand_at_the_pointer_and_shrink_toward_the_horizon(canvas):
    canvas.press("s")
    far, near = stamp_size(canvas, 45), stamp_size(canvas, 75)
    assert 0 < far < near / 2
    canvas.click(60, 75)
    assert np.flatnonzero((canvas.ids == CAR).any(1))[-1] == 74


def test_a_rider_on_a_bicycle_is_two_classes(canvas):
    canvas.page.get_by_role("button", name="Stamps").click()
    canvas.page.get_by_role("button", name="rider on bicycle").click()
    canvas.click(60, 78)
    names = {CLASS_BY_ID[i].name for i in np.unique(canvas.ids)}
    assert {"rider", "bicycle"} <= names


def test_unlabeled_holes_take_the_class_of_their_neighbours(canvas):
    canvas.press("u")
    expected = street()
    expected[expected == UNLABELED] = ROAD
    expect_undo(canvas, expected, "neighbours")


def test_mirror_and_clear_are_steps_that_can_be_undone(canvas):
    canvas.press("m")
    expect_undo(canvas, street()[:, ::-1], "Mirrored")
    canvas.press("Delete")
    assert (canvas.ids == UNLABELED).all()
    canvas.press("Control+z")
    assert np.array_equal(canvas.ids, street()[:, ::-1])


def test_escape_takes_back_the_stroke_in_progress(canvas):
    canvas.press("6")
    canvas.page.mouse.move(*canvas.at(60, 60))
    canvas.page.mouse.down()
    canvas.page.mouse.move(*canvas.at(90, 60), steps=3)
    assert canvas.painter("stroking")
    canvas.page.keyboard.press("Escape")
    canvas.page.mouse.up()
    assert np.array_equal(canvas.ids, street())


USES = {  # each tool once, from key to last click
    "brush": lambda c: (c.press("b", "6"), c.drag((20, 50), (100, 70), (60, 20))),
    "eraser": lambda c: (c.press("e"), c.drag((70, 30), (90, 45))),
    "fill": lambda c: (c.press("g", "3"), c.click(110, 75)),
    "polygon": lambda c: (
        c.press("p", "2"),
        [c.click(*p) for p in [(5, 5), (55, 8), (30, 60)]],
        c.press("Enter"),
    ),
    "line": lambda c: (c.press("l", "5"), c.drag((3, 77), (117, 3))),
    "rectangle": lambda c: (c.press("r", "1"), c.drag((80.5, 10.5), (119.5, 33.5))),
    "stamp": lambda c: (c.press("s"), c.click(40, 72)),
    "neighbours": lambda c: c.press("u"),
    "Mirrored": lambda c: c.press("m"),
    "Cleared": lambda c: c.press("Delete"),
}


def test_after_each_tool_python_memory_and_screen_agree_and_each_can_be_undone(canvas, received):
    canvas.size(14)
    steps = [street()]
    for name, use in USES.items():
        use(canvas)
        ids = canvas.ids
        assert (ids != steps[-1]).any(), f"{name} changed nothing"
        assert np.array_equal(canvas.pixels, colorize(ids)), name
        while checksum(label_map := received.get(timeout=60)) != checksum(ids):
            pass  # maps of earlier tools
        assert np.array_equal(label_map, ids), name
        steps.append(ids)
    for name, before in zip(reversed(USES), reversed(steps[:-1]), strict=True):
        canvas.press("Control+z")
        assert name in canvas.status.inner_text()
        assert np.array_equal(canvas.ids, before), name
    for name, after in zip(USES, steps[1:], strict=True):
        canvas.press("Control+y")
        assert np.array_equal(canvas.ids, after), name


def test_a_map_from_python_of_another_size_enters_without_new_classes_and_can_be_undone(canvas):
    canvas.page.get_by_role("button", name="Mirror in Python").click()
    canvas.page.wait_for_function(
        "document.querySelector('.cg-studio').painter.ids[0] === 23 "
        "&& document.querySelector('.cg-studio').painter.revision > 0"
    )
    assert set(np.unique(canvas.ids)) == set(np.unique(street()))
    assert np.array_equal(canvas.ids[::2, ::2], street()[::2, ::-2])
    canvas.press("Control+z")
    assert np.array_equal(canvas.ids, street())
