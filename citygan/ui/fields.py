"""The fields of what the page asks: each function checks the value of one, and returns what it stands for.

The values are anybody's. All functions raise a CityGANError, whose text says what was expected.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from citygan.checkpoint import LIGHT_NUMBERS
from citygan.errors import CityGANError
from citygan.wire import decode_again, decode_base64, decode_map

MAX_SEED = 2**31 - 1
MAX_LIGHT = 100
MAX_IMAGE_BYTES = 9 * 2**20
MAX_READING_CHARS = 16_384  # a palette of 256 colours has 9,000


def seed(value: Any) -> int | None:
    """A whole number from 0 to `MAX_SEED`, or none."""
    if value is None or (type(value) is int and 0 <= value <= MAX_SEED):
        return value
    raise CityGANError(f"the seed is {_named(value)}; give a whole number from 0 to {MAX_SEED}, or none")


def _named(value: Any) -> str:
    """A value in an error: what a stranger made of it may be too deep or too long to be written out."""
    return str(value)[:20] if type(value) in (float, bool) else type(value).__name__


def number(most: float) -> Callable[[Any], float]:
    """Checks a number from 0 to `most`; 0 where there is none."""

    def check(value: Any) -> float:
        if value is None:
            return 0.0
        if type(value) not in (int, float) or not 0 <= value <= most:
            raise CityGANError(f"expected a number from 0 to {most:g}, not {_named(value)}")
        return float(value)

    return check


def characters(most: int) -> Callable[[Any], str | None]:
    """Checks a text of at most so many characters; None where there is none."""

    def check(value: Any) -> str | None:
        if value is None or (isinstance(value, str) and len(value) <= most):
            return value
        raise CityGANError(f"expected null or at most {most} characters, not {type(value).__name__}")

    return check


text = characters(64)
reading = characters(MAX_READING_CHARS)  # how a file is to be read: a name, or a palette as JSON


def light(value: Any) -> dict[str, Any]:
    """What a photo should be lit like, as the arguments of `Synthesizer`: `{"light": null, a name or eight
    numbers, "brightness": 0.0, "warmth": 0.0}`; nothing where the request has none."""
    if value is None:
        return {}
    if not isinstance(value, dict) or not value.keys() <= {"light", "brightness", "warmth"}:
        raise CityGANError("light is null or an object with light, brightness and warmth")
    numbers = [value.get(name, 0.0) for name in ("brightness", "warmth")]
    asked = value.get("light")
    if isinstance(asked, list):
        if len(asked) != LIGHT_NUMBERS:
            raise CityGANError(f"a light is {LIGHT_NUMBERS} numbers, not {len(asked)}")
        numbers += asked
    else:
        asked = text(asked)
    if not all(type(n) in (int, float) and abs(n) <= MAX_LIGHT for n in numbers):
        raise CityGANError(f"the numbers of a light go from -{MAX_LIGHT} to {MAX_LIGHT}")
    return {"light": asked, "brightness": float(numbers[0]), "warmth": float(numbers[1])}


def again(value: Any) -> dict[str, Any]:
    """The regions that are drawn again, as the argument of `Synthesizer`; nothing where there are none."""
    return {} if value is None else {"again": decode_again(value, MAX_SEED)}


def optional_map(value: Any) -> np.ndarray | None:
    """A label map as `decode_map` gives it, or none."""
    return None if value is None else decode_map(value)


def image(value: Any) -> bytes:
    """The bytes of a data URL or of bare base64."""
    if not isinstance(value, str):
        raise CityGANError(f"an image is a data URL, not {type(value).__name__}")
    return decode_base64(value.rpartition(",")[2], MAX_IMAGE_BYTES)
