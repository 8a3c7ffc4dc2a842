"""The networks have the sizes, shapes and properties that their papers and docstrings say."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from citygan.models import DISCRIMINATORS, GENERATORS, MultiScaleDiscriminator, PatchDiscriminator, UNet
from citygan.models.layers import FeatureNoise, NearestConv2d, Smooth, for_inference, initialize, norm_layer


def parameters(network):
    return sum(p.numel() for p in network.parameters())


def test_the_unet_of_width_64_has_the_54_million_parameters_of_the_seed():
    with torch.device("meta"):
        assert parameters(UNet()) == 54_414_531


def test_the_unet_of_width_32_has_13_6_million_parameters():
    with torch.device("meta"):
        assert parameters(UNet(width=32)) == pytest.approx(13.6e6, rel=1e-2)


def test_the_patch_discriminator_of_width_64_has_2_8_million_parameters():
    with torch.device("meta"):
        assert parameters(PatchDiscriminator()) == 2_768_705


def test_the_tables_name_the_networks():
    assert list(GENERATORS) == [
        "unet",
        "flat-unet",
        "unet-256",
        "blocks-unet",
        "deeplab",
        "street-unet",
    ]
    assert GENERATORS["unet"] is UNet
    assert list(DISCRIMINATORS) == [
        "patch",
        "multi-scale",
        "resnet18",
        "segmenting",
        "projected",
    ]
    assert DISCRIMINATORS["patch"] is PatchDiscriminator


@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
@pytest.mark.parametrize("upsampling", ["transposed", "nearest"])
def test_the_unet_makes_photos_in_minus_one_to_one(norm, upsampling):
    network = UNet(5, 1, norm=norm, upsampling=upsampling, noise=True)
    photos = network(torch.randn(2, 5, 256, 256) * 10)
    assert photos.shape == (2, 3, 256, 256)
    assert photos.isfinite().all()
    assert photos.abs().max() <= 1


def test_the_unet_takes_other_multiples_of_256():
    with torch.no_grad():
        assert UNet(3, 1)(torch.zeros(1, 3, 256, 512)).shape == (1, 3, 256, 512)


@pytest.mark.parametrize(("height", "width"), [(256, 300), (128, 256), (0, 256), (255, 255)])
def test_the_unet_refuses_other_sizes_and_names_them(height, width):
    with pytest.raises(ValueError, match=f"multiples of 256 px, got {width} x {height}"):
        UNet(3, 1)(torch.zeros(1, 3, height, width))


def test_the_unet_has_no_norm_on_the_first_encoder_the_bottleneck_and_the_output():
    network = UNet(3, 1)
    assert [isinstance(d.norm, nn.BatchNorm2d) for d in network.downs] == [False, *[True] * 6, False]
    assert [isinstance(u.norm, nn.BatchNorm2d) for u in network.ups] == [*[True] * 7, False]


def test_dropout_sits_in_the_three_innermost_decoders():
    assert [getattr(u.dropout, "p", 0) for u in UNet(3, 1).ups] == [0.5, 0.5, 0.5, 0, 0, 0, 0, 0]
    assert not any(isinstance(m, nn.Dropout) for m in UNet(3, 1, dropout=0.0).modules())


def test_noise_enters_every_decoder_but_the_last():
    network = UNet(3, 1, noise=True)
    assert [isinstance(u.noise, FeatureNoise) for u in network.ups] == [*[True] * 7, False]
    assert not any(isinstance(m, FeatureNoise) for m in UNet(3, 1).modules())


def test_each_encoder_reaches_the_photo_through_its_skip():
    network = UNet(3, 2, norm="none", dropout=0.0)
    network(torch.randn(1, 3, 256, 256)).sum().backward()
    for down in network.downs:
        assert down.conv.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("arguments", [{"norm": "group"}, {"upsampling": "bilinear"}])
def test_an_unknown_norm_or_upsampling_is_an_error_that_names_it(arguments):
    with pytest.raises(ValueError, match=f"{next(iter(arguments.values()))!r} is unknown; choose"):
        UNet(3, 1, **arguments)


def logits_of(discriminator, condition, photo):
    """Of a discriminator with one scale."""
    (layers,) = discriminator(condition, photo)
    return layers[-1]


def test_the_patch_discriminator_gives_30_by_30_logits_at_256_px():
    network = PatchDiscriminator(6, 2)
    square, wide = torch.zeros(2, 3, 256, 256), torch.zeros(1, 3, 256, 512)
    assert logits_of(network, square, square).shape == (2, 1, 30, 30)
    assert logits_of(network, wide, wide).shape == (1, 1, 30, 62)


def test_a_refined_photo_is_made_of_features_at_full_size():
    torch.manual_seed(0)
    plain, refined = (UNet(3, 8, upsampling="nearest", dropout=0.0, refine=r) for r in (False, True))
    assert refined.ups[-1].conv.weight.shape[0] == 4
    assert refined.head[-1].weight.shape == (3, 4, 3, 3)
    condition = torch.randn(1, 3, 256, 256)
    assert refined(condition).shape == plain(condition).shape == (1, 3, 256, 256)


def test_a_refined_photo_has_noise_in_each_pixel():
    network = for_inference(UNet(3, 8, norm="instance", dropout=0.0, noise=True, refine=True), "instance")
    first, second = (network.draw_noise(256, 512, seed) for seed in (1, 2))
    assert [n.shape[-2:] for n in first][-2:] == [(128, 256), (256, 512)]
    nn.init.ones_(network.ups[-1].noise.weight)
    condition = torch.randn(1, 3, 256, 512)
    last = [*first[:-1], second[-1]]
    assert not torch.allclose(network(condition, first), network(condition, last))
    assert torch.equal(network(condition, first), network(condition, first))


def test_the_patch_discriminator_shows_its_four_hidden_layers():
    (layers,) = PatchDiscriminator(6, 2)(*torch.zeros(2, 1, 3, 256, 256))
    shapes = [(1, 2, 128, 128), (1, 4, 64, 64), (1, 8, 32, 32), (1, 16, 31, 31), (1, 1, 30, 30)]
    assert [layer.shape for layer in layers] == shapes


def test_the_second_of_two_scales_is_a_patch_discriminator_of_the_photo_at_half_size():
    torch.manual_seed(0)
    network = MultiScaleDiscriminator(6, 2, norm="instance", scales=2)
    condition, photo = torch.randn(2, 1, 3, 256, 256)
    full, half = network(condition, photo)
    assert [layer.shape[-1] for layer in full] == [128, 64, 32, 31, 30]
    assert [layer.shape[-1] for layer in half] == [64, 32, 16, 15, 14]
    assert torch.equal(full[-1], logits_of(network.scales[0], condition, photo))
    halved = [F.interpolate(t, scale_factor=0.5, mode="area") for t in (condition, photo)]
    assert torch.allclose(half[-1], logits_of(network.scales[1], *halved), atol=1e-6)


def test_a_logit_sees_exactly_70_by_70_px():
    network = PatchDiscriminator(6, 4, norm="none")  # a norm would look at the whole picture
    condition, photo = torch.randn(2, 1, 3, 256, 256).unbind()
    photo.requires_grad_()
    condition.requires_grad_()
    logits_of(network, condition, photo)[0, 0, 15, 12].backward()
    for picture in (condition, photo):
        reached = picture.grad[0].abs().sum(0) > 0
        rows, columns = (np.flatnonzero(reached.any(axis)) for axis in (1, 0))
        assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (70, 70)
        assert reached[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()


def test_the_discriminator_judges_the_photo_together_with_the_condition():
    network = PatchDiscriminator(6, 2, norm="none")
    condition, photo = torch.randn(2, 1, 3, 256, 256).unbind()
    logits = logits_of(network, condition, photo)
    assert not torch.allclose(logits, logits_of(network, condition.flip(3), photo))
    assert not torch.allclose(logits, logits_of(network, condition, photo.flip(3)))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("height", "width"), [(6, 9), (1, 1)])
def test_the_nearest_convolution_equals_upsampling_and_convolving(bias, height, width):
    layer = NearestConv2d(4, 5, bias=bias)
    nn.init.normal_(layer.weight)
    if bias:
        nn.init.normal_(layer.bias)
    x = torch.randn(2, 4, height, width, requires_grad=True)
    weighting = torch.randn(2, 5, 2 * height, 2 * width)

    plain = F.conv2d(F.interpolate(x, scale_factor=2, mode="nearest"), layer.weight, layer.bias, padding=1)
    leaves = [x, *layer.parameters()]
    wanted = torch.autograd.grad((plain * weighting).sum(), leaves)
    fast = layer(x)
    got = torch.autograd.grad((fast * weighting).sum(), leaves)

    assert (fast - plain).abs().max() < 1e-5
    for one, other in zip(got, wanted, strict=True):
        assert (one - other).abs().max() < 1e-5 * max(1, other.abs().max().item())


def test_smoothing_makes_nearest_neighbour_upsampling_bilinear():
    x = torch.randn(2, 5, 6, 8)
    smooth = Smooth(5)(F.interpolate(x, scale_factor=2, mode="nearest"))
    bilinear = F.interpolate(x, scale_factor=2, mode="bilinear")
    assert torch.allclose(smooth, bilinear[..., 1:-1, 1:-1], atol=1e-6)


def test_feature_noise_is_nothing_at_first():
    x = torch.randn(2, 3, 4, 5)
    assert torch.equal(FeatureNoise(3)(x), x)


def test_feature_noise_is_the_same_in_all_channels_times_their_weights():
    layer = FeatureNoise(3)
    layer.weight.data = torch.tensor([1.0, 2.0, 0.0]).view(3, 1, 1)
    added = layer(torch.zeros(2, 3, 4, 5))
    assert torch.allclose(added[:, 1], 2 * added[:, 0])
    assert (added[:, 2] == 0).all()
    assert not torch.allclose(added[0], added[1])


def test_feature_noise_follows_the_seed():
    layer = FeatureNoise(1)
    layer.weight.data.fill_(1)

    def drawn(seed):
        torch.manual_seed(seed)
        return layer(torch.zeros(1, 1, 8, 8))

    assert torch.equal(drawn(1), drawn(1))
    assert not torch.equal(drawn(1), drawn(2))


def test_weights_are_drawn_as_pix2pix_draws_them():
    torch.manual_seed(0)
    network = initialize(
        nn.Sequential(
            nn.Conv2d(64, 64, 4),
            nn.ConvTranspose2d(64, 64, 4),
            nn.BatchNorm2d(4000),
            norm_layer("instance", 4000),
        )
    )
    for conv in network[:2]:
        assert conv.weight.mean().item() == pytest.approx(0, abs=1e-3)
        assert conv.weight.std().item() == pytest.approx(0.02, rel=0.02)
        assert (conv.bias == 0).all()
    for norm in network[2:]:
        assert norm.weight.mean().item() == pytest.approx(1, abs=2e-3)
        assert norm.weight.std().item() == pytest.approx(0.02, rel=0.1)
        assert (norm.bias == 0).all()


def test_the_nearest_convolution_starts_as_the_others_do():
    torch.manual_seed(0)
    network = UNet(3, 4, norm="none", upsampling="nearest")
    weights = torch.cat([u.conv.weight.flatten() for u in network.ups])
    assert weights.std().item() == pytest.approx(0.02, rel=0.02)
    assert all((u.conv.bias == 0).all() for u in network.ups)


def network_with_a_norm():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Dropout(0.5))
    for _ in range(30):
        network(torch.randn(8, 3, 5, 5) * 3 + 1)
    return network


def test_running_statistics_treat_a_photo_alike_in_any_company():
    network = for_inference(network_with_a_norm(), "running")
    x = torch.randn(4, 3, 6, 6)
    assert torch.allclose(network(x)[:1], network(x[:1]), atol=1e-6)
    assert network(x).mean().abs() > 0.01


def test_batch_statistics_are_those_of_the_photo_at_hand():
    network = for_inference(network_with_a_norm(), "batch")
    norm = network[1]
    photo = network(torch.randn(1, 3, 32, 32) * 5 - 2)[0]
    back = (photo - norm.bias.view(4, 1, 1)) / norm.weight.view(4, 1, 1)
    assert back.mean((1, 2)) == pytest.approx(torch.zeros(4).numpy(), abs=1e-5)
    assert back.var((1, 2), unbiased=False) == pytest.approx(torch.ones(4).numpy(), rel=1e-3)


def test_batch_statistics_at_batch_one_are_instance_normalization():
    batch = for_inference(UNet(3, 1, dropout=0.0), "batch")
    instance = UNet(3, 1, norm="instance", dropout=0.0)
    instance.load_state_dict(batch.state_dict(), strict=False)
    x = torch.randn(1, 3, 256, 256)
    assert torch.allclose(batch(x), for_inference(instance, "instance")(x), atol=1e-5)


@pytest.mark.parametrize("statistics", ["running", "batch"])
def test_inference_has_no_dropout_and_wants_no_gradients(statistics):
    network = for_inference(network_with_a_norm(), statistics)
    x = torch.randn(1, 3, 6, 6)
    assert torch.equal(network(x), network(x))
    assert not network(x).requires_grad
    assert not any(p.requires_grad for p in network.parameters())
