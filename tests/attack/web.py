"""Attacks over HTTP: whatever may be sent to a running app."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any
from urllib.parse import quote, urlsplit

import gradio as gr
from hypothesis import strategies as st

from tests.attack.door import JSON, MAX_CPU_S, Door
from tests.attack.visitors import GOOD, MAPS, PICTURES

FUNCTIONS = [
    *("render", "final_result", "street", "set_target", "open_picture", "light_of", "scores_of"),
    *("drive", "park"),
    *("preprocess", "__class__", "__init__", "get_config", "unload", "value", ""),
]
Call = tuple[str, str, dict[str, str], bytes]  # method, path, headers, body
TEXT = st.text(max_size=30)
PATHS = st.sampled_from(
    [
        *(
            "../../etc/passwd",
            "/etc/passwd",
            "//etc/passwd",
            "..%2f..%2fetc%2fpasswd",
            "file:///etc/passwd",
            "%00",
        ),
        *(
            "http://127.0.0.1:1/",
            "C:\\windows\\win.ini",
            "a" * 5000,
            "....//....//etc/passwd",
            "%c0%ae%c0%ae/",
        ),
    ]
) | TEXT.map(lambda text: quote(text.encode(errors="surrogatepass")))
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Content-Type": st.sampled_from(
            ["application/json", "text/plain", "multipart/form-data", "image/png", ""]
        ),
        "Range": st.sampled_from(
            ["bytes=0-", "bytes=5-1", "bytes=a-b", "bytes=-", "bytes=0-1,2-3", "bytes=1-2-3"]
        ),
        "Cookie": TEXT.map(lambda text: quote(text.encode(errors="surrogatepass"))),
        "X-Forwarded-Host": st.sampled_from(["evil.example", "a, b", "[", ""]),
        "X-Forwarded-Proto": st.sampled_from(["https", "file", ""]),
        "Accept-Encoding": st.sampled_from(["br", "gzip", "identity;q=0", "*"]),
    },
)


def _json(method: str, path: str, value: Any) -> Call:
    body = json.dumps(value).encode(errors="surrogatepass")
    return method, path, {"Content-Type": "application/json"}, body


def _posts(canvas: int, endpoint: int) -> st.SearchStrategy[Call]:
    """Bodies of JSON for the routes that take some; few of them well made."""
    request = st.fixed_dictionaries({"map": st.just(GOOD) | MAPS}) | st.fixed_dictionaries(
        {"image": PICTURES}
    )
    server = st.fixed_dictionaries(
        {},
        optional={
            "data": request | request | JSON,
            "component_id": st.just(canvas) | JSON,
            "fn_name": st.sampled_from(FUNCTIONS) | JSON,
            "session_hash": TEXT | JSON,
        },
    )
    event = st.fixed_dictionaries(
        {},
        optional={
            "data": st.lists(JSON, max_size=7) | JSON,
            "fn_index": st.integers(-1, 40) | st.just(endpoint) | JSON,
            "session_hash": TEXT | JSON,
            "event_data": JSON,
            "trigger_id": JSON,
            "event_id": TEXT | JSON,
            "label_map": JSON,
        },
    )
    deep = st.integers(900, 100_000).map(lambda n: ("POST", "", {}, b'{"data":' + b"[" * n))
    routes = [
        ("component_server", server),
        *((f"{how}/synthesize", event) for how in ("call", "call/v2", "run", "api")),
        *(
            ("queue/join", event),
            ("cancel", event),
            ("reset", event),
            ("run/predict", event),
            ("call/none", event),
        ),
    ]
    posts = [
        st.builds(_json, st.just("POST"), st.just(f"/gradio_api/{route}"), bodies | JSON)
        for route, bodies in routes
    ]
    nested = st.builds(
        lambda call, route: (
            call[0],
            f"/gradio_api/{route[0]}",
            {"Content-Type": "application/json"},
            call[3],
        ),
        deep,
        st.sampled_from(routes),
    )
    return st.one_of(*posts, nested)


GETS = st.builds(
    lambda method, route, path, headers: (method, f"{route}{path}", headers, b""),
    st.sampled_from(["GET", "GET", "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"]),
    st.sampled_from(
        [
            *("/gradio_api/file=", "/static/", "/assets/", "/svelte/", "/config?deep_link=", "/?page=", "/"),
            *(
                "/gradio_api/proxy=",
                "/gradio_api/info?page=",
                "/gradio_api/custom_component/",
                "/gradio_api/call/a/",
            ),
            *(
                "/gradio_api/queue/status?",
                "/manifest.json?",
                "/theme.css?",
                "/gradio_api/deep_link?session_hash=",
            ),
        ]
    ),
    PATHS,
    HEADERS,
)
UPLOADS = st.builds(
    lambda route, head, name, body, end: (
        "POST",
        f"/gradio_api/{route}",
        {"Content-Type": f"multipart/form-data{head}"},
        b'--cut\r\nContent-Disposition: form-data; name="files"; filename="'
        + name
        + b'"\r\n\r\n'
        + body
        + end,
    ),
    st.sampled_from(["upload", "upload?upload_id=a", "component_server", "queue/join"]),
    st.sampled_from(["; boundary=cut", "; boundary=other", "", "; boundary="]),
    st.sampled_from([b"../../x", b"a" * 5000, b"\0", b".", b"<b>.png", b"x.png"]) | st.binary(max_size=20),
    st.binary(max_size=300),
    st.sampled_from([b"\r\n--cut--\r\n", b"", b"\r\n--cut\r\n"]),
)


def _read(answer: http.client.HTTPResponse) -> bytes:
    """A body; of a stream that ends in the middle, what came: Gradio has told the error in it."""
    try:
        return answer.read()
    except http.client.IncompleteRead as cut:
        return cut.partial


def web_door(page: gr.Blocks, address: str) -> Door:
    """The routes of a running page."""
    canvas = next(i for i, block in page.blocks.items() if getattr(block, "elem_id", "") == "cg-canvas")
    endpoint = next(i for i, fn in page.fns.items() if fn.api_name == "synthesize")
    netloc = urlsplit(address).netloc

    def knock(call: Call) -> str | None:
        method, path, headers, body = call
        connection = http.client.HTTPConnection(netloc, timeout=6 * MAX_CPU_S)
        start = time.process_time()  # of the whole process, in which the app runs too
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = _read(answer)
        except http.client.InvalidURL as error:  # which this client itself would not send
            return str(error)
        finally:
            connection.close()
        assert time.process_time() - start < MAX_CPU_S
        assert b"Traceback" not in content, content[:200]
        assert answer.status < 500 or answer.status == 503, f"{answer.status}: {content[:200]!r}"
        assert b"root:" not in content, "a file of the machine"
        return None if answer.status < 400 else f"refused with {answer.status}"

    return Door("HTTP", st.one_of(_posts(canvas, endpoint), GETS, UPLOADS), knock, cost=4)
