"""A limit on request bodies: Gradio has one for uploaded files, but none for JSON and server functions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.responses import PlainTextResponse

MAX_BODY_BYTES = 16 * 2**20  # a dropped picture comes as base64 in JSON
MAX_MULTIPART_BYTES = 64 * 2**20

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class BodyLimit:
    """ASGI middleware that answers 413 to a body above the limit; the app sees none of the rest of it."""

    def __init__(self, app, max_body_bytes=MAX_BODY_BYTES, max_multipart_bytes=MAX_MULTIPART_BYTES):
        self.app = app
        self.max_body_bytes = max_body_bytes
        self.max_multipart_bytes = max_multipart_bytes

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        headers = dict(scope["headers"])
        multipart = headers.get(b"content-type", b"").lower().startswith(b"multipart/")
        limit = self.max_multipart_bytes if multipart else self.max_body_bytes
        declared = headers.get(b"content-length", b"")
        if declared.isdigit() and int(declared) > limit:
            await _discard(receive)
            return await _refuse(limit)(scope, receive, send)
        await self._count(scope, receive, send, limit)

    async def _count(self, scope: Message, receive: Receive, send: Send, limit: int) -> None:
        """Runs the app, counting a body that declared no length."""
        received = 0
        started = False

        async def counted_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received <= limit:
                return message
            if message.get("more_body"):
                await _discard(receive)
            return {"type": "http.disconnect"}

        async def watched_send(message: Message) -> None:
            nonlocal started
            if received <= limit or started:
                started = True
                await send(message)

        try:
            await self.app(scope, counted_receive, watched_send)
        except (
            Exception
        ):  # whatever the app makes of a body that was cut short; the refusal below is the answer
            if received <= limit:
                raise
        if received > limit and not started:
            await _refuse(limit)(scope, receive, send)


async def _discard(receive: Receive) -> None:
    """Reads the rest of a body, for most clients look for the answer only after they have sent everything."""
    while (await receive()).get("more_body"):
        pass


def _refuse(limit: int) -> PlainTextResponse:
    return PlainTextResponse(f"The request is too large: at most {limit // 2**20} MiB.", 413)
