"""The discriminator that looks at what an ImageNet network says of photos."""

import pytest
import torch

from citygan.models.projected import ProjectedDiscriminator


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    network = ProjectedDiscriminator(5 + 3, 4).eval()
    network.load_published()
    return network


def seen(n=1, height=128, width=192):
    conditions = torch.zeros(n, 5, height, width)
    conditions[:, 2] = 1
    return conditions, torch.rand(n, 3, height, width) * 2 - 1


def test_each_level_says_something_of_its_patches(network):
    layers = network(*seen())
    assert [len(level) for level in layers] == [2] * 4
    assert [tuple(features.shape[1:]) for features, _ in layers] == [
        (24, 16, 24),
        (40, 8, 12),
        (112, 4, 6),
        (320, 2, 3),
    ]
    assert [tuple(logits.shape[1:]) for _, logits in layers] == [(1, 4, 6), (1, 4, 6), (1, 4, 6), (1, 2, 3)]


def test_a_window_comes_first_and_is_judged_by_others(network):
    conditions, photo = seen()
    window = (conditions[..., :64, :64], photo[..., :64, :64])
    alone, both = network(conditions, photo), network(conditions, photo, window)
    assert len(both) == 8
    for one, other in zip(alone, both[4:], strict=True):
        assert torch.equal(one[1], other[1])
    assert both[0][0].shape[2:] == (16, 16)
    both[0][1].sum().backward()
    moved = {name.split(".")[0] for name, p in network.named_parameters() if p.grad is not None}
    assert moved == {"of_window"}
    network.zero_grad()


def test_at_half_the_size_the_photo_is_seen_as_it_is(network):
    conditions, photo = seen(1, 64, 96)
    assert network(conditions, photo, half_size=True)[0][0].shape[2:] == (16, 24)


def test_only_the_patches_discriminators_learn(network):
    assert {name.split(".")[0] for name, _ in network.named_parameters()} == {"of_whole", "of_window"}
    network.requires_grad_(True)
    conditions, photo = seen()
    photo.requires_grad_(True)
    network(conditions, photo)[-1][1].sum().backward()
    assert photo.grad.abs().sum() > 0
    network.zero_grad()


def test_features_have_the_same_length_everywhere(network):
    for features, _ in network(*seen()):
        assert torch.allclose(features.square().mean(1), torch.ones(1), atol=1e-3)


def test_logits_follow_the_label_map(network):
    conditions, photo = seen()
    others = conditions.roll(1, 1)
    for one, other in zip(network(conditions, photo), network(others, photo), strict=True):
        assert torch.equal(one[0], other[0])
        assert not torch.allclose(one[1], other[1])


def test_published_weights_are_taken_and_travel_with_its_state(network):
    again = ProjectedDiscriminator(5 + 3, 4).eval()
    assert not torch.equal(again.network.stem[1].weight, network.network.stem[1].weight)
    again.load_state_dict(network.state_dict())
    pair = seen()
    for one, other in zip(network(*pair), again(*pair), strict=True):
        assert torch.equal(one[0], other[0])


def test_a_fine_window_is_looked_at_from_half_its_size_and_shows_no_features_of_texture():
    fine = ProjectedDiscriminator(5 + 3, 4, fine_window=True).eval()
    conditions, photo = seen()
    window = (conditions[..., :64, :64], photo[..., :64, :64])
    layers = fine(conditions, photo, window)
    assert [len(scale) for scale in layers] == [1, 1, 2, 2, 2] + [2] * 4
    assert [tuple(scale[-1].shape[2:]) for scale in layers[:5]] == [(8, 8), (4, 4), (4, 4), (4, 4), (2, 2)]
    assert len(fine(conditions, photo)) == 4  # no window, nothing finer


def test_looks_and_shares_that_are_kept_are_judged_as_what_they_are_of(network):
    conditions, photo = seen()
    window = (conditions[..., :64, :64], photo[..., :64, :64])
    kept = network.judge(network.look(photo, window[1]), network.shares(conditions, window[0]))
    for one, other in zip(kept, network(conditions, photo, window), strict=True):
        assert torch.equal(one[1], other[1])


def test_a_real_photo_is_rounded_no_more_than_a_generated_one(network):
    """Else the discriminator would tell them apart by that."""
    _, photo = seen()
    with torch.autocast("cpu", torch.bfloat16):
        real, generated = (network.look(p)[0] for p in (photo, photo.clone().requires_grad_()))
    for one, other in zip(real.features + real.mixed, generated.features + generated.mixed, strict=True):
        assert torch.equal(one, other)
