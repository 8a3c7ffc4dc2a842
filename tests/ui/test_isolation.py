"""Visitors who are there at the same time get what is their own, and nothing of each other's."""

from __future__ import annotations

import json
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import fakes
import numpy as np
import pytest
from gradio_client import Client, handle_file
from imagefiles import data_url, opened
from PIL import Image

from citygan.evaluation.scores import Scores
from citygan.palette import colorize
from citygan.streets import random_street
from citygan.ui.live import Live
from citygan.ui.page import MAX_SESSIONS, build_app, launch_options
from citygan.wire import checksum, encode_map

VISITORS, TURNS = 6, 8
INFO = SimpleNamespace(height_px=64, aspect=1.0, ssim_percentiles=(0.0, 1.0), ssim_percentiles_of="tests")


class Together:
    """A generator that gives no photo before several visitors wait for one."""

    def __init__(self, visitors: int):
        self.barrier = threading.Barrier(visitors, timeout=60)

    def __call__(
        self, label_map: np.ndarray, seed: int | None = None, wait_s: float | None = None
    ) -> np.ndarray:
        self.barrier.wait()
        return fakes.synthesize(label_map, seed)


def mean_score(photo: np.ndarray, target: np.ndarray) -> Scores:
    """A score that tells which target it was made with."""
    return Scores(float(target.mean()) / 255, 1.0, np.zeros(photo.shape[:2], np.float32))


def test_each_of_many_visitors_gets_the_photo_and_the_scores_of_its_own_map_and_target():
    live = Live(Together(VISITORS), mean_score, INFO)

    def visit(visitor: int) -> None:
        grey = np.full((8, 8, 3), 30 * visitor, np.uint8)
        target = live.set_target({"image": data_url(grey)})["token"]
        for turn in range(TURNS):
            label_map = random_street(100 * visitor + turn, 64, 64)
            answer = live.final_result({"map": encode_map(label_map), "seed": visitor, "target": target})
            assert np.array_equal(opened(answer["photo"]), fakes.synthesize(label_map, visitor))
            assert np.array_equal(opened(answer["labels_ids"]), label_map)
            assert answer["scores"]["ssim"] == pytest.approx(30 * visitor / 255)

    with ThreadPoolExecutor(VISITORS) as threads:
        list(threads.map(visit, range(VISITORS)))


@pytest.fixture(scope="module")
def together(serve) -> str:
    """The address of a page whose photos are made when two wait for one."""
    return serve(build_app(Together(2), fakes.score, fakes.INFO, "a test"), **launch_options())


def test_two_sessions_over_http_get_their_own_photos(together):
    with urllib.request.urlopen(f"{together}config") as answer:
        components = json.load(answer)["components"]
    canvas = next(c["id"] for c in components if c["props"].get("elem_id") == "cg-canvas")

    def visit(visitor: int) -> None:
        for turn in range(TURNS):
            label_map = random_street(10 * turn + visitor, 64, 64)
            data = {"map": encode_map(label_map), "seed": turn}
            # the same session for both: somebody may have guessed the other's
            body = {"data": data, "component_id": canvas, "session_hash": "one", "fn_name": "final_result"}
            headers = {"Content-Type": "application/json"}
            request = urllib.request.Request(
                f"{together}gradio_api/component_server", json.dumps(body).encode(), headers
            )
            with urllib.request.urlopen(request) as answer:
                photo = opened(json.load(answer)["photo"])
            assert np.array_equal(photo, fakes.synthesize(label_map, turn))

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(visit, range(2)))


def test_scripts_in_the_queue_get_their_own_files(whole_page, tmp_path):
    options = {
        "verbose": False,
        "httpx_kwargs": {"timeout": 120},
    }  # for machines that have other things to do
    clients = [Client(whole_page, download_files=tmp_path / str(i), **options) for i in range(6)]
    jobs = []
    for i in range(6):
        label_map = random_street(i, 64, 64)
        file = tmp_path / f"{i}" / "map.png"  # of the same name for all
        file.parent.mkdir(exist_ok=True)
        Image.fromarray(colorize(label_map)).save(file)
        jobs.append((label_map, clients[i].submit(handle_file(file), api_name="/synthesize")))
    paths = []
    for label_map, job in jobs:
        photo, _ = job.result(timeout=120)
        paths.append(Path(photo))
        with Image.open(photo) as image:
            assert np.array_equal(np.asarray(image), fakes.synthesize(label_map))
    assert len(set(paths)) == len(paths)


def test_a_target_is_found_by_its_token_alone_and_tokens_cannot_be_guessed():
    live = Live(fakes.synthesize, mean_score, INFO)
    image = data_url(np.zeros((8, 8, 3), np.uint8))
    tokens = [live.set_target({"image": image})["token"] for _ in range(8)]
    assert len(set(tokens)) == 8  # though the photo is the same
    assert min(map(len, tokens)) >= 16  # 96 bits
    wire = encode_map(random_street(1, 64, 64))
    for guess in ("", "*", tokens[0][:-1], tokens[0].swapcase(), "a" * 16):
        answer = live.render({"map": wire, "target": guess})
        assert (answer["scores"], answer["target_missing"]) == (None, True)


def test_an_answer_names_the_map_that_it_belongs_to():
    label_map = random_street(3, 64, 64)
    answer = Live(fakes.synthesize, mean_score, INFO).render({"map": encode_map(label_map)})
    assert answer["map_crc32"] == checksum(label_map)


def test_sessions_that_strangers_make_up_take_no_more_than_so_much_memory():
    page = build_app(fakes.synthesize, fakes.score, fakes.INFO, "a test")
    page.launch(prevent_thread_lock=True, quiet=True, **launch_options())
    try:
        sessions = page.app.state_holder
        for i in range(MAX_SESSIONS + 20):
            assert sessions[f"made up {i}"] is not None  # as each request does that names one
        assert len(sessions.session_data) == len(sessions.time_last_used) == MAX_SESSIONS
    finally:
        page.close()
