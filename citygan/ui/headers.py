"""What browsers are told with every answer: which scripts may run, from where, and in whose frames."""

from __future__ import annotations

import base64
import hashlib
import re

from citygan.ui.limits import Message, Receive, Send

# Gradio's page has scripts inside its HTML, which their hashes allow one by one; so whatever gets into the
# page later runs none. It makes functions of the text in `js=` and `js_on_load=`, for which it needs
# 'unsafe-eval', and sets styles in elements, which only 'unsafe-inline' allows.
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self' 'unsafe-eval' 'wasm-unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'self'",
    "form-action": "'none'",
    # where Hugging Face shows Spaces
    "frame-ancestors": "'self' https://huggingface.co https://*.huggingface.co https://*.hf.space",
}
_OTHERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
_INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)


def content_policy(html: bytes = b"") -> str:
    """The content security policy of an answer.

    Args:
        html: The page, whose inline scripts may run.
    """
    hashes = [base64.b64encode(hashlib.sha256(s).digest()).decode() for s in _INLINE_SCRIPT.findall(html)]
    allowed = "".join(f" 'sha256-{value}'" for value in dict.fromkeys(hashes))
    policy = _POLICY | {"script-src": _POLICY["script-src"] + allowed}
    return "; ".join(f"{what} {sources}" for what, sources in policy.items())


class SecurityHeaders:
    """ASGI middleware that adds them; a page of HTML is held back until all of it is known."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        held: list[Message] = []

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                held.append(message)
                if not _is_html(message):
                    await self._release(held, send)
            elif held:
                held.append(message)
                if not message.get("more_body"):
                    await self._release(held, send)
            else:
                await send(message)

        await self.app(scope, receive, send_with_headers)

    async def _release(self, held: list[Message], send: Send) -> None:
        html = b"".join(message.get("body", b"") for message in held)
        added = _OTHERS | {"content-security-policy": content_policy(html)}
        kept = [(name, value) for name, value in held[0].get("headers", ()) if name.decode() not in added]
        held[0]["headers"] = kept + [(name.encode(), value.encode()) for name, value in added.items()]
        for message in held:
            await send(message)
        held.clear()


def _is_html(start: Message) -> bool:
    return dict(start.get("headers", ())).get(b"content-type", b"").lower().startswith(b"text/html")
