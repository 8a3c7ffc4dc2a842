"""The discriminator that says each pixel's class."""

import pytest
import torch

from citygan.models.segmenting import SegmentingDiscriminator


def test_it_says_something_of_every_other_pixel_and_shows_its_layers():
    network = SegmentingDiscriminator(5, 4)
    layers, logits = network(torch.randn(2, 3, 96, 128))
    assert logits.shape == (2, 6, 48, 64)
    assert [tuple(layer.shape[1:]) for layer in layers] == [
        (4, 48, 64),
        (8, 24, 32),
        (16, 12, 16),
        (32, 6, 8),
        (32, 3, 4),
    ]


def test_its_encoder_alone_says_the_same():
    network = SegmentingDiscriminator(5, 4)
    photo = torch.randn(1, 3, 64, 64)
    for one, other in zip(network.encode(photo), network(photo)[0], strict=True):
        assert torch.equal(one, other)


def test_it_sees_detail_amplified():
    network = SegmentingDiscriminator(5, 4)
    seen = []
    network.downs[0].register_forward_pre_hook(lambda layer, given: seen.append(given[0]))
    even = torch.full((1, 3, 32, 32), 0.3)
    spotted = even.clone()
    spotted[..., 16, 16] += 0.1
    for photo in (even, spotted):
        network(photo)
    assert torch.allclose(seen[0], torch.cat([even, torch.zeros_like(even)], 1), atol=1e-5)
    assert torch.allclose(seen[1][:, :3], spotted)
    assert seen[1][0, 3, 16, 16].item() == pytest.approx(4 * 0.1 * 24 / 25, abs=1e-5)


def test_the_finest_skip_carries_detail():
    network = SegmentingDiscriminator(5, 4).eval()
    photo = torch.zeros(1, 3, 64, 64)
    before = network(photo)[1]
    photo[..., 20, 20] = 1
    changed = (network(photo)[1] - before).abs().sum(1)[0]
    assert changed[9:12, 9:12].max() == changed.max()
