"""The time-lapse is a video of what was painted beside its photos, from the first to the last."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect
from studio_driver import BUILDING, CAR, HEIGHT, START, WIDTH, choose, click, png, set_map, shown, with_box

from citygan.palette import colorize

# The first or the last picture of a video as [width, height, base64 of RGBA].
READ_FRAME = """async ([source, atEnd]) => {
    const video = document.createElement("video");
    video.muted = true;
    video.src = source;
    const once = (name) => new Promise((resolve, reject) => {
        video.addEventListener(name, resolve, { once: true });
        video.addEventListener("error", () => reject(video.error), { once: true });
    });
    await once("loadeddata");
    const there = Promise.all([
        once("seeked"),
        new Promise((resolve) => video.requestVideoFrameCallback(resolve)), // it may come later
    ]);
    video.currentTime = atEnd ? 1e9 : 0;
    await there;
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    const context = canvas.getContext("2d");
    context.drawImage(video, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    return [canvas.width, canvas.height, new Uint8Array(data).toBase64()];
}"""


def save_timelapse(page):
    click(page, "Download")
    page.locator('[data-file="timelapse"]').click()


def frame_of(page, path, *, at_end):
    """`(H, W, 3) uint8`"""
    kind = "mp4" if path.endswith("mp4") else "webm"
    data = base64.b64encode(Path(path).read_bytes()).decode()
    elsewhere = page.context.new_page()  # the page's own content policy lets it show no video
    width, height, pixels = elsewhere.evaluate(READ_FRAME, [f"data:video/{kind};base64,{data}", at_end])
    elsewhere.close()
    return np.frombuffer(base64.b64decode(pixels), np.uint8).reshape(height, width, 4)[..., :3]


def save_frames(studio, tmp_path):
    """The first and the last frame of what is saved."""
    with studio.expect_download() as download:
        save_timelapse(studio)
    path = str(tmp_path / download.value.suggested_filename)
    download.value.save_as(path)
    expect(studio.locator(".cg-message")).to_have_text("Time-lapse saved")
    return [frame_of(studio, path, at_end=end) for end in (False, True)]


def test_the_first_frame_shows_the_first_map_and_the_last_one_the_last_beside_its_photo(studio, tmp_path):
    building, car = (with_box(label_id, x=40, y=30, size=40) for label_id in (BUILDING, CAR))
    for label_map in (building, car):
        set_map(studio, label_map)
        shown(studio, label_map)
    first, last = save_frames(studio, tmp_path)
    height, width = first.shape[:2]
    assert width == 2 * round(height * WIDTH / HEIGHT)
    for frame, label_map in ((first, START), (last, car)):
        for left in (0, width // 2):  # the stand-in's photo is the map in colours
            for x, y in ((60, 50), (10, 10), (10, 70)):
                seen = frame[height * y // HEIGHT, left + width // 2 * x // WIDTH]
                wanted = colorize(label_map)[y, x]
                assert seen == pytest.approx(wanted, abs=24), (left, x, y)


def test_without_a_stroke_there_is_nothing_to_show(studio):
    save_timelapse(studio)
    expect(studio.locator(".cg-message")).to_have_text("Paint something first: there is nothing to show yet")


def test_a_time_lapse_has_the_shape_of_the_last_map_and_shows_earlier_ones_whole_inside_it(studio, tmp_path):
    wide = np.full((64, 128), BUILDING, np.uint8)
    choose(studio, "Open", png(colorize(wide)))
    shown(studio, wide)
    first, last = save_frames(studio, tmp_path)
    height, width = last.shape[:2]
    assert width == 4 * height
    left = (width // 2 - height * WIDTH // HEIGHT) // 2  # of the first map, which is narrower
    for start in (0, width // 2):
        assert first[height // 4, start + left // 2] == pytest.approx((0, 0, 0), abs=24)
        assert first[height // 4, start + width // 4] == pytest.approx(colorize(START)[10, 60], abs=24)
        assert last[height // 4, start + left // 2] == pytest.approx(colorize(wide)[0, 0], abs=24)
