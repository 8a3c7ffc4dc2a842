"""Which engine makes a photo, and that it is the same photo."""

import numpy as np
import pytest
import tiny
import torch

from citygan.checkpoint import Checkpoint
from citygan.streets import street
from citygan.synthesis import fast, synthesizer
from citygan.synthesis.onnx_engine import OnnxEngine
from citygan.synthesis.onnx_graph import write_graph
from citygan.synthesis.synthesizer import Synthesizer, prefers_onnx

MAP = street("avenue", 256, 256)
NOISY = {"norm": "instance", "upsampling": "nearest", "noise": True}


@pytest.fixture(autouse=True)
def _onnx_is_preferred(monkeypatch):
    """A processor without bfloat16, on which ONNX Runtime is the quicker one."""
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    monkeypatch.setattr(synthesizer, "prefers_onnx", lambda device, dtype: True)


def save(folder, **changes):
    if changes.get("generator") == "street-unet":
        network, arguments = tiny.settled_street_unet(2), {"in_channels": 29, "width": 2, "depth": 6}
        changes |= {"height_px": 128, "encoding": "classes", "norm_statistics": "instance"}
    elif changes.pop("noise", False):
        network = tiny.settled_unet("classes", 2, **NOISY)
        arguments = {"in_channels": 29, "width": 2, "dropout": 0.0} | NOISY
        changes |= {"encoding": "classes", "norm_statistics": "instance"}
    else:
        network, arguments = tiny.settled_unet(width=2), {"in_channels": 3, "width": 2, "dropout": 0.5}
    return tiny.save_checkpoint(folder, network, arguments=arguments, **changes)


@pytest.mark.parametrize("changes", [{}, {"noise": True}, {"generator": "street-unet"}])
def test_onnx_runtime_makes_torchs_photos_to_one_step_of_a_colour(changes, tmp_path):
    path = save(tmp_path, **changes)
    plain = Synthesizer(path, "cpu")
    assert plain.device_name.endswith("threads, PyTorch, float32)")
    write_graph(Checkpoint.find(path))
    other = Synthesizer(path, "cpu")
    assert other.device_name.endswith("threads, ONNX Runtime, float32)")
    for seed in (None, 3):
        photo = plain(MAP, seed)
        assert photo.std() > 10
        assert np.abs(other(MAP, seed).astype(int) - photo).max() <= 1
    for light in plain.lights:
        assert np.abs(other(MAP, light=light).astype(int) - plain(MAP, light=light)).max() <= 1


def test_a_seed_that_draws_dropout_goes_by_torch(tmp_path):
    path = save(tmp_path)
    plain = Synthesizer(path, "cpu")(MAP, seed=4)
    write_graph(Checkpoint.find(path))
    assert np.array_equal(Synthesizer(path, "cpu")(MAP, seed=4), plain)
    Checkpoint.find(path).record(dropout_at_inference=True)
    assert "ONNX" not in Synthesizer(path, "cpu").device_name


@pytest.mark.parametrize(
    ("device", "dtype", "capability", "onnx"),
    [
        ("cpu", torch.float32, "AVX2", True),
        ("cpu", torch.float32, "AVX512", False),
        ("cpu", torch.bfloat16, "AVX512", False),
        ("cuda", torch.float16, "AVX2", False),
    ],
)
def test_onnx_runtime_is_preferred_on_a_processor_with_avx2_alone(
    monkeypatch, device, dtype, capability, onnx
):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    assert prefers_onnx(torch.device(device), dtype) == onnx


def test_where_torch_is_preferred_it_makes_the_photos(tmp_path, monkeypatch):
    path = save(tmp_path)
    write_graph(Checkpoint.find(path))
    monkeypatch.setattr(fast, "_dtype_for", lambda device: torch.bfloat16)
    monkeypatch.setattr(synthesizer, "prefers_onnx", lambda device, dtype: dtype != torch.bfloat16)
    assert Synthesizer(path, "cpu").device_name.endswith("threads, PyTorch, bfloat16)")


def test_where_onnx_runtime_is_not_installed_torch_makes_them(tmp_path, monkeypatch, caplog):
    path = save(tmp_path)
    write_graph(Checkpoint.find(path))
    monkeypatch.setattr(synthesizer, "find_spec", lambda name: None)
    assert Synthesizer(path, "cpu").device_name.endswith("threads, PyTorch, float32)")
    assert not caplog.text


@pytest.mark.parametrize("fault", ["another precision", "another photo", "damaged"])
def test_a_graph_that_does_not_fit_is_left_aside_and_the_log_says_so(fault, tmp_path, monkeypatch, caplog):
    path = save(tmp_path)
    checkpoint = Checkpoint.find(path)
    write_graph(checkpoint)
    if fault == "another precision":
        Checkpoint.save(path, checkpoint.load(), checkpoint.info, half=True)
    elif fault == "another photo":
        monkeypatch.setattr(OnnxEngine, "run", lambda self, maps, drawn: torch.zeros(1, 3, 256, 256))
    else:
        checkpoint.graph.write_bytes(checkpoint.graph.read_bytes()[::-1])
    assert Synthesizer(path, "cpu").device_name.endswith("threads, PyTorch, float32)")
    assert "photos are made without ONNX Runtime: " in caplog.text


def test_what_onnx_runtime_makes_is_not_compiled(tmp_path, monkeypatch):
    path = save(tmp_path)
    write_graph(Checkpoint.find(path))
    opened = Synthesizer(path, "cpu")
    monkeypatch.setattr(torch, "compile", lambda *_, **__: pytest.fail("compiled"))
    assert not opened.compile()
