"""Ids of three kinds: told apart by the street that comes of them."""

from __future__ import annotations

import numpy as np
import pytest

from citygan import streets
from citygan.data import readings
from citygan.data.layouts import CAMVID_IDS
from citygan.palette import CLASSES

VOID_CAMVID, VOID_TRAIN = 11, 255


def as_values(label_map: np.ndarray, key: str) -> np.ndarray:
    """A label map as a file of another kind holds it; classes that are not in it become void."""
    table = np.full(256, VOID_CAMVID if key == "camvid-ids" else VOID_TRAIN, np.uint8)
    known = {
        "label-ids": {c.id: c.id for c in CLASSES},
        "train-ids": {c.id: c.train_id for c in CLASSES if 0 <= c.train_id < VOID_TRAIN},
        "camvid-ids": {int(c): value for value, c in enumerate(CAMVID_IDS)},
    }[key]
    table[list(known)] = list(known.values())
    return table[label_map]


def without_top(label_map: np.ndarray) -> np.ndarray:
    return label_map[label_map.shape[0] // 3 :]


def left_half(label_map: np.ndarray) -> np.ndarray:
    return label_map[:, : label_map.shape[1] // 2]


@pytest.mark.parametrize("cut", [np.asarray, without_top, left_half])
@pytest.mark.parametrize("key", ["label-ids", "train-ids", "camvid-ids"])
def test_every_drawn_street_is_recognised_and_read_as_it_was_written(key, cut):
    drawn = [streets.street(name, 120, 90) for name in streets.NAMES if name != "empty"]
    drawn += [streets.random_street(seed, 120, 90) for seed in range(20)]
    for label_map in map(cut, drawn):
        values = as_values(label_map, key)
        assert readings.possible(values)[0] == key
        read = readings.classes_of(values, key)
        np.testing.assert_array_equal(as_values(read, key), values)


def test_a_reading_is_offered_where_it_has_a_class_for_every_value():
    def offered(*values: int) -> set[str]:
        return set(readings.possible(np.array([values], np.int32)))

    assert offered(0, 11, 255) == {"label-ids", "train-ids", "camvid-ids"}
    assert offered(0, 12) == {"label-ids", "train-ids"}
    assert offered(0, 19) == {"label-ids"}
    assert offered(0, 34) == offered(256) == offered(-1, 0) == set()


def test_255_is_rare_in_all_but_train_ids():
    values = np.array([[VOID_TRAIN, 7, 7], [VOID_TRAIN, 8, 8]], np.uint8)
    assert readings.possible(values)[0] == "train-ids"


def test_nothing_but_0_is_unlabeled_and_not_all_road_or_all_sky():
    assert readings.possible(np.zeros((6, 8), np.uint8))[0] == "label-ids"


def test_why_values_do_not_fit_is_said_with_the_value():
    assert readings.misfit(np.array([[3, 26]]), "camvid-ids").startswith(
        "its value 26 is none of the ids 0 to 11"
    )


def test_a_page_without_a_server_is_told_the_same_classes():
    for reading in readings.describe():
        values = np.array([[v for v, c in enumerate(reading["classes"]) if c is not None]])
        wanted = [c for c in reading["classes"] if c is not None]
        assert readings.classes_of(values, reading["key"]).tolist() == [wanted]
