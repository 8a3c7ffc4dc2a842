"""The discriminator that looks at what an ImageNet network says of photos."""

import pytest
import torch

from citygan.models.projected import ProjectedAndPatchDiscriminator, ProjectedDiscriminator


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


def test_a_patchgan_stands_behind_the_levels_of_the_window():
    both = ProjectedAndPatchDiscriminator(5 + 3, 4).eval()
    conditions, photo = seen()
    window = (conditions[..., :64, :64], photo[..., :64, :64])
    layers = both(conditions, photo, window)
    assert [len(scale) for scale in layers] == [2] * 4 + [1] + [2] * 4
    assert layers[4][0].shape[1:] == (1, 6, 6)
    assert torch.equal(layers[4][0], both.pixels(*window)[0][-1])
    assert len(both(conditions, photo)) == 4  # no window, nothing at full size
