"""The FCN-score is its paper's, and scores are ranked and summed up without a look at a photo."""

import numpy as np
import pytest
import tiny

from citygan.errors import CityGANError
from citygan.evaluation.scores import (
    Evaluation,
    FcnScore,
    Reading,
    confusion,
    fcn_score,
    percentile_of,
    percentiles,
    recorded_ssim,
)


def test_a_recorded_ssim_names_its_drive_and_what_training_knew_of_it():
    info = tiny.info(
        drives=("A", "B"),
        ssim={"train": 0.6, "val": 0.5, "test": 0.4},
        ssim_by_drive={"train": {"A": 0.65, "C": 0.3}, "val": {"B": 0.5}, "test": {"C": 0.35, "D": 0.45}},
    )
    assert [(s.value, s.photos) for s in recorded_ssim(info)] == [
        (0.65, "A in train (trained on these photos)"),
        (0.3, "C in train (left out of training)"),
        (0.6, "train (its drives together)"),
        (0.5, "B in val (trained on other photos of this drive)"),
        (0.35, "C in test (left out of training)"),
        (0.45, "D in test (never seen in training)"),
        (0.4, "test (its drives together)"),
    ]


@pytest.mark.parametrize(
    "changes", [{"ssim_by_drive": {}}, {"drives": ("all",), "ssim_by_drive": {"val": {"all": 0.5}}}]
)
def test_photos_that_name_no_drive_are_said_to_be_a_split_and_no_more(changes):
    (score,) = recorded_ssim(tiny.info(ssim={"val": 0.5}, **changes))
    assert (score.value, score.photos) == (0.5, "val")


def test_nothing_is_said_of_drives_where_training_did_not_note_its_own():
    (score,) = recorded_ssim(
        tiny.info(drives=(), ssim={"test": 0.4}, ssim_by_drive={"test": {"Seq05VD": 0.4}})
    )
    assert score.photos == "Seq05VD in test"


@pytest.mark.parametrize("count", [2, 3, 101, 171])
def test_the_percentile_is_the_share_that_scores_lower(count):
    distribution = tuple(np.linspace(0.2, 0.6, count))
    assert percentile_of(0.4, distribution) == pytest.approx(50)
    assert percentile_of(0.1, distribution) == 0
    assert percentile_of(0.9, distribution) == 100


@pytest.mark.parametrize("distribution", [(), (0.4,)])
def test_fewer_than_two_percentiles_are_no_distribution(distribution):
    assert percentile_of(0.4, distribution) is None


def test_a_value_has_the_percentile_at_which_it_stands_among_its_like():
    values = np.random.default_rng(0).normal(0.4, 0.1, 1001)
    found = percentiles(values)
    assert len(found) == 101
    for share in (10, 50, 99):
        assert percentile_of(np.sort(values)[10 * share], found) == pytest.approx(share, abs=0.1)


# Four classes of which 9 is in no label map; 0 is unlabeled and not among them.
TRUTH = np.array([7, 7, 7, 7, 8, 8, 8, 11, 0, 0], np.uint8)
FOUND = np.array([7, 7, 8, 9, 8, 8, 7, 11, 7, 8], np.uint8)
CLASSES = (7, 8, 9, 11)


def test_a_perfect_prediction_has_an_fcn_score_of_one():
    assert fcn_score(confusion(TRUTH, TRUTH), CLASSES) == FcnScore(1, 1, 1)


def test_the_fcn_score_is_what_a_hand_computes():
    score = fcn_score(confusion(TRUTH, FOUND), CLASSES)
    assert score.pixel_accuracy == pytest.approx(5 / 8)
    assert score.class_accuracy == pytest.approx((2 / 4 + 2 / 3 + 1 / 1) / 3)
    assert score.class_iou == pytest.approx((2 / 5 + 2 / 4 + 1 / 1) / 3)


def test_unlabeled_pixels_and_other_classes_are_left_out():
    other = np.append(TRUTH, [26, 26]).astype(np.uint8), np.append(FOUND, [7, 26]).astype(np.uint8)
    without = TRUTH[:8], FOUND[:8]
    wanted = fcn_score(confusion(*without), CLASSES)
    assert fcn_score(confusion(TRUTH, FOUND), CLASSES) == wanted
    assert fcn_score(confusion(*other), CLASSES) == wanted


def test_to_predict_a_class_that_does_not_count_is_an_error_like_any():
    nowhere = np.where(FOUND == 9, 30, FOUND).astype(np.uint8)
    assert fcn_score(confusion(TRUTH, nowhere), CLASSES) == fcn_score(confusion(TRUTH, FOUND), CLASSES)


def test_the_counts_of_two_photos_add_up_to_those_of_both():
    both = confusion(np.stack([TRUTH, TRUTH]), np.stack([FOUND, TRUTH]))
    assert np.array_equal(both, confusion(TRUTH, FOUND) + confusion(TRUTH, TRUTH))
    assert both.sum() == 20


def test_a_label_map_of_another_size_than_its_prediction_is_an_error():
    with pytest.raises(ValueError, match=r"\(10,\), but the prediction \(9,\)"):
        confusion(TRUTH, FOUND[:9])


def test_an_fcn_score_of_nothing_is_an_error_and_no_zero():
    with pytest.raises(CityGANError, match="no pixel"):
        fcn_score(confusion(TRUTH, FOUND), [26])


COUNTS = np.stack([confusion(TRUTH, TRUTH), confusion(TRUTH, FOUND), confusion(TRUTH * 0, FOUND)])
THREE = Evaluation(
    ("a", "b", "c"),
    np.array([0.1, 0.2, 0.3]),
    np.array([10.0, 20.0, 30.0]),
    np.array([1.0, 2.0, 3.0]),
    Reading(CLASSES, COUNTS, COUNTS[::-1]),
)


def test_the_scores_of_some_samples_are_theirs_alone():
    some = THREE.of([2, 0])
    assert some.names == ("c", "a")
    assert [*some.ssim, *some.psnr, *some.lpips] == [0.3, 0.1, 30, 10, 3, 1]
    assert some.pixel_accuracy == pytest.approx([np.nan, 1], nan_ok=True)
    assert some.fcn_generated == FcnScore(1, 1, 1)
    assert some.fcn_real == FcnScore(1, 1, 1)
    assert THREE.of([1]).fcn_generated == fcn_score(COUNTS[1], CLASSES)


def test_the_pixel_accuracy_of_each_sample_leaves_out_what_is_unlabeled():
    assert THREE.pixel_accuracy == pytest.approx([1, 5 / 8, np.nan], nan_ok=True)


def test_what_was_not_measured_is_none_for_some_samples_too():
    some = Evaluation(("a", "b"), np.array([0.1, 0.2]), np.array([1.0, 2.0])).of([1])
    assert some.lpips is some.pixel_accuracy is some.fcn_generated is some.fcn_real is None
