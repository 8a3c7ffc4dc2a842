"""What the browser keeps by itself: the map of each tab, and what was in hand."""

from __future__ import annotations

import numpy as np
from playwright.sync_api import expect
from studio_driver import CAR, START, TREE, TRUCK, another_one, click, get_map, set_map, shown, with_box

KEPT = "Object.keys(localStorage).filter((key) => key.startsWith('citygan:map:')).length"
HAND = "document.querySelector('.cg-studio').painter.hand"


def paint(page, label_map, maps_kept=1):
    """Paints a map, and waits until the browser has it."""
    set_map(page, label_map)
    page.wait_for_function(f"{KEPT} === {maps_kept}")


def another_tab(page, url):
    """One more tab of the same visitor."""
    other = page.context.new_page()
    other.goto(url)
    return other


def test_a_reload_brings_back_the_map_and_the_hand_at_once(studio):
    set_map(studio, with_box(CAR))
    studio.locator(".cg-stage").focus()
    for key in ("6", "l", "]"):
        studio.keyboard.press(key)
    hand = studio.evaluate(HAND)
    assert (hand["tool"], hand["classId"], hand["size"]) == ("line", CAR, 28)
    studio.reload()  # sooner than the map is kept by itself
    shown(studio, with_box(CAR))
    assert studio.evaluate(HAND) == hand
    expect(studio.locator(".cg-in-hand")).to_contain_text("car")
    expect(studio.get_by_role("button", name="Undo", exact=True)).to_be_disabled()


def test_a_reload_brings_back_the_seed(studio):
    another_one(studio)
    seed = studio.wait_for_selector('.cg-shot:not([data-seed=""])').get_attribute("data-seed")
    studio.reload()
    studio.wait_for_selector(f'.cg-shot[data-seed="{seed}"]')


def test_start_fresh_can_be_undone_and_the_old_map_stays_in_reach(studio):
    paint(studio, with_box(CAR))
    click(studio, "Streets")
    click(studio, "Start fresh")
    shown(studio, START)
    click(studio, "Undo")
    shown(studio, with_box(CAR))
    click(studio, "Redo")
    paint(studio, with_box(TREE), maps_kept=2)
    studio.reload()
    shown(studio, with_box(TREE))
    click(studio, "Streets")
    studio.locator(".cg-painted .cg-street").click()
    shown(studio, with_box(CAR))


def test_tabs_have_a_map_each(app, studio):
    paint(studio, with_box(CAR))
    other = another_tab(studio, app.url)
    shown(other, with_box(CAR))  # it begins with what was painted last
    paint(other, with_box(TREE), maps_kept=2)
    for page, label_map in ((studio, with_box(CAR)), (other, with_box(TREE))):
        page.reload()
        shown(page, label_map)
    other.close()
    assert np.array_equal(get_map(studio), with_box(CAR))


def test_a_tab_that_was_never_painted_in_keeps_no_map(app, studio):
    paint(studio, with_box(CAR))
    other = another_tab(studio, app.url)
    shown(other, with_box(CAR))
    other.reload()
    shown(other, with_box(CAR))
    assert other.evaluate(KEPT) == 1
    other.close()


def test_the_map_of_a_link_takes_the_place_of_none_that_was_kept(app, studio):
    set_map(studio, with_box(TRUCK))
    click(studio, "Share")
    link = studio.get_by_label("Link to this map").get_by_role("textbox").input_value()
    click(studio, "Close")
    paint(studio, with_box(CAR))
    other = another_tab(studio, link)
    shown(other, with_box(TRUCK))
    other.wait_for_function(f"{KEPT} === 2")
    other.reload()
    shown(other, with_box(TRUCK))
    click(other, "Streets")
    expect(other.locator(".cg-painted .cg-street")).to_have_count(1)
    other.close()


def test_where_the_memory_is_full_the_oldest_map_makes_room(studio):
    studio.evaluate("""() => {
        const map = { width: 1, height: 1, encoding: "raw", data: "Bw==" };
        let text = JSON.stringify({ version: 1, map, seed: null, at: 1 });
        for (let more = 2 ** 22; more >= 1; more /= 2) {
            try {
                localStorage.setItem("citygan:map:1", text + " ".repeat(more));
                text += " ".repeat(more);
            } catch {}
        }
    }""")
    set_map(studio, with_box(CAR))
    studio.wait_for_function(f"!('citygan:map:1' in localStorage) && {KEPT} === 1")
    studio.reload()
    shown(studio, with_box(CAR))


def test_a_stored_map_that_cannot_be_read_is_passed_over(studio):
    studio.evaluate("localStorage.setItem('citygan:map:1', '{\"map\": {}}')")
    studio.reload()
    shown(studio, START)
