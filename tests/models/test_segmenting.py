"""The discriminator that says each pixel's class."""

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
    network = SegmentingDiscriminator(5, 4).eval()  # in training the spectral norm moves with each pass
    photo = torch.randn(1, 3, 64, 64)
    for one, other in zip(network.encode(photo), network(photo)[0], strict=True):
        assert torch.equal(one, other)


def test_no_layer_stretches_what_it_is_given():
    torch.manual_seed(0)
    network = SegmentingDiscriminator(5, 4)
    for _ in range(50):
        network(torch.randn(1, 3, 32, 32))
    for layer in (*network.downs, *network.ups, network.out):
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() < 1.05


def test_the_finest_skip_carries_detail():
    network = SegmentingDiscriminator(5, 4).eval()
    photo = torch.zeros(1, 3, 64, 64)
    before = network(photo)[1]
    photo[..., 20, 20] = 1
    changed = (network(photo)[1] - before).abs().sum(1)[0]
    assert changed[9:12, 9:12].max() == changed.max()
