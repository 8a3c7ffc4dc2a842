"""ONNX Runtime makes of a checkpoint's graph the photos that torch makes of its weights."""

import numpy as np
import pytest
import tiny
import torch

from citygan.checkpoint import Checkpoint
from citygan.streets import street
from citygan.synthesis.onnx_engine import OnnxEngine
from citygan.synthesis.onnx_graph import write_graph
from citygan.synthesis.synthesizer import Synthesizer

NOISY = {"norm": "instance", "upsampling": "nearest", "noise": True}


def save(folder, **changes):
    if changes.get("generator") == "street-unet":
        network, arguments = tiny.settled_street_unet(2), {"in_channels": 29, "width": 2, "depth": 6}
        changes |= {"height_px": 128, "aspect": 2.0, "encoding": "classes", "norm_statistics": "instance"}
    elif changes.pop("noise", False):
        network = tiny.settled_unet("classes", 2, **NOISY)
        arguments = {"in_channels": 29, "width": 2, "dropout": 0.0} | NOISY
        changes |= {"encoding": "classes", "norm_statistics": "instance"}
    else:
        network, arguments = tiny.settled_unet(width=2), {"in_channels": 3, "width": 2, "dropout": 0.0}
    return tiny.save_checkpoint(folder, network, arguments=arguments, **changes)


@pytest.mark.parametrize("changes", [{}, {"noise": True}, {"generator": "street-unet"}])
def test_a_graph_makes_torchs_photos_to_one_step_of_a_colour(changes, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    path = save(tmp_path, **changes)
    synthesizer, found = Synthesizer(path, "cpu"), Checkpoint.find(path)
    graph = OnnxEngine(write_graph(found), found)
    label_map = street("avenue", found.info.width_px, found.info.height_px)
    label_maps = torch.from_numpy(label_map)[None]
    for seed in (None, 3):
        photo = synthesizer(label_map, seed)
        assert photo.std() > 10
        drawn = synthesizer._drawn(label_maps, seed, None)
        assert np.abs(graph(label_maps, drawn)[0].numpy().astype(int) - photo).max() <= 1


def test_a_graph_beside_the_weights_leaves_the_photos_to_torch(tmp_path):
    path = save(tmp_path)
    plain = Synthesizer(path, "cpu")
    write_graph(Checkpoint.find(path))
    other = Synthesizer(path, "cpu")
    assert other.device_name == plain.device_name
    assert "PyTorch" in other.device_name
