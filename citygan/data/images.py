"""Image files from strangers: the one place that opens them, and makes photos or colours of them.

A file is looked at (bytes, format, pixels) before it is decoded. Whatever is wrong with it ends in an
`ImageError`, whose text can be shown to the person who sent it. `label_maps.py` finds the label map in it.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from citygan.errors import CityGANError

MAX_FILE_BYTES = 40 * 2**20
MAX_PIXELS = 50_000_000  # checked in the header, before a pixel is decoded
MAX_FILE_SIDE_PX = 32_768  # likewise: reducing a row of millions takes more memory than its pixels
MAX_SIDE_PX = 2048  # the longer side of what is returned: a Cityscapes frame keeps its size
_LOSSLESS = ("PNG", "BMP", "GIF", "TIFF")
_FORMATS = (*_LOSSLESS, "JPEG", "WEBP", "AVIF")


class ImageError(CityGANError):
    """A file that cannot be used; the message says why, and what to do."""


@dataclass(frozen=True)
class Picture:
    """A decoded file."""

    image: Image.Image  # the first frame, upright
    lossless: bool  # the format keeps values as they were saved
    remarks: tuple[str, ...]  # what was done to it, for people


def read_photo(source: bytes | str | Path) -> np.ndarray:
    """Reads a photo as `(H, W, 3) uint8`: upright, without alpha (over white), at most `MAX_SIDE_PX` a side.

    Raises:
        ImageError: no image, too large or broken.
    """
    return photo_of(decode(source).image)


def decode(source: bytes | str | Path) -> Picture:
    """Opens a file, looks at it, and decodes its first frame.

    Raises:
        ImageError: no image, too large or broken.
    """
    data = _read_bytes(source)
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
        _check_size(*image.size)
        animated = _has_second_frame(image)
        image.load()
        upright = ImageOps.exif_transpose(image)
    except ImageError:
        raise
    except UnidentifiedImageError:
        formats = ", ".join(_FORMATS)
        raise ImageError(f"This file ({len(data):,} bytes) is no image. Give one of {formats}.") from None
    except Image.DecompressionBombError:
        raise ImageError(_too_large("more than 178 million pixels")) from None
    except Exception as error:  # a decoder raises whatever its format's code meets
        raise ImageError(f"The image is cut off or broken ({error}). Export or download it again.") from error
    remarks = ["the first frame of several"] if animated else []
    if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
        remarks.append("turned upright as its EXIF data say")
    return Picture(upright, image.format in _LOSSLESS, tuple(remarks))


def _check_size(width: int, height: int) -> None:
    if width * height == 0:
        raise ImageError(f"The image has no pixels: it is {width} x {height}. Choose another one.")
    if width * height > MAX_PIXELS:
        raise ImageError(_too_large(f"{width} x {height} pixels"))
    if max(width, height) > MAX_FILE_SIDE_PX:
        raise ImageError(
            f"The image is {width} x {height}; a side has at most {MAX_FILE_SIDE_PX} pixels. Make it smaller."
        )


def _has_second_frame(image: Image.Image) -> bool:
    try:
        image.seek(1)
    except EOFError:
        return False
    image.seek(0)
    return True


def _read_bytes(source: bytes | str | Path) -> bytes:
    try:
        size = len(source) if isinstance(source, bytes) else Path(source).stat().st_size
        if size > MAX_FILE_BYTES:
            limit = MAX_FILE_BYTES // 2**20
            raise ImageError(f"The file has {size / 2**20:.0f} MiB; at most {limit} MiB can be read here.")
        data = source if isinstance(source, bytes) else Path(source).read_bytes()
    except OSError as error:
        raise ImageError(f"The file cannot be read: {error.strerror or error}.") from error
    if not data:
        raise ImageError("The file is empty (0 bytes). Choose another one.")
    return data


def _too_large(what: str) -> str:
    return f"The image has {what}; at most {MAX_PIXELS // 10**6} million can be read here. Make it smaller."


def fitted(image: Image.Image, resample: Image.Resampling) -> Image.Image:
    """Reduces the image until its longer side is at most `MAX_SIDE_PX`."""
    scale = MAX_SIDE_PX / max(image.size)
    if scale >= 1:
        return image
    return image.resize([max(1, round(side * scale)) for side in image.size], resample)


def photo_of(image: Image.Image) -> np.ndarray:
    """The image as `(H, W, 3) uint8`. It may have 200 MB of pixels, so few copies are made before it is
    reduced."""
    if image.mode.startswith("I"):  # 16 bits a pixel; Pillow's own conversion would clip all above 255
        values = np.array(image)
        values >>= 8 if values.max() > 255 else 0
        image = Image.fromarray(values.clip(0, 255, out=values).astype(np.uint8))
    elif image.has_transparency_data:
        layer = image if image.mode == "RGBA" else image.convert("RGBA")
        layer = fitted(layer, Image.Resampling.LANCZOS)
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    elif image.mode != "L":  # whose three channels would be the same
        image = image.convert("RGB")
    return np.asarray(fitted(image, Image.Resampling.LANCZOS).convert("RGB"))


def colors_of(image: Image.Image) -> np.ndarray:
    """The image as `(H, W, 3) uint8`, nothing blended; pixels more than half transparent are black."""
    image = fitted(image, Image.Resampling.NEAREST)
    if not image.has_transparency_data:
        return np.asarray(image.convert("RGB"))
    rgba = np.asarray(image.convert("RGBA"))
    return np.where(rgba[..., 3:] >= 128, rgba[..., :3], 0).astype(np.uint8)


def has_colors(image: Image.Image) -> bool:
    """Whether the mode of an image can hold colours; they may all be greys."""
    return image.mode not in ("1", "F", "L", "LA") and not image.mode.startswith("I")
