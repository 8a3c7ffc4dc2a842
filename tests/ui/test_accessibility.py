"""axe-core finds nothing against WCAG 2 A and AA, whatever is open on the page."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page, expect
from tabs import PHONE

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

LOOKS = {"light": ({}, "light"), "dark": ({}, "dark"), "phone": (PHONE, "light")}

# Gradio dims an output while it is being made, and axe would measure the dimmed colours.
SHOWN_IN_FULL = """() => {
  for (let node = document.querySelector("#cg-scores dt"); node; node = node.parentElement)
    if (getComputedStyle(node).opacity !== "1") return false;
  return true;
}"""


@pytest.fixture(params=LOOKS)
def page(request, open_page: Callable[..., Page], whole_page: str) -> Page:
    """The Paint tab with its first photo, without motion: axe would see colours on their way."""
    look, scheme = LOOKS[request.param]
    page = open_page(**look)
    page.emulate_media(reduced_motion="reduce", color_scheme=scheme)
    page.goto(whole_page)
    page.locator(".cg-kept").wait_for()
    return page


def violations(page: Page) -> list[str]:
    options = {"runOnly": RULES, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{rule['help']}: {node['target']}" for rule in found for node in rule["nodes"]]


def test_the_paint_tab_has_no_violations(page):
    assert violations(page) == []


def test_the_menus_and_the_help_have_no_violations(page):
    for name in ("Shapes", "Stamps", "More", "Streets", "Another one", "Download"):
        opener = page.get_by_role("button", name=name, exact=True)
        if not opener.is_visible():
            page.get_by_role("button", name="File", exact=True).click()
        opener.click()
        expect(opener).to_have_attribute("aria-expanded", "true")
        assert violations(page) == [], name
        page.keyboard.press("Escape")
    page.locator(".cg-stage").press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    assert violations(page) == []


def test_what_the_studio_says_about_a_map_has_no_violations(page):
    page.get_by_role("button", name="More classes").click()
    page.locator(".cg-class", has_text="bus").click()
    page.locator(".cg-stage").press("Delete")
    page.get_by_role("button", name="Add a road").wait_for()
    assert violations(page) == []
    page.locator(".cg-stage").click(position={"x": 20, "y": 20})
    page.locator(".cg-lint-line").first.wait_for()
    page.locator(".cg-pin").first.click()
    expect(page.locator(".cg-pinned")).to_be_visible()
    assert violations(page) == []


def test_the_upload_tab_with_a_result_has_no_violations(page, tmp_path):
    page.get_by_role("tab", name="Upload").click()
    page.get_by_role("button", name="Draw the street").first.wait_for()
    page.get_by_role("button", name="Target photo and seed").click()
    for field in ("label", "target"):
        Image.fromarray(np.full((64, 96), 7, np.uint8)).save(tmp_path / f"{field}.png")
        page.locator(f"#cg-{field}-file input[type=file]").set_input_files(tmp_path / f"{field}.png")
        page.locator(f"#cg-{field}-file img").wait_for()
    page.locator("#cg-generate").click()
    page.locator("#cg-scores", has_text="SSIM").wait_for()
    page.locator("#cg-photo img").wait_for()
    page.wait_for_function(SHOWN_IN_FULL)
    assert violations(page) == []


TABS_TO_THE_CANVAS = 5


def test_the_canvas_is_few_tab_stops_away(open_page, whole_page):
    page = open_page()
    page.goto(whole_page)
    page.locator(".cg-kept").wait_for()
    page.evaluate("document.activeElement.blur()")
    stops = []
    while "cg-stage" not in stops[-1:] and len(stops) < 30:
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement.className || document.activeElement.innerText"))
    assert len(stops) <= TABS_TO_THE_CANVAS, stops


def test_arrows_move_in_the_toolbar_and_pass_over_what_cannot_be_pressed(open_page, whole_page):
    page = open_page()
    page.goto(whole_page)
    page.get_by_role("button", name="Brush", exact=True).focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name="Eraser", exact=True)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("button", name="Share", exact=True)).to_be_focused()
    page.get_by_role("button", name="Stamps").focus()
    page.keyboard.press("ArrowRight")  # there is nothing to undo
    expect(page.get_by_role("button", name="More", exact=True)).to_be_focused()
    assert page.locator(".cg-toolbar button[tabindex='0']").count() == 1


def test_forced_colours_show_what_is_chosen(open_page, whole_page):
    page = open_page()
    page.emulate_media(forced_colors="active")
    page.goto(whole_page)
    page.locator(".cg-kept").wait_for()
    framed = "node => getComputedStyle(node).outlineStyle"
    pairs = [
        [page.locator(f".cg-toolbar [aria-pressed={on}]").first for on in ("true", "false")],
        [page.locator(f".cg-class[aria-pressed={on}]").first for on in ("true", "false")],
        [page.get_by_role("tab", selected=on) for on in (True, False)],
    ]
    for chosen, other in pairs:
        assert chosen.evaluate(framed) == "solid"
        assert other.evaluate(framed) == "none"
    color = "node => getComputedStyle(node).backgroundColor"
    switch = page.locator(".cg-live input").first
    on = switch.evaluate(color)
    switch.uncheck()
    assert switch.evaluate(color) != on
