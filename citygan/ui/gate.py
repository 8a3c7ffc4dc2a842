"""Who is let in: the names that a page on this machine answers to, whose pages may call it, what is shut."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse

from citygan.ui.limits import Message, Receive, Send

# Routes of Gradio that the page has no use for: they fetch other servers' files for anybody, keep visitors'
# states on disk, or show what only developers look at
_CLOSED = re.compile(
    r"/gradio_api/(proxy=|file=\s*https?:|file/|stream/|deep_link|dev/|custom_component/|run-history|runs)"
    r"|/(login|logout|docs|redoc)(/|$)|/openapi\.json$",
    re.IGNORECASE,
)
HARMLESS = ("GET", "HEAD", "OPTIONS")  # by convention, and browsers ask no leave for them


class Gate:
    """ASGI middleware that refuses, before the app sees anything, what a stranger's page may try.

    Where a request reaches this machine by its loopback address, it comes from a program or a browser here.
    The page in that browser may be anybody's: one whose name was made to resolve to 127.0.0.1 (DNS
    rebinding), or one that sends a form to it. So the name that was asked for must be one of this machine's
    own, and so must the origin of what is more than looking.

    Args:
        app: What is behind it.
        hosts: Further names, for a proxy on this machine; None for any, where the app is public anyway.
    """

    def __init__(self, app, hosts: Iterable[str] | None = ()):
        self.app = app
        self.hosts = None if hosts is None else {socket.gethostname().lower(), *map(str.lower, hosts)}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        refusal = self._refusal(scope)
        answer = self.app if refusal is None else PlainTextResponse(*refusal)
        await answer(scope, receive, send)

    def _refusal(self, scope: Message) -> tuple[str, int] | None:
        if _CLOSED.match(scope["path"]):
            return "There is nothing here.", 404
        if self.hosts is None or not _is_loopback((scope.get("server") or ("",))[0]):
            return None
        headers = dict(scope["headers"])
        host = _name(b"//" + headers.get(b"host", b""))
        if not self._is_own(host):
            return (
                f"Ask for this page as localhost; {_shown(host)} is not allowed (see app.py --allow-host).",
                403,
            )
        origin = headers.get(b"origin")
        if scope["method"] not in HARMLESS and origin is not None and not self._is_own(_name(origin)):
            return "Pages of other origins may not call this one.", 403
        return None

    def _is_own(self, name: str) -> bool:
        return _is_loopback(name) or (self.hosts is not None and name in self.hosts)


def _name(address: bytes) -> str:
    """The host of an address such as `http://localhost:7860`; "" where there is none."""
    try:
        return (urlsplit(address.decode("ascii")).hostname or "").removesuffix(".")
    except ValueError:
        return ""


def _is_loopback(name: str) -> bool:
    """Whether a name or address leads to this machine and cannot be made to lead elsewhere."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _shown(name: str) -> str:
    return name[:60] if name.isprintable() and name else "that"
