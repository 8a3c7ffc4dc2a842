"""Each judge finds what it is for, and only that."""

import numpy as np
import pytest
import torch
from torch.nn.functional import avg_pool2d, interpolate

from citygan.evaluation import judges
from citygan.evaluation.scores import confusion


def textures(count=8, side_px=64, seed=0):
    """Photos of coloured blobs with some grain: no two are equal, all are of a kind."""
    rng = torch.Generator().manual_seed(seed)
    blobs = torch.rand(count, 3, 6, 6, generator=rng) * 120 + 30
    whole = interpolate(blobs, (side_px, side_px), mode="bilinear")
    return (whole + 25 * torch.rand(whole.shape, generator=rng)).clamp(0, 255).byte()


def blurred(photos):
    return avg_pool2d(photos.float(), 5, 1, 2, count_include_pad=False).byte()


def distances(found, real):
    a, b = judges.patches(found, seed=1), judges.patches(real, seed=2)
    return {px: 1e3 * judges.sliced_wasserstein(a[px], b[px]) for px in a}


# KID


@pytest.fixture(scope="module")
def network():
    return judges.RandomFeatures()


def test_kid_is_near_zero_for_photos_of_a_kind_and_far_for_inverted_ones(network):
    real, same, other = textures(seed=0), textures(seed=1), 255 - textures(seed=2)
    there = judges.features(network, real)
    floor, far = (judges.kid(judges.features(network, photos), there)[0] for photos in (same, other))
    assert far > 20 * abs(floor)


def test_kid_is_the_unbiased_estimate_of_its_paper():
    found, real = torch.rand(4, 3), torch.rand(4, 3) + 1
    x, y = (part / real.square().mean().sqrt() for part in (found, real))
    kernel = [(a @ b.T / 3 + 1) ** 3 for a, b in ((x, x), (y, y), (x, y))]
    within = sum((k.sum() - k.trace()) / 12 for k in kernel[:2])
    mean, deviation = judges.kid(found, real)
    assert mean == pytest.approx(float(within - 2 * kernel[2].mean()), rel=1e-4)
    assert deviation == pytest.approx(0, abs=1e-5)  # four photos are one subset


def test_kid_does_not_mind_the_scale_of_features_and_is_the_same_each_time():
    found, real = torch.rand(60, 5), torch.rand(60, 5)
    torch.manual_seed(1)
    once = judges.kid(found, real)
    torch.manual_seed(2)
    before = torch.random.get_rng_state()
    assert judges.kid(found * 1000, real * 1000) == pytest.approx(once, rel=1e-3)
    assert judges.kid(found, real) == once
    assert once[1] > 0
    assert torch.equal(torch.random.get_rng_state(), before)


def test_random_features_are_those_of_their_seed_and_take_bytes_as_numbers(network):
    photos = textures(2)
    here = judges.features(network, photos)
    assert here.shape == (2, 64 + 128 + 256 + 512 + 512)
    assert torch.equal(here, judges.features(judges.RandomFeatures(), photos))
    assert torch.equal(here, judges.features(network, photos.float()))
    assert not torch.allclose(here, judges.features(judges.RandomFeatures(1), photos))
    stages = here.split([64, 128, 256, 512, 512], 1)
    scales = [float(stage.square().mean().sqrt()) for stage in stages]
    assert max(scales) < 10 * min(scales)  # none drowns the others


# Sliced Wasserstein distance


@pytest.mark.parametrize(("height_px", "width_px"), [(64, 64), (48, 64), (50, 71)])
def test_a_pyramid_holds_all_of_the_photo(height_px, width_px):
    photo = torch.rand(1, 3, height_px, width_px)
    levels = judges.pyramid(photo)
    assert min(levels[-1].shape[2:]) in range(16, 32)
    whole = levels[-1]
    for level in levels[-2::-1]:
        wide = torch.zeros_like(level)
        wide[..., ::2, ::2] = whole
        whole = level + 4 * judges._smoothed(wide)
    torch.testing.assert_close(whole, photo)


def test_all_but_the_last_level_of_a_flat_photo_are_empty():
    *fine, last = judges.pyramid(torch.full((1, 3, 64, 64), 90.0))
    for level in fine:
        torch.testing.assert_close(level[..., 4:-4, 4:-4], torch.zeros_like(level)[..., 4:-4, 4:-4])
    torch.testing.assert_close(last, torch.full((1, 3, 16, 16), 90.0))


def test_patches_are_cut_from_their_photo_and_reach_its_border():
    places = torch.arange(32 * 32).view(1, 1, 32, 32).expand(2, 3, -1, -1).float()
    cut = judges._cut(places, torch.Generator().manual_seed(0))
    assert cut.shape == (2, 128, 3, 7, 7)
    starts = cut[..., :1, :1]
    offsets = torch.arange(7)[:, None] * 32 + torch.arange(7)
    assert torch.equal(cut, starts + offsets)
    rows, columns = starts // 32, starts % 32
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (0, 25, 0, 25)


def test_wasserstein_is_the_mean_difference_of_what_is_sorted():
    one = judges.patches(textures(3, seed=1))[64]
    other = judges.patches(textures(3, seed=2))[64]
    assert judges.sliced_wasserstein(one, one) == 0
    assert judges.sliced_wasserstein(one, other) > 0
    shuffled = one.flatten(0, 1)[torch.randperm(3 * 128)].view_as(one)
    assert judges.sliced_wasserstein(one, shuffled) == pytest.approx(0, abs=1e-6)
    assert judges.sliced_wasserstein(one, 3 * one + 20) == pytest.approx(0, abs=1e-5)  # cast and contrast


def test_wasserstein_needs_as_many_photos_of_both():
    cut = judges.patches(textures(2))[64]
    with pytest.raises(ValueError, match="2 and 1 photos"):
        judges.sliced_wasserstein(cut, cut[:1])


def test_combs_of_fine_lines_are_found_at_the_finest_level_alone():
    real, combed = textures(seed=0), textures(seed=1)
    combed[..., 24:40, ::2] += 40
    combed[..., 24:40, 1::2] -= 30  # blobs and grain lie between 30 and 175
    floor, found = distances(textures(seed=1), real), distances(combed, real)
    assert found[64] > 3 * floor[64]
    assert found[16] < 2 * floor[16]


def test_blur_moves_the_finest_level_more_than_the_coarsest():
    real = textures(seed=0)
    real[:, :, ::4, ::4] = 255  # specks, which blur takes away
    found = textures(seed=1)
    found[:, :, ::4, ::4] = 255
    floor, far = distances(found, real), distances(blurred(found), real)
    assert far[64] > 3 * floor[64]
    assert far[64] / floor[64] > far[16] / floor[16]


# Streaks


def test_noise_has_no_streaks_and_a_flat_photo_none_either():
    noise = torch.randint(0, 256, (4, 3, 96, 128), dtype=torch.uint8)
    np.testing.assert_allclose(judges.streaks(noise), 1, atol=0.25)
    np.testing.assert_allclose(judges.streaks(torch.full((1, 3, 64, 64), 80, dtype=torch.uint8)), 1, atol=0.1)


def test_vertical_stripes_raise_streaks_and_horizontal_ones_lower_them():
    plain, striped = textures(2), textures(2)
    striped[..., ::4] = 0
    assert (judges.streaks(striped) > 5 * judges.streaks(plain)).all()
    lying = judges.streaks(striped.transpose(2, 3))
    np.testing.assert_allclose(lying, 1 / judges.streaks(striped), rtol=1e-2)


def test_a_slope_from_top_to_bottom_counts_for_nothing():
    slope = torch.arange(64, dtype=torch.uint8)[:, None].expand(1, 3, 64, 64)
    grain = textures(1)
    both = (grain // 2 + slope).to(torch.uint8)
    assert judges.streaks(both)[0] == pytest.approx(judges.streaks(grain // 2)[0], rel=0.05)


# Frame, chroma, variety


def test_a_flat_photo_has_no_frame_and_a_drawn_one_is_as_bright_as_it_is():
    photos = torch.full((2, 3, 40, 56), 100, dtype=torch.uint8)
    photos[1] = 130
    photos[1, :, 8:-8, 8:-8] = 90
    np.testing.assert_allclose(judges.frame(photos), [0, 40], atol=1e-3)
    np.testing.assert_allclose(judges.frame(255 - photos), [0, -40], atol=1e-3)


def test_a_photo_that_is_all_border_has_no_frame():
    with pytest.raises(ValueError, match="nothing but a border"):
        judges.frame(torch.zeros(1, 3, 16, 40, dtype=torch.uint8))


def test_grey_has_no_chroma_and_pure_colours_have_that_of_their_definition():
    colors = torch.tensor([(90, 90, 90), (255, 0, 0), (0, 0, 255)], dtype=torch.uint8)
    photos = colors[:, :, None, None].expand(-1, -1, 16, 16)
    red, blue = np.hypot(-0.168736 * 255, 127.5), np.hypot(127.5, -0.081312 * 255)
    np.testing.assert_allclose(judges.chroma(photos), [0, red, blue], atol=1e-2)


def test_variety_is_the_mean_difference():
    one = torch.full((2, 3, 8, 8), 10, dtype=torch.uint8)
    assert judges.variety(one, one) == 0
    assert judges.variety(one, one + 7) == judges.variety(one + 7, one) == 7


# IoU


def test_iou_counts_pixels_of_known_classes_alone():
    truth = np.array([24, 24, 24, 7, 0, 0], np.uint8)
    read = np.array([24, 24, 7, 24, 24, 7], np.uint8)
    counts = confusion(truth, read)
    assert judges.class_iou(counts, 24, (7, 24)) == pytest.approx(2 / 4)
    assert judges.class_iou(counts, 26, (7, 24, 26)) is None
    assert judges.class_iou(counts, 24, (7,)) is None
