"""Colour maps of other people: recognised by their colours, and brought to Cityscapes' classes."""

from __future__ import annotations

import io
import json

import imagefiles
import numpy as np
import pytest
from PIL import Image

from citygan import streets
from citygan.data import colormaps
from citygan.data.colormaps import CITYSCAPES, FILES, OWN
from citygan.data.images import ImageError
from citygan.data.label_maps import UnknownColorsError, read_label_map
from citygan.errors import CityGANError
from citygan.palette import CLASSES, colorize

ROAD, SKY, CAR = 7, 23, 26
# Of each data set: colours whose class its authors name, and the Cityscapes class they have to become.
KNOWN = {
    "camvid": {"#404000": "person", "#808080": "sky", "#4080c0": "car", "#8000c0": "road"},
    "ade20k": {
        "#787878": "wall",
        "#b47878": "building",
        "#06e6e6": "sky",
        "#8c8c8c": "road",
        "#04c803": "vegetation",
    },
    "mapillary": {"#ffffff": "road", "#c4c4c4": "sidewalk", "#40aa40": "terrain", "#ff0064": "rider"},
    "bdd100k": {"#b464b4": "building", "#ff4600": "dynamic", "#dcdcfa": "traffic sign", "#804080": "road"},
}


def drawn(key: str, name: str = "tree-lined road", size=(480, 360)) -> tuple[np.ndarray, np.ndarray]:
    """A street as `(H, W, 3)` in the colours of a table, and the label map that it stands for.

    A class that the table has several colours for has the last of them in the left half.
    """
    label_map = streets.street(name, *size)
    table = colormaps.tables()[key].table
    first, last = (np.zeros((256, 3), np.uint8) for _ in range(2))
    first[table.ids[::-1]], last[table.ids] = table.colors[::-1], table.colors
    known = np.isin(label_map, table.ids)
    label_map = np.where(known, label_map, SKY).astype(np.uint8)
    rgb = first[label_map]
    half = label_map.shape[1] // 2
    rgb[:, :half] = last[label_map[:, :half]]
    return rgb, label_map


def encoded(rgb: np.ndarray, kind: str = "PNG", **options) -> bytes:
    return imagefiles.encoded(Image.fromarray(rgb), kind, **options)


def photo() -> np.ndarray:
    """Smooth with grain, half of it grey: as many colours as a photo has."""
    y, x = np.mgrid[0:360, 0:480]
    rgb = np.stack([90 + x / 6, 200 - y / 3, 60 + (x + y) / 8], axis=-1)
    rgb[180:] = (40 + x[180:, :, None] / 3) * np.ones(3)
    grain = np.random.default_rng(0).normal(0, 3, rgb.shape)
    return (rgb + grain).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("key", FILES)
def test_every_colour_of_a_table_becomes_a_class_that_exists(key):
    named = colormaps.tables()[key]
    assert len(named.table.colors) == len(named.table.ids) == len(named.names)
    assert len(np.unique(named.table.colors, axis=0)) == len(named.table.colors)
    assert set(named.table.ids.tolist()) <= {c.id for c in CLASSES}
    assert len(named.sources) >= 2
    becomes = {
        "#{:02x}{:02x}{:02x}".format(*color): next(c.name for c in CLASSES if c.id == id_)
        for color, id_ in zip(named.table.colors.tolist(), named.table.ids.tolist(), strict=True)
    }
    assert KNOWN[key].items() <= becomes.items()


def test_the_tables_have_every_class_of_their_data_set():
    sizes = {key: len(named.names) for key, named in colormaps.tables().items()}
    # ADE20K: 150, two of one colour, and black; Mapillary: 66 of 1.2 and 35 colours that only 2.0 has;
    # BDD100K: 41, black three times, two poles, and a parking sign like a person
    assert sizes == {CITYSCAPES: 29, "camvid": 32, "ade20k": 150, "mapillary": 101, "bdd100k": 37}


@pytest.mark.parametrize("name", ["tree-lined road", "junction"])
@pytest.mark.parametrize("key", FILES)
def test_a_colour_map_is_recognised_and_read_exactly(key, name):
    rgb, label_map = drawn(key, name)
    file = read_label_map(encoded(rgb))
    assert file.readings[0] == key
    assert file.summary == f"Read as {colormaps.tables()[key].name}, 480 x 360."
    np.testing.assert_array_equal(file.label_map, label_map)


@pytest.mark.parametrize("quality", [50, 90])
@pytest.mark.parametrize("key", ["camvid", "ade20k", "mapillary"])
def test_after_jpeg_the_nearest_colours_are_taken_and_it_is_said(key, quality):
    rgb, label_map = drawn(key)
    file = read_label_map(encoded(rgb, "JPEG", quality=quality))
    assert file.readings[0] == key
    assert "had no class colour and were snapped to the nearest" in file.summary
    assert (file.label_map == label_map).mean() > 0.85


@pytest.mark.parametrize("key", ["camvid", "ade20k"])
def test_a_smoothly_resized_map_is_recognised(key):
    rgb, _ = drawn(key)
    small = Image.fromarray(rgb).resize((320, 240), Image.Resampling.LANCZOS)
    assert read_label_map(encoded(np.asarray(small))).readings[0] == key


def test_a_map_in_cityscapes_own_colours_is_not_offered_under_other_names():
    file = read_label_map(encoded(colorize(streets.street("junction", 480, 360))))
    assert file.readings[0] == CITYSCAPES
    assert not {"mapillary", "bdd100k"} & set(file.readings[1:])
    assert read_label_map(encoded(drawn(CITYSCAPES)[0]), "mapillary").readings[0] == "mapillary"


def test_noise_does_not_make_a_cityscapes_map_one_of_a_table_with_more_colours():
    rgb = colorize(streets.street("junction", 480, 360))
    for quality in (50, 75, 90):
        assert (
            colormaps.fits(np.asarray(Image.open(io.BytesIO(encoded(rgb, "JPEG", quality=quality)))))[0].key
            == CITYSCAPES
        )


def test_how_well_each_table_fits_is_said_best_first():
    found = colormaps.fits(drawn("camvid")[0])
    assert found[0] == ("camvid", 1.0, 1.0)
    assert all(0 <= fit.near <= 1 and 0 <= fit.score <= 1 for fit in found)


def test_a_photo_fits_no_table():
    assert colormaps.fits(photo()) == []
    assert colormaps.fits(photo() // 4) == []


def test_a_pair_of_a_foreign_map_and_a_photo_is_split():
    rgb, label_map = drawn("ade20k")
    file = read_label_map(encoded(np.concatenate([photo(), rgb], axis=1)))
    assert file.summary == "Read as a side-by-side pair with ADE20K colours on the right, 480 x 360."
    np.testing.assert_array_equal(file.label_map, label_map)
    np.testing.assert_array_equal(file.target, photo())


@pytest.fixture
def strange() -> tuple[np.ndarray, np.ndarray, dict[str, str]]:
    """A street in colours of nobody, its label map, and what the colours are."""
    label_map = np.full((360, 480), SKY, np.uint8)
    label_map[150:] = ROAD
    label_map[140:220, 60:160] = CAR
    colors = {"#ff00aa": "sky", "#123456": "road", "#aaff33": "car"}
    table = colormaps.table_of(colors)
    by_class = np.zeros((256, 3), np.uint8)
    by_class[table.ids] = table.colors
    return by_class[label_map], label_map, colors


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_unknown_colours_are_asked_about_largest_first_and_then_read(strange, kind):
    rgb, label_map, _ = strange
    with pytest.raises(UnknownColorsError) as asked:
        read_label_map(encoded(rgb, kind))
    shares = list(asked.value.colors.values())
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1)
    assert len(shares) == 3
    told = dict(zip(asked.value.colors, ["road", "sky", "car"], strict=True))
    file = read_label_map(encoded(rgb, kind), json.dumps(told))
    assert file.readings[0] == OWN
    assert "Read as your own colours" in file.summary
    assert (file.label_map == label_map).mean() > 0.99


def test_the_question_is_a_sentence_that_scripts_can_answer(strange):
    with pytest.raises(
        UnknownColorsError, match=r"3 colours that are of no known table, such as #123456 \(5\d%\)"
    ):
        read_label_map(encoded(strange[0]))


def test_known_colours_can_be_read_as_somebodys_own(strange):
    rgb, _ = drawn("camvid")
    with pytest.raises(UnknownColorsError) as asked:
        read_label_map(encoded(rgb), OWN)
    assert "#808080" in asked.value.colors
    file = read_label_map(encoded(rgb), json.dumps(dict.fromkeys(asked.value.colors, "road")))
    assert set(np.unique(file.label_map)) == {ROAD}
    assert "camvid" in file.readings


def test_a_photo_is_not_asked_about():
    with pytest.raises(ImageError, match="This is a photo"):
        read_label_map(encoded(photo()))
    with pytest.raises(ImageError, match=r"This is a photo|too few of its pixels"):
        read_label_map(encoded(photo()), OWN)


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        ("{", "is no JSON object"),
        ("{}", "has 1 to 256 colours, not 0"),
        ('{"red": "road"}', "'red' is no colour"),
        ('{"#12345g": "road"}', "'#12345g' is no colour"),
        ('{"#123456": "street"}', "'street' is no class"),
        ('{"#123456": 7}', "'7' is no class"),
        ("{" + '"a":{' * 5000, "is no JSON object"),
    ],
)
def test_a_palette_that_is_none_is_refused_in_a_sentence(strange, wish, why):
    with pytest.raises(ImageError, match=why):
        read_label_map(encoded(strange[0]), wish)


def test_a_table_needs_a_class_for_each_colour():
    with pytest.raises(CityGANError, match="not 300"):
        colormaps.table_of({f"#{i:06x}": "road" for i in range(300)})


def test_pictures_of_one_row_one_column_and_one_pixel_are_looked_at():
    for shape in ((1, 1), (1, 9), (9, 1)):
        assert colormaps.fits(np.zeros((*shape, 3), np.uint8))[0].key == CITYSCAPES
