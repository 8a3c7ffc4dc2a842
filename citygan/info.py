"""What stands in the `.json` beside a network's weights, read from files that anybody may have written."""

from __future__ import annotations

import json
import reprlib
from dataclasses import MISSING, asdict, dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, get_args, get_origin, get_type_hints

from citygan.errors import CityGANError

if TYPE_CHECKING:
    from torch import nn

FORMAT = 1
MAX_TEXT = 1000  # characters
MAX_NUMBER = 1e15
MAX_DEPTH = 32  # of a recipe that names the recipes it started from


@dataclass(frozen=True)
class Info:
    """A kind of network that can be saved: its fields are what the `.json` says, by name and type.

    A kind checks the ranges of its fields in `__post_init__`, and raises a CityGANError.
    """

    WHAT: ClassVar[str]  # for people, for example "a CityGAN checkpoint"

    def build(self) -> nn.Module:
        """The network, with random weights.

        Raises:
            CityGANError: there is no such network.
        """
        raise NotImplementedError

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str, source: str) -> Self:
        """Reads a `.json`; a field that is not known here is left out.

        Args:
            text: What stands in it.
            source: Its name, for the error.

        Raises:
            CityGANError: no JSON, of something else, of a newer version, or with a value that cannot be.
        """
        try:
            values = json.loads(text)
            newer = isinstance(values, dict) and _read(values.get("format", FORMAT), int, "format") > FORMAT
            info = None if newer else _read(values, cls, "")
        except (CityGANError, ValueError, RecursionError) as error:
            raise CityGANError(f"{source} is not the .json of {cls.WHAT}: {error}") from error
        if info is None:
            raise CityGANError(
                f"{source} has format {values['format']}, newer than this CityGAN reads; update it"
            )
        return info


def _read(value: Any, kind: Any, name: str) -> Any:
    """What JSON gave, as the type that a field wants; no number is huge and no text long or unprintable."""
    if is_dataclass(kind):
        return _read_fields(value, kind, name)
    parts = get_args(kind)
    if get_origin(kind) is Literal and value in parts:
        return value
    if get_origin(kind) is tuple and isinstance(value, list):
        return tuple(_read(v, parts[0], name) for v in value)
    if get_origin(kind) is dict and isinstance(value, dict):
        keys = [int(k) if parts[0] is int and k.isdecimal() else k for k in value]  # JSON has text alone
        return {
            _read(k, parts[0], name): _read(v, parts[1], name)
            for k, v in zip(keys, value.values(), strict=True)
        }
    if kind is Any and _is_plain(value):
        return value
    if kind in (str, bool, int) and type(value) is kind and _is_plain(value):
        return value
    if kind is float and type(value) in (int, float) and _is_plain(value):
        return float(value)
    wanted = getattr(kind, "__name__", kind) if not parts else kind
    raise CityGANError(f"{name} is {reprlib.repr(value)}, not {wanted}")


def _read_fields(value: Any, kind: Any, name: str) -> Any:
    if not isinstance(value, dict):
        raise CityGANError(f"{name or 'it'} is {reprlib.repr(value)}, not an object with fields")
    hints = get_type_hints(kind)
    missing = [
        f.name
        for f in fields(kind)
        if f.name not in value and f.default is MISSING and f.default_factory is MISSING
    ]
    if missing:
        raise CityGANError(f"it lacks {', '.join(missing)}")
    return kind(
        **{f.name: _read(value[f.name], hints[f.name], f.name) for f in fields(kind) if f.name in value}
    )


def _is_plain(value: Any, depth: int = MAX_DEPTH) -> bool:
    """Whether it is text, a number or nothing, or a shallow tree of such."""
    if isinstance(value, dict):
        return depth > 0 and all(_is_plain(v, depth - 1) for pair in value.items() for v in pair)
    if isinstance(value, list):
        return depth > 0 and all(_is_plain(v, depth - 1) for v in value)
    if isinstance(value, str):
        return len(value) <= MAX_TEXT and value.isprintable()
    return value is None or abs(value) <= MAX_NUMBER  # false for NaN
