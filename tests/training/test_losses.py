"""The losses have the values that a hand or torchmetrics computes."""

import math

import pytest
import torch
from torchmetrics.functional.image import structural_similarity_index_measure

from citygan.training.losses import (
    adversarial_loss,
    fake_loss,
    feature_matching_loss,
    focal_frequency_loss,
    l1_loss,
    pooled_l1_loss,
    rarity_weights,
    segmentation_loss,
    ssim_loss,
)


def test_bce_of_an_undecided_logit_is_ln_2_whatever_the_label():
    for label in (0.0, 0.1, 0.9, 1.0):
        assert adversarial_loss(torch.zeros(2, 1, 3, 3), label, "bce") == pytest.approx(math.log(2))


def test_bce_is_the_mean_cross_entropy_with_the_smoothed_label():
    def by_hand(logit, label):
        p = 1 / (1 + math.exp(-logit))
        return -(label * math.log(p) + (1 - label) * math.log(1 - p))

    loss = adversarial_loss(torch.tensor([2.0, -1.0]), 0.9, "bce")
    assert loss == pytest.approx((by_hand(2, 0.9) + by_hand(-1, 0.9)) / 2)


def test_bce_of_a_huge_logit_stays_finite():
    assert adversarial_loss(torch.tensor([1e4]), 0.0, "bce") == pytest.approx(1e4)


def test_least_squares_is_the_mean_squared_distance_from_the_label():
    assert adversarial_loss(torch.tensor([1.0, 4.0]), 1.0, "mse") == pytest.approx((0 + 9) / 2)


@pytest.mark.parametrize("kind", ["bce", "mse"])
def test_a_weighted_logit_counts_as_the_mean_over_its_share_of_the_picture(kind):
    logits = torch.tensor([2.0, -1.0]).view(1, 1, 1, 2)
    first, second = (adversarial_loss(logit, 0.9, kind) for logit in logits.flatten())
    weights = torch.tensor([0.2, 0.8, 1.0, 2.0]).view(1, 1, 1, 4)
    weighted = adversarial_loss(logits, 0.9, kind, weights)
    assert weighted.item() == pytest.approx((0.5 * first + 1.5 * second).item() / 2)


def stripes():
    """Three quarters of class 0, a quarter of class 1, none of class 2."""
    conditions = torch.zeros(1, 3, 8, 8)
    conditions[:, 0, :, :6] = conditions[:, 1, :, 6:] = 1
    return conditions


def test_a_class_weighs_by_its_share_to_the_exponent():
    weights = rarity_weights(stripes(), 1.0)
    assert weights.shape == (1, 1, 8, 8)
    assert weights.mean().item() == pytest.approx(1)
    assert (weights[..., 7] / weights[..., 0]).unique().tolist() == pytest.approx([3])
    weights = rarity_weights(stripes(), 0.5)
    assert (weights[..., 7] / weights[..., 0]).unique().tolist() == pytest.approx([math.sqrt(3)])
    assert torch.equal(rarity_weights(stripes(), 0.0), torch.ones(1, 1, 8, 8))


def test_a_lone_pixel_weighs_as_a_thousandth_would():
    conditions = torch.zeros(1, 2, 100, 100)
    conditions[:, 0] = 1
    conditions[:, :, 0, 0] = torch.tensor([0.0, 1])
    weights = rarity_weights(conditions, 1.0)
    assert (weights[0, 0, 0, 0] / weights[0, 0, 1, 1]).item() == pytest.approx(1000, rel=1e-3)


def test_each_map_has_shares_of_its_own():
    one, other = stripes(), stripes().flip(1).roll(1, 1)
    other[:, 0, :2], other[:, 1, :2] = 0, 1
    together = rarity_weights(torch.cat([one, other]), 0.5)
    assert torch.allclose(together, torch.cat([rarity_weights(one, 0.5), rarity_weights(other, 0.5)]))
    assert not torch.allclose(together[0], together[1])


def test_where_nothing_is_labelled_a_pixel_weighs_nothing():
    conditions = stripes()
    conditions[..., :2] = 0  # as a shift leaves it
    assert rarity_weights(conditions, 0.5)[0, 0, :, :2].unique().tolist() == [0]


def test_feature_matching_sums_hidden_layers_and_averages_scales():
    zero, one = torch.zeros(1, 2, 4, 4), torch.ones(1, 2, 4, 4)
    fake, real = [[zero, zero, one], [zero, one, one]], [[one, 2 * one, zero], [one, one, zero]]
    assert feature_matching_loss(fake, real).item() == pytest.approx((1 + 2 + 1) / 2)


def test_half_precision_logits_are_judged_in_full_precision():
    loss = adversarial_loss(torch.tensor([3.0], dtype=torch.bfloat16), 0.9, "bce")
    assert loss.dtype == torch.float32


def test_an_unknown_adversarial_loss_is_an_error_that_names_it():
    with pytest.raises(ValueError, match=r"'hinge'.*bce or mse"):
        adversarial_loss(torch.zeros(1), 1.0, "hinge")


def test_l1_is_the_mean_absolute_difference():
    assert l1_loss(torch.tensor([[1.0, -1.0]]), torch.tensor([[0.5, 1.0]])) == pytest.approx((0.5 + 2) / 2)


def test_ssim_loss_of_equal_photos_is_zero():
    photos = torch.rand(2, 3, 32, 48) * 2 - 1
    assert ssim_loss(photos, photos).item() == pytest.approx(0, abs=1e-5)


def pictures(kind):
    generator = torch.Generator().manual_seed(0)
    noise = torch.rand(2, 2, 3, 40, 56, generator=generator) * 2 - 1
    if kind == "noise":
        return noise
    smooth = torch.nn.functional.interpolate(noise.flatten(0, 1)[..., :5, :7], (40, 56), mode="bilinear")
    return (smooth.unflatten(0, (2, 2)) + 0.1 * noise).clamp(-1, 1)


@pytest.mark.parametrize("kind", ["noise", "smooth"])
def test_ssim_loss_and_its_gradient_are_torchmetrics(kind):
    photos, targets = pictures(kind)
    ours, theirs = (photos.clone().requires_grad_() for _ in range(2))
    loss = ssim_loss(ours, targets)
    wanted = 1 - structural_similarity_index_measure((theirs + 1) / 2, (targets + 1) / 2, data_range=1.0)
    assert loss.item() == pytest.approx(wanted.item(), abs=1e-5)
    loss.backward()
    wanted.backward()
    assert torch.allclose(ours.grad, theirs.grad, rtol=1e-3, atol=1e-3 * theirs.grad.abs().max().item())
    assert (ours.grad - theirs.grad).abs().max() < 1e-5


def test_ssim_loss_is_the_same_under_autocast():
    photos, targets = pictures("smooth")
    plain = ssim_loss(photos, targets)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = ssim_loss(photos, targets)
    assert mixed.dtype == torch.float32
    assert mixed.item() == pytest.approx(plain.item(), abs=1e-6)


def test_the_cross_entropy_of_classes_leaves_unlabeled_pixels_out():
    logits = torch.randn(1, 4, 2, 2)  # three classes and "fake"
    classes = torch.tensor([[[0, 1], [2, 2]]])
    said = logits.log_softmax(1)[0]
    by_hand = -(said[1, 0, 1] + said[2, 1, 0] + said[2, 1, 1]) / 3
    assert segmentation_loss(logits, classes, 0.0).item() == pytest.approx(by_hand.item(), rel=1e-5)


def test_balanced_classes_count_alike_however_many_pixels_they_have():
    logits = torch.randn(1, 4, 2, 2)
    classes = torch.tensor([[[1, 2], [2, 2]]])
    said = -logits.log_softmax(1)[0]
    twos = (said[2, 0, 1] + said[2, 1, 0] + said[2, 1, 1]) / 3
    by_hand = (said[1, 0, 0] + twos) / 2
    assert segmentation_loss(logits, classes, 1.0).item() == pytest.approx(by_hand.item(), rel=1e-5)


def test_a_map_without_labels_has_no_loss():
    assert segmentation_loss(torch.randn(1, 4, 2, 2), torch.zeros(1, 2, 2, dtype=torch.long), 0.7) == 0


def test_fake_is_the_last_class():
    logits = torch.zeros(1, 4, 1, 1)
    assert fake_loss(logits).item() == pytest.approx(math.log(4))
    logits[:, -1] = 50
    assert fake_loss(logits).item() == pytest.approx(0, abs=1e-6)


def test_pooled_l1_sees_colour_and_no_texture():
    photo = torch.zeros(1, 3, 16, 16)
    checkered = photo.clone()
    checkered[..., ::2] = 0.5
    checkered[..., 1::2] = -0.5
    assert pooled_l1_loss(checkered, photo) == 0
    assert pooled_l1_loss(photo + 0.25, photo).item() == pytest.approx(0.25)


def test_the_frequency_that_is_furthest_off_counts_fully_and_the_others_by_their_share():
    n = 16
    x = torch.arange(n) * 2 * math.pi / n
    loud, quiet = torch.cos(3 * x), 0.5 * torch.cos(5 * x)
    target = torch.zeros(1, 1, n, n)

    def loss(wave):
        return focal_frequency_loss(wave.expand(1, 1, n, n), target).item()

    assert loss(loud + quiet) == pytest.approx(loss(loud) + loss(quiet) * 0.5, rel=1e-4)
    assert loss(loud - loud) == 0
