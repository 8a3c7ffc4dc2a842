"""One address may ask for so much, where that is wanted; others, and this machine itself, are not touched."""

from __future__ import annotations

import time

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from citygan.ui import rate
from citygan.ui.page import launch_options
from citygan.ui.rate import VisitorRate, whose

PER_S = 2.0
ALLOWED = round(PER_S * rate.SAVED_S)


async def answer(request) -> PlainTextResponse:
    return PlainTextResponse("here")


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 1000.0

        def monotonic(self) -> float:
            return self.now

    clock = Clock()
    monkeypatch.setattr(rate, "time", clock)
    return clock


@pytest.fixture
def visitor(clock):
    """Makes clients of one app, each with an address."""
    app = VisitorRate(Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])]), PER_S)
    return lambda address: TestClient(app, client=(address, 50000))


def test_more_than_the_rate_is_refused_until_later(visitor, clock):
    client = visitor("203.0.113.5")
    assert [client.post("/gradio_api/queue/join").status_code for _ in range(ALLOWED)] == [200] * ALLOWED
    refused = client.post("/gradio_api/upload")
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "1"
    assert refused.text == "These are more requests than one visitor may make; come back in 1 s."
    clock.now += 0.4
    assert client.post("/gradio_api/upload").status_code == 429
    clock.now += 0.2  # two a second are one in half a second
    assert client.post("/gradio_api/upload").status_code == 200
    assert client.post("/gradio_api/upload").status_code == 429


def test_the_page_is_told_to_come_back_as_by_a_busy_server(visitor):
    client = visitor("203.0.113.5")
    path = "/gradio_api/component_server"
    answers = [client.post(path) for _ in range(ALLOWED + 1)]
    assert {a.status_code for a in answers} == {200}
    assert answers[-1].json() == {"busy": True, "retry_s": 0.5}


def test_others_looking_and_this_machine_are_not_counted(visitor):
    client = visitor("203.0.113.5")
    for _ in range(ALLOWED + 1):
        client.post("/")
    assert client.post("/").status_code == 429
    assert client.get("/").status_code == 200
    assert visitor("203.0.113.6").post("/").status_code == 200
    for address in ("127.0.0.1", "::1", "::ffff:127.0.0.1", "testclient"):
        local = visitor(address)
        assert {local.post("/").status_code for _ in range(2 * ALLOWED)} == {200}


def test_an_address_saves_up_for_some_seconds_alone(visitor, clock):
    client = visitor("203.0.113.5")
    clock.now += 1e6
    assert sum(client.post("/").status_code == 200 for _ in range(3 * ALLOWED)) == ALLOWED


def test_a_household_of_ipv6_is_one_visitor():
    assert whose("2001:db8:1:2::a") == whose("2001:db8:1:2:ffff::b") != whose("2001:db8:1:3::a")
    assert whose("::ffff:203.0.113.5") == whose("203.0.113.5") == "203.0.113.5"
    assert whose("fe80::1%eth0") == whose("fe80::2")


def test_addresses_without_number_take_no_more_than_so_much_memory(monkeypatch):
    monkeypatch.setattr(rate, "MAX_ADDRESSES", 50)
    limiter = VisitorRate(answer, PER_S)
    for i in range(500):
        limiter._take(f"address {i}", time.monotonic())
    assert list(limiter._left) == [f"address {i}" for i in range(450, 500)]


def test_there_is_a_limit_only_where_it_was_asked_for():
    def limits(**options) -> list[dict]:
        doors = launch_options(**options)["app_kwargs"]["middleware"]
        return [door.kwargs for door in doors if door.cls is VisitorRate]

    assert limits() == []
    assert limits(visitor_rate=3.0) == [{"per_s": 3.0}]
