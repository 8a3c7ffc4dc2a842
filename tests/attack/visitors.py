"""Attacks by what the page's own functions are sent: the canvas' value, and the requests to `Live`."""

from __future__ import annotations

import base64
import json
from typing import Any

import fakes
import gradio as gr
import numpy as np
from hypothesis import strategies as st
from imagefiles import data_url

from citygan.data import readings
from citygan.palette import colorize
from citygan.streets import NAMES, street
from citygan.synthesis.synthesizer import Synthesizer
from citygan.ui.canvas import LabelCanvas
from citygan.ui.filesynthesizer import FileSynthesizer
from citygan.ui.live import Live
from citygan.wire import encode_map
from tests.attack.door import JSON, Door

MAP = street("junction", 96, 64)
GOOD = encode_map(MAP)
LARGEST = {"width": 2048, "height": 2048}
BASE64 = st.binary(max_size=90).map(lambda b: base64.b64encode(b).decode()) | st.text(max_size=90)
NUMBERS = (
    st.integers() | st.floats() | st.booleans() | st.sampled_from([10**400, -(10**400), 2**31 - 1, 2**31])
)


PLACE = {"name": NAMES[0], "street": None, "at_m": 12.0, "time_s": 1.5}
PLACES: dict[str, st.SearchStrategy[Any]] = {
    "name": st.sampled_from(NAMES) | st.none(),
    **dict.fromkeys(("street", "at_m", "time_s"), NUMBERS),
}


def _changed(good: dict[str, Any], near: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """A good object with a field or two changed, added or left out."""
    change = st.sampled_from(sorted(near)).flatmap(lambda k: st.tuples(st.just(k), near[k] | JSON))
    added = st.tuples(st.text(max_size=6), JSON)
    less = st.sampled_from(sorted(good)).map(lambda k: {n: v for n, v in good.items() if n != k})
    changes = st.lists(change | change | added, max_size=2)
    return less | changes.map(lambda pairs: good | dict(pairs))


MAPS = _changed(
    GOOD,
    {
        "width": st.integers(-1, 3000) | NUMBERS,
        "height": st.integers(-1, 3000) | NUMBERS,
        "encoding": st.sampled_from(["raw", "rle", "png"]),
        "data": BASE64,
        "seq": NUMBERS,
        "final": NUMBERS,
    },
) | st.just(GOOD | LARGEST | {"data": "A" * 20_000_000})


PICTURE = data_url(colorize(MAP))
PICTURES = st.just(PICTURE) | st.integers(0, len(PICTURE)).map(lambda n: PICTURE[:n]) | BASE64 | JSON
COLORS = 255 - colorize(MAP)
STRANGE = data_url(COLORS)  # colours that no table has, and what a visitor says of them
NAMED = {f"#{r:02x}{g:02x}{b:02x}": "road" for r, g, b in np.unique(COLORS.reshape(-1, 3), axis=0)}
PALETTE = json.dumps(NAMED)
READINGS = (
    st.sampled_from([PALETTE, *readings.NAMES, PALETTE * 500])
    | _changed(NAMED, {"#ffffff": st.sampled_from(["car", "unicorn"])}).map(json.dumps)
    | st.integers(0, len(PALETTE)).map(lambda n: PALETTE[:n])
    | JSON.map(json.dumps)
    | JSON
)
LIGHTS = (
    st.none()
    | st.fixed_dictionaries(
        {},
        optional={
            "light": st.sampled_from(["day", "dusk", "moon", "\ud800"])
            | st.lists(NUMBERS | JSON, max_size=9),
            "brightness": NUMBERS,
            "warmth": NUMBERS,
        },
    )
    | JSON
)


def canvas_door() -> Door:
    """The value of the canvas, which events of the page carry."""
    canvas = LabelCanvas(info=fakes.INFO)

    def knock(given: Any) -> str | None:
        try:
            canvas.preprocess(given)
        except gr.Error as error:
            return error.message
        return None

    return Door("canvas value", MAPS | JSON, knock)


def live_door(synthesizer: Synthesizer) -> Door:
    """The server functions, which anybody can call with any JSON."""
    live = Live(synthesizer, fakes.score, synthesizer.info, wait_s=1, light_of=synthesizer.light_of)
    token = live.set_target({"image": PICTURE})["token"]
    tokens = st.just(token) | st.none() | JSON
    photo = {"map": GOOD, "seed": 1, "target": token, "light": None}
    requests = {
        name: _changed(good, near)
        for name, good, near in (
            ("render", photo, {"map": MAPS, "seed": NUMBERS, "target": tokens, "light": LIGHTS}),
            ("final_result", photo, {"map": MAPS, "seed": NUMBERS, "target": tokens, "light": LIGHTS}),
            (
                "street",
                {"name": NAMES[0], "seed": 1},
                {"name": st.sampled_from(NAMES) | st.none(), "seed": NUMBERS},
            ),
            ("drive", PLACE | {"pace": 0.5, "seed": 1, "light": None}, PLACES | {"light": LIGHTS}),
            ("park", PLACE, PLACES),
            ("set_target", {"image": PICTURE}, {"image": PICTURES}),
            (
                "open_picture",
                {"image": STRANGE, "read_as": PALETTE},
                {"image": PICTURES, "read_as": READINGS},
            ),
            ("light_of", {"image": PICTURE}, {"image": PICTURES}),
            ("scores_of", {"image": PICTURE, "target": token}, {"image": PICTURES, "target": tokens}),
        )
    }

    def knock(given: tuple[str, Any]) -> str | None:
        function, request = given
        answer = getattr(live, function)(request)
        json.dumps(answer, allow_nan=False, ensure_ascii=False).encode()  # as the page gets it
        return answer.get("error")

    calls = st.sampled_from(sorted(requests)).flatmap(lambda n: st.tuples(st.just(n), requests[n] | JSON))
    return Door("server functions", calls, knock, cost=2)


def parameters_door(synthesizer: Synthesizer, label_file: str) -> Door:
    """What `/synthesize` takes beside the files."""
    generate = FileSynthesizer(synthesizer, fakes.score, synthesizer.info)

    def knock(given: list[Any]) -> str | None:
        try:
            generate(label_file, None, *given).as_json(synthesizer.info)
        except gr.Error as error:
            return error.message
        return None

    # as Gradio's components hand them on: a number or text for the seed, text, numbers
    seeds = (
        st.none()
        | st.floats()
        | st.integers()
        | st.text(max_size=12)
        | st.sampled_from(["1.0", "²", "٣", "9" * 5000])
    )
    names = st.none() | st.sampled_from(["day", "dusk", ""]) | st.text()
    steps = st.none() | st.floats() | st.integers()
    return Door("/synthesize parameters", st.tuples(seeds, names, steps, steps).map(list), knock, cost=2)


def doors(synthesizer: Synthesizer, label_file: str) -> list[Door]:
    """All that requests come in by."""
    return [canvas_door(), live_door(synthesizer), parameters_door(synthesizer, label_file)]
