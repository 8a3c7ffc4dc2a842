"""Shapes of label maps other than that of the training photos: which ones are drawn, and at which size."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from citygan.errors import CityGANError

MAX_RATIO = 3.0  # of the longer side to the shorter one
# Of the training size, within which others are drawn: things keep their size, photos their pace
_AREA = (0.6, 1.5)
_STRIDE_PX = 256  # of every generator but one

Size = tuple[int, int]  # width and height in px


class Drawn(Protocol):
    """What of a `CheckpointInfo` counts here."""

    @property
    def generator(self) -> str: ...
    @property
    def arguments(self) -> Mapping[str, Any]: ...
    @property
    def width_px(self) -> int: ...
    @property
    def height_px(self) -> int: ...


def check_shape(width_px: int, height_px: int) -> None:
    """Sees that a label map is no strip.

    Raises:
        CityGANError: one side is more than three times as long as the other.
    """
    longer, shorter = max(width_px, height_px), min(width_px, height_px)
    if longer > MAX_RATIO * (shorter + 1):  # a pixel is what rounding takes
        raise CityGANError(
            f"the label map is {width_px} x {height_px}; "
            "one side has at most three times the pixels of the other"
        )


def stride_px(generator: str, arguments: Mapping[str, Any]) -> int:
    """What width and height of a generator's maps are multiples of: its `stride_px`, told without torch."""
    return 2 ** (arguments.get("depth", 6) + 1) if generator == "street-unet" else _STRIDE_PX


def photo_sizes(info: Drawn) -> list[Size]:
    """The sizes that a checkpoint draws at: that of its training first, then one for each other shape.

    Convolutions take any multiple of their stride. Of several sizes of one shape it is the largest.
    """
    trained = (info.width_px, info.height_px)
    stride, area = stride_px(info.generator, info.arguments), info.width_px * info.height_px
    most = math.isqrt(round(MAX_RATIO * _AREA[1] * area)) // stride  # strides of the longest side
    by_ratio = {trained[0] / trained[1]: trained}
    for w in range(most, 0, -1):
        for h in range(most, 0, -1):
            fits = _AREA[0] * area <= w * h * stride**2 <= _AREA[1] * area
            if fits and max(w, h) <= MAX_RATIO * min(w, h):
                by_ratio.setdefault(w / h, (w * stride, h * stride))
    return list(by_ratio.values())


def photo_size(sizes: Sequence[Size], aspect: float, width_px: int, height_px: int) -> Size:
    """The one of `photo_sizes` that a label map is drawn at: of the shape that is nearest to its own.

    Args:
        sizes: From `photo_sizes`.
        aspect: Width / height of the photos behind the first of them, which may have been squashed.
        width_px: Of the label map.
        height_px: The same.
    """
    wanted = width_px / height_px / aspect * sizes[0][0] / sizes[0][1]
    return min(sizes, key=lambda size: abs(math.log(size[0] / size[1] / wanted)))
