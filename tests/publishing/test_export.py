"""`train.py export` copies a checkpoint for shipping."""

import itertools

import numpy as np
import pytest
import tiny
import torch

import train
from citygan.checkpoint import Checkpoint
from citygan.synthesis.onnx_engine import OnnxEngine
from citygan.synthesis.synthesizer import Synthesizer

NOISY = {"norm": "instance", "upsampling": "nearest", "noise": True}
STREET = tiny.draw_labels("street")


@pytest.fixture
def noisy(tmp_path):
    network = tiny.settled_unet("classes", **NOISY)
    arguments = {"in_channels": 29, "width": 8, "dropout": 0.0} | NOISY
    return tiny.save_checkpoint(
        tmp_path, network, arguments=arguments, encoding="classes", norm_statistics="instance"
    )


def weights_of(path) -> dict[str, torch.Tensor]:
    return Checkpoint.find(path).load().state_dict()


def test_it_is_half_as_large_under_its_own_name_and_the_same_to_half_precision(noisy, tmp_path):
    out = tmp_path / "shipped"
    assert train.main(["export", "--checkpoint", str(noisy), "--out", str(out)]) == 0
    before, after = weights_of(noisy), weights_of(out)
    assert Checkpoint.find(out).info.name == "shipped"
    sizes = [path.with_name(f"{path.name}.safetensors").stat().st_size for path in (noisy, out)]
    assert sizes[1] == pytest.approx(sizes[0] / 2, rel=0.05)
    assert all(torch.allclose(after[name], tensor, rtol=1e-3, atol=1e-4) for name, tensor in before.items())


def test_noise_can_be_turned_down_and_the_checkpoint_says_so(noisy, tmp_path):
    photos = {}
    for scale in (1.0, 0.5, 0.0):
        out = tmp_path / f"scaled-{scale}"
        flags = ["--no-half", "--noise-scale", str(scale)]
        assert train.main(["export", "--checkpoint", str(noisy), "--out", str(out), *flags]) == 0
        assert Checkpoint.find(out).info.recipe.get("noise_scale", 1.0) == scale
        synthesizer = Synthesizer(out, "cpu")
        photos[scale] = [synthesizer(STREET, seed).astype(float) for seed in (1, 2)]
    spreads = {scale: np.abs(one - other).mean() for scale, (one, other) in photos.items()}
    assert spreads[1.0] > spreads[0.5] > spreads[0.0] == 0


def test_a_scale_counts_on_top_of_an_earlier_one(noisy, tmp_path):
    paths = [noisy, tmp_path / "once", tmp_path / "twice"]
    for source, out in itertools.pairwise(paths):
        flags = ["--no-half", "--noise-scale", "0.5"]
        assert train.main(["export", "--checkpoint", str(source), "--out", str(out), *flags]) == 0
    assert Checkpoint.find(paths[-1]).info.recipe["noise_scale"] == 0.25
    before, after = (weights_of(path) for path in (paths[0], paths[-1]))
    assert torch.equal(after["ups.2.noise.weight"], before["ups.2.noise.weight"] / 4)
    assert torch.equal(after["ups.2.conv.weight"], before["ups.2.conv.weight"])


def test_a_generator_without_noise_has_none_to_scale(tmp_path, capsys):
    source = tiny.save_checkpoint(tmp_path, tiny.settled_unet(width=1))
    arguments = ["export", "--checkpoint", str(source), "--out", str(tmp_path / "out")]
    assert train.main([*arguments, "--noise-scale", "0.5"]) == 1
    assert "--noise-scale is 0.5" in capsys.readouterr().err


def test_a_graph_is_written_beside_it_where_it_is_asked_for(noisy, tmp_path, capsys):
    out = tmp_path / "shipped"
    for flags in ([], ["--onnx"]):
        assert train.main(["export", "--checkpoint", str(noisy), "--out", str(out), *flags]) == 0
        assert Checkpoint.find(out).graph.is_file() == bool(flags)
    assert str(tmp_path / "shipped.onnx") in capsys.readouterr().out
    found = Checkpoint.find(out)
    OnnxEngine(found.graph, found)
