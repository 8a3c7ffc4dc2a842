"""The palette is torchvision's, and each class that was never seen has a stand-in."""

import numpy as np
import pytest
from torchvision.datasets import Cityscapes

from citygan import palette
from citygan.errors import CityGANError
from citygan.palette import CLASS_BY_ID, CLASSES, colorize

IDS = np.array([c.id for c in CLASSES], np.uint8)
BY_NAME = {c.name: c.id for c in CLASSES}
CAMVID = frozenset({0, 7, 8, 11, 13, 17, 20, 21, 23, 24, 25, 26})


def test_every_name_category_and_color_is_torchvisions():
    theirs = {c.id: (c.name, c.category, c.color) for c in Cityscapes.classes}
    assert {c.id: (c.name, c.category, c.color) for c in CLASSES}.items() <= theirs.items()
    assert {c.color for c in CLASSES} == {c.color for c in Cityscapes.classes}


def test_no_two_classes_share_a_color_and_ids_rise():
    assert len({c.color for c in CLASSES}) == len(CLASSES) == 29
    assert [c.id for c in CLASSES] == sorted({c.id for c in CLASSES})
    assert {c.id: c for c in CLASSES} == CLASS_BY_ID


@pytest.mark.parametrize(
    ("name", "onto"),
    [
        ("ego vehicle", "unlabeled"),
        ("rectification border", "unlabeled"),
        ("out of roi", "unlabeled"),
        ("static", "unlabeled"),
        ("polegroup", "pole"),
        ("license plate", "car"),
    ],
)
def test_an_id_whose_color_is_taken_is_folded_onto_the_class_that_has_it(name, onto):
    their_id = next(c.id for c in Cityscapes.classes if c.name == name)
    assert palette.fold(np.array([[their_id]], np.int16)) == BY_NAME[onto]


def test_folding_keeps_the_color_of_every_torchvision_id():
    ids = np.array([[c.id for c in Cityscapes.classes]], np.int16)
    assert colorize(palette.fold(ids))[0].tolist() == [list(c.color) for c in Cityscapes.classes]


@pytest.mark.parametrize("bad", [34, 255, -2])
def test_folding_an_unknown_id_is_an_error_that_names_it(bad):
    with pytest.raises(CityGANError, match=rf"\[{bad}\].*0 to 33"):
        palette.fold(np.array([[7, bad]], np.int16))


def test_train_ids_become_the_ids_that_torchvision_gives_them_and_the_rest_unlabeled():
    wanted = {c.train_id: c.id for c in Cityscapes.classes if not c.ignore_in_eval}
    train_ids = np.arange(256, dtype=np.uint8)[None]
    assert palette.from_train_ids(train_ids)[0].tolist() == [wanted.get(i, 0) for i in range(256)]
    assert frozenset(range(19)) == palette.TRAIN_IDS


def test_a_label_map_is_returned_as_it_is():
    label_map = np.array([[0, 7], [33, 26]], np.uint8)
    assert palette.check_label_map(label_map) is label_map


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (np.zeros((2, 2), np.int64), r"int64 \(2, 2\)"),
        (np.zeros((2, 2, 3), np.uint8), r"uint8 \(2, 2, 3\)"),
        (np.zeros((0, 5), np.uint8), r"no pixels.*\(0, 5\)"),
        (np.array([[7, 34]], np.uint8), r"\[34\]"),
        (np.array([[1, 18]], np.uint8), r"\[1, 18\]"),
        ([[7]], "list"),
        (None, "NoneType"),
    ],
)
def test_what_is_no_label_map_is_an_error_that_says_what_it_is(wrong, message):
    with pytest.raises(CityGANError, match=message):
        palette.check_label_map(wrong)


def test_shares_fall_and_sum_to_one():
    shares = palette.shares(np.array([[7, 7, 7], [23, 23, 0]], np.uint8))
    assert list(shares.items()) == [(7, 1 / 2), (23, 1 / 3), (0, 1 / 6)]


@pytest.mark.parametrize(
    ("seen", "unseen", "stands_in"),
    [
        *[("car", vehicle, "car") for vehicle in ("bus", "truck", "train", "caravan", "trailer")],
        ("traffic sign", "traffic light", "traffic sign"),
        *[
            (one, other, one)
            for one in ("rider", "motorcycle", "bicycle")
            for other in ("rider", "motorcycle", "bicycle")
            if one != other
        ],
        ("fence", "wall", "fence"),
        ("vegetation", "terrain", "vegetation"),
        ("road", "parking", "road"),
        ("sky", "bus", "unlabeled"),
    ],
)
def test_an_unseen_class_is_drawn_as_the_nearest_one_that_was_seen(seen, unseen, stands_in):
    table = palette.substitutes(frozenset({0, BY_NAME[seen]}))
    assert table[BY_NAME[unseen]] == BY_NAME[stands_in]


def test_every_class_that_camvid_lacks_has_a_stand_in_that_camvid_has():
    table = palette.substitutes(CAMVID)
    assert set(table) == set(CLASS_BY_ID) - CAMVID
    assert set(table.values()) <= CAMVID
    assert [CLASS_BY_ID[i].name for i, to in table.items() if to == 0] == ["dynamic"]


def test_the_table_of_stand_ins_names_only_classes():
    assert set(palette.SUBSTITUTES) <= set(BY_NAME)
    assert {name for stand_ins in palette.SUBSTITUTES.values() for name in stand_ins} <= set(BY_NAME)


def test_seen_classes_stay_and_the_map_that_was_given_is_not_changed():
    label_map = IDS[None].copy()
    known = palette.replace_unseen(label_map, CAMVID)
    assert set(np.unique(known).tolist()) <= CAMVID
    assert np.array_equal(label_map, IDS[None])
    seen = np.isin(label_map, list(CAMVID))
    assert np.array_equal(known[seen], label_map[seen])
