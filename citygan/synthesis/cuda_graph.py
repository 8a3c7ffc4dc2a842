"""A function of CUDA tensors, recorded once and replayed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

WARM_UP_CALLS = 3  # in which libraries choose their algorithms and allocate, which cannot be recorded


class CudaGraph:
    """Calls a function a few times as it is, then records it and replays that: its kernels cost one launch.

    At batch 1 a training step starts some 1500 kernels that take less time than starting them does. Every
    call counts, for recording runs nothing. Source: the CUDA semantics notes of PyTorch, section "CUDA
    Graphs", https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs.

    Args:
        function: Takes tensors on one CUDA device, of the same shapes at each call, and returns some. It must
            not read values back from the device, and must do the same for all inputs.
    """

    def __init__(self, function: Callable[..., Any]):
        self._function = function
        self._calls = 0
        self._graph: torch.cuda.CUDAGraph | None = None

    def __call__(self, *inputs: torch.Tensor) -> Any:
        """The function's result, valid until the next call.

        Raises:
            RuntimeError: the function does something that cannot be recorded.
        """
        if self._calls < WARM_UP_CALLS:
            self._calls += 1
            return self._on_another_stream(inputs)
        if self._graph is None:
            self._inputs = [t.clone() for t in inputs]
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(
                graph, capture_error_mode="thread_local"
            ):  # other threads may use the device
                self._output = self._function(*self._inputs)
            self._graph = graph
        for own, given in zip(self._inputs, inputs, strict=True):
            own.copy_(given, non_blocking=True)
        self._graph.replay()
        return self._output

    def record(self, *inputs: torch.Tensor) -> None:
        """Makes the first calls, whose results nobody wants, so that all others are replayed.

        Raises:
            RuntimeError: as for a call.
        """
        for _ in range(WARM_UP_CALLS + 1):
            self(*inputs)

    def _on_another_stream(self, inputs: tuple[torch.Tensor, ...]) -> Any:
        stream, present = torch.cuda.Stream(), torch.cuda.current_stream()
        stream.wait_stream(present)
        with torch.cuda.stream(stream):
            result = self._function(*inputs)
        present.wait_stream(stream)
        return result
