"""Where the camera is on a street, and when; and what it makes of a point of the world."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class View:
    """A place and a moment of a drive. The still street is what is seen before it begins."""

    at_m: float = 0.0  # driven so far
    time_s: float = 0.0  # since the start; it moves the traffic and who walks

    @property
    def moves(self) -> bool:
        """Whether the drive has begun."""
        return bool(self.at_m or self.time_s)


STILL = View()


@dataclass(frozen=True)
class Camera:
    """A pinhole camera that looks along a road. Lengths on the image are in shares of its height."""

    at_m: float  # driven so far
    focal: float  # focal length
    eye_m: float  # how high it stands
    horizon: float  # how far below the upper edge
    center: float  # where the road vanishes, as a share of the width
    bend: float  # the road leaves its straight line by bend * distance^2, in metres


@dataclass(frozen=True)
class Ground:
    """The camera of a drive, and how much of a photo's noise is the world's: 0 is what a seed draws on the
    image, 1 what stays with the ground. A drive that begins and ends at 0 joins the photos before and after
    it."""

    camera: Camera
    share: float
