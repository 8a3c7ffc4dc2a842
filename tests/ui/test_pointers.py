"""Mouse, pen and touch on the paint canvas, in a real browser."""

from __future__ import annotations

import numpy as np
import pytest
from canvas_driver import CAR, UNLABELED, Canvas, street
from playwright.sync_api import expect
from tabs import PHONE

from citygan.palette import colorize

MATRIX = "e => new DOMMatrix(e.style.transform).toJSON()"  # a is the scale, e and f are the way in pixels


def zoom(canvas: Canvas, travel: int) -> None:
    """Turns the wheel with Ctrl, as a trackpad does for two fingers."""
    canvas.page.keyboard.down("Control")
    canvas.page.mouse.wheel(0, travel)
    canvas.page.keyboard.up("Control")


def test_ctrl_and_the_wheel_zoom_space_pans_and_fit_shows_all_again(canvas):
    page = canvas.page
    view = canvas.stage.locator(".cg-layers")
    fitted = view.evaluate("e => e.style.transform")
    page.mouse.move(*canvas.at(60, 40))
    zoom(canvas, -600)
    expect(page.locator(".cg-zoom-figure")).to_have_text("246%")  # e to the power of 0.9
    zoomed = view.evaluate("e => e.style.transform")
    page.keyboard.down(" ")
    canvas.drag((60, 40), (40, 30))
    page.keyboard.up(" ")
    assert view.evaluate("e => e.style.transform") not in (fitted, zoomed)
    assert np.array_equal(canvas.ids, street())
    page.get_by_role("button", name="Fit", exact=True).click()
    assert view.evaluate("e => e.style.transform") == fitted
    expect(page.locator(".cg-zoom")).to_be_hidden()


def test_the_wheel_scrolls_the_page_and_leaves_the_view(canvas):
    page = canvas.page
    page.set_viewport_size({"width": 1440, "height": 400})
    page.mouse.move(*canvas.at(60, 20))
    before = canvas.stage.locator(".cg-layers").evaluate("e => e.style.transform")
    page.mouse.wheel(0, 100)
    page.wait_for_function("scrollY === 100")
    assert canvas.stage.locator(".cg-layers").evaluate("e => e.style.transform") == before


PLACES = """() => [["stage", "map"], ["photo-frame", "shot"]].map(([outer, inner]) => {
    const boxOf = (name) => document.querySelector(`.cg-${name}`).getBoundingClientRect();
    const [frame, picture] = [boxOf(outer), boxOf(inner)];
    return [
        (picture.left - frame.left) / frame.width,
        (picture.top - frame.top) / frame.height,
        picture.width / frame.width,
    ];
})"""


def test_the_photo_is_zoomed_and_moved_as_the_map_is(canvas):
    canvas.page.wait_for_selector(".cg-shot")
    canvas.page.mouse.move(*canvas.at(90, 20))
    zoom(canvas, -600)
    expect(canvas.page.locator(".cg-zoom")).to_be_visible()
    of_map, of_photo = canvas.page.evaluate(PLACES)
    assert of_map[2] > 2
    assert of_photo == pytest.approx(of_map, abs=0.01)
    canvas.press("f")
    assert canvas.page.evaluate(PLACES)[1] == pytest.approx([0, 0, 1], abs=0.01)


MAP_AND_SCROLL = """() => [
    document.querySelector(".cg-layers").style.transform, scrollY, document.activeElement.className,
]"""


@pytest.mark.parametrize("focus", [None, ".cg-class[data-id='26']", ".cg-size input"])
def test_space_pans_over_the_canvas_wherever_the_focus_is(canvas, focus):
    page = canvas.page
    page.set_viewport_size({"width": 1440, "height": 500})  # so that there is something to scroll
    canvas.press("+", "+", "+")
    canvas.stage.blur()
    if focus:
        page.locator(focus).focus()
    page.mouse.move(*canvas.at(60, 40))
    zoomed, scrolled, _ = page.evaluate(MAP_AND_SCROLL)
    page.keyboard.down(" ")
    canvas.drag((60, 40), (40, 30))
    page.keyboard.up(" ")
    moved, scrolled_after, focused = page.evaluate(MAP_AND_SCROLL)
    assert moved != zoomed
    assert (scrolled_after, focused) == (scrolled, "cg-stage")
    assert np.array_equal(canvas.ids, street())
    assert canvas.page.locator(".cg-in-hand").inner_text() == "road"  # no button was pressed


def test_space_presses_a_button_that_has_the_focus(canvas):
    canvas.page.locator(f".cg-class[data-id='{CAR}']").focus()
    canvas.page.keyboard.press(" ")
    assert canvas.page.locator(".cg-in-hand").inner_text() == "car"


def test_resizing_the_window_changes_no_pixel(canvas):
    canvas.page.set_viewport_size({"width": 390, "height": 844})
    canvas.page.wait_for_function("document.querySelector('.cg-stage').clientWidth < 390")
    assert np.array_equal(canvas.ids, street())
    assert np.array_equal(canvas.pixels, colorize(street()))
    canvas.size(12)
    canvas.press("6")
    canvas.click(70, 50)
    assert canvas.ids[50, 70] == CAR


def test_a_finger_paints_and_does_not_scroll_the_page(phone):
    phone.size(12)
    phone.page.locator(f".cg-class[data-id='{CAR}']").tap()
    phone.stage.scroll_into_view_if_needed()
    scrolled = phone.page.evaluate("scrollY")
    phone.touch("touchStart", (60, 50))
    phone.touch("touchMove", (60, 60))
    phone.touch("touchMove", (60, 74))
    phone.touch("touchEnd")
    assert (phone.ids[50:75, 60] == CAR).all()
    assert phone.page.evaluate("scrollY") == scrolled


def test_two_fingers_zoom_and_leave_no_paint(phone):
    phone.stage.scroll_into_view_if_needed()
    phone.touch("touchStart", (50, 40))
    phone.touch("touchMove", (54, 48))
    phone.touch("touchStart", (54, 48), (70, 48))
    for spread in (5, 10, 15):
        phone.touch("touchMove", (54 - spread, 48), (70 + spread, 48))
    phone.touch("touchEnd")
    assert np.array_equal(phone.ids, street())
    assert phone.page.locator(".cg-fit").is_visible()


def test_a_second_finger_takes_the_map_from_where_the_first_one_has_painted_to(phone):
    phone.stage.scroll_into_view_if_needed()
    view = phone.stage.locator(".cg-layers")
    phone.touch("touchStart", (50, 50))
    for x in range(55, 101, 5):
        phone.touch("touchMove", (x, 50))
    phone.touch("touchStart", (100, 50), (60, 50))
    before = view.evaluate(MATRIX)
    phone.touch("touchMove", (112, 50), (60, 50))
    after = view.evaluate(MATRIX)
    phone.touch("touchEnd")
    assert after["a"] / before["a"] == pytest.approx((112 - 60) / (100 - 60), rel=0.05)
    assert np.array_equal(phone.ids, street())


def test_the_controls_of_a_phone_are_large_enough_for_a_finger(open_page, whole_page):
    page = open_page(**PHONE)
    page.goto(whole_page)
    page.locator(".cg-kept").wait_for()
    small = page.evaluate("""() =>
        [...document.querySelectorAll('.cg-toolbar > button, .cg-class, .cg-eye')]
            .filter(button => button.checkVisibility())
            .map(b => [b.ariaLabel ?? b.textContent, b.offsetWidth, b.offsetHeight])
            .filter(([, width, height]) => width < 44 || height < 44)""")
    assert small == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_two_fingers_pan_the_zoomed_map_and_neither_paint_nor_scroll_the_page(phone):
    view = phone.stage.locator(".cg-layers")
    phone.stage.scroll_into_view_if_needed()
    scrolled = phone.page.evaluate("scrollY")
    phone.touch("touchStart", (50, 40), (70, 40))
    phone.touch("touchMove", (20, 40), (100, 40))
    phone.touch("touchEnd")
    zoomed = view.evaluate(MATRIX)
    phone.touch("touchStart", (50, 40), (70, 40))
    for step in range(1, 5):
        phone.touch("touchMove", (50 + 4 * step, 40 + 3 * step), (70 + 4 * step, 40 + 3 * step))
    phone.touch("touchEnd")
    panned = view.evaluate(MATRIX)
    assert panned["a"] == pytest.approx(zoomed["a"])
    assert panned["e"] > zoomed["e"]
    assert panned["f"] > zoomed["f"]
    assert np.array_equal(phone.ids, street())
    assert phone.page.evaluate("scrollY") == scrolled


def draw_with_pen(canvas: Canvas, points: list, pressure: float, *, eraser: bool = False) -> None:
    """Sends the events of a pen; the browser has no pen of its own here, whose pointer could be captured."""
    script = """(stage, { points, pressure, eraser }) => {
        stage.setPointerCapture = () => {};
        const send = (type, [clientX, clientY], down) => stage.dispatchEvent(new PointerEvent(type, {
            pointerType: "pen", pointerId: 7, clientX, clientY, bubbles: true, cancelable: true,
            pressure: down ? pressure : 0, button: eraser ? 5 : 0, buttons: down ? (eraser ? 32 : 1) : 0,
        }));
        send("pointerdown", points[0], true);
        for (const point of points) send("pointermove", point, true);
        send("pointerup", points.at(-1), false);
    }"""
    on_screen = [canvas.at(*point) for point in points]
    canvas.stage.evaluate(script, {"points": on_screen, "pressure": pressure, "eraser": eraser})


@pytest.mark.parametrize(("pressure", "width_px"), [(0.25, 5), (0.5, 10), (1.0, 20)])
def test_a_pen_paints_as_wide_as_it_is_pressed(canvas, pressure, width_px):
    canvas.size(20)
    canvas.press("6")
    draw_with_pen(canvas, [(30.5, 60.5), (90.5, 60.5)], pressure)
    assert (canvas.ids[:, 60] == CAR).sum() == width_px


def test_the_other_end_of_a_pen_erases(canvas):
    canvas.size(10)
    canvas.press("6")
    draw_with_pen(canvas, [(70, 60), (90, 60)], pressure=1, eraser=True)
    painted = canvas.ids
    assert (painted[55:65, 70:90] == UNLABELED).all()
    assert not (painted == CAR).any()
    assert canvas.stage.get_attribute("data-tool") == "brush"


def test_the_first_stroke_takes_the_hint_away_for_good(canvas):
    hint = canvas.page.get_by_text("Pick a colour, such as road or car")
    expect(hint).to_be_visible()
    box = hint.bounding_box()
    canvas.press("6")
    canvas.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(hint).to_be_hidden()
    assert (canvas.ids == CAR).any()  # it let the pointer through
    canvas.page.reload()
    canvas.stage.wait_for()
    expect(hint).to_be_hidden()


def test_a_third_finger_and_one_that_stays_move_nothing(phone):
    phone.stage.scroll_into_view_if_needed()
    view = phone.stage.locator(".cg-layers")
    phone.touch("touchStart", (50, 40), (70, 40))
    phone.touch("touchMove", (40, 40), (80, 40))
    pinched = view.evaluate(MATRIX)
    phone.touch("touchStart", (40, 40), (80, 40), (60, 70))
    phone.touch("touchMove", (40, 40), (80, 40), (90, 60))
    assert view.evaluate(MATRIX) == pinched
    phone.lift(2, (90, 60))
    phone.lift(1, (80, 40))
    phone.touch("touchMove", (60, 60))
    assert view.evaluate(MATRIX) == pinched
    phone.touch("touchStart", (60, 60), (80, 60))
    phone.touch("touchMove", (60, 60), (90, 60))
    phone.touch("touchEnd")
    assert view.evaluate(MATRIX)["a"] / pinched["a"] == pytest.approx((90 - 60) / (80 - 60), rel=0.05)
    assert np.array_equal(phone.ids, street())


def tap(phone, *corners: tuple[float, float]) -> None:
    for corner in corners:
        phone.touch("touchStart", corner)
        phone.touch("touchEnd")


def draw_a_polygon(phone, *corners: tuple[float, float]) -> None:
    phone.page.get_by_role("button", name="Shapes").tap()
    phone.page.get_by_role("button", name="Polygon").tap()
    phone.page.locator(f".cg-class[data-id='{CAR}']").tap()
    tap(phone, *corners)


def test_a_finger_ends_a_polygon_by_buttons_beside_it(phone):
    done, undo, cancel = (phone.page.get_by_role("button", name=n) for n in ("Done", "Undo corner", "Cancel"))
    draw_a_polygon(phone, (30, 20), (90, 20))
    expect(done).to_be_disabled()
    expect(phone.status).to_contain_text("Done or a tap on the first corner")
    tap(phone, (90, 60), (60, 70))
    beside, stage = phone.page.locator(".cg-finish").bounding_box(), phone.stage.bounding_box()
    assert stage["x"] <= beside["x"]
    assert beside["x"] + beside["width"] <= stage["x"] + stage["width"]
    assert beside["height"] >= 44
    undo.tap()
    done.tap()
    assert phone.ids[25, 85] == CAR
    assert phone.ids[65, 62] != CAR
    expect(done).to_be_hidden()
    painted = (phone.ids == CAR).sum()
    tap(phone, (5, 5), (25, 5), (25, 15))
    cancel.tap()
    expect(cancel).to_be_hidden()
    assert (phone.ids == CAR).sum() == painted


def test_the_first_corner_is_marked_and_a_finger_closes_at_it_within_24_pixels(phone):
    draw_a_polygon(phone, (30, 20), (90, 20), (90, 60))
    assert phone.page.locator(".cg-corner").get_attribute("r") == "24"
    a_pixel = 120 / phone.stage.bounding_box()["width"]
    tap(phone, (30 + 30 * a_pixel, 20 + 10 * a_pixel))
    assert not (phone.ids == CAR).any()
    phone.page.get_by_role("button", name="Undo corner").tap()
    tap(phone, (30 + 14 * a_pixel, 20 + 14 * a_pixel))
    assert phone.ids[25, 85] == CAR
    expect(phone.page.locator(".cg-corner")).to_be_hidden()


def test_the_help_says_what_fingers_do(phone):
    phone.page.get_by_role("button", name="More", exact=True).tap()
    phone.page.get_by_role("button", name="Keys and help").last.tap()
    expect(phone.page.locator(".cg-gestures")).to_contain_text("Two fingers zoom")


def test_a_mouse_has_the_first_corner_marked_and_no_buttons(canvas):
    canvas.press("p")
    canvas.click(60, 45)
    expect(canvas.page.locator(".cg-corner")).to_have_attribute("r", "12")
    expect(canvas.page.locator(".cg-finish")).to_be_hidden()
