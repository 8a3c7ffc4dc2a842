"""The paint canvas: what it accepts over the wire, and what each tool does in a real browser."""

from __future__ import annotations

import base64
import json
import queue
import socket
import threading
import urllib.request
from types import SimpleNamespace

import fastapi
import gradio as gr
import numpy as np
import pytest
import uvicorn

from citygan.palette import CLASS_BY_ID, CLASSES, colorize
from citygan.ui.canvas import LabelCanvas, checksum, decode_map, encode_map
from citygan.ui.live import Live

UNLABELED, ROAD, SIDEWALK, BUILDING, SKY, CAR, BUS = 0, 7, 8, 11, 23, 26, 28
WIDTH, HEIGHT = 120, 80
INFO = SimpleNamespace(
    name="fake-unet",
    seen={UNLABELED: 0.1, ROAD: 0.3, SIDEWALK: 0.1, BUILDING: 0.2, SKY: 0.2, CAR: 0.1},
    aspect=WIDTH / HEIGHT,
    height_px=HEIGHT // 2,
    val_ssim_percentiles=(),
)


def street() -> np.ndarray:
    """Sky above road, a building in the sky and a hole that touches the left border."""
    label_map = np.full((HEIGHT, WIDTH), SKY, np.uint8)
    label_map[40:] = ROAD
    label_map[10:30, 20:50] = BUILDING
    label_map[60:70, 0:10] = UNLABELED
    return label_map


def disc(x: int, y: int, diameter: int) -> np.ndarray:
    """Which pixels a brush of an even diameter covers with its middle at the corner (x, y)."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    return (columns - x) ** 2 + (rows - y) ** 2 <= (diameter / 2) ** 2


# The wire format


@pytest.mark.parametrize("noise", [False, True])
def test_a_map_survives_the_wire_exactly(noise):
    label_map = street()
    if noise:  # run lengths would be longer than the ids themselves
        ids = np.array([c.id for c in CLASSES], np.uint8)
        label_map = np.random.default_rng(0).choice(ids, (HEIGHT, WIDTH))
    wire = encode_map(label_map, seq=3, final=False)
    assert wire["encoding"] == ("raw" if noise else "rle")
    assert (wire["seq"], wire["final"]) == (3, False)
    assert np.array_equal(decode_map(json.loads(json.dumps(wire))), label_map)


def test_runs_longer_than_a_uint16_are_split():
    label_map = np.full((300, 500), ROAD, np.uint8)
    wire = encode_map(label_map)
    assert len(base64.b64decode(wire["data"])) == 9
    assert np.array_equal(decode_map(wire), label_map)


def packed(*runs: tuple[int, int]) -> str:
    return base64.b64encode(b"".join(n.to_bytes(2, "little") + bytes([i]) for n, i in runs)).decode()


GOOD = {"width": 4, "height": 2, "encoding": "rle", "data": packed((8, ROAD)), "seq": 0, "final": True}
MALFORMED = {
    "not an object": ([1, 2], "is an object, not list"),
    "a key too few": ({k: v for k, v in GOOD.items() if k != "seq"}, "expected the keys"),
    "a key too many": ({**GOOD, "path": "/etc/passwd"}, "expected the keys"),
    "true for one": ({**GOOD, "width": True}, "'width' must be int, not bool"),
    "a float": ({**GOOD, "height": 2.0}, "'height' must be int, not float"),
    "one for true": ({**GOOD, "final": 1}, "'final' must be bool, not int"),
    "no size": ({**GOOD, "width": 0}, "'width' is 0; it goes from 1 to 2048"),
    "too large": ({**GOOD, "height": 10**9}, "'height' is 1000000000"),
    "unknown encoding": ({**GOOD, "encoding": "png"}, "the encoding 'png' is unknown"),
    "negative seq": ({**GOOD, "seq": -1}, "'seq' is -1"),
    "too much data": ({**GOOD, "data": "A" * 1000}, "1000 characters; a map of this size has at most 32"),
    "not base64": ({**GOOD, "data": "a!b?"}, "not base64"),
    "not ASCII": ({**GOOD, "data": "äöü="}, "not base64"),
    "half a run": ({**GOOD, "data": base64.b64encode(b"\x08\x00\x07\x01").decode()}, "not 4 bytes"),
    "too few pixels": ({**GOOD, "data": packed((7, ROAD))}, "cover 7 pixels"),
    "too many pixels": ({**GOOD, "data": packed((65535, ROAD), (65535, ROAD))}, "cover 131070 pixels"),
    "an empty run": ({**GOOD, "data": packed((8, ROAD), (0, SKY))}, "none of them empty"),
    "raw too short": ({**GOOD, "encoding": "raw", "data": "AAAA"}, "raw data hold 3 bytes"),
    "an unknown class": ({**GOOD, "data": packed((8, 99))}, r"ids \[99\] are no classes"),
    "a folded class": ({**GOOD, "data": packed((8, 18))}, r"ids \[18\] are no classes"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_value_is_refused_with_its_reason(case):
    value, reason = MALFORMED[case]
    with pytest.raises(ValueError, match=reason):
        decode_map(value)
    with pytest.raises(gr.Error, match="The label map could not be read"):
        LabelCanvas(info=INFO).preprocess(value)


def test_a_component_without_a_value_gives_none():
    canvas = LabelCanvas(info=INFO)
    assert canvas.preprocess(None) is None
    assert canvas.postprocess(None) is None


def test_the_example_for_scripts_is_valid_and_matches_the_schema():
    canvas = LabelCanvas(info=INFO)
    payload = canvas.example_payload()
    assert decode_map(payload).shape == canvas.example_value().shape
    assert payload.keys() == canvas.api_info()["properties"].keys()


def test_the_canvas_is_twice_as_large_as_what_the_model_saw_by_default():
    canvas = LabelCanvas(info=INFO)
    assert (canvas.props["width"], canvas.props["height"]) == (WIDTH, HEIGHT)


def test_a_canvas_that_is_too_large_is_refused():
    with pytest.raises(ValueError, match="each side goes from 1 to 2048"):
        LabelCanvas(info=INFO, width_px=4096)


def test_classes_outside_the_training_name_what_stands_in_for_them():
    classes = {c["name"]: c for c in LabelCanvas(info=INFO).props["classes"]}
    assert (classes["bus"]["seen"], classes["bus"]["substitute"]) == (False, "car")
    assert (classes["car"]["seen"], classes["car"]["substitute"]) == (True, None)


# The browser


@pytest.fixture(scope="module")
def received() -> queue.Queue:
    """The label maps that reached Python."""
    return queue.Queue()


def build_canvas() -> LabelCanvas:
    live = Live(lambda label_map, seed=None: colorize(label_map), None, INFO)
    return LabelCanvas(street(), info=INFO, server_functions=live.functions)


@pytest.fixture(scope="module")
def url(serve, received) -> str:
    with gr.Blocks() as blocks:
        canvas = build_canvas()
        canvas.input(received.put, canvas)
        mirrored = gr.Button("Mirror in Python")
        mirrored.click(lambda m: m[::2, ::-2], canvas, canvas)
        gr.Textbox(label="Elsewhere")
    return serve(blocks)


class Canvas:
    """Drives the canvas on a page in coordinates of the map."""

    def __init__(self, page, url):
        self.page = page
        page.goto(url, wait_until="commit")
        self.stage = page.locator(".cg-stage")
        self.stage.wait_for()
        page.wait_for_function("document.querySelector('.cg-studio').painter")

    def painter(self, expression):
        return self.page.evaluate(f"document.querySelector('.cg-studio').painter.{expression}")

    @property
    def ids(self) -> np.ndarray:
        return np.array(
            self.painter("ids.reduce((list, id) => (list.push(id), list), [])"), np.uint8
        ).reshape(HEIGHT, WIDTH)

    @property
    def pixels(self) -> np.ndarray:
        """What is on the screen, once the frame that is under way is drawn."""
        read = """() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {
            const map = document.querySelector('.cg-map');
            done([...map.getContext('2d').getImageData(0, 0, map.width, map.height).data]);
        })))"""
        return np.array(self.page.evaluate(read), np.uint8).reshape(HEIGHT, WIDTH, 4)[..., :3]

    def at(self, x, y):
        box = self.stage.bounding_box()
        return box["x"] + x * box["width"] / WIDTH, box["y"] + y * box["height"] / HEIGHT

    def drag(self, *points):
        self.page.mouse.move(*self.at(*points[0]))
        self.page.mouse.down()
        for point in points[1:] or points:
            self.page.mouse.move(*self.at(*point), steps=4)
        self.page.mouse.up()

    def click(self, x, y, *modifiers):
        for key in modifiers:
            self.page.keyboard.down(key)
        self.drag((x, y))
        for key in modifiers:
            self.page.keyboard.up(key)

    def press(self, *keys):
        self.stage.focus()
        for key in keys:
            self.page.keyboard.press(key)

    def size(self, diameter):
        self.page.locator(".cg-size input").evaluate(
            "(slider, size) => { slider.value = size; slider.dispatchEvent(new Event('input')); }", diameter
        )

    @property
    def status(self):
        return self.page.locator(".cg-message")


@pytest.fixture
def canvas(page, url) -> Canvas:
    return Canvas(page, url)


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


def test_escape_drops_a_polygon_and_backspace_takes_a_corner_back(canvas):
    canvas.press("p", "6")
    for corner in [(60, 45), (100, 45), (100, 75)]:
        canvas.click(*corner)
    canvas.press("Backspace", "Enter")
    assert "three corners" in canvas.status.inner_text()
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
    canvas.page.get_by_role("button", name="Shapes and stamps").click()
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


def test_the_history_keeps_one_hundred_steps(canvas):
    canvas.size(2)
    for step in range(101):
        canvas.painter(f"setMap(new Uint8Array({WIDTH * HEIGHT}).fill({[ROAD, SKY][step % 2]}), 'step')")
    canvas.press(*["Control+z"] * 101)
    assert "Nothing to undo" in canvas.status.inner_text()
    assert (canvas.ids == ROAD).all()


def test_escape_takes_back_the_stroke_in_progress(canvas):
    canvas.press("6")
    canvas.page.mouse.move(*canvas.at(60, 60))
    canvas.page.mouse.down()
    canvas.page.mouse.move(*canvas.at(90, 60), steps=3)
    assert canvas.painter("stroking")
    canvas.page.keyboard.press("Escape")
    canvas.page.mouse.up()
    assert np.array_equal(canvas.ids, street())


def test_what_python_receives_is_what_the_screen_shows(canvas, received):
    canvas.size(20)
    canvas.press("6")
    canvas.drag((20, 50), (100, 70), (60, 20))
    shown = canvas.ids
    while checksum(label_map := received.get(timeout=60)) != checksum(shown):
        pass  # maps of earlier strokes
    assert np.array_equal(label_map, shown)
    assert np.array_equal(canvas.pixels, colorize(label_map))


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


def test_keys_work_only_while_the_focus_is_in_the_studio(canvas):
    canvas.page.get_by_label("Elsewhere").click()
    canvas.page.keyboard.type("em")
    assert canvas.stage.get_attribute("data-tool") == "brush"
    assert np.array_equal(canvas.ids, street())
    canvas.press("e")
    assert canvas.stage.get_attribute("data-tool") == "eraser"


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


def test_the_wheel_zooms_space_pans_and_fit_shows_all_again(canvas):
    page = canvas.page
    view = canvas.stage.locator(".cg-layers")
    fitted = view.evaluate("e => e.style.transform")
    page.mouse.move(*canvas.at(60, 40))
    page.mouse.wheel(0, -600)
    page.wait_for_function("document.querySelector('.cg-fit').hidden === false")
    zoomed = view.evaluate("e => e.style.transform")
    canvas.stage.focus()
    page.keyboard.down(" ")
    canvas.drag((60, 40), (40, 30))
    page.keyboard.up(" ")
    assert view.evaluate("e => e.style.transform") not in (fitted, zoomed)
    assert np.array_equal(canvas.ids, street())
    canvas.press("f")
    assert view.evaluate("e => e.style.transform") == fitted


def test_resizing_the_window_changes_no_pixel(canvas):
    canvas.page.set_viewport_size({"width": 390, "height": 844})
    canvas.page.wait_for_function("document.querySelector('.cg-stage').clientWidth < 390")
    assert np.array_equal(canvas.ids, street())
    assert np.array_equal(canvas.pixels, colorize(street()))
    canvas.size(12)
    canvas.press("6")
    canvas.click(70, 50)
    assert canvas.ids[50, 70] == CAR


def test_the_palette_shows_shares_and_warns_once_about_a_class_outside_the_training(canvas):
    row = canvas.page.locator(f".cg-class[data-id='{ROAD}'] .cg-share")
    assert row.inner_text() == "49%"
    bus = canvas.page.locator(f".cg-class[data-id='{BUS}']")
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
    drawn = """() => { const c = document.querySelector('.cg-outline');
        return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(v => v); }"""
    canvas.page.locator(f".cg-class[data-id='{BUILDING}']").hover()
    assert canvas.page.evaluate(drawn)
    canvas.page.mouse.move(*canvas.at(60, 60))
    assert not canvas.page.evaluate(drawn)


def test_the_status_line_names_the_class_and_the_position_under_the_pointer(canvas):
    canvas.page.mouse.move(*canvas.at(30.5, 20.5))
    assert canvas.page.locator(".cg-place").inner_text() == "building at 30, 20"


def test_help_lists_the_keys(canvas):
    canvas.press("?")
    dialog = canvas.page.get_by_role("dialog", name="Keys")
    assert "Polygon" in dialog.inner_text()
    canvas.page.keyboard.press("Escape")
    assert not dialog.is_visible()


class Phone(Canvas):
    """The canvas on a phone; touches are real ones, sent through the browser's own protocol."""

    def __init__(self, page, url):
        super().__init__(page, url)
        self.session = page.context.new_cdp_session(page)

    def touch(self, kind: str, *points: tuple[float, float]) -> None:
        """Sends touchStart, touchMove or touchEnd with the points where fingers are."""
        fingers = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(self.at(*p) for p in points)]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})


@pytest.fixture
def phone(open_page, url) -> Phone:
    return Phone(open_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True), url)


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
    phone.touch("touchMove", (52, 44))
    phone.touch("touchStart", (52, 44), (70, 44))
    for spread in (5, 10, 15):
        phone.touch("touchMove", (52 - spread, 44), (70 + spread, 44))
    phone.touch("touchEnd")
    assert np.array_equal(phone.ids, street())
    assert not phone.page.locator(".cg-fit").is_hidden()


def test_the_controls_of_a_phone_are_large_enough_for_a_finger(phone):
    small = phone.page.evaluate("""() =>
        [...document.querySelectorAll('.cg-toolbar > button, .cg-class, .cg-eye')]
            .filter(button => button.checkVisibility())
            .map(b => [b.ariaLabel ?? b.textContent, b.offsetWidth, b.offsetHeight])
            .filter(([, width, height]) => width < 44 || height < 44)""")
    assert small == []
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_page_learns_no_path_of_the_machine(url):
    with urllib.request.urlopen(f"{url}config") as response:
        config = response.read().decode()
    assert ".gradio/citygan-" in config
    assert str(LabelCanvas.__module__.replace(".", "/")) not in config


def test_a_canvas_in_an_app_below_a_path_finds_its_modules(open_page):
    with gr.Blocks() as blocks:
        build_canvas()
    app = gr.mount_gradio_app(fastapi.FastAPI(), blocks, path="/street")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    page = open_page()
    assert np.array_equal(Canvas(page, f"http://127.0.0.1:{port}/street/").ids, street())
    page.close()
    server.should_exit = True
    thread.join()
