"""Where cars and people are on a drive. Distances are in metres, along the road; at its start they are those
of the layout."""

from __future__ import annotations

import math

import numpy as np

from citygan.streets.view import View

COMING_M_S = 9.0  # how fast cars come toward us, over the ground
WALKING_M_S = 1.2
CROSSING_M_S = 1.5
LOOP_M = 270.0  # a car that is behind us comes again from so far away
BEHIND_M = 12.0
NEWCOMERS = 3  # cars that come toward us on any road
SWAY_S = 34.0  # in which a car before us drives away and is caught up with again
SWAY = 0.45  # of its distance


class Traffic:
    """Who moves, at a moment of a drive.

    Args:
        view: The moment.
        seed: Of the street.
    """

    def __init__(self, view: View, seed: int):
        self._view = view
        self._newcomers = np.random.default_rng((seed, 0, 1)).uniform(-30.0, 30.0, NEWCOMERS)

    @property
    def moves(self) -> bool:
        """Whether the drive has begun."""
        return self._view.moves

    def ahead(self, z: float) -> float:
        """Who drives before us: never nearer than at the start."""
        turn = math.tau * self._view.time_s / SWAY_S
        return self._view.at_m + z * (1.0 + SWAY * (1.0 - math.cos(turn)))

    def oncoming(self, z: float) -> float:
        """Who comes toward us, passes, and comes again."""
        gone = self._view.at_m + COMING_M_S * self._view.time_s
        return self._view.at_m + (z - gone + BEHIND_M) % LOOP_M - BEHIND_M

    def newcomers(self) -> list[float]:
        """More cars toward us, none of which the still street shows."""
        if not self.moves:
            return []
        return [self.oncoming(240.0 + 60.0 * i + x) for i, x in enumerate(self._newcomers.tolist())]

    def walked(self, z: float) -> float:
        """How far somebody on the sidewalk has come, who began at `z`: the half of them toward us."""
        return (1.0 if math.floor(z * 10.0) % 2 else -1.0) * WALKING_M_S * self._view.time_s

    def crossed(self) -> float:
        """How far somebody who crosses the road has come."""
        return CROSSING_M_S * self._view.time_s
