"""Streets to begin with: eight drawn ones, and as many random ones as there are seeds.

A street is a `Layout` (what stands where, in metres) and a seed (how each thing looks). The layouts
keep to the classes that a checkpoint trained on CamVid has seen.
"""

from __future__ import annotations

import numpy as np

from citygan.errors import CityGANError
from citygan.streets.compose import camera, draw
from citygan.streets.plans import STREETS, Layout, random_layout
from citygan.streets.view import STILL, Camera, Ground, View

NAMES = tuple(STREETS)

__all__ = ["NAMES", "STILL", "Camera", "Ground", "View", "drive", "random_street", "street"]


def street(name: str, width_px: int = 684, height_px: int = 512) -> np.ndarray:
    """One of the drawn streets `NAMES` as a label map, `(H, W) uint8`.

    Raises:
        CityGANError: no street has this name, or the size is out of range.
    """
    return draw(*_plan(name), width_px, height_px)


def random_street(seed: int, width_px: int = 684, height_px: int = 512) -> np.ndarray:
    """A street of its own for each seed, as a label map, `(H, W) uint8`; the same seed draws it again.

    Raises:
        CityGANError: the size is out of range, or the seed is negative.
    """
    return draw(*_plan(seed), width_px, height_px)


def drive(
    which: str | int, view: View, width_px: int = 684, height_px: int = 512
) -> tuple[np.ndarray, Camera]:
    """What is seen on a drive along a street, and the camera that sees it.

    Args:
        which: One of the drawn streets `NAMES`, or the seed of a random one.
        view: The place and the moment. Where it is `STILL`, the map is the street's own.
        width_px, height_px: Of the label map, `(H, W) uint8`.

    Raises:
        CityGANError: no street has this name, the size is out of range, or the seed is negative.
    """
    layout, seed = _plan(which)
    return draw(layout, seed, width_px, height_px, view), camera(layout, view)


def _plan(which: str | int) -> tuple[Layout, int]:
    if isinstance(which, str):
        if which not in STREETS:
            raise CityGANError(f"no street is called {which!r}; there are {', '.join(NAMES)}")
        return STREETS[which]
    if which < 0:
        raise CityGANError(f"the seed is {which}; give a whole number from 0 on")
    return random_layout(which), which
