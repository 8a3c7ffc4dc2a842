"""The drawn and the random streets are label maps that look like streets."""

import numpy as np
import pytest

from citygan.errors import CityGANError
from citygan.palette import CLASS_BY_ID, check_label_map, shares
from citygan.streets import NAMES, View, drive, random_street, street
from citygan.streets.specks import without_specks
from citygan.streets.traffic import Traffic

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


@pytest.mark.parametrize("which", [*NAMES, 12345])
def test_a_drive_begins_with_the_street_itself(which):
    still = street(which, 160, 120) if isinstance(which, str) else random_street(which, 160, 120)
    assert np.array_equal(drive(which, View(), 160, 120)[0], still)


@pytest.mark.parametrize("which", [*NAMES, 12345, 7])
def test_a_drive_goes_on_for_ever_and_stays_a_street(which):
    for at_m in (1.0, 60.0, 187.0, 191.0, 5000.0):
        label_map, camera = drive(which, View(at_m, at_m / 8), 160, 120)
        assert names_of(check_label_map(label_map)) <= CAMVID
        assert shares(label_map[60:])[7] > 0.25, f"little road at {at_m} m"
        assert shares(label_map)[23] > 0.02, f"little sky at {at_m} m"
        assert camera.at_m == at_m


@pytest.mark.parametrize("which", ["avenue", "tunnel of trees", "square", 12345])
def test_a_picture_of_a_drive_differs_a_little_from_the_one_before(which):
    maps = [drive(which, View(at_m, at_m / 8), 160, 120)[0] for at_m in (20.0, 20.4, 60.0)]
    near, far = ((maps[0] != other).mean() for other in maps[1:])
    assert 0.0 < near < 0.1
    assert near < far


def test_a_picture_of_a_drive_is_the_same_each_time():
    one, again = (drive("avenue", View(33.3, 4.0), 160, 120)[0] for _ in range(2))
    assert np.array_equal(one, again)


def test_cars_come_and_go_while_the_street_stands():
    cars = [
        set(np.flatnonzero((drive("empty", View(5.0, t), 320, 240)[0] == 26).any(0))) for t in range(0, 30, 2)
    ]
    assert any(cars)
    assert len({frozenset(columns) for columns in cars}) > 5


def test_traffic_before_us_is_never_nearer_than_at_the_start():
    for time_s in range(60):
        assert Traffic(View(8.0 * time_s, time_s), 1).ahead(12.0) - 8.0 * time_s >= 12.0


def test_a_car_toward_us_comes_nearer_until_it_has_passed():
    at = [Traffic(View(8.0 * t, t), 1).oncoming(26.0) - 8.0 * t for t in np.arange(0.0, 2.0, 0.25)]
    assert at == sorted(at, reverse=True)
    assert at[0] == 26.0
    assert at[-1] < 0
