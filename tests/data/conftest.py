"""A street as a label map, in colours, and a picture that is none."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from citygan.palette import colorize


@pytest.fixture
def label_map() -> np.ndarray:
    """Sky, buildings, trees, a sidewalk, a car, and the road below them."""
    ids = np.full((128, 256), 23, np.uint8)
    ids[40:] = 11
    ids[30:80, 200:] = 21
    ids[70:] = 8
    ids[80:] = 7
    ids[72:100, 60:120] = 26
    return ids


@pytest.fixture
def color_map(label_map) -> Image.Image:
    return Image.fromarray(colorize(label_map))


@pytest.fixture
def photo() -> Image.Image:
    """A smooth picture with grain, of colours that no class has."""
    y, x = np.mgrid[0:128, 0:256]
    rgb = np.stack([90 + x / 3, 200 - y, 60 + (x + y) / 4], axis=-1)
    grain = np.random.default_rng(0).normal(0, 12, rgb.shape)
    return Image.fromarray((rgb + grain).clip(0, 255).astype(np.uint8))
