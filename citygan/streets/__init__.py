"""Streets to begin with: eight drawn ones, and as many random ones as there are seeds.

A street is a `Layout` (what stands where, in metres) and a seed (how each thing looks). The layouts
keep to the classes that a checkpoint trained on CamVid has seen.
"""

from __future__ import annotations

import numpy as np

from citygan.errors import CityGANError
from citygan.streets.compose import draw
from citygan.streets.plans import STREETS, random_layout

NAMES = tuple(STREETS)

__all__ = ["NAMES", "random_street", "street"]


def street(name: str, width_px: int = 684, height_px: int = 512) -> np.ndarray:
    """One of the drawn streets `NAMES` as a label map, `(H, W) uint8`.

    Raises:
        CityGANError: no street has this name, or the size is out of range.
    """
    if name not in STREETS:
        raise CityGANError(f"no street is called {name!r}; there are {', '.join(NAMES)}")
    return draw(*STREETS[name], width_px, height_px)


def random_street(seed: int, width_px: int = 684, height_px: int = 512) -> np.ndarray:
    """A street of its own for each seed, as a label map, `(H, W) uint8`; the same seed draws it again.

    Raises:
        CityGANError: the size is out of range, or the seed is negative.
    """
    if seed < 0:
        raise CityGANError(f"the seed is {seed}; give a whole number from 0 on")
    return draw(random_layout(seed), seed, width_px, height_px)
