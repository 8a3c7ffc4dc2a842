"""Image files from strangers: what is recognised, and what every unfit file is told."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib
from functools import partial

import numpy as np
import pytest
from PIL import Image

from citygan.data import images
from citygan.data.images import MAX_FILE_SIDE_PX, ImageError, read_label_map, read_photo
from citygan.data.layouts import CAMVID_IDS
from citygan.palette import CLASSES, colorize, fold, from_train_ids

TRAIN_IDS = {7: 0, 8: 1, 11: 2, 21: 8, 23: 10, 26: 13}


@pytest.fixture
def label_map() -> np.ndarray:
    """Sky, buildings, trees, a sidewalk, a car, and the road below them."""
    ids = np.full((128, 256), 23, np.uint8)
    ids[40:] = 11
    ids[30:80, 200:] = 21
    ids[70:] = 8
    ids[80:] = 7
    ids[72:100, 60:120] = 26
    return ids


@pytest.fixture
def color_map(label_map) -> Image.Image:
    return Image.fromarray(colorize(label_map))


@pytest.fixture
def photo() -> Image.Image:
    """A smooth picture with grain, of colours that no class has."""
    y, x = np.mgrid[0:128, 0:256]
    rgb = np.stack([90 + x / 3, 200 - y, 60 + (x + y) / 4], axis=-1)
    grain = np.random.default_rng(0).normal(0, 12, rgb.shape)
    return Image.fromarray((rgb + grain).clip(0, 255).astype(np.uint8))


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


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


# What is recognised


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_a_colour_map_is_read_exactly(label_map, color_map, kind):
    file = read_label_map(encoded(color_map, kind))
    assert file.summary == "Read as a colour map, 256 x 128."
    np.testing.assert_array_equal(file.label_map, label_map)


def test_a_path_is_read_like_bytes(label_map, color_map, tmp_path):
    color_map.save(tmp_path / "map.png")
    for path in (tmp_path / "map.png", str(tmp_path / "map.png")):
        np.testing.assert_array_equal(read_label_map(path).label_map, label_map)


@pytest.mark.parametrize("quality", [50, 75, 95])
def test_jpeg_noise_is_snapped_and_counted(label_map, color_map, quality):
    file = read_label_map(encoded(color_map, "JPEG", quality=quality))
    assert (file.label_map == label_map).mean() > 0.97
    assert file.report.snapped > 0
    assert "were snapped to the nearest" in file.summary


def test_a_blurred_and_shrunken_jpeg_is_still_a_colour_map(color_map):
    small = color_map.resize((96, 48), Image.Resampling.LANCZOS)
    assert read_label_map(encoded(small, "JPEG", quality=50)).description == "a colour map, 96 x 48"


def test_label_ids_are_read_from_a_grey_png(label_map):
    file = read_label_map(encoded(Image.fromarray(label_map)))
    assert file.description == "Cityscapes label ids, 256 x 128"
    np.testing.assert_array_equal(file.label_map, label_map)


def test_ids_of_one_colour_are_folded_and_255_is_unlabeled():
    ids = np.array([[0, 1, 4, 5], [17, 18, 33, 255]], np.uint8)
    expected = [[0, 0, 0, 5], [17, 17, 33, 0]]
    assert read_label_map(encoded(Image.fromarray(ids))).label_map.tolist() == expected


def test_every_class_survives_as_colour_and_as_id():
    ids = np.array([[c.id for c in CLASSES]], np.uint8)
    for picture in (ids, colorize(ids)):
        np.testing.assert_array_equal(read_label_map(encoded(Image.fromarray(picture))).label_map, ids)


def test_train_ids_are_known_by_the_road_at_the_bottom(label_map):
    train_ids = np.vectorize(TRAIN_IDS.get)(label_map).astype(np.uint8)
    file = read_label_map(encoded(Image.fromarray(train_ids)))
    assert file.description == "Cityscapes train ids, 256 x 128"
    np.testing.assert_array_equal(file.label_map, label_map)


def test_camvids_own_ids_are_known_and_can_be_read_otherwise(label_map):
    camvid_ids = np.vectorize(CAMVID_IDS.tolist().index)(label_map).astype(np.uint8)
    source = encoded(Image.fromarray(camvid_ids))
    file = read_label_map(source)
    assert file.summary == "Read as CamVid ids, 256 x 128."
    assert file.readings[0] == "camvid-ids"
    assert set(file.readings) == {"camvid-ids", "train-ids", "label-ids"}
    np.testing.assert_array_equal(file.label_map, label_map)
    changed = read_label_map(source, "train-ids")
    assert changed.summary == "Read as Cityscapes train ids, 256 x 128."
    assert changed.readings == ("train-ids", *[key for key in file.readings if key != "train-ids"])
    np.testing.assert_array_equal(changed.label_map, from_train_ids(camvid_ids))


def test_an_indexed_png_of_class_colours_can_be_read_by_its_indices_too(label_map, color_map):
    indexed = color_map.quantize(16)
    file = read_label_map(encoded(indexed))
    assert file.readings[0] == "colors"
    assert "label-ids" in file.readings
    np.testing.assert_array_equal(
        read_label_map(encoded(indexed), "label-ids").label_map, fold(np.array(indexed))
    )


def test_low_label_ids_are_known_by_the_road_at_the_bottom():
    ids = np.array([[11, 11], [11, 17], [8, 7], [7, 7]], np.uint8)
    file = read_label_map(encoded(Image.fromarray(ids)))
    assert file.description.startswith("Cityscapes label ids")


@pytest.mark.parametrize(
    ("name", "taken_for"),
    [
        ("a_gtFine_labelTrainIds.png", "Cityscapes train ids"),
        ("a_gtFine_labelIds.png", "Cityscapes label ids"),
    ],
)
def test_the_name_of_the_file_settles_doubtful_ids(tmp_path, name, taken_for):
    Image.fromarray(np.array([[11, 2], [5, 12]], np.uint8)).save(tmp_path / name)
    assert read_label_map(tmp_path / name).description.startswith(taken_for)


def test_a_picture_of_zeros_is_unlabeled_and_not_all_road():
    assert not read_label_map(encoded(Image.new("L", (8, 8)))).label_map.any()


def test_instance_ids_lose_their_instance(label_map):
    instances = np.where(label_map == 26, 26_003, label_map.astype(np.uint16))
    file = read_label_map(encoded(Image.fromarray(instances)))
    assert file.description.startswith("Cityscapes instance ids")
    np.testing.assert_array_equal(file.label_map, label_map)


def test_an_indexed_png_of_ids_is_read_by_its_indices(label_map):
    indexed = Image.fromarray(label_map, "L")
    indexed.putpalette([(i * k) % 256 for i in range(256) for k in (7, 13, 29)])
    file = read_label_map(encoded(indexed))
    assert file.description.startswith("Cityscapes label ids")
    np.testing.assert_array_equal(file.label_map, label_map)


def test_an_indexed_png_in_cityscapes_colours_is_read_by_its_colours(label_map, color_map):
    file = read_label_map(encoded(color_map.quantize(16)))
    assert file.description.startswith("a colour map")
    np.testing.assert_array_equal(file.label_map, label_map)


@pytest.mark.parametrize("map_side", ["left", "right"])
def test_a_side_by_side_pair_gives_label_map_and_target(label_map, color_map, photo, map_side):
    pair = Image.new("RGB", (512, 128))
    pair.paste(color_map, (0 if map_side == "left" else 256, 0))
    pair.paste(photo, (256 if map_side == "left" else 0, 0))
    file = read_label_map(encoded(pair, "JPEG", quality=90))
    assert file.description == f"a side-by-side pair with the colour map on the {map_side}, 256 x 128"
    assert (file.label_map == label_map).mean() > 0.97
    assert np.abs(file.target.astype(int) - np.asarray(photo)).mean() < 12


# What is bent into shape


def test_transparent_pixels_are_unlabeled_and_opaque_ones_keep_their_class(label_map, color_map):
    alpha = np.full(label_map.shape, 255, np.uint8)
    alpha[:10] = 0
    color_map.putalpha(Image.fromarray(alpha))
    label_map[:10] = 0
    np.testing.assert_array_equal(read_label_map(encoded(color_map)).label_map, label_map)


def test_a_cmyk_jpeg_of_a_colour_map_is_read(label_map, color_map):
    file = read_label_map(encoded(color_map.convert("CMYK"), "JPEG", quality=95))
    assert (file.label_map == label_map).mean() > 0.95


def test_16_bit_label_ids_are_read(label_map):
    file = read_label_map(encoded(Image.fromarray(label_map.astype(np.uint16))))
    np.testing.assert_array_equal(file.label_map, label_map)


@pytest.mark.parametrize("kind", ["GIF", "PNG"])
def test_of_an_animation_the_first_frame_is_read(label_map, color_map, kind):
    file = read_label_map(
        encoded(color_map, kind, save_all=True, append_images=[color_map.transpose(0)], duration=100)
    )
    assert file.description.endswith("the first frame of several")
    np.testing.assert_array_equal(file.label_map, label_map)


def test_a_picture_that_exif_turns_is_turned_upright(label_map, color_map):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees, clockwise
    file = read_label_map(encoded(color_map, "PNG", exif=exif))
    np.testing.assert_array_equal(file.label_map, np.rot90(label_map, -1))
    assert "turned upright" in file.description


def test_a_large_map_is_reduced_without_new_colours(color_map):
    file = read_label_map(encoded(color_map.resize((5000, 2500), Image.Resampling.NEAREST)))
    assert file.description == "a colour map, 2048 x 1024, reduced from 5000 x 2500"
    assert file.report.exact == 1


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


# Photos, where a network finds maps in them


class SkyAboveRoad:
    """Finds the same street in every photo."""

    class_iou = 0.5

    def __call__(self, photo):
        label_map = np.full(photo.shape[:2], 23, np.uint8)
        label_map[len(label_map) // 2 :] = 7
        return label_map


def with_reader(source, read_as=None):
    return read_label_map(source, read_as, SkyAboveRoad())


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_photo_becomes_its_map_with_itself_as_target(photo, kind, mode):
    source = encoded(photo.convert(mode), kind)
    file = with_reader(source)
    assert file.readings == ("photo", "colors")
    assert (file.label_map[0, 0], file.label_map[-1, 0]) == (23, 7)
    np.testing.assert_array_equal(file.target, read_photo(source))
    assert file.summary == (
        "Read as a photo, 256 x 128. Its map is a prediction (class IoU 0.50): mend what is wrong."
    )


def test_a_large_photo_says_that_it_was_reduced(photo):
    file = with_reader(encoded(photo.resize((4096, 2048)), "JPEG"))
    assert file.description == "a photo, 2048 x 1024, reduced from 4096 x 2048"


def test_maps_stay_maps_beside_a_network_that_reads_photos(label_map, color_map):
    for exact in (encoded(color_map), encoded(Image.fromarray(label_map))):
        assert "photo" not in with_reader(exact).readings
        np.testing.assert_array_equal(with_reader(exact).label_map, label_map)
    blurred = with_reader(encoded(color_map, "JPEG", quality=70))
    assert (blurred.readings[0], blurred.readings[-1]) == ("colors", "photo")
    assert (blurred.label_map == label_map).mean() > 0.9


def test_what_a_picture_was_taken_for_can_be_changed(photo, color_map):
    as_map = with_reader(encoded(photo), "colors")
    assert as_map.readings == ("colors", "photo")
    assert as_map.target is None
    assert with_reader(encoded(color_map), "photo").readings[0] == "photo"


# What is refused, and with which words


def refusal(source, read=read_label_map) -> str:
    with pytest.raises(ImageError) as refused:
        read(source)
    return str(refused.value)


def test_a_photo_is_refused_with_the_share_of_its_pixels_that_are_far_from_the_palette(photo):
    assert "This is a photo or another picture, no label map" in refusal(encoded(photo, "JPEG"))
    assert "% of its pixels are far from every class colour" in refusal(encoded(photo))


def test_without_the_network_that_reads_photos_it_is_said_to_be_missing(photo, color_map):
    missing = "The network that finds maps in photos is not here."
    assert missing in refusal(encoded(photo))
    assert missing in refusal(encoded(color_map), partial(read_label_map, read_as="photo"))


def test_a_dark_photo_is_no_map_of_unlabeled_pixels(photo):
    assert "This is a photo" in refusal(encoded(photo.point(lambda value: value // 3)))


def test_a_reading_that_does_not_fit_is_refused_with_the_reason(label_map, color_map):
    ids = encoded(Image.fromarray(label_map))
    why = "cannot be read as CamVid ids: its value 21 is none of the ids 0 to 11"
    assert why in refusal(ids, partial(read_label_map, read_as="camvid-ids"))
    as_colors = refusal(ids, partial(read_label_map, read_as="colors"))
    assert "cannot be read as class colours: too few of its pixels have such colours" in as_colors
    as_ids = refusal(encoded(color_map), partial(read_label_map, read_as="label-ids"))
    assert "cannot be read as Cityscapes label ids: it has colours of its own" in as_ids
    unknown = refusal(ids, partial(read_label_map, read_as="voc"))
    assert (
        "No file is read as 'voc'; choose one of colors, camvid, ade20k, mapillary, bdd100k, own, " in unknown
    )


def test_a_grey_photo_is_refused_with_its_values(photo):
    assert "no classes: label ids go from 0 to 33" in refusal(encoded(photo.convert("L")))


def test_ids_in_a_jpeg_are_refused_because_they_blur(label_map):
    assert "lossy format cannot hold class ids" in refusal(encoded(Image.fromarray(label_map), "JPEG"))


def test_16_bit_values_beyond_the_ids_are_refused(label_map):
    assert "The grey values 6300 to" in refusal(encoded(Image.fromarray(label_map.astype(np.uint16) * 900)))


def test_black_and_white_and_floating_point_are_refused(photo):
    assert "only black and white" in refusal(encoded(photo.convert("1")))
    assert "floating-point" in refusal(encoded(photo.convert("F"), "TIFF"))


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
