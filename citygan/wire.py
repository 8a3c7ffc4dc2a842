"""What Python and the canvas in a browser give each other: a label map, packed, and what the page is told of
a checkpoint. `ui/static/core/wire.js` is the counterpart."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from citygan.checkpoint import CheckpointInfo
from citygan.errors import CityGANError
from citygan.palette import CLASS_BY_ID, CLASSES, check_label_map, substitutes
from citygan.shape import photo_sizes

STATIC = Path(__file__).parent / "ui" / "static"  # the page's modules
MAX_SIDE_PX = 2048
MAX_RUN = 65_535  # a run length is a uint16 on the wire
MAX_REGIONS = 24  # of a photo that are drawn again
MAX_SEQ = 2**53 - 1  # the largest whole number that JavaScript counts to

_RUN = np.dtype([("length", "<u2"), ("id", "u1")])
WIRE_TYPES = {"width": int, "height": int, "encoding": str, "data": str, "seq": int, "final": bool}


def encode_map(label_map: np.ndarray, seq: int = 0, final: bool = True) -> dict[str, Any]:
    """Packs a label map for the wire: run-length encoded, or raw where that is shorter.

    Args:
        label_map: `(H, W) uint8` class ids.
        seq: counts the changes of a canvas.
        final: false while a stroke is in progress.

    Raises:
        CityGANError: it is no label map.
    """
    flat = check_label_map(label_map).ravel()
    starts = np.flatnonzero(np.r_[True, flat[1:] != flat[:-1]])
    lengths = np.diff(np.r_[starts, flat.size])
    pieces = -(-lengths // MAX_RUN)
    runs = np.zeros(pieces.sum(), _RUN)
    runs["length"] = MAX_RUN
    runs["length"][np.cumsum(pieces) - 1] = lengths - (pieces - 1) * MAX_RUN
    runs["id"] = np.repeat(flat[starts], pieces)
    encoding, payload = ("rle", runs.tobytes()) if runs.nbytes < flat.size else ("raw", flat.tobytes())
    height, width = label_map.shape
    data = base64.b64encode(payload).decode("ascii")
    return {"width": width, "height": height, "encoding": encoding, "data": data, "seq": seq, "final": final}


def decode_map(value: Any) -> np.ndarray:
    """Unpacks a label map that came over the wire from anyone, and believes nothing about it.

    Returns:
        `(H, W) uint8` class ids, a copy of its own.

    Raises:
        CityGANError: the value is malformed; the message says how.
    """
    return check_label_map(_decode_plane(value))


def _decode_plane(value: Any) -> np.ndarray:
    """`(H, W) uint8`, of any numbers."""
    _check_wire(value)
    width, height, size = value["width"], value["height"], value["width"] * value["height"]
    payload = decode_base64(value["data"], most_bytes=size * (3 if value["encoding"] == "rle" else 1))
    if value["encoding"] == "rle":
        if len(payload) % _RUN.itemsize:
            raise CityGANError(f"run-length data come in threes of bytes, not {len(payload)} bytes")
        runs: np.ndarray = np.frombuffer(payload, _RUN)
        covered = int(runs["length"].sum(dtype=np.int64))
        if covered != size or not runs["length"].all():
            raise CityGANError(f"the runs cover {covered} pixels, none of them empty; expected {size} pixels")
        flat = np.repeat(runs["id"], runs["length"])
    else:
        if len(payload) != size:
            raise CityGANError(f"raw data hold {len(payload)} bytes; {width} x {height} pixels need {size}")
        flat = np.frombuffer(payload, np.uint8).copy()
    return flat.reshape(height, width)


@dataclass(frozen=True, eq=False)
class Again:
    """Regions of a photo that are drawn with seeds of their own, `core/again.js` in the page.

    `plane` is `(H, W) uint8`: 0 where the photo's own seed draws, k where `seeds[k - 1]` does.
    """

    plane: np.ndarray
    seeds: tuple[int, ...]


def decode_again(value: Any, most_seed: int) -> Again:
    """Unpacks `{"plane": a map's packing of region numbers, "seeds": [whole numbers]}` from anyone.

    Raises:
        CityGANError: it is malformed, or a region has no seed.
    """
    if not isinstance(value, dict) or value.keys() != {"plane", "seeds"}:
        raise CityGANError("the regions to draw again are an object with plane and seeds")
    seeds = value["seeds"]
    if not isinstance(seeds, list) or not 1 <= len(seeds) <= MAX_REGIONS:
        raise CityGANError(f"the regions to draw again have a list of 1 to {MAX_REGIONS} seeds")
    if not all(type(seed) is int and 0 <= seed <= most_seed for seed in seeds):
        raise CityGANError(f"the seed of a region is a whole number from 0 to {most_seed}")
    plane = _decode_plane(value["plane"])
    if plane.max() > len(seeds):
        raise CityGANError(f"region {plane.max()} has no seed; there are {len(seeds)}")
    return Again(plane, tuple(seeds))


def checksum(label_map: np.ndarray) -> int:
    """CRC-32 of the ids, row by row; `core/wire.js` computes the same."""
    return zlib.crc32(np.ascontiguousarray(label_map, np.uint8).data)


def _check_wire(value: Any) -> None:
    """Raises CityGANError unless the keys, the types and the size of a wire value are right."""
    if not isinstance(value, dict):
        raise CityGANError(f"a label map on the wire is an object, not {type(value).__name__}")
    if value.keys() != WIRE_TYPES.keys():
        raise CityGANError(f"expected the keys {sorted(WIRE_TYPES)}, got {sorted(map(str, value))[:12]}")
    for key, kind in WIRE_TYPES.items():
        if type(value[key]) is not kind:  # `isinstance` would let True pass for 1
            raise CityGANError(f"{key!r} must be {kind.__name__}, not {type(value[key]).__name__}")
    for side in ("width", "height"):
        if not 1 <= value[side] <= MAX_SIDE_PX:
            raise CityGANError(f"{side!r} is {value[side]}; it goes from 1 to {MAX_SIDE_PX}")
    if value["encoding"] not in ("rle", "raw"):
        raise CityGANError(f"the encoding {value['encoding'][:20]!r} is unknown; use 'rle' or 'raw'")
    if not 0 <= value["seq"] <= MAX_SEQ:
        raise CityGANError(f"'seq' is {value['seq']}; it goes from 0 to {MAX_SEQ}")


def decode_base64(data: str, most_bytes: int) -> bytes:
    """Decodes strict base64, after a look at its length.

    Raises:
        CityGANError: it is longer, or no base64.
    """
    most_chars = -(-most_bytes // 3) * 4
    if len(data) > most_chars:
        raise CityGANError(f"the data have {len(data)} characters; at most {most_chars} can be sent")
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise CityGANError(f"the data are not base64: {error}") from error


def canvas_size(info: CheckpointInfo) -> tuple[int, int]:
    """Width and height in px, of the aspect of the training photos: twice their height, for smooth edges, but
    no more than 576 unless the photos are higher themselves."""
    height_px = min(2 * info.height_px, max(info.height_px, 576))
    return round(height_px * info.aspect / 2) * 2, height_px


def describe_classes(seen: dict[int, float]) -> list[dict[str, Any]]:
    """All classes as the canvas shows them, in Cityscapes order.

    Args:
        seen: id -> share of the training pixels, for a checkpoint.
    """
    stands_in = substitutes(frozenset(seen))
    return [
        {
            "id": c.id,
            "name": c.name,
            "category": c.category,
            "color": list(c.color),
            "seen": c.id not in stands_in,
            "share_in_training": float(seen.get(c.id, 0.0)),
            "substitute": CLASS_BY_ID[stands_in[c.id]].name if c.id in stands_in else None,
        }
        for c in CLASSES
    ]


def load_stamps() -> list[dict[str, Any]]:
    """The stamps of `stamps.json`, with class ids in place of class names."""
    ids = {c.name: c.id for c in CLASSES}
    stamps = json.loads((STATIC / "stamps.json").read_text(encoding="utf-8"))
    for stamp in stamps:
        stamp["parts"] = [{"id": ids[part["class"]], "points": part["points"]} for part in stamp["parts"]]
    return stamps


def canvas_props(
    info: CheckpointInfo, streets: Sequence[str], size_px: tuple[int, int] | None = None
) -> dict[str, Any]:
    """What the canvas is told before anybody paints, `Props` in `types.js`.

    Args:
        info: The checkpoint that will draw the photos; its classes are marked in the palette.
        streets: Names of maps that the page offers as a start.
        size_px: Width and height of the canvas, by default `canvas_size`.

    Raises:
        CityGANError: the canvas would be too large, or nothing.
    """
    width_px, height_px = size_px or canvas_size(info)
    if not (1 <= width_px <= MAX_SIDE_PX and 1 <= height_px <= MAX_SIDE_PX):
        raise CityGANError(f"a canvas of {width_px} x {height_px} px; each side goes from 1 to {MAX_SIDE_PX}")
    return {
        "width": width_px,
        "height": height_px,
        "classes": describe_classes(info.seen),
        "seen": sorted(info.seen),
        "stamps": load_stamps(),
        "streets": list(streets),
        "checkpoint": info.name,
        "lights": list(info.lights),
        "photo_sizes": [list(size) for size in photo_sizes(info)],
    }
