"""Attacks by image files: broken ones, bombs, and everything that formats allow and no street has."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

from hypothesis import strategies as st
from imagefiles import encoded
from PIL import Image, PngImagePlugin

from citygan.data.images import ImageError, read_photo
from citygan.data.label_maps import read_label_map
from citygan.palette import colorize
from citygan.streets import street
from tests.attack.door import Door

SEEDS = (
    Path(__file__).parent / "seeds"
)  # small files, one for each format and mode that a decoder treats apart
_SIDE = 7071  # 7071 x 7071 are 50 million pixels, all that may be read


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_that_says(width: int, height: int, bits: int, color: int) -> bytes:
    """A PNG of nothing whose header says any size."""
    header = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _frames(kind: str, count: int) -> bytes:
    frame = Image.new("P", (16, 16), 7)
    others = [frame.copy() for _ in range(count - 1)]
    for i, other in enumerate(others):  # or they would be saved as one
        other.putpixel((i % 16, i // 16 % 16), i % 200)
    return encoded(frame, kind, save_all=True, append_images=others)


def _with_text() -> bytes:
    """Scripts and paths in every place for text."""
    text = PngImagePlugin.PngInfo()
    text.add_text("Title", "<script>alert(1)</script>")
    text.add_text("Comment", "../../../../etc/passwd", zip=True)
    text.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta>" + "<a>" * 5000)
    return encoded(Image.fromarray(colorize(street("avenue", 64, 48))), "PNG", pnginfo=text)


def _zipped_text(size: int) -> bytes:
    """A PNG whose text is small while it is packed."""
    whole = encoded(Image.new("L", (8, 8), 7), "PNG")
    bomb = _chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(size)))
    return whole[:33] + bomb + whole[33:]


# What is large only when it is opened; each is made when it is asked for, and small on disk
BOMBS: dict[str, Callable[[], bytes]] = {
    "50 megapixels of grey": lambda: encoded(Image.new("L", (_SIDE, _SIDE), 7), "PNG"),
    "50 megapixels with alpha": lambda: encoded(
        Image.new("RGBA", (_SIDE, _SIDE), (128, 64, 128, 200)), "PNG"
    ),
    "50 megapixels of a palette": lambda: encoded(Image.new("P", (_SIDE, _SIDE), 7), "GIF"),
    "50 megapixels of 16 bits": lambda: encoded(Image.new("I;16", (_SIDE, _SIDE), 7), "PNG"),
    "50 megapixels of 32 bits": lambda: encoded(
        Image.new("I", (_SIDE, _SIDE), 7), "TIFF", compression="tiff_lzw"
    ),
    "50 megapixels of floats": lambda: encoded(
        Image.new("F", (_SIDE, _SIDE), 7), "TIFF", compression="tiff_lzw"
    ),
    "50 megapixels as JPEG": lambda: encoded(Image.new("CMYK", (_SIDE, _SIDE)), "JPEG", quality=1),
    "50 megapixels as WebP": lambda: encoded(Image.new("RGBA", (16383, 3051)), "WEBP", lossless=True),
    "one row of 50 million": lambda: encoded(Image.new("1", (50_000_000, 1)), "PNG"),
    "one column": lambda: encoded(Image.new("L", (1, 65_000), 7), "BMP"),
    "more than 50 megapixels": lambda: encoded(Image.new("1", (_SIDE + 1, _SIDE + 1)), "PNG"),
    "a header of 4 billion": lambda: png_that_says(2**31 - 1, 2**31 - 1, 8, 2),
    "a header of 0": lambda: png_that_says(0, 9, 8, 2),
    "thousands of frames, GIF": lambda: _frames("GIF", 3000),
    "thousands of frames, WebP": lambda: _frames("WEBP", 300),
    "thousands of pages, TIFF": lambda: _frames("TIFF", 1000),
    "an animated PNG": lambda: _frames("PNG", 500),
    "text of 200 MB": lambda: _zipped_text(200 * 2**20),
    "scripts in the text": _with_text,
    "a TIFF that turns as none can": lambda: encoded(Image.new("L", (9, 5), 7), "TIFF", tiffinfo={274: 9}),
}


def read(data: bytes | str) -> str | None:
    """Both readers; the first refusal, if either refuses."""
    refusals = []
    for reader in (read_label_map, read_photo):
        try:
            reader(data)
        except ImageError as error:
            refusals.append(str(error))
    return refusals[0] if refusals else None


def _mutated(whole: bytes, places: list[tuple[float, int]], end: float) -> bytes:
    changed = bytearray(whole)
    for share, value in places:
        changed[int(share * (len(changed) - 1))] = value
    return bytes(changed[: max(1, int(end * len(changed)))])


def picture_door() -> Door:
    """Files of every format with a few bytes changed, or cut off; and what is none."""
    seeds = [file.read_bytes() for file in sorted(SEEDS.iterdir())]
    share = st.floats(0, 1)
    # most of a format is decided by its first bytes
    place = st.tuples(share | st.floats(0, 0.1), st.integers(0, 255))
    changed = st.builds(
        _mutated, st.sampled_from(seeds), st.lists(place, max_size=6), st.just(1.0) | st.just(1.0) | share
    )
    headers = st.builds(
        png_that_says,
        st.integers(0, 2**31) | st.integers(1, 40),
        st.integers(0, 2**31) | st.integers(1, 40),
        st.sampled_from([1, 2, 4, 8, 16, 3]),
        st.integers(0, 7),
    )
    return Door("image files", changed | changed | headers | st.binary(max_size=200), read, cost=2)


def bomb_door() -> Door:
    """Small files that are large when they are opened."""
    return Door("image bombs", st.sampled_from(sorted(BOMBS)).map(lambda name: BOMBS[name]()), read, cost=200)


def doors() -> list[Door]:
    """All that pictures come in by."""
    return [picture_door(), bomb_door()]
