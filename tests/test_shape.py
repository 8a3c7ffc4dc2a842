"""Maps of other shapes than the training photos have: which ones are drawn, and at which size."""

import runpy
from pathlib import Path

import pytest
import tiny

from citygan.errors import CityGANError
from citygan.models import GENERATORS
from citygan.shape import MAX_RATIO, check_shape, photo_size, photo_sizes, stride_px

STREET = tiny.info(
    generator="street-unet", arguments={"depth": 6}, encoding="classes", width_px=512, height_px=384
)


@pytest.mark.parametrize("size", [(300, 100), (100, 300), (2048, 1024), (1, 1)])
def test_a_map_up_to_three_times_as_long_as_wide_is_drawn(size):
    check_shape(*size)


@pytest.mark.parametrize("size", [(310, 100), (100, 310), (4000, 1)])
def test_a_strip_is_an_error_that_names_its_size(size):
    with pytest.raises(CityGANError, match=f"{size[0]} x {size[1]}.*three times"):
        check_shape(*size)


@pytest.mark.parametrize("name", GENERATORS)
def test_the_stride_that_is_told_without_torch_is_that_of_the_network(name):
    arguments = [{}, {"depth": 3}] if name == "street-unet" else [{}]
    for given in arguments:
        channels = {} if name in ("unet-256", "flat-unet") else {"in_channels": 29}
        assert GENERATORS[name](**channels, **given).stride_px == stride_px(name, given)


def test_photos_are_drawn_at_multiples_of_the_stride_near_the_training_size():
    sizes = photo_sizes(STREET)
    assert sizes[0] == (512, 384)
    assert len({w / h for w, h in sizes}) == len(sizes) > 8
    for w, h in sizes:
        assert w % 128 == h % 128 == 0
        assert 0.6 <= w * h / (512 * 384) <= 1.5
        assert 1 / MAX_RATIO <= w / h <= MAX_RATIO


def test_no_shape_is_squashed_by_more_than_a_sixth():
    sizes = photo_sizes(STREET)
    for step in range(-100, 101):
        width, height = 1000 * 3 ** (step / 200), 1000 * 3 ** (-step / 200)
        drawn = photo_size(sizes, 4 / 3, round(width), round(height))
        squash = (drawn[0] / drawn[1]) / (width / height)
        assert 6 / 7 < squash < 7 / 6, (width, height, drawn)


def test_the_shape_of_cityscapes_is_drawn_as_it_is():
    assert photo_size(photo_sizes(STREET), 4 / 3, 2048, 1024) == (768, 384)


def test_a_checkpoint_that_has_one_size_draws_every_shape_at_it():
    square = tiny.info()
    assert photo_sizes(square) == [(256, 256)]
    assert photo_size([(256, 256)], square.aspect, 2048, 1024) == (256, 256)


def test_photos_that_were_squashed_in_training_are_squashed_alike():
    squashed = tiny.info(
        generator="street-unet",
        arguments={"depth": 6},
        encoding="classes",
        width_px=512,
        height_px=512,
        aspect=4 / 3,
    )
    sizes = photo_sizes(squashed)
    assert photo_size(sizes, squashed.aspect, 480, 360) == (512, 512)
    assert photo_size(sizes, squashed.aspect, 2000, 1000) == (768, 512)


def test_the_fixture_of_the_page_is_what_python_draws():
    fixture = runpy.run_path(str(Path(__file__).parent / "js" / "fixtures" / "shapes.py"))
    stored = Path(__file__).parent / "js" / "fixtures" / "shapes.json"
    command = "PYTHONPATH=. python tests/js/fixtures/shapes.py writes it anew"
    assert stored.read_text(encoding="utf-8") == fixture["content"](), command
