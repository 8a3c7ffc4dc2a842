"""How much one address may ask for, where the one who serves the page wants a limit."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from ipaddress import IPv6Address, ip_address

from starlette.responses import JSONResponse, PlainTextResponse

from citygan.ui.gate import HARMLESS
from citygan.ui.limits import Message, Receive, Send
from citygan.ui.watch import note

SAVED_S = 10.0  # for so long an address that asked for nothing saves up what it may ask for at once
MAX_ADDRESSES = 10_000  # that are remembered; those that asked last


class VisitorRate:
    """ASGI middleware that lets an address make so many requests a second, on average over some seconds.

    Looking costs nothing; only what the page or a script sends counts. The page is told to come back as by a
    busy server, which it does by itself; others get a 429. Requests of this machine itself are not counted,
    so that visitors behind a proxy here which names none of them do not share one limit; of a proxy that
    does, in `X-Forwarded-For`, uvicorn takes the visitor's address.

    Args:
        app: What is behind it.
        per_s: Requests a second of one address.
    """

    def __init__(self, app, per_s: float):
        self.app, self.per_s = app, per_s
        self._most = max(1.0, per_s * SAVED_S)
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # address -> left, as of when

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in HARMLESS:
            return await self.app(scope, receive, send)
        address = whose((scope.get("client") or ("",))[0])
        wait_s = 0.0 if address is None else self._take(address, time.monotonic())
        if not wait_s:
            return await self.app(scope, receive, send)
        note(outcome="busy")
        if scope["path"].endswith("/component_server"):
            return await JSONResponse({"busy": True, "retry_s": round(wait_s, 1)})(scope, receive, send)
        seconds = math.ceil(wait_s)
        sentence = f"These are more requests than one visitor may make; come back in {seconds} s."
        await PlainTextResponse(sentence, 429, {"Retry-After": str(seconds)})(scope, receive, send)

    def _take(self, address: str, now: float) -> float:
        """Counts a request; in how many seconds there would be one for it, 0 where there is."""
        left, then = self._left.pop(address, (self._most, now))
        left = min(self._most, left + (now - then) * self.per_s)
        allowed = left >= 1
        self._left[address] = (left - 1 if allowed else left, now)
        while len(self._left) > MAX_ADDRESSES:
            self._left.popitem(last=False)
        return 0.0 if allowed else max(0.1, (1 - left) / self.per_s)


def whose(address: str) -> str | None:
    """What stands for a visitor: an address, of IPv6 the 64 bits of a household; None for this machine."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:  # a Unix socket has none
        return None
    if isinstance(parsed, IPv6Address):
        parsed = parsed.ipv4_mapped or parsed
    if parsed.is_loopback:
        return None
    return parsed.exploded[:19] if isinstance(parsed, IPv6Address) else str(parsed)
