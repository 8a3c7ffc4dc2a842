"""What browsers get of a checkpoint."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest
import tiny
import torch
from torch.utils._pytree import tree_flatten

from citygan.checkpoint import Checkpoint
from citygan.errors import CityGANError
from citygan.models import UNet
from citygan.synthesis.browser import browser_files, browser_info
from citygan.synthesis.onnx_graph import write_graph

STREET = {"generator": "street-unet", "arguments": {"in_channels": 29, "width": 2, "depth": 6}}
STREET |= {"encoding": "classes", "norm_statistics": "instance", "height_px": 128}


def test_the_tests_of_the_page_know_what_torch_draws():
    fixture = runpy.run_path(str(Path(__file__).parents[1] / "js" / "fixtures" / "drawn.py"))
    command = "PYTHONPATH=. python tests/js/fixtures/drawn.py writes it anew"
    got, got_tree = tree_flatten(json.loads(fixture["FILE"].read_text()))
    wanted, wanted_tree = tree_flatten(fixture["cases"]())
    assert got_tree == wanted_tree, command
    numbers = [(a, b) for a, b in zip(got, wanted, strict=True) if isinstance(b, float)]
    assert all(a == b for a, b in zip(got, wanted, strict=True) if not isinstance(b, float)), command
    assert torch.allclose(*torch.tensor(numbers).T, atol=1e-5), command


def test_a_checkpoint_that_is_told_the_light_says_all_that_a_photo_depends_on(tmp_path):
    network = tiny.settled_street_unet(2)
    checkpoint = Checkpoint.save(tmp_path / "tiny", network, tiny.info(**STREET))
    info = json.loads(json.dumps(browser_info(checkpoint)))
    assert (info["width"], info["height"], info["weights_name"]) == (256, 128, "tiny.safetensors")
    assert info["noise"] == [list(n.shape) for n in network.draw_noise(128, 256, 0)]
    assert info["substitutes"]["27"] == 26  # a truck is drawn as a car
    assert info["light"]["named"] == {name: list(code) for name, code in network.light.named().items()}
    assert torch.tensor(info["light"]["spread"]).equal(network.light.spread)
    assert info["light"]["warmth"] == [0, 0, -1, 1, 0, 0, 0, 0]


def test_one_without_light_and_noise_says_so(tmp_path):
    arguments = {"in_channels": 3, "width": 1, "dropout": 0.0}
    path = tiny.save_checkpoint(tmp_path, UNet(**arguments), arguments=arguments)
    info = browser_info(Checkpoint.find(path))
    assert info["light"] is None
    assert info["noise"] == []


def test_one_whose_seed_draws_dropout_is_none_for_browsers(tmp_path):
    with pytest.raises(CityGANError, match="draws dropout"):
        browser_info(Checkpoint.find(tiny.save_checkpoint(tmp_path, UNet(width=1))))


def test_browsers_get_a_graph_that_fits_its_weights(tmp_path):
    arguments = {"in_channels": 3, "width": 8, "dropout": 0.0}
    path = tiny.save_checkpoint(tmp_path, tiny.settled_unet(), arguments=arguments)
    checkpoint = Checkpoint.find(path)
    with pytest.raises(CityGANError, match=r"has no tiny\.onnx"):
        browser_files(checkpoint)
    write_graph(checkpoint)
    files = browser_files(checkpoint)
    assert (files.graph, files.weights) == (checkpoint.graph, checkpoint.weights)
    assert files.info["name"] == "tiny"

    Checkpoint.save(path, tiny.settled_unet(), checkpoint.info, half=True)
    with pytest.raises(CityGANError, match=r"was not written for this tiny\.safetensors"):
        browser_files(checkpoint)
