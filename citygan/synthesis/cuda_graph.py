"""A function of CUDA tensors, recorded once and replayed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

WARM_UP_CALLS = 3  # in which libraries choose their algorithms and allocate, which cannot be recorded


class CudaGraph:
    """Replays what a function did with its first inputs: its many kernels then cost one launch.

    Source: the CUDA semantics notes of PyTorch, section "CUDA Graphs".

    Args:
        function: Takes tensors on one CUDA device and returns one. It must not read values back from the
            device, and must do the same for all inputs of the same shapes.
        inputs: Of the shapes that all calls have.

    Raises:
        RuntimeError: it does something that cannot be recorded.
    """

    def __init__(self, function: Callable[..., torch.Tensor], inputs: Sequence[torch.Tensor]):
        self._inputs = [t.clone() for t in inputs]
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP_CALLS):
                function(*self._inputs)
        torch.cuda.current_stream().wait_stream(stream)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph, capture_error_mode="thread_local"):
            self._output = function(*self._inputs)

    def __call__(self, *inputs: torch.Tensor) -> torch.Tensor:
        """The function's result, valid until the next call."""
        for mine, given in zip(self._inputs, inputs, strict=True):
            mine.copy_(given, non_blocking=True)
        self._graph.replay()
        return self._output
