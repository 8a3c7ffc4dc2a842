"""A studio with a stand-in for the generator, and what its tests do again and again."""

from __future__ import annotations

import base64
import io
import threading
from types import SimpleNamespace

import numpy as np
from canvas_driver import HEIGHT, IDS, WIDTH, read_bytes
from PIL import Image

from citygan.errors import BusyError
from citygan.palette import colorize
from citygan.wire import checksum

UNLABELED, ROAD, BUILDING, TREE, SKY, CAR, TRUCK = 0, 7, 11, 21, 23, 26, 27
INFO = SimpleNamespace(
    name="fake-unet",
    generator="unet",
    arguments={},
    seen={UNLABELED: 0.1, ROAD: 0.3, BUILDING: 0.2, TREE: 0.1, SKY: 0.2, CAR: 0.1},
    aspect=WIDTH / HEIGHT,
    height_px=HEIGHT // 2,
    width_px=HEIGHT // 2,
    ssim_percentiles=(0.0, 1.0),
    lights={},
    ssim_percentiles_of="2 photos of a drive it never saw",
)
PATIENCE_S = 120
START = np.full((HEIGHT, WIDTH), SKY, np.uint8)
START[40:] = ROAD


class Generator:
    """A stand-in that keeps the requests it got, one at a time, and waits while its gate is closed."""

    def __init__(self):
        self.turn = threading.Lock()
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.requests: list[tuple[int, int | None]] = []  # checksum of the map, seed

    def __call__(self, label_map, seed=None, wait_s=None, ground=None):
        if not self.turn.acquire(timeout=PATIENCE_S if wait_s is None else wait_s):
            raise BusyError
        try:
            self.requests.append((checksum(label_map), seed))
            self.entered.set()
            assert self.gate.wait(PATIENCE_S)
            return colorize(label_map)
        finally:
            self.turn.release()

    def close_gate(self):
        self.entered.clear()
        self.gate.clear()

    def wait_for_request(self):
        assert self.entered.wait(PATIENCE_S)


def score(photo, target):
    """Equal photos have an SSIM of 1; the more they differ the smaller it is."""
    resized = np.array(Image.fromarray(target).resize(photo.shape[1::-1], Image.Resampling.NEAREST))
    ssim = 1 - np.abs(photo.astype(float) - resized).mean() / 255
    return SimpleNamespace(ssim=ssim, psnr=20.0, ssim_map=np.full(photo.shape[:2], ssim, np.float32))


def shown(page, label_map):
    """Waits until the photo of a map is on the page."""
    page.wait_for_selector(f'.cg-shot[data-crc32="{checksum(label_map)}"]')


def sent(label_map):
    """The checksum of a map as the generator gets it: at its own size, by the same rule as `Synthesizer`."""
    size = (INFO.width_px, INFO.height_px)
    return checksum(np.asarray(Image.fromarray(label_map).resize(size, Image.Resampling.NEAREST)))


def set_map(page, label_map):
    """Replaces the map as a tool would, in one step."""
    script = "ids => document.querySelector('.cg-studio').painter.setMap(Uint8Array.fromBase64(ids), 'test')"
    page.evaluate(script, base64.b64encode(label_map.tobytes()).decode())


def get_map(page):
    return read_bytes(page, IDS).reshape(HEIGHT, WIDTH)


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


def another_one(page):
    """Chooses the first of the four photos that "Another one" shows; returns its seed."""
    click(page, "Another one")
    chosen = page.locator(".cg-variant:not([aria-busy])").first
    seed = int(chosen.get_attribute("data-seed"))
    chosen.click()
    return seed


def hand_over(page, selector, event, file):
    """Pastes or drops a file on an element, as the browser does it: "paste" or "drop"."""
    script = """([selector, event, name, bytes]) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([Uint8Array.from(bytes)], name, { type: "image/png" }));
        const options = { bubbles: true, cancelable: true };
        const made = event === "paste"
            ? new ClipboardEvent("paste", { ...options, clipboardData: transfer })
            : new DragEvent("drop", { ...options, dataTransfer: transfer });
        document.querySelector(selector).dispatchEvent(made);
    }"""
    page.evaluate(script, [selector, event, file["name"], list(file["buffer"])])
