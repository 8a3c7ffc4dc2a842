"""What makes the photos of a `Synthesizer`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch


class Engine(Protocol):
    """A generator ready to make photos, in one of the ways that there are."""

    @property
    def name(self) -> str:
        """For people: who computes, and in which number format."""
        ...

    def __call__(self, label_maps: torch.Tensor, drawn: Sequence[torch.Tensor]) -> torch.Tensor:
        """Photos, `(N, H, W, 3) uint8` on the CPU.

        Args:
            label_maps: `(N, H, W) uint8`, of the checkpoint's size.
            drawn: The light, where the generator is told one, and the noise; in float32 on the CPU.
        """
        ...


def to_pixels(photos: torch.Tensor) -> torch.Tensor:
    """`(N, 3, H, W)` in [-1, 1] -> `(N, H, W, 3) uint8`."""
    return photos.permute(0, 2, 3, 1).float().add(1).mul(127.5).round().clamp(0, 255).byte().contiguous()
