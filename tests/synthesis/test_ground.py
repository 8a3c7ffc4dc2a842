"""The noise of a drive stays with the ground, and is as normal as what a seed draws."""

import numpy as np
import pytest
import torch

from citygan.streets import Ground, View, drive
from citygan.synthesis.ground import depths, noise_on_ground

SIZE = (192, 256)
ROAD = 7


def planes(seed=1):
    rng = torch.Generator().manual_seed(seed)
    return [torch.randn(1, 1, SIZE[0] >> i, SIZE[1] >> i, generator=rng) for i in (4, 3, 2, 1)]


def pictures(*places_m):
    return [drive("avenue", View(at_m, at_m / 8), SIZE[1], SIZE[0]) for at_m in places_m]


def followed(before, after, plane):
    """How alike the noise of the road is where the same places of it are in the next picture, and on the same
    pixels: two correlations."""
    (label_map, camera), (_, later) = before, after
    one, other = (
        noise_on_ground(planes(), m, Ground(c, 1.0), 5)[plane][0, 0].numpy() for m, c in (before, after)
    )
    height, width = one.shape
    aspect = SIZE[1] / SIZE[0]
    down = (np.arange(height) + 0.5)[:, None] / height - camera.horizon
    across = ((np.arange(width) + 0.5)[None] / width - camera.center) * aspect
    step = SIZE[0] // height
    road = (label_map[step // 2 :: step, step // 2 :: step] == ROAD) & (down > 0.08)
    z = camera.focal * camera.eye_m / np.maximum(down, 0.08)
    x = (across / camera.focal - camera.bend * z) * z
    z_later = z - (later.at_m - camera.at_m)
    row = np.round((later.focal * later.eye_m / z_later + later.horizon) * height - 0.5)
    column = np.round(
        (later.focal * (x / z_later + later.bend * z_later) / aspect + later.center) * width - 0.5
    )
    row = np.broadcast_to(row, road.shape)
    seen = road & (row < height) & (column >= 0) & (column < width)
    there = other[row[seen].astype(int), column[seen].astype(int)]
    return np.corrcoef(one[seen], there)[0, 1], np.corrcoef(one[seen], other[seen])[0, 1]


@pytest.mark.parametrize("plane", [2, 3])
def test_noise_stays_with_the_road_and_not_with_the_image(plane):
    on_road, on_image = followed(*pictures(30.0, 30.5), plane)
    assert on_road > 0.5
    assert on_image < on_road - 0.2


def test_it_is_as_normal_as_what_the_seed_draws():
    (label_map, camera), *_ = pictures(30.0)
    fine = noise_on_ground(planes(), label_map, Ground(camera, 1.0), 5)[-1]
    assert abs(fine.mean().item()) < 0.05
    assert fine.std().item() == pytest.approx(1.0, abs=0.08)


def test_at_rest_it_is_what_the_seed_draws_and_from_there_it_changes_by_little():
    (label_map, camera), *_ = pictures(30.0)
    still, slow = (noise_on_ground(planes(), label_map, Ground(camera, share), 5) for share in (0.0, 0.05))
    for drawn, at_rest, later in zip(planes(), still, slow, strict=True):
        assert torch.equal(drawn, at_rest)
        assert drawn.shape == later.shape
        assert (drawn - later).abs().mean() < 0.15


def test_another_seed_is_other_noise():
    (label_map, camera), *_ = pictures(30.0)
    one, other = (noise_on_ground(planes(), label_map, Ground(camera, 1.0), seed)[-1] for seed in (1, 2))
    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.1


def test_what_stands_is_as_far_as_the_ground_below_it():
    (_, camera), *_ = pictures(0.0)
    ids = np.full((10, 4), 23, np.uint8)  # sky
    ids[6:] = ROAD
    ids[3:8, 1] = 26  # a car whose wheels are in row 7
    down = ((np.arange(10) + 0.5) / 10 - 0.5)[:, None]
    far, flat = depths(ids, camera, down)
    wheels = camera.focal * camera.eye_m / down[8, 0]
    assert far[3:8, 1] == pytest.approx(np.full(5, wheels))
    assert flat[6:, 0].all()
    assert not flat[:8, 1].any()
    assert far[0, 0] > 1000  # the sky does not come nearer
