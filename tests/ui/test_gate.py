"""Who is let in: names that lead to this machine alone, and no stranger's page."""

from __future__ import annotations

import socket

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from citygan.ui.gate import Gate

HERE = "http://127.0.0.1:7860"


def client(address: str = HERE, **options) -> TestClient:
    """Of an app that answers everything, asked at an address of this machine."""
    return TestClient(Gate(PlainTextResponse("the page"), **options), base_url=address)


@pytest.mark.parametrize(
    "host",
    ["localhost:7860", "LOCALHOST", "127.0.0.1:7860", "127.8.9.1", "[::1]:7860", "0.0.0.0", "a.localhost"],
)
def test_a_page_on_this_machine_answers_to_the_names_of_this_machine(host):
    assert client().get("/", headers={"Host": host}).text == "the page"
    assert client().get("/", headers={"Host": socket.gethostname()}).text == "the page"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:7860",
        "192.168.0.7",
        "",
        "[::1",
        "\xff",
    ],
)
def test_a_name_that_was_made_to_lead_here_gets_nothing(host):
    answer = client().get("/config", headers={"Host": host.encode("latin-1")})
    assert answer.status_code == 403
    assert answer.text.startswith("Ask for this page as localhost; ")


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "https://localhost.evil.example", "null", "file://", "http://["]
)
def test_a_page_of_another_origin_can_do_nothing_here(origin):
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = client().request(method, "/gradio_api/upload", headers={"Origin": origin})
        assert answer.status_code == 403
        assert answer.text == "Pages of other origins may not call this one."


@pytest.mark.parametrize("headers", [{}, {"Origin": HERE}, {"Origin": "http://localhost:7860"}])
def test_the_page_itself_and_scripts_can(headers):
    assert client().post("/gradio_api/upload", headers=headers).text == "the page"


@pytest.mark.parametrize("address", ["http://10.0.0.7:7860", "http://citygan.example"])
def test_an_app_that_listens_to_the_network_is_public(address):
    strange = {"Host": "evil.example", "Origin": "http://evil.example"}
    assert client(address).post("/", headers=strange).text == "the page"


def test_further_names_can_be_allowed_and_so_can_all():
    passed_on = {"Host": "street.example", "Origin": "https://street.example"}
    assert client(hosts=["Street.example"]).post("/", headers=passed_on).text == "the page"
    assert client(hosts=["other.example"]).post("/", headers=passed_on).status_code == 403
    assert client(hosts=None).post("/", headers=passed_on).text == "the page"


@pytest.mark.parametrize(
    "path",
    [
        *("/gradio_api/proxy=https://a.hf.space/x", "/gradio_api/file=http://evil.example/x.png"),
        *(
            "/gradio_api/file=HTTPS://evil.example",
            "/gradio_api/file=%68ttp://evil.example",
            "/gradio_api/file/etc",
        ),
        *(
            "/gradio_api/deep_link?session_hash=a",
            "/gradio_api/dev/reload",
            "/gradio_api/stream/a/b/1/playlist-file",
        ),
        *(
            "/gradio_api/custom_component/a/client/b/c",
            "/gradio_api/run-history/buckets",
            "/login",
            "/logout",
            "/docs",
        ),
    ],
)
def test_what_the_page_has_no_use_for_is_closed_even_where_the_app_is_public(path):
    for answer in (client().get(path), client("http://10.0.0.7", hosts=None).get(path)):
        assert (answer.status_code, answer.text) == (404, "There is nothing here.")


@pytest.mark.parametrize(
    "path", ["/", "/gradio_api/file=.gradio/citygan-1/main.js", "/gradio_api/login_check"]
)
def test_what_the_page_needs_is_open(path):
    assert client().get(path).text == "the page"
