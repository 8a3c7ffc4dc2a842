"""Torch as an engine: plain, compiled on a CPU, or recorded as a CUDA graph."""

from __future__ import annotations

import logging
import threading
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


class TorchEngine:
    """Makes photos with torch, in the number format that the device computes best in.

    Args:
        generator: As it was loaded; a copy of it is optimized.
        info: What it is.
        device: Where it computes.
    """

    def __init__(self, generator: Generator, info: CheckpointInfo, device: torch.device):
        self.info, self.device = info, device
        self.generator = optimized(generator, info.norm_statistics, device)
        self.dtype = next(self.generator.parameters()).dtype
        self.dropouts = [m for m in self.generator.modules() if isinstance(m, SeededDropout)]
        self._told = light_of(generator) is not None
        self._photos: Callable[..., torch.Tensor] = partial(self._make, self.generator)

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
        photos = partial(self._make, torch.compile(generator))
        with inductor_config.patch(freezing=True):
            photos(*self._blank())
        return photos

    @torch.inference_mode()
    def _recorded(self, lock: threading.Lock) -> CudaGraph:
        graph = CudaGraph(self._photos)
        with lock:
            graph.record(*self._blank())
        return graph

    def _blank(self) -> list[torch.Tensor]:
        """Inputs of the right shapes."""
        height, width = self.info.height_px, self.info.width_px
        label_maps = torch.zeros(1, height, width, dtype=torch.uint8)
        told = [light.bias[None]] if (light := light_of(self.generator)) is not None else []
        return self._moved(label_maps, [*told, *self.generator.draw_noise(height, width, 0)])

    def _moved(self, label_maps: torch.Tensor, drawn: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        # copies, so that all are tensors of inference alone: compiled code takes those, wherever a light or a
        # seed's noise was made, and would else be compiled again, which holds up a photo for a minute
        return [label_maps.to(self.device), *(d.to(self.device, self.dtype, copy=True) for d in drawn)]

    def _make(
        self, generator: Callable[..., torch.Tensor], label_maps: torch.Tensor, *drawn: torch.Tensor
    ) -> torch.Tensor:
        """`(N, H, W) uint8` -> photos `(N, H, W, 3) uint8`, all on the device."""
        conditions = encode_labels(label_maps, self.info.encoding, self.dtype)
        if not self._told:
            return to_pixels(generator(conditions, list(drawn)))
        light, *noise = drawn
        return to_pixels(generator(conditions, noise, light))
