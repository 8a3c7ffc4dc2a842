"""Photos in the light that one chooses."""

from itertools import pairwise

import numpy as np
import pytest
import tiny
import torch
from torchmetrics.functional.image import peak_signal_noise_ratio

from citygan.errors import CityGANError
from citygan.models.encoding import encode_labels, to_unit_range
from citygan.streets import street
from citygan.synthesis.synthesizer import Synthesizer

ARGUMENTS = {"in_channels": 29, "width": 4, "depth": 6}
MAP = street("avenue", 256, 128)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tiny.save_checkpoint(
        tmp_path_factory.mktemp("light"),
        tiny.settled_street_unet(),
        generator="street-unet",
        arguments=ARGUMENTS,
        encoding="classes",
        norm_statistics="instance",
        height_px=128,
        aspect=2.0,
    )


@pytest.fixture(scope="module")
def synthesizer(path):
    return Synthesizer(path, "cpu")


def difference(one, other):
    return np.abs(one.astype(float) - other).mean()


def test_each_named_light_is_another_photo(synthesizer):
    assert list(synthesizer.lights) == ["day", "overcast", "dusk"]
    photos = [synthesizer(MAP, light=name) for name in synthesizer.lights]
    assert all(difference(one, other) > 1 for one, other in pairwise(photos))


def test_eight_numbers_are_a_light_and_a_name_stands_for_its_own(synthesizer):
    named = synthesizer(MAP, light="dusk")
    assert np.array_equal(synthesizer(MAP, light=synthesizer.lights["dusk"]), named)


def test_without_a_light_the_map_suggests_one_which_a_seed_varies(synthesizer):
    plain = synthesizer(MAP)
    assert np.array_equal(synthesizer(MAP), plain)
    first, again, other = (synthesizer(MAP, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert difference(first, other) > difference(*(synthesizer(MAP, s, light="day") for s in (1, 2)))


def test_a_chosen_light_is_no_other_with_another_seed(synthesizer, path):
    code = synthesizer._lighting.code("day")
    lit = synthesizer._lighting.asked("day", 0.0, 0.0)
    label_maps = torch.from_numpy(MAP.copy())[None]
    for seed in (1, 2):
        assert torch.equal(synthesizer._drawn(label_maps, seed, lit)[0], code)


def test_any_picture_lends_its_light(synthesizer):
    bright, dark = np.full((40, 50, 3), 240, np.uint8), np.full((40, 50, 3), 15, np.uint8)
    assert synthesizer.light_of(bright)[0] > synthesizer.light_of(dark)[0]
    photo = synthesizer(MAP, light=synthesizer.light_of(dark))
    assert difference(photo, synthesizer(MAP, light=synthesizer.light_of(bright))) > 1


def test_a_light_can_be_made_brighter_and_warmer(synthesizer):
    plain = synthesizer(MAP)
    assert np.array_equal(synthesizer(MAP, brightness=0.0, warmth=0.0), plain)
    assert difference(synthesizer(MAP, brightness=2.0), plain) > 0.5
    assert difference(synthesizer(MAP, light="dusk", warmth=2.0), synthesizer(MAP, light="dusk")) > 0.5


@pytest.mark.parametrize("change", [{"brightness": 3.1}, {"warmth": -4}, {"warmth": float("nan")}])
def test_a_change_beyond_what_photos_have_is_refused(synthesizer, change):
    with pytest.raises(CityGANError, match=r"each goes from -3\.0 to 3\.0"):
        synthesizer(MAP, **change)


@pytest.mark.parametrize("light", ["noon", (1.0, 2.0), (float("nan"),) * 8, ()])
def test_another_light_is_refused_in_a_sentence(synthesizer, light):
    with pytest.raises(CityGANError, match="light"):
        synthesizer(MAP, light=light)


def test_a_checkpoint_that_is_told_no_light_says_so(tmp_path):
    plain = Synthesizer(tiny.save_checkpoint(tmp_path, tiny.settled_unet(width=1)), "cpu")
    assert plain.lights == {}
    with pytest.raises(CityGANError, match="tiny is told no light"):
        plain(street("avenue", 64, 64), light="day")
    with pytest.raises(CityGANError, match="tiny is told no light"):
        plain.light_of(np.zeros((8, 8, 3), np.uint8))


@torch.no_grad()
def test_the_optimized_network_makes_the_same_photo_within_40_db(synthesizer, path):
    from citygan.checkpoint import Checkpoint

    network = Checkpoint.find(path).load().eval()
    x = encode_labels(torch.from_numpy(MAP.copy())[None], "classes")
    wanted = network(x, network.draw_noise(128, 256, 0))[0].permute(1, 2, 0)
    got = to_unit_range(torch.from_numpy(synthesizer(MAP)))
    assert peak_signal_noise_ratio(got, wanted, data_range=2.0) > 40


def test_what_was_compiled_serves_every_light_and_seed(path, monkeypatch):
    really_compile = torch.compile
    monkeypatch.setattr(torch, "compile", lambda network, **_: really_compile(network, backend="eager"))
    opened = Synthesizer(path, "cpu")
    plain = opened(MAP)
    assert opened._engine.compile(opened._lock)
    with torch.compiler.set_stance("fail_on_recompile"):
        assert np.array_equal(opened(MAP), plain)
        for choice in ({"seed": 3}, {"light": "dusk"}, {"light": opened.light_of(plain), "brightness": 1.0}):
            assert difference(opened(MAP, **choice), plain) > 0.1
