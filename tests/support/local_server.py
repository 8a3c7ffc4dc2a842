"""A web server of this machine, in threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from typing import Self


class LocalServer:
    """`with LocalServer(handler) as server:` answers at `server.url`, which ends without a slash.

    Args:
        handler: What is made for each connection, such as a `BaseHTTPRequestHandler`.
    """

    def __init__(self, handler: Callable):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        return self

    def __exit__(self, *_) -> None:
        self._server.shutdown()
        self._server.server_close()
