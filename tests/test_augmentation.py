"""Augmentation moves a label map and its photo alike, and makes no new ids."""

import numpy as np
import pytest
import torch
from tiny import draw_labels, draw_photo, ids_in_photo

from citygan.augmentation import augment_for_discriminator, augmentation, simplify_shapes


def sample(size_px=64):
    """A label map and a photo that says which id each pixel has, as tensors."""
    label_map = np.kron(draw_labels("augmented")[::8, ::8], np.ones((16, 16), np.uint8))[:size_px, :size_px]
    return torch.from_numpy(label_map.copy()), torch.from_numpy(draw_photo(label_map)).permute(2, 0, 1)


def ids_in(photo):
    return torch.from_numpy(ids_in_photo(photo.permute(1, 2, 0).numpy()))


def test_a_crop_and_a_mirror_move_label_map_and_photo_alike():
    labels, photo = sample()
    augment = augmentation(48, (64, 64), mirror=True, color_jitter=0)
    seen = set()
    for seed in range(20):
        torch.manual_seed(seed)
        got_labels, got_photo = augment(labels, photo)
        assert got_labels.shape == (48, 48)
        assert got_photo.shape == (3, 48, 48)
        assert torch.equal(ids_in(got_photo), got_labels)
        seen.add(got_labels.numpy().tobytes())
    assert len(seen) > 10


def test_a_random_scale_moves_label_map_and_photo_alike_too():
    labels, photo = sample()
    augment = augmentation(48, (48, 96), mirror=True, color_jitter=0)
    for seed in range(20):
        torch.manual_seed(seed)
        got_labels, got_photo = augment(labels, photo)
        assert got_labels.shape == (48, 48)
        assert set(got_labels.unique().tolist()) <= set(labels.unique().tolist())
        windows = got_labels.unfold(0, 5, 1).unfold(1, 5, 1).flatten(2)
        inside = (windows == windows[..., :1]).all(-1)  # two pixels from every outline
        assert inside.float().mean() > 0.2
        assert torch.equal(ids_in(got_photo)[2:-2, 2:-2][inside], got_labels[2:-2, 2:-2][inside])


def test_half_of_the_samples_are_mirrored_and_none_where_it_is_off():
    labels, photo = sample(48)

    def mirrored(mirror):
        augment = augmentation(48, (48, 48), mirror=mirror, color_jitter=0)
        results = [augment(labels, photo)[0] for _ in range(60)]
        assert all(torch.equal(r, labels) or torch.equal(r, labels.flip(1)) for r in results)
        return sum(not torch.equal(r, labels) for r in results)

    torch.manual_seed(0)
    assert 15 < mirrored(True) < 45
    assert mirrored(False) == 0


def test_color_jitter_changes_the_photo_alone():
    labels, photo = sample()

    def augmented(strength):
        torch.manual_seed(3)
        return augmentation(48, (64, 64), mirror=True, color_jitter=strength)(labels, photo)

    plain_labels, plain_photo = augmented(0)
    labels, photo = augmented(0.4)
    assert torch.equal(labels, plain_labels)
    assert not torch.equal(photo, plain_photo)
    assert photo.dtype == torch.uint8


def test_augmentation_leaves_the_sample_in_memory_as_it_was():
    labels, photo = sample()
    before = labels.clone(), photo.clone()
    for _ in range(5):
        augmentation(48, (48, 80), mirror=True, color_jitter=0.4)(labels, photo)
    assert torch.equal(labels, before[0])
    assert torch.equal(photo, before[1])


def test_the_same_seed_augments_alike():
    labels, photo = sample()
    augment = augmentation(48, (50, 90), mirror=True, color_jitter=0.3)

    def augmented(seed):
        torch.manual_seed(seed)
        return augment(labels, photo)[1]

    assert torch.equal(augmented(1), augmented(1))
    assert not torch.equal(augmented(1), augmented(2))


@pytest.mark.parametrize("window_px", [1, 3, 5, 7])
def test_simplifying_is_a_majority_vote_over_the_window(window_px):
    maps = np.random.default_rng(0).choice(np.array([0, 7, 23, 26], np.uint8), (2, 9, 12))
    simplified = simplify_shapes(torch.from_numpy(maps), window_px).numpy()
    assert simplified.shape == maps.shape
    assert simplified.dtype == np.uint8
    half = window_px // 2
    for n, y, x in np.ndindex(maps.shape):
        window = maps[n, max(0, y - half) : y + half + 1, max(0, x - half) : x + half + 1]
        votes = np.bincount(window.ravel())
        assert votes[simplified[n, y, x]] == votes.max()


def test_simplifying_over_one_pixel_changes_nothing():
    maps = torch.randint(0, 34, (2, 9, 12), dtype=torch.uint8)
    assert torch.equal(simplify_shapes(maps, 1), maps)


def test_the_discriminators_augmentation_shifts_map_and_photo_alike():
    torch.manual_seed(0)
    conditions, photos = torch.ones(2, 3, 64, 64), torch.rand(2, 3, 64, 64) * 2 - 1
    shifts = set()
    for _ in range(12):
        moved_conditions, moved_photos = augment_for_discriminator(conditions, photos)
        assert moved_photos.shape == photos.shape
        outside = moved_conditions[:, 0] == 0
        assert torch.equal(outside, (moved_photos == 0).all(1))
        assert outside.float().mean() <= 1 - (7 / 8) ** 2
        shifts.add(outside.numpy().tobytes())
    assert len(shifts) > 8


def test_gradients_pass_through_the_discriminators_augmentation():
    photos = torch.rand(2, 3, 64, 64, requires_grad=True)
    augment_for_discriminator(torch.ones(2, 3, 64, 64), photos)[1].square().sum().backward()
    assert (photos.grad[:, :, 16:48, 16:48] != 0).float().mean() > 0.9
