"""SSIM, PSNR and LPIPS are torchmetrics', for photos of any size."""

import math
import socket
from urllib.error import URLError

import numpy as np
import pytest
import torch
from PIL import Image
from torchmetrics.functional.image import (
    learned_perceptual_image_patch_similarity,
    peak_signal_noise_ratio,
    structural_similarity_index_measure,
)
from torchvision.models import alexnet

from citygan.errors import CityGANError
from citygan.evaluation.metrics import (
    SSIM_DEFINITION,
    Lpips,
    compare,
    mean_ssim,
)
from citygan.models.published import WeightsUnavailableError


def random_photo(seed, height_px=40, width_px=56):
    small = np.random.default_rng(seed).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize((width_px, height_px), Image.Resampling.BILINEAR))


def as_tensor(photo):
    return torch.from_numpy(photo.copy()).permute(2, 0, 1)[None].float() / 255


def test_a_photo_compared_with_itself_has_ssim_one_and_infinite_psnr():
    photo = random_photo(0)
    scores = compare(photo, photo)
    assert scores.ssim == pytest.approx(1)
    assert scores.psnr == math.inf
    assert scores.ssim_map == pytest.approx(np.ones((40, 56)))


def test_the_scores_are_torchmetrics_on_zero_to_one():
    photo, target = random_photo(1), random_photo(2)
    a, b = as_tensor(photo), as_tensor(target)
    scores = compare(photo, target)
    assert scores.ssim == pytest.approx(structural_similarity_index_measure(a, b, data_range=1.0).item())
    assert scores.psnr == pytest.approx(peak_signal_noise_ratio(a, b, data_range=1.0).item())


def test_the_psnr_of_a_constant_difference_is_what_a_hand_computes():
    photo = np.full((20, 20, 3), 100, np.uint8)
    assert compare(photo, photo + 10).psnr == pytest.approx(20 * math.log10(255 / 10), rel=1e-5)


def test_the_ssim_map_has_the_size_of_the_photo_and_the_mean_ssim():
    scores = compare(random_photo(1), random_photo(2))
    assert scores.ssim_map.shape == (40, 56)
    assert scores.ssim_map.dtype == np.float32
    assert scores.ssim_map.mean() == pytest.approx(scores.ssim, abs=1e-5)
    assert -1 <= scores.ssim_map.min() <= scores.ssim_map.max() <= 1.0001


def test_the_ssim_map_is_low_where_the_photos_differ():
    photo = random_photo(3)
    target = photo.copy()
    target[:, 28:] = np.random.default_rng(0).integers(0, 256, (40, 28, 3))
    ssim_map = compare(photo, target).ssim_map
    assert ssim_map[:, :22].min() > 0.999
    assert ssim_map[:, 34:].mean() < 0.5


def test_a_target_of_another_size_is_resized_to_the_photo():
    photo, target = random_photo(4), random_photo(4, 120, 150)
    resized = np.asarray(Image.fromarray(target).resize((56, 40), Image.Resampling.BICUBIC))
    scores = compare(photo, target)
    assert scores.ssim == compare(photo, resized).ssim
    assert scores.ssim_map.shape == (40, 56)
    assert scores.ssim > 0.9


def test_neither_picture_is_changed():
    photo, target = random_photo(1), random_photo(2, 30, 30)
    before = photo.copy(), target.copy()
    compare(photo, target)
    assert np.array_equal(photo, before[0])
    assert np.array_equal(target, before[1])


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((20, 20), np.uint8),
        np.zeros((20, 20, 4), np.uint8),
        np.zeros((20, 20, 3)),
        np.zeros((0, 20, 3), np.uint8),
    ],
    ids=["grey", "alpha", "float", "empty"],
)
@pytest.mark.parametrize("which", ["photo", "target"])
def test_what_is_no_photo_is_an_error_that_says_which_and_what(wrong, which):
    pictures = {"photo": random_photo(0), "target": random_photo(0)} | {which: wrong}
    with pytest.raises(ValueError, match=f"the {which} must be") as caught:
        compare(**pictures)
    assert str(wrong.shape) in str(caught.value)


def test_a_photo_below_the_window_is_an_error_that_names_its_size():
    with pytest.raises(CityGANError, match="at least 11 px, got 30 x 10"):
        compare(np.zeros((10, 30, 3), np.uint8), np.zeros((10, 30, 3), np.uint8))


def test_the_smallest_photo_is_one_window():
    photo = random_photo(0, 11, 11)
    assert compare(photo, photo).ssim == pytest.approx(1)


def test_the_mean_ssim_is_that_of_the_photos_as_they_would_be_saved():
    photos = [random_photo(i) for i in range(4)]
    unit = [as_tensor(p) * 2 - 1 for p in photos]
    blurred = unit[0] + 0.4 / 127.5  # rounds to the same bytes
    wanted = np.mean([compare(photos[0], photos[1]).ssim, compare(photos[2], photos[3]).ssim])
    assert mean_ssim([(blurred, unit[1]), (unit[2], unit[3])]) == pytest.approx(wanted, abs=1e-6)


def test_the_definition_says_range_window_and_library():
    for word in ("torchmetrics", "data_range 1.0", "11 px", "[0, 1]"):
        assert word in SSIM_DEFINITION


def test_scores_at_the_models_size_come_with_a_map_of_the_photos_size():
    rng = np.random.default_rng(5)
    photo, target = rng.integers(0, 256, (2, 30, 40, 3), dtype=np.uint8)
    scores = compare(photo, target, size_px=(16, 16))
    small = [
        np.asarray(Image.fromarray(p).resize((16, 16), Image.Resampling.BICUBIC)) for p in (photo, target)
    ]
    assert scores.ssim == compare(*small).ssim
    assert scores.ssim_map.shape == (30, 40)


@pytest.fixture
def random_alexnet(tmp_path, monkeypatch):
    """Random AlexNet weights in torchvision's cache, under their published name; the file."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    file = tmp_path / "hub" / "checkpoints" / "alexnet-owt-7be5be79.pth"
    file.parent.mkdir(parents=True)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        torch.save(alexnet().state_dict(), file)
    return file


def test_lpips_is_zero_for_equal_photos_and_grows_with_their_difference(random_alexnet):
    lpips = Lpips()
    photo, near = random_photo(0, 64, 64), random_photo(0, 64, 64) // 2 + 64
    assert lpips(photo, photo) == 0
    assert 0 < lpips(photo, near) < lpips(photo, random_photo(1, 64, 64))


def test_lpips_is_that_of_torchmetrics_on_minus_one_to_one(random_alexnet):
    photo, target = random_photo(0, 64, 64), random_photo(1, 64, 64)
    a, b = (as_tensor(p) * 2 - 1 for p in (photo, target))
    wanted = learned_perceptual_image_patch_similarity(a, b, net_type="alex")
    assert Lpips()(photo, target) == pytest.approx(float(wanted))


def test_without_its_backbone_lpips_says_why_and_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))

    def unreachable(request):
        raise URLError("no route to host")

    monkeypatch.setattr(torch.hub, "urlopen", unreachable)
    with pytest.raises(WeightsUnavailableError, match=r"alexnet-owt-7be5be79.*no route to host.*TORCH_HOME"):
        Lpips()
    assert socket.getdefaulttimeout() is None


def test_a_damaged_backbone_is_named(random_alexnet):
    random_alexnet.write_bytes(random_alexnet.read_bytes()[:1000])
    with pytest.raises(WeightsUnavailableError, match="damaged"):
        Lpips()
    random_alexnet.write_bytes(b"")
    with pytest.raises(WeightsUnavailableError, match="damaged"):
        Lpips()
