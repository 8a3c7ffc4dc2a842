"""The layers for inference compute what the plain ones do."""

import pytest
import torch
from torch import nn

from citygan.models.layers import FeatureNoise, InstanceNorm2d, NearestConv2d
from citygan.synthesis.fast import FastFeatureNoise, SeededDropout, as_transposed

LAYOUTS = [torch.channels_last, torch.contiguous_format]


def features(count, layout):
    torch.manual_seed(1)
    return torch.randn(count, 6, 10, 14).contiguous(memory_format=layout) * 3 + 1


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("count", [1, 2])
def test_instance_norm_normalizes_each_image_alone(count, layout):
    norm = nn.InstanceNorm2d(6, affine=True)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    same = InstanceNorm2d(6, affine=True)
    same.load_state_dict(norm.state_dict())
    x = features(count, layout)
    assert torch.allclose(same(x), norm(x), atol=1e-6)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("drawn", [1, 2, None])
def test_noise_is_added_to_every_channel_by_its_weight(count, layout, drawn):
    if drawn == 2 and count == 1:
        drawn = 1
    plain = FeatureNoise(6)
    nn.init.normal_(plain.weight)
    x, noise = features(count, layout), None if drawn is None else torch.randn(drawn, 1, 10, 14)
    results = []
    for layer in (plain, FastFeatureNoise(plain)):
        torch.manual_seed(2)
        results.append(layer(x, noise))
    assert torch.allclose(*results, atol=1e-6)


def test_one_image_keeps_its_memory_layout():
    x = features(1, torch.channels_last)
    norm, noise = InstanceNorm2d(6, affine=True), FastFeatureNoise(FeatureNoise(6))
    assert noise(norm(x)).is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("trim", [0, 2])
@pytest.mark.parametrize("bias", [True, False])
def test_a_transposed_convolution_stands_for_the_nearest_one(bias, trim):
    conv = NearestConv2d(6, 5, bias=bias, trim=trim)
    if bias:
        nn.init.normal_(conv.bias)
    x = features(2, torch.channels_last)
    assert torch.allclose(as_transposed(conv)(x), conv(x), atol=1e-6)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_seed_drops_the_same_in_every_layout_and_number_format(layout, dtype):
    dropout, ones = SeededDropout(nn.Dropout(0.25)), torch.ones(1, 6, 10, 14)
    assert torch.equal(dropout(ones), ones)
    dropout.rng = torch.Generator().manual_seed(3)
    plain = dropout(ones)
    assert plain.unique().tolist() == pytest.approx([0, 1 / 0.75])
    assert plain.mean() == pytest.approx(1, abs=0.1)
    dropout.rng = torch.Generator().manual_seed(3)
    assert torch.equal(dropout(ones.to(dtype).contiguous(memory_format=layout)), plain.to(dtype))
