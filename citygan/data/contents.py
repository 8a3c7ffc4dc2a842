"""What in a picture can be a label map: class colours, perhaps in one half of it alone, or values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from citygan import palette
from citygan.data import colormaps, readings
from citygan.data.images import Picture, colors_of, fitted, has_colors, photo_of
from citygan.data.snapping import pack

MANY_COLORS = 200  # more than any palette has; a street photo has thousands
MANY_GREYS = 100  # the same of grey pictures, which have 256 at most


@dataclass(frozen=True)
class Colored:
    """The part of a picture that has class colours, if any."""

    image: Image.Image  # the whole picture, or the half of a pair
    keys: list[str]  # of `colormaps`, the likeliest first; empty where it has none
    photo: Image.Image | None = None  # the other half
    side: str = ""  # of a pair: where the colour map is


def find_colors(picture: Picture) -> Colored:
    """The half of a pair that has class colours, or the whole picture, with the tables that these are of."""
    image = picture.image
    pair = _pair(image)
    if pair:
        return pair
    if image.mode in ("1", "F") or image.mode.startswith("I"):
        return Colored(image, [])
    keys = [fit.key for fit in colormaps.fits(colors_of(image))]
    if not has_colors(image):  # greys may be somebody's own, if nothing blurred them
        keys = [key for key in keys if key == readings.OWN and picture.lossless]
    return Colored(image, keys)


def _pair(image: Image.Image) -> Colored | None:
    """Splits a picture of a colour map and its photo, side by side; None if it is none."""
    half = image.width // 2
    if image.width < image.height or half == 0 or not has_colors(image) or image.mode == "P":
        return None
    left = image.crop((0, 0, half, image.height))
    right = image.crop((image.width - half, 0, image.width, image.height))
    known = [[fit.key for fit in colormaps.fits(colors_of(part))] for part in (left, right)]
    for side, keys, others, part, photo in (
        ("left", *known, left, right),
        ("right", *reversed(known), right, left),
    ):
        if keys and keys[0] != readings.OWN and not others:
            return Colored(part, [key for key in keys if key != readings.OWN], photo, side)
    return None


def may_be_photo(picture: Picture) -> bool:
    """Whether a picture has more colours than a palette: photos, and maps whose colours were blurred."""
    if picture.image.mode in ("1", "F"):
        return False
    rgb = photo_of(picture.image)
    is_grey = (rgb.max(2) - rgb.min(2)).max() < 16  # lossy formats tint grey a little
    return len(np.unique(pack(rgb))) > (MANY_GREYS if is_grey else MANY_COLORS)


def find_values(picture: Picture) -> np.ndarray | None:
    """The grey values or palette indices, `(H, W)` integers; None if it has colours or blurred values."""
    image = picture.image
    if image.mode in ("RGB", "RGBA"):
        rgb = colors_of(image)
        grey = picture.lossless and not (rgb != rgb[..., :1]).any()
        return rgb[..., 0] if grey else None
    if not picture.lossless or (image.mode not in ("L", "LA", "P") and not image.mode.startswith("I")):
        return None
    values = np.asarray(fitted(image, Image.Resampling.NEAREST))
    return np.where(values[..., 1] >= 128, values[..., 0], 0) if image.mode == "LA" else values


def ways_to_read(values: np.ndarray, name: str) -> list[str]:
    """How values can be read, the most likely way first; the file's name has more weight than the street."""
    named = {"trainids": "train-ids", "labelids": "label-ids"}
    told = [key for word, key in named.items() if word in name.lower()]
    return sorted(readings.possible(without_instances(values)), key=lambda key: key not in told)


def without_instances(values: np.ndarray) -> np.ndarray:
    """Label ids of instance ids, 1000 * id + instance from person on; any other values as they are."""
    counted = (values >= 24_000) & (values < 34_000)
    if not counted.any() or not (counted | (values <= palette.MAX_ID)).all():
        return values
    return np.where(counted, values // 1000, values)
