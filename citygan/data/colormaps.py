"""Colour maps of other people: the tables in `tables/`, and colours that no table has.

Each table is a TOML file that says which Cityscapes class every colour of a data set becomes. A picture is
held against all of them at once, and `fits` says how well each would read it.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import numpy as np

from citygan import palette
from citygan.data.snapping import COLORS, NEAR_DISTANCE, PHOTO_DISTANCE, ColorTable, nearest, pack, unpack
from citygan.errors import CityGANError

CITYSCAPES = "colors"
FILES = ("camvid", "ade20k", "mapillary", "bdd100k")
OWN = "own"
MAX_COLORS = 256  # of a table
MAX_OWN_COLORS = 64  # that anybody is asked about

# The share of pixels that lie near a colour of the table, of those that are not black: more are near where a
# colour map was compressed or resized, fewer in a photo (see `PHOTO_DISTANCE`).
LEAST_NEAR = 0.5
SURE_NEAR = 0.65  # below it a flat picture is rather in somebody's own colours
_SAMPLED_PX = 160  # rows and columns by which a picture is recognised
_PRICE = 0.001  # a colour of a table has to explain more of a picture than that
_NOISE = 0.02  # by which the scores of tables that share most colours differ after JPEG
_FLAT_STEP = 2  # in each channel: what JPEG leaves of one colour
_LEAST_FLAT = 0.5  # share of pixels that are like both neighbours
_AREA_SHARE = 0.001  # of these pixels, of a colour that is not noise
_LEAST_OWN_SCORE = 0.8  # areas of JPEG are nearer to their colours than the even parts of a dark photo
_LEAST_COVERED = 0.8  # share of pixels near one of somebody's own colours


class Fit(NamedTuple):
    """How well a table would read a picture."""

    key: str  # of `tables`, or OWN
    near: float  # 0-1, the share of pixels near a colour of the table, black ones left out
    score: float  # 0-1, how near they are, less what many colours explain by chance


class NamedTable(NamedTuple):
    """The colours of a data set."""

    name: str  # for people
    names: tuple[str, ...]  # of each class, there
    sources: tuple[str, ...]  # where colours and names were found
    table: ColorTable


@cache
def tables() -> dict[str, NamedTable]:
    """All tables by key, Cityscapes first: where two fit alike, the first is taken."""
    names = tuple(c.name for c in palette.CLASSES)
    cityscapes = NamedTable("class colours", names, ("citygan.palette",), COLORS)
    return {CITYSCAPES: cityscapes, **{key: _read(key) for key in FILES}}


def describe() -> list[dict[str, Any]]:
    """All tables for a page that reads files by itself, `ColorTable` in `standalone/labels.js`."""
    return [
        {
            "key": key,
            "name": named.name,
            "classes": dict(zip(pack(named.table.colors).tolist(), named.table.ids.tolist(), strict=True)),
        }
        for key, named in tables().items()
    ]


def _read(key: str) -> NamedTable:
    text = resources.files("citygan.data").joinpath("tables", f"{key}.toml").read_text(encoding="utf-8")
    content = tomllib.loads(text)
    colors, names, classes = zip(*content["classes"], strict=True)
    table = table_of(dict(zip(colors, classes, strict=True)))
    return NamedTable(content["name"], names, tuple(content["sources"]), table)


def table_of(classes: Mapping[str, str]) -> ColorTable:
    """The table of `{"#804080": "road", ...}`, colours in hexadecimal and names of `palette.CLASSES`.

    Raises:
        CityGANError: it has no colour or too many, or one is no colour, or no class; for people.
    """
    if not 0 < len(classes) <= MAX_COLORS:
        raise CityGANError(f"A palette has 1 to {MAX_COLORS} colours, not {len(classes)}.")
    ids = {c.name: c.id for c in palette.CLASSES}
    for color, name in classes.items():
        if not (len(color) == 7 and color[0] == "#" and set(color[1:].lower()) <= set("0123456789abcdef")):
            raise CityGANError(f"{color[:20]!r} is no colour; write it as #804080.")
        if not isinstance(name, str) or name not in ids:
            raise CityGANError(f"{str(name)[:20]!r} is no class; choose of {', '.join(ids)}.")
    rgb = [[int(color[i : i + 2], 16) for i in (1, 3, 5)] for color in classes]
    return ColorTable(np.array(rgb, np.uint8), np.array([ids[name] for name in classes.values()], np.uint8))


def table_in(wish: str) -> ColorTable:
    """The table in a text that is a JSON object of colours and classes, as `table_of` takes it.

    Raises:
        CityGANError: it is none; for people.
    """
    try:
        classes = json.loads(wish)
    except (ValueError, RecursionError):
        classes = None
    if not isinstance(classes, dict):
        raise CityGANError('The palette is no JSON object like {"#804080": "road", "#4682b4": "sky"}.')
    return table_of(classes)


def fits(image: np.ndarray) -> list[Fit]:
    """The tables that can read a picture, the best one first; empty where it is a photo.

    Args:
        image: `(H, W, 3) uint8` sRGB, at least one pixel.

    Returns:
        At most one for each table, and OWN where the picture is as flat as a colour map: first where no table
        is sure, else last.
    """
    colors, counts, in_areas = _sample(image)
    found = [_fit(key, named.table, colors, counts, in_areas) for key, named in tables().items()]
    found = sorted((fit for fit in found if fit.near >= LEAST_NEAR), key=lambda fit: -_rank(fit))
    own = own_colors(image)
    if not own:
        return found
    any_class = ColorTable(np.array(list(own), np.uint8), np.zeros(len(own), np.uint8))
    mine = _fit(OWN, any_class, colors, counts, in_areas)
    if mine.score < _LEAST_OWN_SCORE:
        return found
    return [*found, mine] if any(fit.near >= SURE_NEAR for fit in found) else [mine, *found]


def _rank(fit: Fit) -> float:
    """The score; that of Cityscapes, whose colours others share, is raised by what noise may take."""
    return min(fit.score + _NOISE, 0.999) if fit.key == CITYSCAPES and fit.score < 1 else fit.score


def _sample(image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Colours of some pixels `(N, 3)`, how many pixels have each, and how many of these are inside areas."""
    rows, columns = (np.linspace(0, n - 1, min(n, _SAMPLED_PX)).astype(int) for n in image.shape[:2])
    below, right = (np.minimum(at + 1, n - 1) for at, n in zip((rows, columns), image.shape, strict=False))
    here = image[rows][:, columns].astype(np.int16)
    others = image[below][:, columns], image[rows][:, right]
    alike = np.logical_and(*(np.abs(other - here).max(-1) <= _FLAT_STEP for other in others))
    packed, at, counts = np.unique(pack(here), return_inverse=True, return_counts=True)
    return unpack(packed), counts, np.bincount(at.ravel(), alike.ravel())


def _fit(key: str, table: ColorTable, colors: np.ndarray, counts: np.ndarray, in_areas: np.ndarray) -> Fit:
    """Holds colours `(N, 3)`, each so many times there, against a table."""
    at, squared = nearest(colors, table.colors)
    near = squared <= PHOTO_DISTANCE**2
    closeness = (1 - np.sqrt(squared) / PHOTO_DISTANCE).clip(0)
    explained = np.bincount(at, closeness * in_areas, minlength=len(table.colors)) / max(1, in_areas.sum())
    score = float((explained - _PRICE).clip(0).sum())
    if not squared.any():
        return Fit(key, 1.0, 1.0)
    # Half of a photo is near the greys of some tables; and one taken at night is no map of unlabeled pixels.
    found = table.colors[at]
    tells = found.any(axis=1) & ~(near & (np.ptp(found, axis=1) == 0))
    return Fit(key, float(counts[tells & near].sum() / max(1, counts[tells].sum())), score)


def own_colors(image: np.ndarray) -> dict[tuple[int, int, int], float]:
    """The colours of a flat picture and the share of each, largest first; none where it is a photo.

    Of more than `MAX_OWN_COLORS`, as JPEG and blur leave them, only those of areas are told.

    Args:
        image: `(H, W, 3) uint8`, at least one pixel.
    """
    _, counts, in_areas = _sample(image)
    if in_areas.sum() < _LEAST_FLAT * counts.sum():
        return {}
    packed, counts = np.unique(pack(image), return_counts=True)
    few = len(packed) <= MAX_OWN_COLORS
    colors = unpack(packed if few else _areas(image))
    if not 1 < len(colors) <= MAX_OWN_COLORS:
        return {}
    at, squared = nearest(unpack(packed), colors)
    if counts[squared <= NEAR_DISTANCE**2].sum() < _LEAST_COVERED * counts.sum():
        return {}
    shares = np.bincount(at, counts, minlength=len(colors)) / counts.sum()
    order = np.argsort(-shares, kind="stable")
    return {tuple(colors[i].tolist()): float(shares[i]) for i in order}


def _areas(image: np.ndarray) -> np.ndarray:
    """The colours of areas, packed as 0xRRGGBB, largest first; those near a larger one are left out."""
    values = image.astype(np.int16)
    steps = (np.abs(np.diff(values, axis=axis)).max(-1) <= _FLAT_STEP for axis in (0, 1))
    down, across = steps
    packed, counts = np.unique(pack(image)[:-1, :-1][down[:, :-1] & across[:-1]], return_counts=True)
    packed, counts = (found[counts >= _AREA_SHARE * counts.sum()] for found in (packed, counts))
    colors = unpack(packed[np.argsort(-counts, kind="stable")]).astype(int)
    kept: list[int] = []
    for i, color in enumerate(colors):
        if not kept or np.linalg.norm(colors[kept] - color, axis=1).min() > NEAR_DISTANCE:
            kept.append(i)
    return pack(colors[kept])
