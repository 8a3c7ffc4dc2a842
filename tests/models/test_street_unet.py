"""The U-Net that is told classes and light."""

from copy import deepcopy

import pytest
import tiny
import torch

from citygan.models.encoding import encode_labels
from citygan.models.street_unet import StreetUNet
from citygan.models.unet import UNet

SKY, ROAD = 23, 7


@pytest.fixture(scope="module", params=["nearest", "bilinear"])
def network(request):
    return tiny.settled_street_unet(upsampling=request.param)


def conditions(height=256, width=384):
    label_map = torch.full((1, height, width), ROAD, dtype=torch.uint8)
    label_map[:, : height // 2] = SKY
    return encode_labels(label_map, "classes")


def noise_of(network, x, seed=0):
    return network.draw_noise(*x.shape[2:], seed)


@torch.no_grad()
def test_it_makes_photos_of_multiples_of_128(network):
    for size in ((256, 256), (128, 384)):
        photo = network(conditions(*size))
        assert photo.shape == (1, 3, *size)
        assert photo.abs().max() <= 1


def test_other_sizes_are_refused(network):
    with pytest.raises(ValueError, match="multiples of 128 px, got 300 x 256"):
        network(conditions(256, 300))


def test_another_upsampling_is_refused():
    with pytest.raises(ValueError, match="upsampling 'transposed' is unknown; choose nearest or bilinear"):
        StreetUNet(29, 1, upsampling="transposed")


@pytest.mark.parametrize("depth", [-1, 0, 9, 10**15])
def test_a_depth_that_cannot_be_is_refused_before_anything_is_built_of_it(depth):
    with pytest.raises(ValueError, match=f"depth is {depth}; it goes from 1 to 8"):
        StreetUNet(29, 1, depth=depth)


@torch.no_grad()
def test_another_light_is_another_photo_and_none_is_the_guess(network):
    x = conditions()
    noise = noise_of(network, x)
    plain = network(x, noise)
    assert torch.equal(network(x, noise, network.light.guess(x)), plain)
    assert (network(x, noise, torch.full((1, 8), 2.0)) - plain).abs().mean() > 0.01


@torch.no_grad()
def test_a_seed_draws_the_same_photo_again_and_another_one_another(network):
    x = conditions()
    first, again, other = (network(x, noise_of(network, x, seed)) for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert (first - other).abs().mean() > 1e-4


@torch.no_grad()
def test_an_even_map_has_no_frame(network):
    x = encode_labels(torch.full((1, 256, 256), ROAD, dtype=torch.uint8), "classes")
    quiet = [torch.zeros_like(n) for n in noise_of(network, x)]
    photo = network(x, quiet)[0]
    assert (photo.amax(2) - photo.amin(2)).max() < 1e-4  # each row is even, up to its ends


@torch.no_grad()
def test_a_pixel_of_the_map_changes_the_photo_there_alone_at_the_end(network):
    x = conditions(64, 64)
    features = torch.randn(1, 2, 32, 32)
    changed = x.clone()
    changed[:, :, 40, 21] = x[:, :, 0, 0]
    difference = (network.head(features, changed) - network.head(features, x))[0].abs().sum(0)
    rows, columns = difference.nonzero(as_tuple=True)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (38, 42, 19, 23)


def test_every_weight_learns(network):
    network = StreetUNet(29, 2, depth=6)
    optimizer = torch.optim.SGD(network.parameters(), 0.1)
    x, light = conditions(128, 128), torch.randn(1, 8)
    for _ in range(3):  # what is told starts at nothing, and gets its gradient from the layers behind
        optimizer.zero_grad()
        (network(x, None, light) - torch.rand(1, 3, 128, 128)).square().mean().backward()
        optimizer.step()
    for name, parameter in network.named_parameters():
        assert parameter.grad.any(), name


def unet(width):
    return UNet(29, width, norm="instance", upsampling="nearest", dropout=0.0, noise=True, refine=True)


@torch.no_grad()
def test_it_goes_on_where_a_unet_stands(monkeypatch):
    before, network = unet(2), StreetUNet(29, 2, depth=8)
    for parameter in before.parameters():
        parameter.normal_(0, 0.1)
    network.continue_from(before)
    pad = torch.nn.functional.pad  # with the zeros that a U-Net sees beyond the edge
    monkeypatch.setattr(torch.nn.functional, "pad", lambda x, sides, mode: pad(x, sides))
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.padding_mode = "zeros"
    x = conditions(512, 512)
    noise = noise_of(network, x)
    seen = []
    before.head.register_forward_hook(lambda module, given, photo: seen.append(photo))
    before(x[..., ::2, ::2], noise)
    wanted = torch.nn.functional.interpolate(seen[0], scale_factor=2, mode="bilinear").tanh()
    assert torch.allclose(network(x, noise), wanted, atol=1e-4)


def test_it_cannot_go_on_where_another_network_stands():
    with pytest.raises(ValueError, match=r"downs.0.conv.weight \(4, 30, 4, 4\) has no place in it"):
        StreetUNet(29, 2, depth=8).continue_from(unet(4))


@torch.no_grad()
def test_of_a_deeper_unet_it_takes_the_outer_levels():
    before, network = unet(2), StreetUNet(29, 2, depth=6)
    network.continue_from(before)
    assert torch.equal(network.downs[4].conv.weight, before.downs[4].conv.weight)
    assert torch.equal(network.ups[5].conv.weight, before.ups[7].conv.weight)
    assert torch.equal(network.ups[0].conv.weight, before.ups[2].conv.weight[:, 16:])  # beside the skip


@torch.no_grad()
def test_at_half_size_the_photo_is_the_one_that_the_end_adds_to(network):
    network = deepcopy(network)
    for parameter in network.head.out.parameters():
        parameter.zero_()
    x = conditions()
    noise = noise_of(network, x)
    half = network(x, noise, half_size=True)
    assert half.shape == (1, 3, 128, 192)
    enlarged = torch.nn.functional.interpolate(half.atanh(), scale_factor=2, mode="bilinear").tanh()
    assert torch.allclose(network(x, noise), enlarged, atol=1e-4)


def test_a_frozen_trunk_keeps_its_convolutions(network):
    network = deepcopy(network)
    network.freeze_trunk()
    network(conditions(128, 128), None, torch.randn(1, 8)).square().mean().backward()
    for name, parameter in network.named_parameters():
        kept = name.startswith(("downs", "ups")) and ".conv." in name
        assert (parameter.grad is None) == kept, name
