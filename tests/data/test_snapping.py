"""Every image finds its way to a label map, and it is said how far it was."""

import numpy as np
import pytest

from citygan.data.snapping import NEAR_DISTANCE, snap
from citygan.errors import CityGANError
from citygan.palette import CLASS_BY_ID, CLASSES, colorize

IDS = np.array([c.id for c in CLASSES], np.uint8)
COLORS = np.array([c.color for c in CLASSES])


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
