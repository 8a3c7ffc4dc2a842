"""Augmentation moves a label map and its photo alike, and makes no new ids."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tiny import draw_labels, draw_photo, ids_in_photo
from torch.nn import functional as F
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as TF

from citygan.data import augmentation
from citygan.data.augmentation import (
    Augmentation,
    _jitter,
    augment_for_discriminator,
    simplify_shapes,
)


def sample(size_px=64):
    """A label map and a photo that says which id each pixel has, as tensors."""
    label_map = np.kron(draw_labels("augmented")[::8, ::8], np.ones((16, 16), np.uint8))[:size_px, :size_px]
    return torch.from_numpy(label_map.copy()), torch.from_numpy(draw_photo(label_map)).permute(2, 0, 1)


def batch(count, size_px=64):
    labels, photo = sample(size_px)
    return labels.repeat(count, 1, 1), photo.repeat(count, 1, 1, 1)


def ids_in(photo):
    return torch.from_numpy(ids_in_photo(photo.permute(1, 2, 0).numpy()))


def test_a_crop_and_a_mirror_move_label_map_and_photo_alike_and_change_no_pixel():
    labels, photos = batch(20)
    got_labels, got_photos = Augmentation(48, (64, 64), mirror=True)(labels, photos, list(range(20)))
    assert got_labels.shape == (20, 48, 48)
    assert got_photos.shape == (20, 3, 48, 48)
    assert got_labels.dtype == got_photos.dtype == torch.uint8
    for one_map, photo in zip(got_labels, got_photos, strict=True):
        assert torch.equal(photo, torch.from_numpy(draw_photo(one_map.numpy())).permute(2, 0, 1))
    assert len({m.numpy().tobytes() for m in got_labels}) > 10


def test_crops_reach_every_edge_and_never_beyond():
    stored = torch.arange(50, dtype=torch.uint8).expand(1, 50, 50)
    labels = torch.cat([stored, stored.mT]).repeat(150, 1, 1)
    photos = torch.zeros(300, 3, 50, 50, dtype=torch.uint8)
    crops, _ = Augmentation(48, (50, 50))(labels, photos, [i // 2 for i in range(300)])
    left, top = crops[::2, 0, 0], crops[1::2, 0, 0]
    for corners in (left, top):
        assert sorted(corners.unique().tolist()) == [0, 1, 2]
        assert 30 < (corners == 1).sum() < 70
    assert not torch.equal(left, top)
    assert torch.equal(crops[::2, 0, -1], left + 47)


def test_a_random_scale_moves_label_map_and_photo_alike_too():
    labels, photos = batch(20)
    got_labels, got_photos = Augmentation(48, (48, 96), mirror=True)(labels, photos, list(range(20)))
    assert set(got_labels.unique().tolist()) <= set(labels.unique().tolist())
    for one_map, photo in zip(got_labels, got_photos, strict=True):
        windows = one_map.unfold(0, 5, 1).unfold(1, 5, 1).flatten(2)
        inside = (windows == windows[..., :1]).all(-1)  # two pixels from every outline
        assert inside.float().mean() > 0.2
        assert torch.equal(ids_in(photo)[2:-2, 2:-2][inside], one_map[2:-2, 2:-2][inside])


def test_a_zoom_is_torchvisions_resize_where_nothing_is_to_be_antialiased():
    labels, photos = batch(1)
    photos = photos + torch.randint(0, 4, photos.shape, dtype=torch.uint8)
    got_labels, got_photos = Augmentation(96, (96, 96))(labels, photos, [0])
    nearest = TF.resize(labels, [96, 96], interpolation=InterpolationMode.NEAREST_EXACT)
    assert torch.equal(got_labels, nearest)
    assert (got_photos.int() - TF.resize(photos, [96, 96]).int()).abs().max() <= 1


def test_half_of_the_samples_are_mirrored_and_none_where_it_is_off():
    labels, photos = batch(60, 48)

    def mirrored(mirror):
        got, _ = Augmentation(48, (48, 48), mirror=mirror)(labels, photos, list(range(60)))
        assert all(torch.equal(m, labels[0]) or torch.equal(m, labels[0].flip(1)) for m in got)
        return sum(not torch.equal(m, labels[0]) for m in got)

    assert 15 < mirrored(True) < 45
    assert mirrored(False) == 0


def test_color_jitter_changes_the_photo_alone_and_each_in_its_own_way():
    labels, photos = batch(3)

    def augmented(strength):
        return Augmentation(48, (64, 64), color_jitter=strength)(labels, photos, [3, 4, 5])

    (plain_labels, plain), (labels_too, jittered) = augmented(0), augmented(0.4)
    assert torch.equal(labels_too, plain_labels)
    shifts = (jittered.float() - plain.float()).mean((2, 3))
    assert (shifts.abs().amax(1) > 1).all()
    assert not torch.allclose(shifts[0], shifts[1], atol=1)


def test_color_jitter_multiplies_brightness_contrast_and_saturation():
    photo = torch.full((1, 3, 4, 4), 100.0)
    photo[..., 2:] = 50
    plain = torch.ones(1, 3)
    assert torch.allclose(_jitter(photo, plain), photo, atol=1e-3)
    brighter = _jitter(photo, torch.tensor([[1.2, 1, 1]]))
    assert torch.allclose(brighter, photo * 1.2, atol=1e-3)
    flat = _jitter(photo, torch.tensor([[1.0, 0, 1]]))
    assert torch.allclose(flat, torch.full_like(photo, 75), atol=0.1)
    photo[:, 0] *= 2
    grey = _jitter(photo, torch.tensor([[1.0, 1, 0]]))
    assert torch.allclose(grey[:, 0], grey[:, 2], atol=1e-3)
    assert torch.allclose(grey[:, 0], 0.299 * photo[:, 0] + 0.701 * photo[:, 1], atol=0.1)


def test_a_warp_moves_outlines_of_the_label_map_alone_by_at_most_its_reach():
    labels, photos = batch(8)
    plain = Augmentation(64, (64, 64))(labels, photos, list(range(8)))
    warped = Augmentation(64, (64, 64), warp_px=4.0)(labels, photos, list(range(8)))
    assert torch.equal(plain[1], warped[1])
    changed = plain[0] != warped[0]
    assert 0.01 < changed.float().mean() < 0.4
    assert len({m.numpy().tobytes() for m in warped[0]}) == 8
    for before, after in zip(plain[0], warped[0], strict=True):
        near = F.pad(before[None].float(), (5,) * 4, mode="replicate").unfold(1, 11, 1).unfold(2, 11, 1)
        assert (near[0].flatten(2) == after[..., None]).any(-1).all()  # an id comes from within 4 px


@pytest.mark.parametrize("simplify_px", [3, 4, 6, 13])
def test_shapes_are_simplified_in_half_of_the_samples_up_to_the_window_that_was_given(
    monkeypatch, simplify_px
):
    windows = []
    monkeypatch.setattr(augmentation, "simplify_shapes", lambda labels, px: windows.append(px) or labels)
    labels, photos = batch(60, 48)
    Augmentation(48, (48, 48), simplify_px=simplify_px)(labels, photos, list(range(60)))
    assert 15 <= len(windows) <= 45
    assert all(w % 2 and 3 <= w <= simplify_px for w in windows)
    assert max(windows) >= simplify_px - 1


BUSY = Augmentation(48, (50, 90), mirror=True, color_jitter=0.3, simplify_px=5, warp_px=3.0)


def test_a_sample_is_augmented_alike_in_every_batch():
    labels, photos = batch(4)
    together = BUSY(labels, photos, [7, 8, 9, 10])
    for i, seed in enumerate((7, 8, 9, 10)):
        alone = BUSY(labels[:1], photos[:1], [seed])
        assert torch.equal(alone[0][0], together[0][i])
        assert torch.equal(alone[1][0], together[1][i])
    assert not torch.equal(together[1][0], together[1][1])


def test_augmentation_leaves_the_samples_and_the_global_generator_as_they_were():
    labels, photos = batch(2)
    before = labels.clone(), photos.clone(), torch.get_rng_state()
    BUSY(labels, photos, [1, 2])
    assert torch.equal(labels, before[0])
    assert torch.equal(photos, before[1])
    assert torch.equal(torch.get_rng_state(), before[2])


def test_a_reduced_photo_is_near_the_antialiased_one():
    smooth = torch.rand(1, 3, 34, 34, generator=torch.Generator().manual_seed(0)) * 255
    photo = F.interpolate(smooth, (340, 340), mode="bicubic").clamp(0, 255).byte()
    _, got = Augmentation(256, (256, 256))(photo[:, 0], photo, [0])
    wanted = TF.resize(photo, [256, 256], antialias=True)
    assert (got.float() - wanted.float()).square().mean().sqrt() < 3


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


def test_several_photos_of_a_map_change_alike():
    torch.manual_seed(1)
    conditions, photos = torch.randn(2, 4, 64, 64), torch.rand(2, 3, 64, 64) * 2 - 1
    _, one, other = augment_for_discriminator(conditions, photos, photos.clone())
    assert torch.equal(one, other)
    assert not torch.equal(one, photos)


def test_gradients_pass_through_the_discriminators_augmentation():
    photos = torch.rand(2, 3, 64, 64, requires_grad=True)
    augment_for_discriminator(torch.ones(2, 3, 64, 64), photos)[1].square().sum().backward()
    assert (photos.grad[:, :, 16:48, 16:48] != 0).float().mean() > 0.9


@pytest.mark.parametrize(("dx", "dy"), [(0, 0), (5, -3), (-8, 8)])
def test_a_shift_without_waiting_for_the_device_is_the_same_shift(monkeypatch, dx, dy):
    class Elsewhere(torch.Tensor):
        """A tensor that takes the way of a CUDA device."""

        device = SimpleNamespace(type="elsewhere")

    images = torch.rand(2, 3, 64, 64, requires_grad=True)
    shift = torch.tensor(dx), torch.tensor(dy)
    wanted = augmentation._shift(images, *shift)
    monkeypatch.setattr(torch, "arange", lambda n, device, real=torch.arange: real(n))
    got = augmentation._shift(images.as_subclass(Elsewhere), *shift)
    assert torch.equal(got.as_subclass(torch.Tensor), wanted)


def test_crops_keep_the_shape_that_samples_have():
    labels, photos = batch(20)
    labels, photos = labels[:, :48], photos[:, :, :48]  # 64 x 48
    got_labels, got_photos = Augmentation(24, (24, 48), aspect=4 / 3, mirror=True)(
        labels, photos, list(range(20))
    )
    assert got_labels.shape == (20, 24, 32)
    for one_map, photo in zip(got_labels, got_photos, strict=True):
        assert (ids_in(photo) == one_map).float().mean() > 0.8  # edges between blocks are mixed
    whole, _ = Augmentation(48, (48, 48), aspect=4 / 3)(labels, photos, [0] * 20)
    assert torch.equal(whole, labels)


def test_half_of_the_photos_are_changed_and_none_in_its_colours(monkeypatch):
    monkeypatch.setattr(augmentation, "_shift", lambda images, dx, dy: images)
    torch.manual_seed(3)
    conditions, photos = torch.ones(200, 1, 16, 16), torch.rand(200, 3, 16, 16) - 0.5
    _, one, other = augment_for_discriminator(conditions, photos, photos + 0.25)
    assert torch.allclose(other - one, torch.tensor(0.25), atol=1e-5)  # alike
    changed = (one - photos).abs().mean((1, 2, 3)) > 1e-4
    assert 70 < changed.sum() < 130
    contrast = one.std((1, 2, 3)) / photos.std((1, 2, 3))
    colors = (one[:, 0] - one[:, 1]).std((1, 2)) / (photos[:, 0] - photos[:, 1]).std((1, 2))
    assert torch.allclose(colors, contrast, rtol=1e-3)


def test_all_that_is_shown_together_moves_together():
    torch.manual_seed(4)
    places = torch.arange(1.0, 257.0).view(1, 1, 16, 16)
    conditions, photo = augment_for_discriminator(places, places.expand(1, 3, 16, 16), chance=0.0)
    assert torch.equal(conditions, photo[:, :1])
    assert not torch.equal(conditions, places)
