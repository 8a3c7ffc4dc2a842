"""The notes on a map, and the buttons that mend it, in a real browser."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import expect
from studio_driver import CAR, ROAD, SKY, START, TREE, TRUCK, UNLABELED, click, get_map, set_map, with_box

BUS, PERSON = 28, 24

READ = """() => Number(document.querySelector(".cg-lint").dataset.revision)
    === document.querySelector(".cg-studio").painter.revision"""


def specks():
    label_map = START.copy()
    label_map[5:35:5, 5:100:7] = TREE
    return label_map


@pytest.mark.parametrize(
    ("key", "label_map", "mended"),
    [
        ("unlabeled", with_box(UNLABELED, size=25), lambda m: np.array_equal(m, START)),
        ("unseen", with_box(TRUCK), lambda m: np.array_equal(m, with_box(CAR))),
        ("road", np.full_like(START, SKY), lambda m: (m[-10:] == ROAD).mean() > 0.8),
        ("sky", np.full_like(START, ROAD), lambda m: (m[:20] == SKY).all()),
        ("small", specks(), lambda m: np.array_equal(m, START)),
    ],
)
def test_each_note_has_a_button_that_mends_the_map(studio, key, label_map, mended):
    set_map(studio, label_map)
    line = studio.locator(f'.cg-lint-line[data-key="{key}"]')
    line.get_by_role("button").click()
    expect(line).to_have_count(0)
    assert mended(get_map(studio))
    click(studio, "Undo")
    assert np.array_equal(get_map(studio), label_map)


def with_people(count):
    """So many people of 2 x 6 pixels, which the model cannot see."""
    label_map = START.copy()
    for n in range(count):
        label_map[45:51, 10 + 6 * n : 12 + 6 * n] = PERSON
    return label_map


@pytest.mark.parametrize(
    ("label_map", "noted"),
    [
        (with_people(3), False),  # crumbs of what was painted over
        (with_people(4), True),
        (specks()[:, :60].repeat(2, axis=1), True),
    ],
)
def test_small_regions_are_noted_only_when_things_or_many_are_lost(studio, label_map, noted):
    set_map(studio, label_map)
    studio.wait_for_function(READ)
    expect(studio.locator('.cg-lint-line[data-key="small"]')).to_have_count(int(noted))


def test_an_ordinary_edit_leaves_slivers_without_a_note(studio):
    sliver = START.copy()
    sliver[5, 5:100:4] = TREE  # 24 of them
    set_map(studio, sliver)
    studio.wait_for_function(READ)
    expect(studio.locator(".cg-lint-line")).to_have_count(0)


def test_all_classes_outside_the_training_are_one_note(studio):
    both = with_box(BUS, x=60, base=with_box(TRUCK))
    set_map(studio, both)
    line = studio.locator('.cg-lint-line[data-key="unseen"]')
    expect(line).to_contain_text("“truck”, “bus”")
    line.get_by_role("button", name="Use their relatives").click()
    assert np.array_equal(get_map(studio), with_box(CAR, x=60, base=with_box(CAR)))


def test_a_sound_map_has_no_notes(studio):
    studio.wait_for_function(READ)
    expect(studio.locator(".cg-lint-line")).to_have_count(0)
