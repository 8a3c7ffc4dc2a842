"""The networks of the paper have the layers that its sources describe, and make photos in every use."""

import numpy as np
import pytest
import tiny
import torch
from torch import nn

from citygan.checkpoint import Checkpoint
from citygan.models import GENERATORS, BlocksUNet, DeepLab, FlatUNet, ResNetDiscriminator, UNet, UNet256
from citygan.models.encoding import encode_labels
from citygan.models.layers import for_inference
from citygan.streets import street
from citygan.synthesis.fast import optimized
from citygan.synthesis.synthesizer import Synthesizer

MAP = street("avenue", 256, 256)
SMALL = {
    "flat-unet": {"in_channels": 3, "width": 8, "dropout": 0.5},
    "unet-256": {"in_channels": 3, "width": 8, "dropout": 0.5},
    "blocks-unet": {"in_channels": 3, "width": 8, "dropout": 0.5},
    "deeplab": {"in_channels": 3, "backbone": "mobilenet_v3_large"},
}


def parameters(network):
    return sum(p.numel() for p in network.parameters())


def small(name, **changes):
    torch.manual_seed(0)
    return GENERATORS[name](**(SMALL[name] | changes))


def settled(name):
    """The network with random weights as if trained, without dropout; and its arguments."""
    arguments = SMALL[name] | ({"dropout": 0.0} if "dropout" in SMALL[name] else {})
    torch.manual_seed(7)
    network = GENERATORS[name](**arguments)
    last = network.ups[-1].conv if isinstance(network, UNet) else network.output
    return tiny.settled(network, last), arguments


@pytest.mark.parametrize(
    ("make", "millions"),
    [
        (FlatUNet, 54.42),  # the seven biases beyond UNet256's one are 5,952 numbers
        (UNet256, 54.41),  # as junyanz' project prints it
        (BlocksUNet, 54.41),
        (DeepLab, 23.51),
        (lambda: DeepLab(backbone="resnet101"), 42.51),
        (lambda: DeepLab(backbone="mobilenet_v3_large"), 2.97),
        (ResNetDiscriminator, 11.19),
    ],
    ids=["flat-unet", "unet-256", "blocks-unet", "deeplab resnet50", "resnet101", "mobilenet", "resnet18"],
)
def test_at_full_size_it_has_the_parameters_of_its_original(make, millions):
    with torch.device("meta"):
        assert parameters(make()) / 1e6 == pytest.approx(millions, abs=0.005)


@pytest.mark.parametrize("channels", [3, 29])
@pytest.mark.parametrize("name", SMALL)
def test_it_makes_photos_in_minus_one_to_one_of_either_encoding(name, channels):
    photo = small(name, in_channels=channels)(torch.randn(1, channels, 256, 256) * 10)
    assert photo.shape == (1, 3, 256, 256)
    assert photo.isfinite().all()
    assert photo.abs().max() <= 1
    assert photo.std() > 0.01


@pytest.mark.parametrize("name", SMALL)
def test_it_takes_other_multiples_of_256_and_refuses_what_is_none(name):
    network = small(name).eval()
    with torch.no_grad():
        assert network(torch.zeros(1, 3, 256, 512)).shape == (1, 3, 256, 512)
        with pytest.raises(ValueError, match="multiples of 256 px, got 300 x 256"):
            network(torch.zeros(1, 3, 256, 300))


@pytest.mark.parametrize("name", SMALL)
def test_it_draws_no_noise_and_takes_none_for_an_answer(name):
    network = small(name).eval()
    assert network.draw_noise(256, 256, 3) == []
    with torch.no_grad():
        conditions = torch.randn(1, 3, 256, 256)
        assert torch.equal(network(conditions, []), network(conditions))


@pytest.mark.parametrize("name", SMALL)
def test_it_trains_at_batch_one(name):
    network = small(name).train()
    network(torch.randn(1, 3, 256, 256)).square().mean().backward()
    for parameter, tensor in network.named_parameters():
        assert tensor.grad.isfinite().all(), parameter


def test_the_flat_unet_has_a_bias_everywhere_and_dropout_from_the_innermost_decoder_on():
    network = small("flat-unet")
    assert all(block.conv.bias is not None for block in [*network.downs, *network.ups])
    assert [getattr(u.dropout, "p", 0) for u in network.ups] == [0.5, 0.5, 0.5, 0, 0, 0, 0, 0]
    assert [isinstance(d.norm, nn.BatchNorm2d) for d in network.downs] == [False, *[True] * 6, False]
    assert [isinstance(u.norm, nn.BatchNorm2d) for u in network.ups] == [*[True] * 7, False]


def test_the_unet_256_has_a_bias_at_the_end_alone_and_no_dropout_in_the_innermost_decoder():
    network = small("unet-256")
    biases = [block.conv.bias is not None for block in [*network.downs, *network.ups]]
    assert biases == [*[False] * 15, True]
    assert [getattr(u.dropout, "p", 0) for u in network.ups] == [0, 0.5, 0.5, 0.5, 0, 0, 0, 0]


def test_the_blocks_unet_has_a_norm_after_each_convolution_but_the_one_of_a_single_pixel():
    network = small("blocks-unet")
    assert [isinstance(b.norm, nn.BatchNorm2d) for b in network.encoder] == [*[True] * 7, False]
    assert all(isinstance(b.norm, nn.BatchNorm2d) for b in network.decoder)
    assert [getattr(b.dropout, "p", 0) for b in network.decoder] == [0.5, 0.5, 0.5, 0, 0, 0, 0]


def test_each_encoder_block_reaches_the_photo_through_its_skip():
    network = small("blocks-unet", dropout=0.0)
    inner = network.decoder[0].register_forward_hook(lambda _m, _i, out: torch.zeros_like(out))
    network(torch.randn(1, 3, 256, 256)).square().sum().backward()
    inner.remove()
    for block in network.encoder[:-1]:
        assert block.conv.weight.grad.abs().sum() > 0
    assert network.encoder[-1].conv.weight.grad is None  # it has no skip


def test_the_deeplab_has_no_detail_below_its_backbones_stride():
    network = DeepLab(backbone="resnet50").eval()
    shapes = []
    network.backbone.register_forward_hook(lambda _m, _i, out: shapes.append(out["out"].shape))
    with torch.no_grad():
        network(torch.zeros(1, 3, 256, 256))
    assert shapes == [(1, 2048, 32, 32)]


def test_a_deeplab_on_an_unknown_backbone_is_an_error_that_names_it():
    with pytest.raises(ValueError, match="'vgg16' is unknown; choose one of resnet50"):
        DeepLab(backbone="vgg16")


def test_the_resnet_discriminator_gives_one_logit_a_photo_and_sees_the_condition():
    torch.manual_seed(0)
    network = ResNetDiscriminator(3 + 29).eval()
    condition, photo = torch.randn(2, 29, 256, 256), torch.randn(2, 3, 256, 256)
    with torch.no_grad():
        [[logits]] = network(condition, photo)
        assert logits.shape == (2, 1)
        assert not torch.allclose(logits, network(condition.flip(0), photo)[0][0])
        assert not torch.allclose(logits, network(condition, photo.flip(0))[0][0])


@pytest.mark.parametrize("statistics", ["running", "batch"])
@pytest.mark.parametrize("name", SMALL)
def test_the_optimized_network_makes_the_same_photo_within_40_db(name, statistics):
    network, _ = settled(name)
    fast = optimized(network, statistics, torch.device("cpu"))
    conditions = encode_labels(torch.from_numpy(MAP)[None], "colors")
    with torch.no_grad():
        plain = for_inference(network, statistics)(conditions)
        photo = fast(conditions.to(next(fast.parameters()).dtype)).float()
    assert plain.std() > 0.2  # a grey photo would hide every error
    assert -10 * torch.log10(((photo - plain) / 2).square().mean()) > 40


@pytest.mark.parametrize("name", SMALL)
def test_its_checkpoint_opens_and_makes_the_photo(name, tmp_path):
    network, arguments = settled(name)
    path = tiny.save_checkpoint(tmp_path, network, generator=name, arguments=arguments)
    found = Checkpoint.find(path)
    loaded, info = found.load(), found.info
    assert (type(loaded), info.arguments) == (type(network), arguments)
    for tensor, other in zip(loaded.state_dict().values(), network.state_dict().values(), strict=True):
        assert torch.equal(tensor, other)
    assert Synthesizer(path, "cpu")(MAP).std() > 10


def test_dropout_at_inference_is_always_on_and_drawn_from_the_seed(tmp_path):
    arguments = SMALL["flat-unet"] | {"width": 2}
    path = tiny.save_checkpoint(
        tmp_path,
        tiny.settled(network := FlatUNet(**arguments), network.ups[-1].conv),
        generator="flat-unet",
        arguments=arguments,
        norm_statistics="batch",
        dropout_at_inference=True,
    )
    synthesizer = Synthesizer(path, "cpu")
    photo = synthesizer(MAP)
    assert np.array_equal(photo, synthesizer(MAP))
    assert np.array_equal(photo, synthesizer(MAP, seed=0))
    assert (photo != synthesizer(MAP, seed=1)).mean() > 0.1
    assert not synthesizer.compile()  # compiled code has no dropout


def test_inference_keeps_dropout_on_where_it_is_asked_to():
    network = for_inference(FlatUNet(3, 1), "batch", dropout=True)
    assert all(m.training for m in network.modules() if isinstance(m, nn.Dropout))
    assert not any(m.training for m in for_inference(network, "batch").modules() if isinstance(m, nn.Dropout))
