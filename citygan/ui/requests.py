"""What scripts send to `/synthesize`, checked before Gradio gets it: its refusals say `null` or nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

from starlette.responses import JSONResponse

from citygan.errors import CityGANError
from citygan.ui.fields import MAX_SEED
from citygan.ui.limits import Message, Receive, Send

REFUSED = 422  # as FastAPI answers a body of another shape
_SHOWN_CHARS = 20  # of a value that somebody sent


def seed_of(value: Any) -> int | None:
    """A seed as a person or a script writes it; None or blank is none.

    Raises:
        CityGANError: it is no seed.
    """
    if value is None or str(value).strip() == "":
        return None
    digits = str(value).strip().removesuffix(".0")
    short = len(digits) <= len(str(MAX_SEED))  # Python reads no number of more than 4300 digits
    if not (short and digits.isdecimal() and int(digits) <= MAX_SEED):
        shown = digits[:_SHOWN_CHARS]
        raise CityGANError(f"The seed is {shown}; give a whole number from 0 to {MAX_SEED}, or none.")
    return int(digits)


def check_fields(fields: dict[str, Any]) -> None:
    """Checks what was given for each argument of `/synthesize`, but for what is inside the files.

    Raises:
        CityGANError: a value is of another kind, one is missing, or there is no such argument; for people.
    """
    strangers = sorted(fields.keys() - FIELDS.keys())
    if strangers:
        shown = strangers[0][:_SHOWN_CHARS]
        raise CityGANError(f"There is no {shown!r}; /synthesize takes {', '.join(FIELDS)}.")
    if fields.get("label_map") is None:
        raise CityGANError('The label_map is missing; upload a file, and give {"path": ...} of it.')
    for name, check in FIELDS.items():
        check(name, fields.get(name))


def _file(name: str, value: Any) -> None:
    if value is not None and not (isinstance(value, dict) and isinstance(value.get("path"), str)):
        raise _wrong(name, value, 'upload a file, and give {"path": ...} of it')


def _text(name: str, value: Any) -> None:
    if value is not None and not isinstance(value, str):
        raise _wrong(name, value, "give a text, or none")


def _number(name: str, value: Any) -> None:
    if value is not None and not (type(value) in (int, float) and math.isfinite(value)):
        raise _wrong(name, value, "give a number, or none")


def _seed(_: str, value: Any) -> None:
    seed_of(value)


def _wrong(name: str, value: Any, remedy: str) -> CityGANError:
    return CityGANError(f"The {name} is {str(value)[:_SHOWN_CHARS]}; {remedy}.")


# In the order of the arguments of `/synthesize`.
FIELDS: dict[str, Callable[[str, Any], None]] = {
    "label_map": _file,
    "target": _file,
    "seed": _seed,
    "light": _text,
    "brightness": _number,
    "warmth": _number,
    "read_as": _text,
}


class CheckedRequests:
    """ASGI middleware that answers 422 and `{"error": a sentence}` to what `/synthesize` cannot take.

    It wants to stand behind `BodyLimit`, since it holds the whole body.
    """

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        path = scope.get("path", "").rstrip("/")
        if scope["type"] != "http" or scope["method"] != "POST" or not path.endswith("/synthesize"):
            return await self.app(scope, receive, send)
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            more = message.get("more_body", False)
        try:
            check_fields(_fields_of(bytes(body), by_name=path.endswith("/v2/synthesize")))
        except CityGANError as error:
            return await JSONResponse({"error": str(error)}, REFUSED)(scope, receive, send)
        return await self.app(scope, _again(bytes(body), receive), send)


def _again(body: bytes, receive: Receive) -> Receive:
    """Gives the body once more, and then what comes after it."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return left.pop() if left else await receive()

    return next_message


def _fields_of(body: bytes, by_name: bool) -> dict[str, Any]:
    """The arguments in a request: an object with their names, or `{"data": [values in order]}`."""
    try:
        content = json.loads(body)
    except ValueError as error:
        size = f"{len(body)} bytes" if body else "empty"
        raise CityGANError(f"The body is no JSON ({size}); docs/api.md shows what to send.") from error
    if by_name and isinstance(content, dict):
        return content
    values = content.get("data") if isinstance(content, dict) else None
    if not by_name and isinstance(values, list) and len(values) == len(FIELDS):
        return dict(zip(FIELDS, values, strict=True))
    wanted = "an object with its arguments" if by_name else f'{{"data": [...]}} with {len(FIELDS)} values'
    raise CityGANError(f"The body is not {wanted}: {', '.join(FIELDS)}.")
