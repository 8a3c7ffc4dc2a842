"""The server functions of the studio answer correctly, and nothing that a stranger sends makes them raise."""

import functools
import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
from imagefiles import data_url, opened

from citygan import streets
from citygan.errors import MAX_CHARS, BusyError, CityGANError
from citygan.palette import CLASSES, colorize
from citygan.streets import NAMES, street
from citygan.ui.live import MAX_PSNR_DB, Live
from citygan.ui.targets import MAX_TARGETS
from citygan.wire import canvas_size, checksum, decode_map, encode_map

INFO = SimpleNamespace(
    height_px=64, aspect=4 / 3, ssim_percentiles=(0.2, 0.6), ssim_percentiles_of="2 photos of a far drive"
)
MAP = street("junction", 172, 128)


def synthesize(label_map, seed=None, wait_s=None):
    return colorize(label_map) ^ np.uint8(0 if seed is None else seed % 256)


def score(photo, target):
    ssim_map = np.full(photo.shape[:2], 0.5, np.float32)
    return SimpleNamespace(ssim=0.4, psnr=math.inf, ssim_map=ssim_map)


@pytest.fixture
def live():
    return Live(synthesize, score, INFO)


def test_a_photo_comes_with_the_checksum_of_its_map(live):
    answer = live.render({"map": encode_map(MAP), "seed": None, "target": None})
    assert answer["map_crc32"] == checksum(MAP)
    assert (answer["width"], answer["height"]) == (172, 128)
    assert np.abs(opened(answer["photo"]).astype(int) - colorize(MAP)).mean() < 4
    assert answer["scores"] is None
    assert not answer["target_missing"]
    json.dumps(answer, allow_nan=False)


def test_a_seed_reaches_the_generator(live):
    plain, seeded = (live.render({"map": encode_map(MAP), "seed": seed})["photo"] for seed in (None, 200))
    assert plain != seeded


def test_a_light_reaches_the_generator_as_it_was_asked_for():
    asked = []

    def lit(label_map, seed=None, wait_s=None, **light):
        asked.append(light)
        return colorize(label_map)

    live = Live(lit, score, INFO)
    code = [0.5] * 8
    for light in (None, {"light": "dusk"}, {"light": code, "warmth": 1}, {"brightness": -2.5}):
        assert "photo" in live.render({"map": encode_map(MAP), "light": light})
    assert asked == [
        {},
        {"light": "dusk", "brightness": 0.0, "warmth": 0.0},
        {"light": code, "brightness": 0.0, "warmth": 1.0},
        {"light": None, "brightness": -2.5, "warmth": 0.0},
    ]


@pytest.mark.parametrize(
    "light",
    [
        "dusk",
        [1.0],
        {"name": "dusk"},
        {"light": 3},
        {"light": [1.0, None]},
        {"light": [1e9] * 8},
        {"light": ["dark"] * 9},
        {"light": []},
        {"light": "x" * 65},
        {"brightness": "1"},
        {"brightness": math.nan},
        {"warmth": True},
    ],
)
def test_what_is_no_light_is_an_error(live, light):
    error = live.render({"map": encode_map(MAP), "light": light})["error"]
    assert "light" in error or "at most 64 characters" in error


def test_any_picture_lends_its_light(live):
    image = data_url(np.full((20, 30, 3), 7, np.uint8))
    assert live.light_of({"image": image}) == {"error": "this checkpoint is told no light"}
    lit = Live(synthesize, score, INFO, light_of=lambda photo: (float(photo[0, 0, 0]), *[0.0] * 7))
    assert lit.light_of({"image": image}) == {"light": [7.0, *[0.0] * 7]}


def scores_with(info):
    live = Live(synthesize, score, info, wait_s=0.01)
    token = live.set_target({"image": data_url(colorize(MAP))})["token"]
    return live.render({"map": encode_map(MAP), "target": token})["scores"]


@pytest.mark.parametrize("count", [2, 3, 101, 171])
def test_scores_against_a_target_come_with_their_percentile_and_whose_it_is(count):
    percentiles = tuple(np.linspace(0.2, 0.6, count).tolist())
    scores = scores_with(SimpleNamespace(**vars(INFO) | {"ssim_percentiles": percentiles}))
    assert scores == {
        "ssim": 0.4,
        "psnr": MAX_PSNR_DB,
        "percentile": 50,
        "percentile_of": "2 photos of a far drive",
    }


@pytest.mark.parametrize("percentiles", [(), (0.4,)])
def test_where_there_is_no_distribution_there_is_no_percentile(percentiles):
    scores = scores_with(SimpleNamespace(**vars(INFO) | {"ssim_percentiles": percentiles}))
    assert scores == {"ssim": 0.4, "psnr": MAX_PSNR_DB, "percentile": None, "percentile_of": None}


def test_a_target_that_is_gone_is_reported(live):
    answer = live.render({"map": encode_map(MAP), "target": "no such token"})
    assert answer["target_missing"]
    assert answer["scores"] is None


def test_a_photo_that_the_visitors_device_made_gets_the_same_scores(live):
    image = data_url(colorize(MAP))
    token = live.set_target({"image": image})["token"]
    rendered = live.render({"map": encode_map(MAP), "target": token})
    answer = live.scores_of({"image": image, "target": token})
    assert answer == {"scores": rendered["scores"], "target_missing": False}
    assert live.scores_of({"image": image, "target": "gone"}) == {"scores": None, "target_missing": True}


def test_only_the_targets_used_last_are_kept(live):
    image = data_url(np.zeros((8, 8, 3), np.uint8))
    tokens = [live.set_target({"image": image})["token"] for _ in range(MAX_TARGETS)]
    live.render({"map": encode_map(MAP), "target": tokens[0]})
    live.set_target({"image": image})
    missing = [live.render({"map": encode_map(MAP), "target": t})["target_missing"] for t in tokens[:2]]
    assert missing == [False, True]


def test_who_waits_too_long_is_told_that_the_server_is_busy():
    waits = []

    def busy(label_map, seed=None, wait_s=None):
        waits.append(wait_s)
        raise BusyError

    live = Live(busy, score, INFO, wait_s=0.5)
    for answer in (live.render, live.final_result):
        assert answer({"map": encode_map(MAP)}) == {"busy": True}
    assert waits == [0.5, 0.5]


def test_who_finds_the_queue_full_is_told_when_to_come_back():
    def full(label_map, seed=None, wait_s=None):
        raise BusyError("full", 1.5)

    assert Live(full, score, INFO).render({"map": encode_map(MAP)}) == {"busy": True, "retry_s": 1.5}


def test_what_everyone_should_read_comes_with_each_photo():
    notices = [""]
    live = Live(synthesize, score, INFO, notice_of=lambda: notices[-1])
    assert live.render({"map": encode_map(MAP)})["notice"] == ""
    notices.append("The GPU is full.")
    assert live.render({"map": encode_map(MAP)})["notice"] == "The GPU is full."


def test_what_the_generator_cannot_do_is_said_in_its_words():
    def fails(label_map, **_):
        raise CityGANError("the generator cannot do this")

    answer = Live(fails, score, INFO).render({"map": encode_map(MAP)})
    assert answer == {"error": "the generator cannot do this"}


@pytest.mark.parametrize("name", NAMES)
def test_each_street_comes_in_the_size_of_the_canvas(live, name):
    answer = live.street({"name": name})
    assert decode_map(answer["map"]).shape == (128, 170)
    assert answer == live.street({"name": name, "seed": None})


def test_a_random_street_tells_the_seed_that_draws_it_again(live):
    answer = live.street({"name": None, "seed": None})
    assert live.street({"name": None, "seed": answer["seed"]}) == answer


def test_a_picture_of_class_colours_opens_exactly(live):
    answer = live.open_picture({"image": data_url(colorize(MAP))})
    assert np.array_equal(decode_map(answer["map"]), MAP)
    assert "172 x 128" in answer["report"]
    assert answer["target"] is None
    assert answer["readings"] == [{"key": "colors", "name": "class colours"}]


def test_the_final_result_is_lossless(live):
    token = live.set_target({"image": data_url(colorize(MAP))})["token"]
    answer = live.final_result({"map": encode_map(MAP), "seed": 7, "target": token})
    assert np.array_equal(opened(answer["photo"]), synthesize(MAP, 7))
    assert np.array_equal(opened(answer["labels_color"]), colorize(MAP))
    assert np.array_equal(opened(answer["labels_ids"]), MAP)
    assert np.array_equal(opened(answer["pair"]), np.hstack([synthesize(MAP, 7), colorize(MAP)]))
    assert np.array_equal(opened(answer["ssim_map"]), np.full(MAP.shape, 128))
    assert answer["scores"]["ssim"] == 0.4


def test_the_final_photo_can_be_of_a_map_whose_gaps_are_filled(live):
    holed = MAP.copy()
    holed[:8] = 0
    answer = live.final_result({"map": encode_map(holed), "drawn": encode_map(MAP)})
    assert np.array_equal(opened(answer["photo"]), colorize(MAP))
    assert np.array_equal(opened(answer["labels_ids"]), holed)
    refused = live.final_result({"map": encode_map(MAP), "drawn": encode_map(MAP[:4])})
    assert refused["error"] == "the map has (172, 128) pixels, and its photo's map (172, 4)"


def test_a_result_without_target_has_no_ssim_map(live):
    answer = live.final_result({"map": encode_map(MAP)})
    assert answer["ssim_map"] is None
    assert answer["scores"] is None


SMALL = encode_map(np.full((2, 2), CLASSES[0].id, np.uint8))


DEEP = functools.reduce(lambda inside, _: [inside], range(5000), 1)
NO_PHOTO = (
    *(None, [], "map", 3, {}, {"map": None}, {"map": []}, {"map": SMALL, "extra": 1}),
    *({"map": SMALL, "seed": seed} for seed in (-1, 2**31, 1.5, math.nan, True, "1", [], DEEP, 10**5000)),
    *({"map": SMALL, "target": target} for target in (1, True, [], {}, DEEP, "x" * 65)),
    *({"map": SMALL | change} for change in ({"width": 3}, {"data": "!"}, {"width": 10**9}, {"seq": -1})),
    *({"map": SMALL | change} for change in ({"\n" * 10**6: 1}, {"encoding": "\ud800"}, {"seq": 10**400})),
)
NO_IMAGE = (
    *(None, [], {}, {"image": None}, {"image": 1}, {"image": ""}, {"image": "not base64!"}),
    *({"image": "data:image/png;base64," + text} for text in ("", "AAAA", "iVBORw0KGgo=")),
    *({"image": "file:///etc/passwd"}, {"image": "A" * (12 * 2**20 + 4)}),
)
NO_STREET = (None, {"name": "boulevard"}, {"name": "\ud800"}, {"name": 3}, {"seed": -1}, {"seed": "1"})
MALFORMED = {
    "render": NO_PHOTO,
    "final_result": NO_PHOTO,
    "set_target": NO_IMAGE,
    "open_picture": NO_IMAGE,
    "scores_of": NO_IMAGE,
    "street": NO_STREET,
}


@pytest.mark.parametrize(
    ("function", "request_"), [(name, wrong) for name, requests in MALFORMED.items() for wrong in requests]
)
def test_a_malformed_request_is_an_error_in_words(live, function, request_):
    answer = getattr(live, function)(request_)
    assert list(answer) == ["error"]
    assert answer["error"].isprintable()
    assert len(answer["error"]) <= MAX_CHARS
    assert json.dumps(answer, ensure_ascii=False).encode()


PLACE = {"name": "avenue", "street": None, "at_m": 12.0, "time_s": 1.5}


def driven(label_map, seed=None, wait_s=None, ground=None):
    """The map in its colours, darker the more of the noise is the world's."""
    return (colorize(label_map) // (1 if ground is None else 2)).astype(np.uint8)


def test_a_picture_of_a_drive_is_a_map_of_the_photos_size_with_its_photo():
    answer = Live(driven, score, INFO).drive(PLACE | {"pace": 0.0, "seed": 3})
    label_map = decode_map(answer["map"])
    assert label_map.shape == (INFO.height_px, round(INFO.height_px * INFO.aspect))
    wanted, _ = streets.drive("avenue", streets.View(12.0, 1.5), *label_map.shape[::-1])
    assert np.array_equal(label_map, wanted)
    assert np.abs(opened(answer["photo"]) - colorize(label_map).astype(float)).mean() < 6


def test_at_pace_the_noise_of_a_drive_is_the_grounds():
    answer = Live(driven, score, INFO).drive(PLACE | {"pace": 0.7})
    wanted = colorize(decode_map(answer["map"])) // 2
    assert np.abs(opened(answer["photo"]) - wanted.astype(float)).mean() < 6


def test_where_a_drive_stops_is_a_map_of_the_canvass_size():
    answer = Live(driven, score, INFO).park(PLACE)
    assert decode_map(answer["map"]).shape == canvas_size(INFO)[::-1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": None},
        {"street": 3},
        {"name": "boulevard"},
        {"at_m": -1.0},
        {"at_m": float("nan")},
        {"at_m": True},
        {"time_s": 1e12},
        {"time_s": "1"},
        {"lane": 1},
    ],
)
def test_a_place_that_no_drive_comes_to_is_refused(wrong):
    for method in (Live(driven, score, INFO).drive, Live(driven, score, INFO).park):
        assert method(PLACE | wrong).keys() == {"error"}


PLANE = {"width": 2, "height": 2, "encoding": "raw", "data": "AAECAA==", "seq": 0, "final": True}
AGAIN = {"plane": PLANE, "seeds": [5, 6]}


def test_regions_to_draw_again_reach_the_generator():
    asked = []

    def draw(label_map, seed=None, wait_s=None, again=None):
        asked.append(again)
        return colorize(label_map)

    live = Live(draw, score, INFO)
    for answer in (live.render, live.final_result):
        assert "photo" in answer({"map": encode_map(MAP), "again": AGAIN})
        assert "photo" in answer({"map": encode_map(MAP), "again": None})
    assert [again and again.seeds for again in asked] == [(5, 6), None, (5, 6), None]
    assert asked[0].plane.tolist() == [[0, 1], [2, 0]]


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        {"plane": AGAIN["plane"]},
        AGAIN | {"more": 1},
        AGAIN | {"seeds": [5]},
        AGAIN | {"seeds": []},
        AGAIN | {"seeds": [5, -1]},
        AGAIN | {"seeds": [5, True]},
        AGAIN | {"seeds": [1] * 25},
        AGAIN | {"plane": {}},
    ],
)
def test_regions_that_cannot_be_are_refused(live, wrong):
    assert live.render({"map": encode_map(MAP), "again": wrong}).keys() == {"error"}
