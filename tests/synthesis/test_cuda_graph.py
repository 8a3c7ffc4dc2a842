"""CUDA graphs, and the synthesizer on CUDA. These need a GPU; elsewhere there is nothing to test."""

import numpy as np
import pytest
import tiny
import torch

from citygan.streets import street
from citygan.synthesis.cuda_graph import WARM_UP_CALLS, CudaGraph
from citygan.synthesis.synthesizer import Synthesizer

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")


def test_a_recorded_function_computes_with_new_inputs():
    graph = CudaGraph(lambda a, b: a * 2 + b)
    graph.record(torch.zeros(3, device="cuda"), torch.ones(3, device="cuda"))
    assert graph(torch.arange(3.0, device="cuda"), torch.zeros(3, device="cuda")).tolist() == [0, 2, 4]
    assert graph(torch.ones(3, device="cuda"), torch.ones(3, device="cuda")).tolist() == [3, 3, 3]


def test_every_call_counts_once_before_and_after_recording():
    total = torch.zeros(1, device="cuda")

    def step(a):
        return {"total": total.add_(a).clone()}

    graph = CudaGraph(step)
    inputs = torch.arange(1.0, 2 * WARM_UP_CALLS + 1, device="cuda").split(1)
    assert [graph(a)["total"].item() for a in inputs] == torch.cat(inputs).cumsum(0).tolist()


def test_what_cannot_be_recorded_is_an_error():
    with pytest.raises(RuntimeError):
        CudaGraph(lambda a: a * float(a.sum())).record(torch.ones(3, device="cuda"))


@pytest.mark.parametrize("seed", [None, 7])
def test_the_recorded_synthesizer_makes_the_same_photos(tmp_path, seed):
    arguments = {"in_channels": 3, "width": 2, "norm": "instance", "dropout": 0.0, "noise": True}
    network = tiny.settled_unet(width=2, **{k: arguments[k] for k in ("norm", "dropout", "noise")})
    path = tiny.save_checkpoint(tmp_path, network, arguments=arguments, norm_statistics="instance")
    synthesizer = Synthesizer(path, "cuda")
    label_map = street("avenue", 256, 256)
    before = synthesizer(label_map, seed)
    assert synthesizer.compile()
    assert np.abs(synthesizer(label_map, seed).astype(int) - before).max() <= 1
