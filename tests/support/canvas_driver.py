"""Drives the paint canvas on a page, in coordinates of the map."""

from __future__ import annotations

import base64
import time
from types import SimpleNamespace

import numpy as np
from playwright.sync_api import Page

from citygan.palette import colorize
from citygan.ui.canvas import LabelCanvas
from citygan.ui.live import Live

IDS = "document.querySelector('.cg-studio').painter.ids"
RESTED_S = 0.5  # of a finger before it is lifted
HAS_PIXELS = "(c) => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((value) => value)"
UNLABELED, ROAD, SIDEWALK, BUILDING, SIGN, SKY, CAR, BUS = 0, 7, 8, 11, 20, 23, 26, 28
WIDTH, HEIGHT = 120, 80
INFO = SimpleNamespace(
    name="fake-unet",
    generator="unet",
    arguments={},
    seen={UNLABELED: 0.1, ROAD: 0.3, SIDEWALK: 0.1, BUILDING: 0.2, SKY: 0.2, CAR: 0.1},
    aspect=WIDTH / HEIGHT,
    height_px=HEIGHT // 2,
    width_px=WIDTH // 2,
    ssim_percentiles=(),
    lights={},
    ssim_percentiles_of="",
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


def build_canvas() -> LabelCanvas:
    live = Live(lambda label_map, **_: colorize(label_map), None, INFO)
    return LabelCanvas(street(), info=INFO, server_functions=live.functions)


def read_bytes(page: Page, script: str) -> np.ndarray:
    """The bytes of a typed array in the page, or of a promise of one; a list would take seconds."""
    text = page.evaluate(f"Promise.resolve({script}).then((bytes) => new Uint8Array(bytes).toBase64())")
    return np.frombuffer(base64.b64decode(text), np.uint8)


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
        return read_bytes(self.page, IDS).reshape(HEIGHT, WIDTH)

    @property
    def pixels(self) -> np.ndarray:
        """What is on the screen, once the frame that is under way is drawn."""
        drawn = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        data = "map.getContext('2d').getImageData(0, 0, map.width, map.height).data"
        read = f"{drawn}.then(() => document.querySelector('.cg-map')).then((map) => {data})"
        return read_bytes(self.page, read).reshape(HEIGHT, WIDTH, 4)[..., :3]

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


# Where each finger was seen last, in the order in which they came.
NOTE_FINGERS = """() => {
    const fingers = (window.fingers = new Map());
    const seen = ({ pointerId, clientX, clientY }) => fingers.set(pointerId, [clientX, clientY]);
    for (const type of ["pointerdown", "pointermove"]) addEventListener(type, seen, true);
    for (const type of ["pointerup", "pointercancel"])
        addEventListener(type, ({ pointerId }) => fingers.delete(pointerId), true);
}"""
FINGERS_ARE_AT = """(wanted) => {
    const seen = [...window.fingers.values()];
    const near = ({ x, y }, i) => Math.hypot(x - seen[i][0], y - seen[i][1]) < 1;
    return seen.length === wanted.length && wanted.every(near);
}"""


class Phone(Canvas):
    """The canvas on a phone; touches are real ones, sent through the browser's own protocol."""

    def __init__(self, page, url):
        super().__init__(page, url)
        self.session = page.context.new_cdp_session(page)
        page.evaluate(NOTE_FINGERS)

    def touch(self, kind: str, *points: tuple[float, float]) -> None:
        """Sends touchStart, touchMove or touchEnd with the points where fingers are, and waits until the page
        knows. Of one finger alone the browser hides moves of less than 15 pixels."""
        fingers = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(self.at(*p) for p in points)]
        event = {"type": kind, "touchPoints": fingers}
        if (
            kind == "touchEnd"
        ):  # as if they had rested: else the browser takes the next tap for the end of a fling
            event["timestamp"] = time.time() + RESTED_S
        self.session.send("Input.dispatchTouchEvent", event)
        self.page.wait_for_function(FINGERS_ARE_AT, arg=fingers)

    def lift(self, finger: int, point: tuple[float, float]) -> None:
        """Takes one of several fingers away; the page knows of it at the next touch."""
        x, y = self.at(*point)
        touches = [{"x": x, "y": y, "id": finger}]
        self.session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": touches})
