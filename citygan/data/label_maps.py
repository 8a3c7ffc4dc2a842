"""Label maps in image files: a file is recognised, read as what it is, and described to who sent it.

`images.py` opens it, `contents.py` says what is in it, and `readings.py` what values stand for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from citygan import palette
from citygan.data import colormaps, readings
from citygan.data.contents import (
    Colored,
    find_colors,
    find_values,
    may_be_photo,
    ways_to_read,
    without_instances,
)
from citygan.data.images import ImageError, Picture, colors_of, decode, has_colors, photo_of
from citygan.data.snapping import ColorTable, SnapReport, snap
from citygan.errors import CityGANError

_COMPARED_PX = 128  # the longer side at which label maps are compared, to offer each once
_NO_READER = "The network that finds maps in photos is not here."
_ADVICE = (
    "Give it in the colours of Cityscapes, CamVid, ADE20K, Mapillary Vistas or BDD100K, or as label ids, "
    "train ids or CamVid ids in a PNG."
)


class UnknownColorsError(ImageError):
    """A colour map whose colours are of no table: somebody has to say what each stands for."""

    def __init__(self, colors: dict[tuple[int, int, int], float]):
        """
        Args:
            colors: sRGB, and the share of the pixels near it; largest first.
        """
        self.colors = {"#{:02x}{:02x}{:02x}".format(*color): share for color, share in colors.items()}
        named = ", ".join(f"{color} ({share:.0%})" for color, share in [*self.colors.items()][:4])
        first = next(iter(self.colors))
        super().__init__(
            f"This map has {len(self.colors)} colours that are of no known table, such as {named}. Say which "
            f'class each is; scripts give read_as={{"{first}": "road", ...}}.'
        )


class PhotoReader(Protocol):
    """What finds label maps in photos, such as `citygan.evaluation.reading.PhotoReader`."""

    @property
    def class_iou(self) -> float:
        """How right it is, 0 to 1."""
        ...

    def __call__(self, photo: np.ndarray, /) -> np.ndarray:
        """A photo `(H, W, 3) uint8` -> its label map `(H', W') uint8`, a prediction."""
        ...


@dataclass(frozen=True)
class LabelMapFile:
    """What a file turned out to be."""

    label_map: np.ndarray  # (H, W) uint8
    target: np.ndarray | None  # (H, W, 3) uint8, the photo of a pair, or the one that the map was found in
    description: str  # for example "Cityscapes label ids, 2048 x 1024"
    report: SnapReport | None  # how far the colours were from the palette; None for ids
    readings: tuple[str, ...]  # of `readings.NAMES`: how it was read, and then how else it could be
    predicted: float | None = None  # the class IoU of the network that found the map in a photo

    @property
    def summary(self) -> str:
        """For the person who sent the file: what it was taken for, and how much was snapped or is guessed."""
        if self.predicted is not None:
            return (
                f"Read as {self.description}. Its map is a prediction (class IoU {self.predicted:.2f}): "
                "mend what is wrong."
            )
        if self.report is None or self.report.snapped == 0:
            return f"Read as {self.description}."
        pixels = round(self.report.snapped * self.label_map.size)
        return (
            f"Read as {self.description}; {pixels:,} pixels ({self.report.snapped:.1%}) had no class "
            f"colour and were snapped to the nearest (at most {self.report.max_distance:.0f} RGB units away)."
        )


def read_label_map(
    source: bytes | str | Path, read_as: str | None = None, photo_reader: PhotoReader | None = None
) -> LabelMapFile:
    """Recognises and reads a label map.

    A picture with one half in the colours of a table, give or take JPEG noise, and the other half a photo, is
    a side-by-side pair. One all in those colours is a colour map. Otherwise grey values or palette indices of
    a lossless file are instance ids, or whatever ids make the most plausible street of them. What is none of
    that and has more colours than any palette is a photo.

    Args:
        source: the file's bytes, or its path; `labelIds` or `labelTrainIds` in its name settles doubts.
        read_as: of `readings.NAMES`, to read it so instead; or a JSON object of colours and classes,
            `{"#804080": "road", ...}`, to read it by these.
        photo_reader: finds the map in a photo; without it photos are refused.

    Raises:
        UnknownColorsError: a colour map in colours that no table has.
        ImageError: no image, too large, broken, a photo that nothing here can read, or values that are no
        classes.
    """
    wish, own = _wish(read_as)
    if wish == readings.PHOTO and photo_reader is None:
        raise ImageError(f"{_NO_READER} {_ADVICE}")
    picture = decode(source)
    name = "" if isinstance(source, bytes) else Path(source).name
    colored = find_colors(picture)
    values = None if colored.photo else find_values(picture)
    value_keys = [] if values is None else ways_to_read(values, name)
    keys = _in_order(colored.keys, value_keys, grey=not has_colors(picture.image))
    if photo_reader and colored.photo is None and may_be_photo(picture):
        keys += [readings.PHOTO] if keys else [readings.PHOTO, readings.COLORS]
    key = wish or next(iter(keys), None)
    if key == readings.PHOTO and photo_reader:
        found = _from_photo(picture, photo_reader)
    elif key in value_keys and values is not None:
        found = _from_values(values, key)
    elif key == readings.OWN and (own or key in keys):
        found = _from_own_colors(colored, own)
    elif key in colored.keys or (key == readings.COLORS and key in keys):
        found = _from_colors(colored, colormaps.tables()[key].table, key)
    else:
        raise ImageError(_refusal(picture, values, wish if keys else None))
    exact = key != readings.OWN and found.report is not None and found.report.snapped == 0
    offered = value_keys if exact else _distinct(keys, colored)  # other colours fit an exact map worse
    others = [other for other in offered if other != key]
    return replace(found, description=_described(found, picture, colored), readings=(key, *others))


def _wish(read_as: str | None) -> tuple[str | None, ColorTable | None]:
    """The reading that somebody asks for, and the table that was given with it."""
    if read_as is not None and read_as.lstrip().startswith("{"):
        try:
            return readings.OWN, colormaps.table_in(read_as)
        except CityGANError as error:
            raise ImageError(str(error)) from error
    if read_as is not None and read_as not in readings.NAMES:
        raise ImageError(f"No file is read as {read_as[:20]!r}; choose one of {', '.join(readings.NAMES)}.")
    return read_as, None


def _in_order(color_keys: list[str], value_keys: list[str], grey: bool) -> list[str]:
    """All readings, the likeliest first: ids are likelier than colours that nobody knows."""
    sure = [] if color_keys[:1] == [readings.OWN] else color_keys
    doubtful = [] if grey and value_keys else color_keys
    return [*sure, *value_keys, *(key for key in doubtful if key not in sure)]


def _described(found: LabelMapFile, picture: Picture, colored: Colored) -> str:
    """What a file was taken for, its size, and what was done to it."""
    is_photo = found.predicted is not None and found.target is not None
    height, width = (found.target if is_photo else found.label_map).shape[:2]
    facts = [found.description, f"{width} x {height}", *picture.remarks]
    whole_px = colored.image.width
    if width < whole_px:
        facts.append(f"reduced from {whole_px} x {picture.image.height}")
    return ", ".join(facts)


def _from_photo(picture: Picture, photo_reader: PhotoReader) -> LabelMapFile:
    photo = photo_of(picture.image)
    found = photo_reader(photo)
    return LabelMapFile(found, photo, "a photo", None, (), photo_reader.class_iou)


def _from_colors(colored: Colored, table: ColorTable, key: str) -> LabelMapFile:
    """Reads colours by a table."""
    label_map, report = snap(colors_of(colored.image), table)
    kind = "a colour map" if key == readings.COLORS else readings.NAMES[key]
    if colored.photo is None:
        return LabelMapFile(label_map, None, kind, report, ())
    kind = f"a side-by-side pair with {kind.replace('a ', 'the ', 1)} on the {colored.side}"
    return LabelMapFile(label_map, photo_of(colored.photo), kind, report, ())


def _from_own_colors(colored: Colored, table: ColorTable | None) -> LabelMapFile:
    """Reads colours by somebody's own table; without one, what it would have to say is told."""
    if table is None:
        raise UnknownColorsError(colormaps.own_colors(colors_of(colored.image)))
    return _from_colors(colored, table, readings.OWN)


def _from_values(values: np.ndarray, key: str) -> LabelMapFile:
    ids = without_instances(values)
    kind = readings.NAMES[key] if ids is values else "Cityscapes instance ids"
    return LabelMapFile(readings.classes_of(ids, key), None, kind, None, ())


def _distinct(keys: list[str], colored: Colored) -> list[str]:
    """The readings without those of colours that make the label map of an earlier one."""
    small = colored.image.copy()
    small.thumbnail((_COMPARED_PX, _COMPARED_PX), Image.Resampling.NEAREST)
    tables = colormaps.tables()
    seen: list[np.ndarray] = []
    distinct = []
    for key in keys:
        if key in tables:
            label_map = snap(colors_of(small), tables[key].table)[0]
            if any((label_map == other).all() for other in seen):
                continue
            seen.append(label_map)
        distinct.append(key)
    return distinct


def _refusal(picture: Picture, values: np.ndarray | None, read_as: str | None) -> str:
    """Why a picture is no label map, or cannot be read as one asks, and what to do."""
    mode = picture.image.mode
    if read_as is not None:
        why = "it has colours of its own" if values is None else readings.misfit(values, read_as)
        return f"This file cannot be read as {readings.NAMES[read_as]}: {why}. Choose another way to read it."
    if mode in ("1", "F"):
        kind = "only black and white" if mode == "1" else "floating-point values"
        return f"The image holds {kind}, so it cannot tell classes apart. {_ADVICE}"
    if not picture.lossless and not has_colors(picture.image):
        return f"A grey image in a lossy format cannot hold class ids: its values are blurred. {_ADVICE}"
    if values is not None and mode != "P":
        return (
            f"The grey values {values.min()} to {values.max()} are no classes: label ids go from 0 to "
            f"{palette.MAX_ID}, train ids from 0 to 18 and CamVid ids from 0 to 11, with 255 for ignored. "
            f"{_ADVICE}"
        )
    _, report = snap(colors_of(picture.image))
    return (
        f"This is a photo or another picture, no label map: {report.photo_like:.0%} of its pixels are far "
        f"from every class colour (the largest distance is {report.max_distance:.0f} of 442). "
        f"{_NO_READER + ' ' if may_be_photo(picture) else ''}{_ADVICE}"
    )
