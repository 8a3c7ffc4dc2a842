"""How quickly the photo follows the brush, in a real Chromium against the real app.

`python benchmarks/painting.py [--quick] [--json FILE]`: 20 strokes of 0.4 s, each in another place and class.
`--device browser` has the photos made in the browser (after `make runtime`).
"""

from __future__ import annotations

import math
import shutil
import sys
import time
from pathlib import Path
from typing import Literal

import numpy as np
import tyro
from figures import ROOT, SERVING, Figures, serving
from playwright.sync_api import Browser, Page, sync_playwright

STROKE_S = 0.4
MOVES = 25  # pointer moves of a stroke, as a 60 Hz mouse sends them
OPENED_WITHIN_MS = 120_000  # the browser's own generator
COMPILED = "photos are now made by compiled code"

# Runs in the page: times each pointer move's script, and pointer-up to the photo of that very map.
PROBE = """async (wireUrl) => {
  const { crc32 } = await import(wireUrl);
  const root = document.querySelector(".cg-studio");
  const probe = (window.probe = { moves: [], strokes: [], photos: 0 });
  let started = 0;
  addEventListener("pointermove", () => (started = performance.now()), true);
  addEventListener("pointermove", () => probe.moves.push(performance.now() - started));
  new MutationObserver(() => probe.photos++).observe(root.querySelector(".cg-photo"), {
    subtree: true, attributes: true, childList: true, attributeFilter: ["data-crc32"] });
  addEventListener("pointerup", () => {
    const lifted = performance.now();
    queueMicrotask(() => {
      const wanted = String(crc32(root.painter.ids));
      const look = () => {
        const photo = root.querySelector(`.cg-photo [data-crc32="${wanted}"]`);
        if (photo?.complete) probe.strokes.push(performance.now() - lifted);
        else requestAnimationFrame(look);
      };
      look();
    });
  });
}"""

# Runs in a page that opens: when its canvas was there, and when its first photo.
FIRST = """new MutationObserver(() => {
  const seen = (window.seen ??= {});
  if (document.querySelector(".cg-stage")) seen.page ??= performance.now();
  if (document.querySelector(".cg-photo [data-crc32]")) seen.photo ??= performance.now();
}).observe(document, { subtree: true, childList: true, attributes: true });"""


def paint(page: Page, strokes: int) -> None:
    """Paints strokes as a person does, each until its photo is there."""
    box = page.locator(".cg-stage").bounding_box()
    for i in range(strokes):
        page.keyboard.press(str(1 + i % 6))
        x, y = 0.15 + 0.7 * (i * 0.381966 % 1), 0.15 + 0.7 * (i * 0.618034 % 1)
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        page.mouse.down()
        start = time.perf_counter()
        for k in range(1, MOVES + 1):
            dx, dy = 0.12 * k / MOVES, 0.06 * math.sin(6 * k / MOVES)
            page.mouse.move(box["x"] + (x + dx) * box["width"], box["y"] + (y + dy) * box["height"])
            left = start + STROKE_S * k / MOVES - time.perf_counter()
            if left > 0:
                time.sleep(left)
        page.mouse.up()
        page.wait_for_function("n => window.probe.strokes.length === n", arg=i + 1)


def measure_first_photo(browser: Browser, command: list[str], figures: Figures) -> None:
    """Adds how long the first visitor of a new process waits for a photo, from when the page is there."""
    with serving([*command, "--port"], {SERVING}) as url:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.add_init_script(FIRST)
        page.goto(url)
        page.wait_for_function("window.seen?.photo")
        waited = page.evaluate("window.seen.photo - window.seen.page")
        page.close()
    figures.add("first photo of a new process, after its page", waited, "ms", at_most=500)


def run_here(page: Page) -> None:
    """Has the browser make the photos, and waits until it does."""
    page.get_by_role("button", name="this device", exact=True).click()
    name = page.locator(".cg-where-name", has_text="this device")
    name.wait_for(timeout=OPENED_WITHIN_MS)
    print(name.text_content())


def measure(page: Page, url: str, strokes: int, figures: Figures, *, in_browser: bool) -> None:
    """Adds the figures of one visit."""
    sent: list[int] = []
    page.on(
        "request",
        lambda r: sent.append(len(r.post_data_buffer or b"")) if "component_server" in r.url else None,
    )
    page.goto(url)
    page.wait_for_selector(".cg-photo [data-crc32]")
    if in_browser:
        run_here(page)
    page.locator(".cg-stage").focus()
    wire = page.evaluate(
        "performance.getEntriesByType('resource').map(e => e.name).find(name => name.includes('wire.js'))"
    )
    page.evaluate(PROBE, wire)
    sent.clear()
    start = time.perf_counter()
    paint(page, strokes)
    seconds = time.perf_counter() - start
    if in_browser and "this device" not in (page.locator(".cg-where-name").text_content() or ""):
        sys.exit(page.locator(".cg-message").text_content())
    probe = page.evaluate("window.probe")
    delays, moves = np.array(probe["strokes"]), np.array(probe["moves"])
    figures.add("stroke end to its photo, p50", float(np.percentile(delays, 50)), "ms", at_most=70)
    figures.add("stroke end to its photo, p95", float(np.percentile(delays, 95)), "ms", at_most=150)
    figures.add("photos a second while painting", probe["photos"] / seconds, "1/s", at_least=10)
    figures.add("requests a stroke", len(sent) / strokes, "")
    figures.add("bytes sent a stroke", sum(sent) / strokes, "B")
    figures.add("script a pointer move, median", float(np.median(moves)), "ms")
    figures.add("script a pointer move, longest", float(moves.max()), "ms", at_most=8)


def main(
    *,
    quick: bool = False,
    json: Path | None = None,
    model: str | None = None,
    compile: bool = True,
    device: Literal["server", "browser"] = "server",
) -> None:
    """Prints the table.

    Args:
        quick: 6 strokes instead of 20.
        json: Write the figures there, too.
        model: A checkpoint; by default the shipped one.
        compile: Wait until the generator is compiled, where the server makes the photos.
        device: Who makes the photos.
    """
    compile = compile and device == "server"
    figures = Figures()
    command = [sys.executable, "-u", str(ROOT / "app.py"), *(["--model", model] if model else [])]
    awaited = {SERVING, COMPILED} if compile else {SERVING}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        measure_first_photo(browser, command, figures)
        with serving([*command, *([] if compile else ["--no-compile"]), "--port"], awaited) as url:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            measure(page, url, 6 if quick else 20, figures, in_browser=device == "browser")
        browser.close()
    figures.show(json)


if __name__ == "__main__":
    tyro.cli(main)
