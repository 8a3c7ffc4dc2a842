"""Attacks by a server in the place of the Hugging Face Hub."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import tiny
from hub_client import Worker
from hub_server import WRITER, Handler, HubServer, Repo
from hypothesis import strategies as st

from tests.attack.door import JSON, MAX_CPU_S, MAX_PEAK_MIB, Door

NAME = "someone/streets"
CACHED = re.compile(r"refs/main|snapshots/[0-9a-f]{40}/(config\.json|model\.(safetensors|onnx))")
ELSEWHERE = "http://elsewhere/"  # in a lie, the address of another server
PULLED = ["HEAD resolve", "GET resolve"]
PUSHED = [
    *("GET info", "POST create", "POST validate", "POST preupload", "POST lfs_batch", "PUT lfs_put"),
    "POST commit",
]


class _Liar(Handler):
    """Tells the truth but in one kind of answer."""

    lie: dict[str, Any]

    def send(self, content: bytes, status: int = 200, **headers: str) -> None:
        lie = self.hub.lie if self.asked == self.hub.lie.get("asked") else {}
        content = lie.get("body", content)
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        told = {"Content-Length": str(len(content))} | told | lie.get("headers", {})
        head = f"HTTP/1.1 {lie.get('status', status)} so\r\n"
        for name, value in told.items():
            if not (lie.get("endless") and name == "Content-Length"):
                head += f"{name}: {value.replace(ELSEWHERE, self.hub.elsewhere)}\r\n"
        self.close_connection = True
        with suppress(OSError):  # the client has heard enough
            self.wfile.write(head.encode("latin-1", "replace") + b"\r\n")
            if self.command != "HEAD":
                self.wfile.write(content)
            while lie.get("endless"):
                self.wfile.write(bytes(2**16))


class _Stranger(Handler):
    """Another server, which should be given no token."""

    def answer(self) -> None:
        self.hub.requests.append(self.headers.get("Authorization") or "")
        self.send(b"something")

    do_GET = do_HEAD = do_POST = do_PUT = answer  # noqa: N815


LINE = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=20)
VALUES = LINE | st.sampled_from(
    [
        *("", "0", "-1", "1e9", "9" * 30, "9" * 5000, "nan", "gzip", "br", "deflate", "chunked", "identity"),
        *("../../../../written", '"../../../../written"', "/tmp/written", "..", ".", "a" * 300, "\xff"),
        *("http://[", "http://127.0.0.1:1/", "file:///etc/passwd", "//", "data:,x", f"{ELSEWHERE}x", "/loop"),
        *("EntryNotFound", "RepoNotFound", "RevisionNotFound", "GatedRepo", "bytes 5-1/3", "text/html"),
    ]
)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            *("ETag", "X-Linked-Etag", "X-Repo-Commit", "Content-Length", "X-Linked-Size", "Location"),
            *("Link", "Content-Encoding", "Transfer-Encoding", "Content-Type", "Content-Range", "Set-Cookie"),
            *("X-Xet-Hash", "X-Xet-Refresh-Route", "X-Error-Code", "X-Error-Message", "X-Request-Id"),
            *("X-HF-Warning", "Content-Disposition", "RateLimit", "Retry-After", "Connection"),
        ]
    ),
    VALUES,
    max_size=3,
)
DEEP = st.integers(900, 100_000).map(lambda n: b'{"a":' + b"[" * n)
BODIES = (
    JSON.map(lambda value: json.dumps(value).encode(errors="surrogatepass"))
    | DEEP
    | st.binary(max_size=100)
    | st.sampled_from([bytes(2**21), gzip.compress(bytes(2**26))])
)
STATUSES = st.sampled_from(
    [200, 201, 204, 206, 301, 302, 304, 307, 400, 401, 403, 404, 409, 416, 429, 500, 503, 999]
)


def _lies(asked: list[str], fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Changes of one kind of answer; `fields` are bodies that have what the client looks for."""
    kinds = {"status": STATUSES, "headers": HEADERS, "body": BODIES | fields}
    if set(asked) == set(PULLED):
        kinds["endless"] = st.booleans()
    return st.fixed_dictionaries({"asked": st.sampled_from(asked)}, optional=kinds)


def _object(*names: str) -> st.SearchStrategy[bytes]:
    """JSON with some of these fields, of any kind."""
    some = st.fixed_dictionaries({}, optional=dict.fromkeys(names, JSON))
    return some.map(lambda value: json.dumps(value).encode(errors="surrogatepass"))


FIELDS = st.one_of(
    _object("id", "sha", "private", "siblings", "gated", "tags", "cardData", "lastModified"),
    _object("url", "errors", "warnings", "error", "message"),
    _object("commitUrl", "commitOid", "pullRequestUrl", "success"),
    st.lists(_object("path", "uploadMode", "shouldIgnore", "oid"), max_size=2).map(
        lambda files: b'{"files": [' + b", ".join(files) + b"]}"
    ),
    st.lists(_object("oid", "size", "actions", "error"), max_size=2).map(
        lambda objects: b'{"transfer": "basic", "objects": [' + b", ".join(objects) + b"]}"
    ),
)


@contextmanager
def doors(folder: Path) -> Iterator[list[Door]]:
    """Pulling from a server that lies, and pushing to it.

    Args:
        folder: Nothing is written in it but the cache.
    """
    home, weights = folder / "a" / "b" / "home", tiny.save_checkpoint(folder / "own", tiny.UNet(3, 1))
    files = {"config.json": weights.with_suffix(".json").read_bytes()}
    files["model.safetensors"] = weights.with_suffix(".safetensors").read_bytes()
    pushed = [str(weights.with_suffix(suffix)) for suffix in (".json", ".safetensors")]
    quick = {"HF_HUB_DOWNLOAD_TIMEOUT": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    own = {file for file in folder.rglob("*") if file.is_file()}
    with (
        HubServer(_Liar) as server,
        HubServer(_Stranger) as stranger,
        Worker(server.url, home, token=WRITER, **quick) as worker,
    ):
        server.elsewhere, server.lie = f"{stranger.url}/", {}
        server.repos[NAME] = Repo()
        server.repos[NAME].commit(files, "add the checkpoint")
        worker.ask("be_hasty")
        peak_mib = worker.ask("push", files=pushed, repo=NAME)["peak_mib"]

        def ask(lie: dict[str, Any], call: str, **arguments: Any) -> str | None:
            server.lie = lie
            answer = worker.ask(call, **arguments)
            assert answer["cpu_s"] < MAX_CPU_S
            assert answer["peak_mib"] < peak_mib + MAX_PEAK_MIB
            assert not any(stranger.requests), "another server was given the token"
            stranger.requests.clear()
            found = {file for file in folder.rglob("*") if file.is_file()} - own
            cache = home / "hub" / "models--someone--streets"
            strange = [f for f in found if not CACHED.fullmatch(str(f).removeprefix(f"{cache}/"))]
            assert not strange, strange
            shutil.rmtree(home, ignore_errors=True)
            if "error" not in answer:
                return None
            assert answer["error"] in ("CityGANError", "HubUnreachableError"), answer
            return answer["message"]

        def pull(lie: dict[str, Any]) -> str | None:
            return ask(lie, "find", source=NAME)

        def push(lie: dict[str, Any]) -> str | None:
            return ask(lie, "push", files=pushed, repo=NAME)

        yield [
            Door("pull from a Hub", _lies(PULLED, FIELDS), pull, cost=2),
            Door("push to a Hub", _lies(PUSHED, FIELDS), push, cost=3),
        ]
