"""Image files from strangers: how photos are read, and what every unfit file is told."""

from __future__ import annotations

import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from imagefiles import encoded, refusal
from PIL import Image

from citygan.data import images
from citygan.data.images import MAX_FILE_SIDE_PX, ImageError, read_photo
from citygan.data.label_maps import read_label_map


def bare_png(width: int, height: int, bits: int = 8) -> bytes:
    """A PNG that claims a size and holds almost nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, bits, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


def test_grey_16_bit_cmyk_and_transparent_photos_become_rgb(photo):
    grey = np.asarray(photo.convert("L"))
    deep = Image.fromarray(grey.astype(np.uint16) * 257)
    np.testing.assert_array_equal(read_photo(encoded(deep)), np.repeat(grey[..., None], 3, axis=2))
    assert read_photo(encoded(photo.convert("L"))).shape == (128, 256, 3)
    assert read_photo(encoded(photo.convert("CMYK"), "JPEG")).shape == (128, 256, 3)
    photo.putalpha(0)
    assert (read_photo(encoded(photo)) == 255).all()


def test_a_large_transparent_photo_is_the_same_reduced_before_as_after_it_is_laid_over_white():
    layer = Image.effect_noise((4096, 64), 60).convert("RGBA")
    layer.putalpha(Image.linear_gradient("L").resize(layer.size))
    over_white = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    expected = np.asarray(over_white.resize((2048, 32), Image.Resampling.LANCZOS)).astype(int)
    assert np.abs(read_photo(encoded(layer)) - expected).mean() < 1


# What is refused, and with which words


@pytest.mark.parametrize("read", [read_label_map, read_photo])
def test_an_empty_file_is_refused(read):
    assert refusal(b"", read) == "The file is empty (0 bytes). Choose another one."


@pytest.mark.parametrize("read", [read_label_map, read_photo])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_truncated_file_is_refused(photo, kind, read):
    whole = encoded(photo, kind)
    assert "cut off or broken" in refusal(whole[: len(whole) // 2], read)


@pytest.mark.parametrize("size", [(0, 4), (4, 0)])
def test_an_image_without_pixels_is_refused(size):
    refusal(bare_png(*size))


@pytest.mark.parametrize("content", [b"hello, street", b"<svg xmlns=''/>", b"%PDF-1.7"])
def test_what_is_no_image_is_refused(content):
    assert f"({len(content)} bytes) is no image" in refusal(content)


@pytest.mark.parametrize("size", [(20_000, 20_000), (8_000, 8_000), (60_000, 1_000)])
def test_a_huge_image_is_refused_before_it_takes_memory(size):
    tracemalloc.start()
    message = refusal(bare_png(*size))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "at most 50 million can be read here" in message
    assert peak < 2**22


def test_a_file_above_the_limit_is_refused_unread(monkeypatch, color_map):
    monkeypatch.setattr(images, "MAX_FILE_BYTES", 100)
    assert "at most 0 MiB can be read here" in refusal(encoded(color_map))


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    assert "cannot be read: No such file" in refusal(tmp_path / "no.png")
    assert "cannot be read" in refusal(tmp_path)


def test_random_damage_never_ends_in_another_error(color_map):
    rng = np.random.default_rng(0)
    for kind in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"):
        whole = np.frombuffer(encoded(color_map, kind), np.uint8)
        for _ in range(20):
            damaged = whole.copy()
            damaged[rng.integers(0, len(whole), 8)] = rng.integers(0, 256, 8)
            try:
                read_label_map(damaged.tobytes())
            except ImageError:
                continue


@pytest.mark.parametrize("size", [(MAX_FILE_SIDE_PX + 1, 1), (1, MAX_FILE_SIDE_PX + 1)])
def test_a_side_of_which_reducing_would_take_more_memory_than_all_pixels_is_refused(size):
    message = refusal(encoded(Image.new("L", size)), read_photo)
    assert f"The image is {size[0]} x {size[1]}; a side has at most 32768 pixels" in message
