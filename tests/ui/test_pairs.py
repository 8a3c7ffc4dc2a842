"""Blind pairs: the sides, the count, and the page in a real browser."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import tiny
from fakes import INFO
from playwright.sync_api import Locator, Page, expect

from citygan.data.layouts import DataError
from citygan.errors import CityGANError
from citygan.ui.page import launch_options
from citygan.ui.pairs import BACK, END, LEFT, NEITHER, PAIRS, RIGHT, Round, build_pairs, maps_to_judge

MAPS = [partial(np.full, (48, 64), label_id, np.uint8) for label_id in (7, 11, 21, 23)]
PATIENCE_S = 60
# A photo is one grey alone: its first pixel says who made it.
GREY = """async (image) => {
  await image.decode();
  const context = document.createElement("canvas").getContext("2d");
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, 1, 1).data[0];
}"""


class Painter:
    """A stand-in whose photos are of one grey, made while its gate is open."""

    def __init__(self, grey: int):
        self.grey = grey
        self.asked = threading.Event()
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, label_map: np.ndarray) -> np.ndarray:
        self.asked.set()
        assert self.gate.wait(PATIENCE_S)
        return np.full((*label_map.shape, 3), self.grey, np.uint8)


NEW, OLD = Painter(250), Painter(5)
MODELS = {"the-new": (NEW, replace(INFO, width_px=512, height_px=384)), "the-old": (OLD, INFO)}


@pytest.fixture(scope="module")
def url(serve):
    return serve(build_pairs(MODELS.__getitem__, "the-new", "the-old", MAPS), **launch_options())


def photo(page: Page, side: str) -> Locator:
    return page.get_by_alt_text(f"{side} photo")


def side_of_the_new(page: Page, number: int) -> str:
    """Waits for a pair, and looks at its photos."""
    expect(page.get_by_text(f"Pair {number} of {len(MAPS)}")).to_be_visible()
    greys = {side: photo(page, side).evaluate(GREY) for side in ("Left", "Right")}
    assert max(greys.values()) > 200 > 50 > min(greys.values())
    return max(greys, key=lambda side: greys[side])


def counted(page: Page) -> list[list[str]]:
    """The tiles of the count: who, how many, of how many."""
    expect(page.get_by_text("undecided")).to_be_visible()
    return [tile.split("\n") for tile in page.locator(".cg-figures > div").all_inner_texts()]


def test_the_same_seed_draws_the_same_sides_and_each_checkpoint_is_left_in_half_of_the_pairs():
    assert Round.draw(PAIRS, 1) == Round.draw(PAIRS, 1)
    drawn = {Round.draw(PAIRS, seed).first_is_left for seed in range(20)}
    assert len(drawn) == 20
    assert {sum(sides) for sides in drawn} == {PAIRS // 2}


def test_answers_count_for_who_stood_on_that_side():
    now = Round((True, False, False, True, False, True))
    for button in (LEFT, RIGHT, LEFT, RIGHT, LEFT, NEITHER):
        now = now.after(button)
    assert now.count() == (2, 3, 1)
    assert now.verdict("a", "b") == "blind pairs: 2 of 6 for a, 3 for b, 1 undecided"


def test_back_takes_the_last_answer_away_and_the_end_what_has_none():
    now = Round((True, False, True))
    assert now.after(BACK) == now
    assert now.after(RIGHT).after(BACK).after(LEFT).after(END) == Round((True,), (LEFT,))
    assert now.after(END).count() == (0, 0, 0)


def test_our_own_streets_make_thirty_different_maps():
    maps = [draw() for draw in maps_to_judge()]
    assert len({label_map.tobytes() for label_map in maps}) == PAIRS


def test_maps_of_a_data_set_are_spread_over_its_test_split(tmp_path):
    counts = {"train": 1, "test": 2 * PAIRS - 1}
    maps = maps_to_judge(tiny.write_camvid(tmp_path, counts))
    expected = [tiny.draw_labels(name) for name in tiny.names("test", counts)[::2]]
    np.testing.assert_array_equal([read() for read in maps], expected)


def test_a_data_set_without_a_test_split_is_refused(camvid):
    with pytest.raises(DataError, match="no samples for the split 'test'"):
        maps_to_judge(camvid)


def test_a_checkpoint_is_not_held_against_itself():
    with pytest.raises(CityGANError, match="both are the-new; name another one"):
        build_pairs(MODELS.__getitem__, "the-new", "the-new", MAPS)


def test_a_person_clicks_through_and_the_count_is_shown_and_printed(url, page, capsys):
    page.goto(url)
    for number in range(1, len(MAPS) + 1):
        side = side_of_the_new(page, number)
        boxes = [photo(page, name).bounding_box() for name in ("Left", "Right")]
        assert boxes[0]["x"] < boxes[1]["x"]
        assert [boxes[0][key] for key in ("y", "width", "height")] == [
            boxes[1][key] for key in ("y", "width", "height")
        ]
        assert not any(name in page.content() for name in MODELS)
        page.get_by_role("button", name=side if number < len(MAPS) else "Can't tell").click()
    assert counted(page) == [["the-new", "3", "of 4"], ["the-old", "0", "of 4"], ["undecided", "1", "of 4"]]
    assert "blind pairs: 3 of 4 for the-new, 0 for the-old, 1 undecided\n" in capsys.readouterr().out
    expect(page.get_by_role("button", name="Left")).to_have_count(0)


def test_arrow_keys_answer_backspace_goes_back_and_the_count_can_be_had_before_the_end(url, page, capsys):
    page.goto(url)
    page.keyboard.press({"Left": "ArrowLeft", "Right": "ArrowRight"}[side_of_the_new(page, 1)])
    side_of_the_new(page, 2)
    page.keyboard.press("Backspace")
    page.keyboard.press({"Left": "ArrowRight", "Right": "ArrowLeft"}[side_of_the_new(page, 1)])
    side_of_the_new(page, 2)
    page.keyboard.press("ArrowDown")
    side_of_the_new(page, 3)
    page.get_by_role("button", name="End here and count").click()
    assert counted(page) == [["the-new", "0", "of 2"], ["the-old", "1", "of 2"], ["undecided", "1", "of 2"]]
    assert "blind pairs: 0 of 2 for the-new, 1 for the-old, 1 undecided\n" in capsys.readouterr().out


def test_what_is_pressed_before_the_next_pair_is_there_counts_for_none(url, page):
    page.goto(url)
    side_of_the_new(page, 1)
    NEW.asked.clear()
    NEW.gate.clear()
    try:
        page.keyboard.press("ArrowLeft")
        assert NEW.asked.wait(PATIENCE_S)
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
    finally:
        NEW.gate.set()
    side_of_the_new(page, 2)
    page.get_by_role("button", name="End here and count").click()
    assert [row[2] for row in counted(page)] == ["of 1"] * 3
