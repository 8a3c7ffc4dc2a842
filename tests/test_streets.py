"""The drawn and the random streets are label maps that look like streets."""

import numpy as np
import pytest

from citygan.errors import CityGANError
from citygan.palette import CLASS_BY_ID, check_label_map, shares
from citygan.streets import NAMES, random_street, street
from citygan.streets.specks import without_specks

CAMVID = {"road", "sidewalk", "building", "fence", "pole", "traffic sign", "vegetation", "sky", "person"}
CAMVID |= {"rider", "car", "unlabeled"}


def names_of(label_map):
    return {CLASS_BY_ID[i].name for i in shares(label_map)}


def test_there_are_eight_streets():
    assert (
        *("avenue", "junction", "tree-lined road", "shops"),
        *("motorway", "square", "tunnel of trees", "empty"),
    ) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_street_is_a_label_map_with_road_below_and_sky_above(name):
    label_map = check_label_map(street(name))
    assert label_map.shape == (512, 684)
    assert names_of(label_map) <= CAMVID
    assert "road" in names_of(label_map[-40:])
    assert "sky" in names_of(label_map[:200])


@pytest.mark.parametrize("name", NAMES)
def test_a_street_is_the_same_each_time(name):
    assert np.array_equal(street(name, 160, 120), street(name, 160, 120))


@pytest.mark.parametrize(("width_px", "height_px"), [(1024, 512), (340, 256), (16, 16), (64, 300)])
def test_a_street_has_the_size_that_was_asked_for(width_px, height_px):
    assert check_label_map(street("shops", width_px, height_px)).shape == (height_px, width_px)


def test_no_two_random_streets_are_alike():
    maps = [random_street(seed, 160, 120) for seed in range(30)]
    for i, one in enumerate(maps):
        for other in maps[:i]:
            assert (one != other).mean() > 0.1


def test_a_seed_draws_the_same_random_street_again():
    assert np.array_equal(random_street(2**31 - 1, 160, 120), random_street(2**31 - 1, 160, 120))


def test_random_streets_have_road_below_and_sky_above():
    for seed in range(30):
        label_map = check_label_map(random_street(seed, 160, 120))
        assert names_of(label_map) <= CAMVID
        assert shares(label_map[60:])[7] > 0.3, f"little road in seed {seed}"
        assert shares(label_map[:60]).get(23, 0) > 0.05, f"little sky in seed {seed}"


def test_a_negative_seed_is_an_error_that_names_it():
    with pytest.raises(CityGANError, match="-1"):
        random_street(-1)


def test_an_unknown_name_is_an_error_that_lists_the_streets():
    with pytest.raises(CityGANError, match=r"'boulevard'.*avenue.*empty"):
        street("boulevard")


@pytest.mark.parametrize(("width_px", "height_px"), [(0, 100), (100, 4000)])
def test_an_impossible_size_is_an_error_that_names_it(width_px, height_px):
    with pytest.raises(CityGANError, match=f"{width_px} x {height_px}"):
        random_street(1, width_px, height_px)


def test_specks_take_the_class_beside_them_and_larger_regions_stay():
    label_map = np.full((12, 20), 23, np.uint8)
    label_map[6:] = 7
    clean = label_map.copy()
    clean[1:5, 10:15] = 21  # 20 pixels
    label_map[1:5, 10:15] = 21
    label_map[0, 0] = label_map[8, 0] = label_map[11, 19] = 26
    label_map[2:4, 3:6] = 11
    label_map[2, 4] = 24  # a speck in a speck
    label_map[3, 12] = 17
    label_map[0, 0] = 23
    assert np.array_equal(without_specks(label_map, 16), clean)


def test_regions_that_touch_at_corners_only_are_two():
    label_map = np.full((8, 8), 23, np.uint8)
    label_map[0:3, 1:4] = label_map[3:6, 4:7] = 7
    assert (without_specks(label_map, 10) == 23).all()


def test_a_region_in_the_form_of_a_comb_is_one():
    label_map = np.full((9, 9), 23, np.uint8)
    label_map[1:8, 1:8:2] = label_map[7, 1:8] = 7
    assert np.array_equal(without_specks(label_map, 20), label_map)
