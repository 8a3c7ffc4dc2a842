"""A proxy before replicas of the app: a new visitor goes to the next of them, and then always to the same."""

from __future__ import annotations

import http.client
import re
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit
from uuid import uuid4

from local_server import LocalServer

PATIENCE_S = 120
HOP_BY_HOP = ("connection", "keep-alive", "transfer-encoding", "content-length")


class StickyProxy(LocalServer):
    """`with StickyProxy(urls) as proxy:` serves them at `proxy.url`.

    A visitor is known by Gradio's session hash, in the query or the body; where a request has none, as an
    upload or a picture, by a cookie, which stands for the session that comes with it. A replica that refuses
    the connection is left out from then on, and its visitors go to the next.
    """

    def __init__(self, urls: list[str]):
        super().__init__(type("Own", (_Handler,), {"proxy": self}))
        self.alive = [urlsplit(url).netloc for url in urls]
        self.chosen: dict[str, str] = {}  # session hash or cookie -> replica
        self.served: dict[str, int] = dict.fromkeys(self.alive, 0)
        self._lock, self._next = threading.Lock(), 0

    def choose(self, names: list[str]) -> str:
        """The replica of a visitor who goes by these names; the first that is known decides."""
        with self._lock:
            known = next((self.chosen[n] for n in names if self.chosen.get(n) in self.alive), None)
            if known is None:
                self._next += 1
                known = self.alive[self._next % len(self.alive)]
            self.chosen |= dict.fromkeys(names, known)
            self.served[known] += 1
            return known

    def leave_out(self, replica: str) -> None:
        with self._lock:
            if replica in self.alive:
                self.alive.remove(replica)


class _Handler(BaseHTTPRequestHandler):
    proxy: StickyProxy

    def log_message(self, *_) -> None:
        """Not on the terminal."""

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        cookie = re.search(r"visitor=(\w+)", self.headers.get("Cookie", ""))
        new = None if cookie else uuid4().hex
        session = re.search(r"session_hash=(\w+)", self.path) or re.search(rb'"session_hash": ?"(\w+)"', body)
        hash_ = session and (session[1].decode() if isinstance(session[1], bytes) else session[1])
        names = [name for name in (hash_, new or cookie[1]) if name]
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        while True:
            replica = self.proxy.choose(names)
            connection = http.client.HTTPConnection(replica, timeout=PATIENCE_S)
            try:
                connection.connect()
                break
            except ConnectionRefusedError:
                self.proxy.leave_out(replica)
        with closing(connection):
            self.pass_on(connection, body, headers, new)

    do_GET = do_HEAD = do_POST = answer  # noqa: N815

    def pass_on(self, connection, body: bytes, headers: dict[str, str], new: str | None) -> None:
        """Sends a request on, and what comes back as it comes; a replica that dies is a 502."""
        try:
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
        except (OSError, http.client.HTTPException):
            self.send_error(502)
            return
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        if new:
            self.send_header("Set-Cookie", f"visitor={new}; Path=/")
        self.end_headers()
        while part := answer.read1(65536):
            self.wfile.write(part)
            self.wfile.flush()
