"""The palette is torchvision's, and every image finds its way to a label map."""

import numpy as np
import pytest
from torchvision.datasets import Cityscapes

from citygan import palette
from citygan.errors import CityGANError
from citygan.palette import CLASS_BY_ID, CLASSES, NEAR_DISTANCE, colorize, snap

IDS = np.array([c.id for c in CLASSES], np.uint8)
COLORS = np.array([c.color for c in CLASSES])
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


def test_a_label_map_survives_its_colors_in_every_class():
    label_map = IDS[np.random.default_rng(0).integers(len(IDS), size=(37, 53))]
    label_map[0, : len(IDS)] = IDS
    back, report = snap(colorize(label_map))
    assert np.array_equal(back, label_map)
    assert (report.exact, report.near, report.far, report.max_distance, report.snapped) == (1, 0, 0, 0, 0)


def test_snapping_undoes_noise_of_less_than_half_the_distance_to_the_next_color():
    rng = np.random.default_rng(0)
    label_map = np.repeat(IDS, 40).reshape(29, 40)
    distances = np.sqrt(((COLORS[:, None] - COLORS) ** 2).sum(-1)) + np.diag(np.full(29, np.inf))
    reach = np.minimum(0.49 * distances.min(1), NEAR_DISTANCE) / np.sqrt(
        3
    )  # so much in each of three channels
    noise = rng.integers(-1, 2, (29, 40, 3)) * reach.astype(int)[:, None, None]
    noisy = (colorize(label_map).astype(int) + noise).clip(0, 255).astype(np.uint8)
    back, report = snap(noisy)
    assert np.array_equal(back, label_map)
    assert report.far == 0
    assert 0 < report.near == report.snapped < 1


def test_snapping_finds_the_nearest_color_of_any_image():
    image = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    distances = np.sqrt(((image[..., None, :].astype(float) - COLORS) ** 2).sum(-1))
    label_map, report = snap(image)
    got = np.take_along_axis(distances, np.searchsorted(IDS, label_map)[..., None], -1)[..., 0]
    assert np.array_equal(got, distances.min(-1))
    assert report.max_distance == pytest.approx(got.max())
    assert report.exact == (got == 0).mean()
    assert report.near == pytest.approx(((got > 0) & (got <= NEAR_DISTANCE)).mean())
    assert report.far == pytest.approx((got > NEAR_DISTANCE).mean())


def test_photo_like_counts_pixels_far_from_their_class_and_leaves_out_the_unlabeled():
    r, g, b = CLASS_BY_ID[7].color
    image = np.array([[(r, g, b), (r + 16, g, b), (r + 17, g, b), (0, 0, 20), (0, 0, 0)]], np.uint8)
    label_map, report = snap(image)
    assert label_map.tolist() == [[7, 7, 7, 0, 0]]
    assert report.photo_like == pytest.approx(1 / 3)
    assert snap(np.zeros((2, 2, 3), np.uint8))[1].photo_like == 0


def test_of_two_colors_equally_near_the_lower_id_is_taken():
    image = np.random.default_rng(2).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    squared = ((image[..., None, :].astype(int) - COLORS) ** 2).sum(-1)
    assert np.array_equal(snap(image)[0], IDS[squared.argmin(-1)])


def test_the_shares_of_exact_near_and_far_pixels_sum_to_one():
    road, bright = CLASS_BY_ID[7].color, (0, 255, 0)
    image = np.array([[road] * 5 + [(road[0] + 3, *road[1:])] * 3 + [bright] * 2], np.uint8)
    label_map, report = snap(image)
    assert (report.exact, report.near, report.far) == pytest.approx((0.5, 0.3, 0.2))
    assert report.exact + report.near + report.far == pytest.approx(1)
    assert (label_map[0, :8] == 7).all()
    assert report.max_distance == pytest.approx(np.sqrt(((COLORS - bright) ** 2).sum(1).min()))


def test_the_corners_of_the_color_cube_are_snapped_too():
    corners = np.array(np.meshgrid([0, 255], [0, 255], [0, 255])).reshape(3, 1, 8).transpose(1, 2, 0)
    squared = ((corners[..., None, :] - COLORS) ** 2).sum(-1)
    assert np.array_equal(snap(corners.astype(np.uint8))[0], IDS[squared.argmin(-1)])


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ],
    ids=["grey", "alpha", "float", "empty"],
)
def test_snapping_anything_but_rgb_bytes_is_an_error_that_names_type_and_shape(image):
    with pytest.raises(CityGANError, match="uint8") as caught:
        snap(image)
    assert str(image.shape) in str(caught.value)
    assert str(image.dtype) in str(caught.value)


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
