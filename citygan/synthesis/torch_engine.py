"""Torch as an engine: plain, compiled on a CPU, or recorded as a CUDA graph."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial

import torch

from citygan.checkpoint import CheckpointInfo
from citygan.models.encoding import encode_labels, to_pixels
from citygan.models.generator import Generator
from citygan.models.light import light_of
from citygan.synthesis.cuda_graph import CudaGraph
from citygan.synthesis.fast import SeededDropout, optimized

log = logging.getLogger(__name__)

MOST_ON_CUDA = 8
GAIN = 1.1  # at least, in photos a second, for twice as many in one pass
TIMED_PASSES = 5


class TorchEngine:
    """Makes photos with torch, in the number format that the device computes best in.

    Args:
        generator: As it was loaded; a copy of it is optimized.
        info: What it is.
        device: Where it computes.
        most: How many photos may be made in one pass; None is what is faster, found out by `compile` on CUDA,
            and one on the CPU, where each photo keeps all cores busy.
    """

    def __init__(
        self, generator: Generator, info: CheckpointInfo, device: torch.device, most: int | None = None
    ):
        self.info, self.device, self._asked_most = info, device, most
        self.generator = optimized(generator, info.norm_statistics, device)
        self.dtype = next(self.generator.parameters()).dtype
        self.dropouts = [m for m in self.generator.modules() if isinstance(m, SeededDropout)]
        self.told = light_of(generator) is not None  # whether it takes a light
        self.most = most or (MOST_ON_CUDA if device.type == "cuda" else 1)  # photos in one pass
        if not self._each_alone:
            self.most = 1
        self._photos: Callable[..., torch.Tensor] = partial(self._make, self.generator)

    @property
    def _each_alone(self) -> bool:
        """Whether a photo in one pass with others is the one that it is alone."""
        return self.info.norm_statistics != "batch" and not (self.dropouts and self.info.dropout_at_inference)

    @property
    def name(self) -> str:
        """For people: who computes, and in which number format."""
        return f"PyTorch, {str(self.dtype).removeprefix('torch.')}"

    def __call__(self, label_maps: torch.Tensor, drawn: Sequence[torch.Tensor]) -> torch.Tensor:
        """Photos, `(N, H, W, 3) uint8` on the CPU.

        Args:
            label_maps: `(N, H, W) uint8`. Compiled code makes those of the checkpoint's own size alone: for
                each other one it would be compiled again.
            drawn: The light, where the generator is told one, and the noise; in float32 on the CPU.
        """
        own = tuple(label_maps.shape[1:]) == (self.info.height_px, self.info.width_px)
        make = self._photos if own else partial(self._make, self.generator)
        return make(*self._moved(label_maps, drawn)).cpu()

    def with_dropout(
        self, label_maps: torch.Tensor, drawn: Sequence[torch.Tensor], seed: int
    ) -> torch.Tensor:
        """The same with dropout on, drawn from a seed."""
        rng = torch.Generator().manual_seed(seed)
        for dropout in self.dropouts:
            dropout.rng = rng
        try:
            return self._make(self.generator, *self._moved(label_maps, drawn)).cpu()
        finally:
            for dropout in self.dropouts:
                dropout.rng = None

    def compile(self, lock: threading.Lock) -> bool:
        """Makes later photos faster and the same to rounding: compiled code on a CPU, a CUDA graph on a GPU.

        Args:
            lock: Around each photo.

        Returns:
            Whether photos are now made that way. Not where dropout is always on, where there is no C++
            compiler, or where the GPU's work cannot be recorded.
        """
        if self.dropouts and self.info.dropout_at_inference:
            return False
        try:
            faster = self._recorded(lock) if self.device.type == "cuda" else self._compiled(lock)
        except (RuntimeError, OSError) as error:  # what torch raises for a compiler or a kernel that fails
            log.warning("photos are made without compiled code: %s", str(error).partition("\n")[0])
            return False
        self._photos = faster
        log.info("photos are now made by compiled code")
        return True

    @torch.inference_mode()
    def _compiled(self, lock: threading.Lock) -> Callable[..., torch.Tensor]:
        from torch._inductor import config as inductor_config  # slow to import, and of use here alone

        with lock:  # no dropout is on in the copy
            generator = deepcopy(self.generator)
        sizes = _sizes(self.most)
        dynamic = False if len(sizes) > 1 else None  # False: code of its own for each size
        photos = partial(self._make, torch.compile(generator, dynamic=dynamic))
        with inductor_config.patch(freezing=True):
            for size in sizes:
                photos(*self._blank(size))
        return _Padded(dict.fromkeys(sizes, photos))

    @torch.inference_mode()
    def _recorded(self, lock: threading.Lock) -> Callable[..., torch.Tensor]:
        """A graph for one photo, and for two, four and eight in a pass as long as that gains something."""
        graphs: dict[int, Callable[..., torch.Tensor]] = {}
        each_s = float("inf")
        for size in _sizes(self.most):
            graph, inputs = CudaGraph(partial(self._make, self.generator)), self._blank(size)
            with lock:  # for this size alone, so that photos are made in between
                graph.record(*inputs)
                start = time.perf_counter()
                for _ in range(TIMED_PASSES):
                    graph(*inputs).cpu()
                took_s = (time.perf_counter() - start) / TIMED_PASSES / size
            if graphs and self._asked_most is None and each_s / took_s < GAIN:
                break
            graphs[size], each_s = graph, took_s
        self.most = max(graphs)
        return _Padded(graphs)

    def _blank(self, count: int = 1) -> list[torch.Tensor]:
        """Inputs of the right shapes, for so many photos."""
        height, width = self.info.height_px, self.info.width_px
        label_maps = torch.zeros(count, height, width, dtype=torch.uint8)
        told = [light.bias[None]] if (light := light_of(self.generator)) is not None else []
        drawn = [*told, *self.generator.draw_noise(height, width, 0)]
        return self._moved(label_maps, [torch.cat([d] * count) for d in drawn])

    def _moved(self, label_maps: torch.Tensor, drawn: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        # copies, so that all are tensors of inference alone: compiled code takes those, wherever a light or a
        # seed's noise was made, and would else be compiled again, which holds up a photo for a minute
        return [label_maps.to(self.device), *(d.to(self.device, self.dtype, copy=True) for d in drawn)]

    def _make(
        self, generator: Callable[..., torch.Tensor], label_maps: torch.Tensor, *drawn: torch.Tensor
    ) -> torch.Tensor:
        """`(N, H, W) uint8` -> photos `(N, H, W, 3) uint8`, all on the device."""
        conditions = encode_labels(label_maps, self.info.encoding, self.dtype)
        if not self.told:
            return to_pixels(generator(conditions, list(drawn)))
        light, *noise = drawn
        return to_pixels(generator(conditions, noise, light))


class _Padded:
    """Makes photos by functions that take so many at once: the smallest that takes all, filled up.

    Args:
        by_size: The functions; the results of one may be valid until its next call.
    """

    def __init__(self, by_size: dict[int, Callable[..., torch.Tensor]]):
        self._by_size = by_size

    def __call__(self, *inputs: torch.Tensor) -> torch.Tensor:
        count, sizes = len(inputs[0]), sorted(self._by_size)
        size = next((s for s in sizes if s >= count), sizes[-1])
        if count > size:  # more than were prepared for, as between two engines
            parts = zip(*(i.split(size) for i in inputs), strict=True)
            return torch.cat([self(*part).clone() for part in parts])
        if count < size:
            inputs = tuple(torch.cat([i, i[-1:].expand(size - count, *i.shape[1:])]) for i in inputs)
        return self._by_size[size](*inputs)[:count]


def _sizes(most: int) -> list[int]:
    """1, 2, 4 and so on, and the most."""
    return sorted({most, *(2**i for i in range(most.bit_length()) if 2**i <= most)})
