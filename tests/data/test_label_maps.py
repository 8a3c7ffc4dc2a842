"""Label maps in image files: what is recognised, and what every unfit picture is told."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from imagefiles import encoded, refusal
from PIL import Image

from citygan.data.images import read_photo
from citygan.data.label_maps import read_label_map
from citygan.data.layouts import CAMVID_IDS
from citygan.palette import CLASSES, colorize, fold, from_train_ids

TRAIN_IDS = {7: 0, 8: 1, 11: 2, 21: 8, 23: 10, 26: 13}


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
