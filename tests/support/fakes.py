"""Stand-ins for the generator, the scores and the checkpoint, for tests of the page."""

from __future__ import annotations

from typing import Any

import numpy as np

from citygan.checkpoint import CheckpointInfo
from citygan.evaluation.scores import Scores
from citygan.palette import colorize

SEEN = dict.fromkeys((0, 7, 8, 11, 13, 17, 20, 21, 23, 24, 25, 26), 1 / 12)

INFO = CheckpointInfo(
    name="fake-unet",
    generator="unet",
    arguments={"width": 32},
    encoding="one-hot",
    norm_statistics="instance",
    height_px=256,
    width_px=256,
    aspect=4 / 3,
    dataset="Drawn",
    license="for tests",
    recipe={},
    seen=SEEN,
    images_seen=1,
    epochs=1,
    hardware="none",
    parameters=0,
    ssim={"val": 0.5},
    ssim_definition="the mean of what the test says",
    ssim_percentiles=tuple(np.linspace(0.2, 0.8, 9)),
    ssim_percentiles_of="9 photos of a drive it never saw",
)


def synthesize(
    label_map: np.ndarray, seed: int | None = None, wait_s: float | None = None, ground: Any = None
) -> np.ndarray:
    """The label map in its colours, a little brighter for each seed."""
    return np.minimum(colorize(label_map).astype(np.int32) + (seed or 0), 255).astype(np.uint8)


def score(photo: np.ndarray, target: np.ndarray, size_px: tuple[int, int] | None = None) -> Scores:
    """The same scores for every photo."""
    height, width = photo.shape[:2]
    return Scores(0.5, 20.0, np.linspace(-1, 1, height * width, dtype=np.float32).reshape(height, width))
