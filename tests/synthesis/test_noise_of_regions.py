"""A region that is drawn again changes, and the rest of the photo stays."""

import numpy as np
import pytest
import torch

from citygan.checkpoint import SHIPPED
from citygan.streets import street
from citygan.synthesis.again import noise_of_regions
from citygan.synthesis.synthesizer import Synthesizer
from citygan.wire import Again

SIZE = (64, 32)


def draw(seed):
    rng = torch.Generator().manual_seed(seed)
    return [torch.randn(1, 1, 32 >> i, 64 >> i, generator=rng) for i in (3, 1)]


def regions(*boxes, seeds, size=SIZE):
    plane = np.zeros(size[::-1], np.uint8)
    for number, (rows, columns) in enumerate(boxes, 1):
        plane[rows, columns] = number
    return Again(plane, seeds)


def test_inside_is_the_noise_of_its_seed_and_outside_that_of_the_photo():
    again = regions((slice(8, 24), slice(16, 32)), seeds=(9,))
    for mixed, plain, other in zip(
        noise_of_regions(draw(1), draw, again, SIZE), draw(1), draw(9), strict=True
    ):
        step = 64 // mixed.shape[-1]
        rows, columns = slice(8 // step, 24 // step), slice(16 // step, 32 // step)
        assert torch.equal(mixed[..., rows, columns], other[..., rows, columns])
        mixed[..., rows, columns] = plain[..., rows, columns]
        assert torch.equal(mixed, plain)


def test_where_two_meet_the_noise_is_as_normal_as_before():
    again = regions((slice(0, 32, 2), slice(None)), (slice(1, 32, 4), slice(None)), seeds=(2, 3))
    mixed = noise_of_regions(draw(1), draw, again, SIZE)[1]
    assert mixed.std().item() == pytest.approx(1.0, abs=0.1)


def test_a_region_of_the_shipped_checkpoints_photo_changes_and_the_rest_stays():
    synthesizer = Synthesizer(SHIPPED, "cpu")
    size = (synthesizer.info.width_px, synthesizer.info.height_px)
    label_map = street("avenue", *size)
    box = (slice(192, 352), slice(128, 384))
    again = regions(box, seeds=(9,), size=size)
    plain, anew = (synthesizer(label_map, 1, again=a).astype(float) for a in (None, again))
    change = np.abs(plain - anew).mean(2)
    inside = change[200:344, 136:376].mean()
    outside = np.ones_like(change, bool)
    outside[176:368, 112:400] = False
    print(f"mean change inside {inside:.2f}, outside {change[outside].mean():.2f} of 255")
    assert inside > 2.0
    assert change[outside].mean() < inside / 6
