"""Hugging Face's ZeroGPU, which lends a Space a GPU for the time of a call.

`spaces` has to be imported before anything that may touch CUDA, so import this before torch.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np

try:
    import spaces  # ty: ignore[import-not-found]: only Spaces have it
except ImportError:  # not on a Space
    spaces = None

CALL_S = 10  # at most; ZeroGPU lets short calls go first


def is_on() -> bool:
    """Whether this is a Space whose GPU is lent."""
    return spaces is not None and os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def with_gpu(synthesize: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """A synthesizer as the page calls it: on a Space with ZeroGPU, with a GPU for the time of the call.

    The call then runs in a process of its own, that holds the weights as they were when the page started.
    """
    if spaces is None:
        return synthesize

    @spaces.GPU(duration=CALL_S)
    def lent(label_map: np.ndarray, seed: int | None = None, **options) -> np.ndarray:
        return synthesize(label_map, seed, **options)

    return lent
