"""How many photos a second a drive shows in a real Chromium, beside what the bare synthesizer makes.

`python benchmarks/driving.py [--quick] [--json FILE]`: ten seconds of a drive, and then a photo of one alone,
in turns with maps of one.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the app sets it

import shutil
import sys
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import tyro
from figures import ROOT, SERVING, Figures, alternating_medians_ms, serving
from painting import COMPILED
from playwright.sync_api import sync_playwright

from citygan import streets
from citygan.checkpoint import SHIPPED
from citygan.synthesis.synthesizer import Synthesizer

STREET = "tree-lined road"  # that the page begins with
WARM_UP = 10  # photos, until the drive has its full pace
FRAME_S = 0.1

# Runs in the page: when the photos of the drive came.
PROBE = """() => {
  window.came = [];
  new MutationObserver(() => {
    if (document.querySelector(".cg-drives .cg-shot")) window.came.push(performance.now());
  }).observe(document.querySelector(".cg-photo-frame"), { childList: true });
}"""


def drive(url: str, seconds: float, figures: Figures) -> None:
    """Adds the photos a second of a drive in the page."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
        page.goto(url)
        page.wait_for_selector(".cg-kept")
        page.evaluate(PROBE)
        page.get_by_role("button", name="Drive", exact=True).click()
        page.wait_for_function(f"window.came.length > {WARM_UP}")
        start = page.evaluate("performance.now()")
        page.wait_for_function("end => performance.now() > end", arg=start + 1000 * seconds)
        came = page.evaluate("start => window.came.filter((at) => at > start).length", start)
        browser.close()
    figures.add("photos a second of a drive in the page", came / seconds, "1/s")


def bare(model: Path | str, repeats: int, figures: Figures, *, compiled: bool) -> None:
    """Adds the photos a second of the synthesizer alone, and what it takes to draw a map of the drive."""
    synthesizer = Synthesizer(model, "cpu")
    if compiled:
        synthesizer.compile()
    info = synthesizer.info
    size = (round(info.height_px * info.aspect), info.height_px)
    frame = count(1)

    def draw():
        at = next(frame) * FRAME_S
        return streets.drive(STREET, streets.View(8 * at, at), *size)

    label_map, camera = draw()
    ground = streets.Ground(camera, 1.0)
    calls = {"photo": lambda: synthesizer(label_map, ground=ground), "map": draw}
    times = alternating_medians_ms(calls, repeats=repeats)
    figures.add("photos a second of the bare synthesizer", 1000 / times["photo"], "1/s")
    figures.add("a photo of a drive, bare", times["photo"], "ms")
    figures.add("a map of a drive", times["map"], "ms")


def main(
    *,
    quick: bool = False,
    json: Path | None = None,
    model: str = str(SHIPPED),
    compile: bool = True,
) -> None:
    """Prints the table.

    Args:
        quick: 3 s and 10 photos instead of 10 s and 50.
        json: Write the figures there, too.
        model: A checkpoint.
        compile: With compiled code, in the app as alone.
    """
    figures = Figures()
    command = [sys.executable, "-u", str(ROOT / "app.py"), "--model", model]
    awaited = {SERVING, COMPILED} if compile else {SERVING}
    with serving([*command, *([] if compile else ["--no-compile"]), "--port"], awaited) as url:
        drive(url, 3 if quick else 10, figures)
    bare(model, 10 if quick else 50, figures, compiled=compile)
    in_page, alone, *_ = (figure["value"] for figure in figures.figures.values())
    figures.add("share of the bare photos that the page shows", in_page / alone, "")
    figures.show(json)


if __name__ == "__main__":
    tyro.cli(main)
