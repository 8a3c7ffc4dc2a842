"""One of several apps on Ray Serve: its page as an ASGI app, and how a visitor finds back to it.

What somebody uploads, and what waits for them in Gradio's queue under their session's hash, lies in one
replica. Not every request says its session where a router could see it: that is in bodies, and uploads and
pictures have none. So each new visitor is left a cookie with the name of the replica that answered, and the
router goes by that. It stands for all sessions of a browser, or of a `gradio_client`.
"""

from __future__ import annotations

import logging
import random
import re
from hashlib import sha256

import gradio as gr
from fastapi import FastAPI
from ray import serve
from ray.serve.request_router import PendingRequest, RequestRouter, RunningReplica

from app import Options, open_page
from citygan.ui.limits import Message, Receive, Send
from citygan.ui.page import launch_options
from citygan.ui.watch import log_requests

COOKIE = "citygan-replica"
_NAMED = re.compile(rf"(?:^|;\s*){COOKIE}=(\w+)")
_REQUEST_ID = re.compile(rb"[0-9a-f-]{36}")


class Sticky:
    """ASGI middleware that leaves the cookie. Also, a request keeps the id that Ray's proxy gave it.

    Args:
        app: What is behind it.
        name: Of this replica.
    """

    def __init__(self, app, name: str):
        self.app, self.name = app, name

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        headers = dict(scope["headers"])
        known = replica_named(headers.get(b"cookie", b"").decode("latin-1")) == self.name
        request_id = headers.get(b"x-request-id", b"")
        given = _REQUEST_ID.fullmatch(request_id) is not None
        if given:
            scope["citygan.request"] = request_id.decode()

        async def send_changed(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [h for h in message.get("headers", ()) if not (given and h[0] == b"x-request-id")]
                if not known:
                    kept.append((b"set-cookie", self._cookie()))
                message = {**message, "headers": kept}
            await send(message)

        await self.app(scope, receive, send_changed)

    def _cookie(self) -> bytes:
        return f"{COOKIE}={self.name}; Path=/; HttpOnly; SameSite=Lax".encode()


def replica_named(cookies: str) -> str:
    """The replica that a Cookie header names; "" for none."""
    found = _NAMED.search(cookies)
    return found[1] if found else ""


class StickyRouter(RequestRouter):
    """Sends a request to the replica that its cookie names, and a new visitor's where the fewest are open.

    When that replica is gone, the cookie still decides which of the others it is, the same one each time: a
    client may keep its first cookie for ever. Ray's own `ConsistentHashRouter` goes by a hash of the whole
    header, and sends some visitors away from a replica that lives when another one comes.
    """

    async def choose_replicas(
        self, candidate_replicas: list[RunningReplica], pending_request: PendingRequest | None = None
    ) -> list[list[RunningReplica]]:
        """The replicas that may answer; Ray takes the one of them with the fewest open requests."""
        if pending_request is not None:
            pending_request.routing_context.should_backoff = True  # while all of these are full
            if name := replica_named(pending_request.metadata.session_id):
                return [[max(candidate_replicas, key=lambda replica: _rank(replica, name))]]
        return [random.sample(candidate_replicas, len(candidate_replicas))]


def _rank(replica: RunningReplica, name: str) -> tuple[bool, bytes]:
    own = replica.replica_id.unique_id
    return own == name, sha256(f"{name} {own}".encode()).digest()


def build(options: Options) -> Sticky:
    """Loads the checkpoint and builds what `python app.py` serves; called in the process of a replica.

    Raises:
        CityGANError: the checkpoint cannot be loaded, or the device is not there.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if options.log_requests:
        log_requests()
    launched = launch_options(options.allow_host, metrics=options.metrics, visitor_rate=options.visitor_rate)
    page = open_page(options)
    page.state_session_capacity = launched.pop("state_session_capacity")
    outer = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)  # all that it answers is the page's
    gr.mount_gradio_app(outer, page, "/", show_error=False, **launched)
    return Sticky(outer, serve.get_replica_context().replica_id.unique_id)
