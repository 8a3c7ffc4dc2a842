"""Image files from strangers: the one place that opens them and makes a label map or a photo of them.

A file is looked at (bytes, format, pixels) before it is decoded. Whatever is wrong with it ends in an
`ImageError`, whose text can be shown to the person who sent it.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from citygan import palette
from citygan.data import colormaps, readings
from citygan.errors import CityGANError
from citygan.palette import ColorTable, SnapReport

MAX_FILE_BYTES = 40 * 2**20
MAX_PIXELS = 50_000_000  # checked in the header, before a pixel is decoded
MAX_FILE_SIDE_PX = 32_768  # likewise: reducing a row of millions takes more memory than its pixels
MAX_SIDE_PX = (
    2048  # the longer side of what is returned: a Cityscapes frame keeps its size, larger ones are reduced
)

MANY_COLORS = 200  # more than any palette has; a street photo has thousands
MANY_GREYS = 100  # the same of grey pictures, which have 256 at most

_COMPARED_PX = 128  # the longer side at which label maps are compared, to offer each once
_LOSSLESS = ("PNG", "BMP", "GIF", "TIFF")
_FORMATS = (*_LOSSLESS, "JPEG", "WEBP", "AVIF")
_NO_READER = "The network that finds maps in photos is not here."
_ADVICE = (
    "Give it in the colours of Cityscapes, CamVid, ADE20K, Mapillary Vistas or BDD100K, or as label ids, "
    "train ids or CamVid ids in a PNG."
)


class ImageError(CityGANError):
    """A file that cannot be used; the message says why, and what to do."""


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
    picture = _decode(source)
    name = "" if isinstance(source, bytes) else Path(source).name
    colored = _colored(picture)
    values = None if colored.photo else _values(picture)
    value_keys = [] if values is None else _value_readings(values, name)
    keys = _in_order(colored.keys, value_keys, grey=not _has_colors(picture.image))
    if photo_reader and colored.photo is None and _may_be_photo(picture):
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


def read_photo(source: bytes | str | Path) -> np.ndarray:
    """Reads a photo as `(H, W, 3) uint8`: upright, without alpha (over white), at most `MAX_SIDE_PX` a side.

    Raises:
        ImageError: no image, too large or broken.
    """
    return _photo(_decode(source).image)


def _described(found: LabelMapFile, picture: _Picture, colored: _Colored) -> str:
    """What a file was taken for, its size, and what was done to it."""
    is_photo = found.predicted is not None and found.target is not None
    height, width = (found.target if is_photo else found.label_map).shape[:2]
    facts = [found.description, f"{width} x {height}", *picture.remarks]
    whole_px = colored.image.width
    if width < whole_px:
        facts.append(f"reduced from {whole_px} x {picture.image.height}")
    return ", ".join(facts)


def _may_be_photo(picture: _Picture) -> bool:
    """Whether a picture has more colours than a palette: photos, and maps whose colours were blurred."""
    if picture.image.mode in ("1", "F"):
        return False
    rgb = _photo(picture.image)
    is_grey = (rgb.max(2) - rgb.min(2)).max() < 16  # lossy formats tint grey a little
    return len(np.unique(palette.pack(rgb))) > (MANY_GREYS if is_grey else MANY_COLORS)


def _from_photo(picture: _Picture, photo_reader: PhotoReader) -> LabelMapFile:
    photo = _photo(picture.image)
    found = photo_reader(photo)
    return LabelMapFile(found, photo, "a photo", None, (), photo_reader.class_iou)


@dataclass(frozen=True)
class _Picture:
    """A decoded file."""

    image: Image.Image  # the first frame, upright
    lossless: bool  # the format keeps values as they were saved
    remarks: tuple[str, ...]  # what was done to it, for people


def _decode(source: bytes | str | Path) -> _Picture:
    data = _read_bytes(source)
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
        _check_size(*image.size)
        animated = _has_second_frame(image)
        image.load()
        upright = ImageOps.exif_transpose(image)
    except ImageError:
        raise
    except UnidentifiedImageError:
        formats = ", ".join(_FORMATS)
        raise ImageError(f"This file ({len(data):,} bytes) is no image. Give one of {formats}.") from None
    except Image.DecompressionBombError:
        raise ImageError(_too_large("more than 178 million pixels")) from None
    except Exception as error:  # a decoder raises whatever its format's code meets
        raise ImageError(f"The image is cut off or broken ({error}). Export or download it again.") from error
    remarks = ["the first frame of several"] if animated else []
    if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
        remarks.append("turned upright as its EXIF data say")
    return _Picture(upright, image.format in _LOSSLESS, tuple(remarks))


def _check_size(width: int, height: int) -> None:
    if width * height == 0:
        raise ImageError(f"The image has no pixels: it is {width} x {height}. Choose another one.")
    if width * height > MAX_PIXELS:
        raise ImageError(_too_large(f"{width} x {height} pixels"))
    if max(width, height) > MAX_FILE_SIDE_PX:
        raise ImageError(
            f"The image is {width} x {height}; a side has at most {MAX_FILE_SIDE_PX} pixels. Make it smaller."
        )


def _has_second_frame(image: Image.Image) -> bool:
    try:
        image.seek(1)
    except EOFError:
        return False
    image.seek(0)
    return True


def _read_bytes(source: bytes | str | Path) -> bytes:
    try:
        size = len(source) if isinstance(source, bytes) else Path(source).stat().st_size
        if size > MAX_FILE_BYTES:
            limit = MAX_FILE_BYTES // 2**20
            raise ImageError(f"The file has {size / 2**20:.0f} MiB; at most {limit} MiB can be read here.")
        data = source if isinstance(source, bytes) else Path(source).read_bytes()
    except OSError as error:
        raise ImageError(f"The file cannot be read: {error.strerror or error}.") from error
    if not data:
        raise ImageError("The file is empty (0 bytes). Choose another one.")
    return data


def _too_large(what: str) -> str:
    return f"The image has {what}; at most {MAX_PIXELS // 10**6} million can be read here. Make it smaller."


def _fit(image: Image.Image, resample: Image.Resampling) -> Image.Image:
    """Reduces the image until its longer side is at most `MAX_SIDE_PX`."""
    scale = MAX_SIDE_PX / max(image.size)
    if scale >= 1:
        return image
    return image.resize([max(1, round(side * scale)) for side in image.size], resample)


def _photo(image: Image.Image) -> np.ndarray:
    """The image as `(H, W, 3) uint8`. It may have 200 MB of pixels, so few copies are made before it is
    reduced."""
    if image.mode.startswith("I"):  # 16 bits a pixel; Pillow's own conversion would clip all above 255
        values = np.array(image)
        values >>= 8 if values.max() > 255 else 0
        image = Image.fromarray(values.clip(0, 255, out=values).astype(np.uint8))
    elif image.has_transparency_data:
        layer = image if image.mode == "RGBA" else image.convert("RGBA")
        layer = _fit(layer, Image.Resampling.LANCZOS)
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    elif image.mode != "L":  # whose three channels would be the same
        image = image.convert("RGB")
    return np.asarray(_fit(image, Image.Resampling.LANCZOS).convert("RGB"))


def _colors(image: Image.Image) -> np.ndarray:
    """The image as `(H, W, 3) uint8`, nothing blended; pixels more than half transparent are black."""
    image = _fit(image, Image.Resampling.NEAREST)
    if not image.has_transparency_data:
        return np.asarray(image.convert("RGB"))
    rgba = np.asarray(image.convert("RGBA"))
    return np.where(rgba[..., 3:] >= 128, rgba[..., :3], 0).astype(np.uint8)


def _has_colors(image: Image.Image) -> bool:
    return image.mode not in ("1", "F", "L", "LA") and not image.mode.startswith("I")


@dataclass(frozen=True)
class _Colored:
    """The part of a picture that has class colours, if any."""

    image: Image.Image  # the whole picture, or the half of a pair
    keys: list[str]  # of `colormaps`, the likeliest first; empty where it has none
    photo: Image.Image | None = None  # the other half
    side: str = ""  # of a pair: where the colour map is


def _colored(picture: _Picture) -> _Colored:
    image = picture.image
    pair = _pair(image)
    if pair:
        return pair
    if image.mode in ("1", "F") or image.mode.startswith("I"):
        return _Colored(image, [])
    keys = [fit.key for fit in colormaps.fits(_colors(image))]
    if not _has_colors(image):  # greys may be somebody's own, if nothing blurred them
        keys = [key for key in keys if key == readings.OWN and picture.lossless]
    return _Colored(image, keys)


def _from_colors(colored: _Colored, table: ColorTable, key: str) -> LabelMapFile:
    """Reads colours by a table."""
    label_map, report = palette.snap(_colors(colored.image), table)
    kind = "a colour map" if key == readings.COLORS else readings.NAMES[key]
    if colored.photo is None:
        return LabelMapFile(label_map, None, kind, report, ())
    kind = f"a side-by-side pair with {kind.replace('a ', 'the ', 1)} on the {colored.side}"
    return LabelMapFile(label_map, _photo(colored.photo), kind, report, ())


def _from_own_colors(colored: _Colored, table: ColorTable | None) -> LabelMapFile:
    """Reads colours by somebody's own table; without one, what it would have to say is told."""
    if table is None:
        raise UnknownColorsError(colormaps.own_colors(_colors(colored.image)))
    return _from_colors(colored, table, readings.OWN)


def _distinct(keys: list[str], colored: _Colored) -> list[str]:
    """The readings without those of colours that make the label map of an earlier one."""
    small = colored.image.copy()
    small.thumbnail((_COMPARED_PX, _COMPARED_PX), Image.Resampling.NEAREST)
    tables = colormaps.tables()
    seen: list[np.ndarray] = []
    distinct = []
    for key in keys:
        if key in tables:
            label_map = palette.snap(_colors(small), tables[key].table)[0]
            if any((label_map == other).all() for other in seen):
                continue
            seen.append(label_map)
        distinct.append(key)
    return distinct


def _values(picture: _Picture) -> np.ndarray | None:
    """The grey values or palette indices, `(H, W)` integers; None if it has colours or blurred values."""
    image = picture.image
    if image.mode in ("RGB", "RGBA"):
        rgb = _colors(image)
        grey = picture.lossless and not (rgb != rgb[..., :1]).any()
        return rgb[..., 0] if grey else None
    if not picture.lossless or (image.mode not in ("L", "LA", "P") and not image.mode.startswith("I")):
        return None
    values = np.asarray(_fit(image, Image.Resampling.NEAREST))
    return np.where(values[..., 1] >= 128, values[..., 0], 0) if image.mode == "LA" else values


def _value_readings(values: np.ndarray, name: str) -> list[str]:
    """How values can be read, the most likely way first; the file's name has more weight than the street."""
    named = {"trainids": "train-ids", "labelids": "label-ids"}
    told = [key for word, key in named.items() if word in name.lower()]
    return sorted(readings.possible(_without_instances(values)), key=lambda key: key not in told)


def _from_values(values: np.ndarray, key: str) -> LabelMapFile:
    ids = _without_instances(values)
    kind = readings.NAMES[key] if ids is values else "Cityscapes instance ids"
    return LabelMapFile(readings.classes_of(ids, key), None, kind, None, ())


def _without_instances(values: np.ndarray) -> np.ndarray:
    """Label ids of instance ids, 1000 * id + instance from person on; any other values as they are."""
    counted = (values >= 24_000) & (values < 34_000)
    if not counted.any() or not (counted | (values <= palette.MAX_ID)).all():
        return values
    return np.where(counted, values // 1000, values)


def _refusal(picture: _Picture, values: np.ndarray | None, read_as: str | None) -> str:
    """Why a picture is no label map, or cannot be read as one asks, and what to do."""
    mode = picture.image.mode
    if read_as is not None:
        why = "it has colours of its own" if values is None else readings.misfit(values, read_as)
        return f"This file cannot be read as {readings.NAMES[read_as]}: {why}. Choose another way to read it."
    if mode in ("1", "F"):
        kind = "only black and white" if mode == "1" else "floating-point values"
        return f"The image holds {kind}, so it cannot tell classes apart. {_ADVICE}"
    if not picture.lossless and not _has_colors(picture.image):
        return f"A grey image in a lossy format cannot hold class ids: its values are blurred. {_ADVICE}"
    if values is not None and mode != "P":
        return (
            f"The grey values {values.min()} to {values.max()} are no classes: label ids go from 0 to "
            f"{palette.MAX_ID}, train ids from 0 to 18 and CamVid ids from 0 to 11, with 255 for ignored. "
            f"{_ADVICE}"
        )
    _, report = palette.snap(_colors(picture.image))
    return (
        f"This is a photo or another picture, no label map: {report.photo_like:.0%} of its pixels are far "
        f"from every class colour (the largest distance is {report.max_distance:.0f} of 442). "
        f"{_NO_READER + ' ' if _may_be_photo(picture) else ''}{_ADVICE}"
    )


def _pair(image: Image.Image) -> _Colored | None:
    """Splits a picture of a colour map and its photo, side by side; None if it is none."""
    half = image.width // 2
    if image.width < image.height or half == 0 or not _has_colors(image) or image.mode == "P":
        return None
    left = image.crop((0, 0, half, image.height))
    right = image.crop((image.width - half, 0, image.width, image.height))
    known = [[fit.key for fit in colormaps.fits(_colors(part))] for part in (left, right)]
    for side, keys, others, part, photo in (
        ("left", *known, left, right),
        ("right", *reversed(known), right, left),
    ):
        if keys and keys[0] != readings.OWN and not others:
            return _Colored(part, [key for key in keys if key != readings.OWN], photo, side)
    return None
