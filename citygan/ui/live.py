"""What the page asks of the server while people paint: photos, targets, streets, files and final results.

Each method of `Live` takes one JSON object from anyone, checks every field, and returns a JSON object. What
is wrong with a request comes back as `{"error": text}`. The methods skip Gradio's queue: who waits too long
for the photos of others gets `{"busy": True}`, and in how many seconds to ask again, `"retry_s"`.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

import gradio as gr
import numpy as np

from citygan import streets
from citygan.checkpoint import CheckpointInfo
from citygan.data import readings
from citygan.data.label_maps import LabelMapFile, PhotoReader, UnknownColorsError
from citygan.errors import BusyError, CityGANError
from citygan.evaluation.scores import percentile_of
from citygan.palette import colorize
from citygan.ui import fields
from citygan.ui.dataurl import data_url
from citygan.ui.pictures import read_label_map, read_photo
from citygan.ui.targets import Targets, within
from citygan.ui.watch import FIGURES, note
from citygan.wire import canvas_size, checksum, decode_map, encode_map

WAIT_S = 5.0  # for the photos of others; who is refused loses the place, so most should have none refused
MAX_DRIVE = 1e6  # metres, and seconds
MAX_SHOWN_SIDE_PX = 1024  # of a target that the page lays over the canvas
MAX_PSNR_DB = 99.0  # stands for infinity, which JSON cannot say

Json = dict[str, Any]
_driven = fields.number(MAX_DRIVE)


def answers(**checks: Callable[[Any], Any]) -> Callable:
    """Makes a method of `Live` one that answers requests.

    Args:
        checks: the fields a request may have, each with the function that checks its value. A field that is
            missing is None.
    """

    def decorate(method: FunctionType) -> Callable[[Live, Any], Json]:
        @functools.wraps(method)
        def answer(self: Live, request: Any) -> Json:
            note(what=method.__name__)
            try:
                if not isinstance(request, dict) or not request.keys() <= checks.keys():
                    raise CityGANError(f"expected an object with the fields {', '.join(checks)}")
                return method(self, **{name: check(request.get(name)) for name, check in checks.items()})
            except BusyError as error:
                note(outcome="busy")
                return {"busy": True} | ({} if error.retry_s is None else {"retry_s": error.retry_s})
            except (CityGANError, gr.Error) as error:  # the second from a GPU that is lent for the call
                note(outcome="refused")
                return {"error": str(error) if isinstance(error, CityGANError) else error.message}

        return answer

    return decorate


def _which(name: str | None, street: int | None) -> str | int:
    """The street of a drive: a drawn or a random one."""
    if name is None and street is not None:
        return street
    if name is not None and street is None:
        return name
    raise CityGANError("a drive is along a street: give its name, or the seed of a random one")


class Live:
    """The server functions of the studio, for one checkpoint and any number of visitors."""

    def __init__(
        self,
        synthesize: Callable,
        score: Callable,
        info: CheckpointInfo,
        wait_s: float = WAIT_S,
        light_of: Callable[[np.ndarray], Sequence[float]] | None = None,
        notice_of: Callable[[], str] = str,
        photo_reader: PhotoReader | None = None,
    ):
        """
        Args:
            synthesize: `(label_map, seed=None, wait_s=None) -> photo`, as `Synthesizer`; where the checkpoint
                is told a light, with light, brightness and warmth; on a drive, with `ground`; where
                regions are drawn again, with `again`.
            score: `(photo, target) -> Scores`.
            info: the checkpoint behind `synthesize`.
            wait_s: how long a request waits for the photos of others.
            light_of: `photo -> eight numbers`, where the checkpoint is told a light.
            notice_of: a sentence that comes with each photo; "" for none.
            photo_reader: finds the map in a photo; without it photos are refused.
        """
        self._synthesize = synthesize
        self._light_of = light_of
        self._notice_of = notice_of
        self._photo_reader = photo_reader
        self._score = score
        self._percentiles = info.ssim_percentiles
        self._percentiles_of = info.ssim_percentiles_of
        self._size = canvas_size(info)
        self._drive_size = (round(info.height_px * info.aspect), info.height_px)
        self._wait_s = wait_s
        self._targets = Targets()
        self._streets: dict[str, Json] = {}

    @property
    def functions(self) -> list[Callable[[Any], Json]]:
        """All of them, for `LabelCanvas(server_functions=...)`."""
        answers = [self.render, self.set_target, self.street, self.open_picture, self.final_result]
        return [*answers, self.light_of, self.scores_of, self.drive, self.park]

    @answers(map=decode_map, seed=fields.seed, target=fields.text, light=fields.light, again=fields.again)
    def render(self, map: np.ndarray, seed: int | None, target: str | None, light: Json, again: Json) -> Json:
        """The photo of a label map as JPEG of its size, with the checksum of the map and, given a target,
        the scores."""
        photo = self._draw(map, seed, light | again)
        scores, _ = self._compare(photo, target)
        return {
            "photo": data_url(photo, "JPEG"),
            "width": photo.shape[1],
            "height": photo.shape[0],
            "map_crc32": checksum(map),
            "seed": seed,
            "scores": scores,
            "target_missing": target is not None and scores is None,
            "notice": self._notice_of(),
        }

    @answers(image=fields.image)
    def set_target(self, image: bytes) -> Json:
        """Keeps a photo to compare with, and returns the token that stands for it."""
        return self._targets.add(read_photo(image))

    @answers(name=fields.text, seed=fields.seed)
    def street(self, name: str | None, seed: int | None) -> Json:
        """A drawn street by its name, or a random one by its seed (a new seed if there is none)."""
        if name is None:
            seed = secrets.randbelow(fields.MAX_SEED) if seed is None else seed
            drawn = streets.random_street(seed, *self._size)
            return {"map": encode_map(drawn), "name": None, "seed": seed}
        if name not in self._streets:
            self._streets[name] = encode_map(streets.street(name, *self._size))
        return {"map": self._streets[name], "name": name, "seed": None}

    @answers(
        name=fields.text,
        street=fields.seed,
        at_m=_driven,
        time_s=_driven,
        pace=fields.number(1.0),
        seed=fields.seed,
        light=fields.light,
    )
    def drive(
        self,
        name: str | None,
        street: int | None,
        at_m: float,
        time_s: float,
        pace: float,
        seed: int | None,
        light: Json,
    ) -> Json:
        """A picture of a drive along a street: the map of the photo's size and the photo of it.

        The street is a drawn one by its name, or a random one by its seed. `at_m` is what was driven so far,
        `time_s` for how long, and `pace` how fast, as a share of the full pace: at rest the noise lies on the
        photo as `render` has it, and at full pace it stays with the ground.
        """
        drawn, camera = streets.drive(_which(name, street), streets.View(at_m, time_s), *self._drive_size)
        photo = self._draw(drawn, seed, light | ({"ground": streets.Ground(camera, pace)} if pace else {}))
        return {"map": encode_map(drawn), "photo": data_url(photo, "JPEG")}

    @answers(name=fields.text, street=fields.seed, at_m=_driven, time_s=_driven)
    def park(self, name: str | None, street: int | None, at_m: float, time_s: float) -> Json:
        """The map at which a drive stopped, of the canvas's size; arguments as for `drive`."""
        drawn, _ = streets.drive(_which(name, street), streets.View(at_m, time_s), *self._size)
        return {"map": encode_map(drawn)}

    @answers(image=fields.image)
    def light_of(self, image: bytes) -> Json:
        """The light of any picture, to draw photos in."""
        if self._light_of is None:
            raise CityGANError("this checkpoint is told no light")
        return {"light": list(self._light_of(read_photo(image)))}

    @answers(image=fields.image, target=fields.text)
    def scores_of(self, image: bytes, target: str | None) -> Json:
        """How near to a target a photo comes that the visitor's own device made."""
        scores, _ = self._compare(read_photo(image), target)
        return {"scores": scores, "target_missing": scores is None}

    @answers(image=fields.image, read_as=fields.reading)
    def open_picture(self, image: bytes, read_as: str | None) -> Json:
        """The label map of an image file, and `about` the file; or the colours that somebody has to name, and
        the share of each."""
        try:
            file = read_label_map(image, read_as, self._photo_reader)
        except UnknownColorsError as error:
            return {"error": str(error), "colors": list(error.colors.items())}
        return {"map": encode_map(file.label_map), **self.about(file)}

    def about(self, file: LabelMapFile) -> Json:
        """What a file was taken for, how it was and could be read; the target, if it was a photo or had one;
        and of a photo its light, where the checkpoint is told one."""
        target = light = None
        if file.target is not None:
            target = self._targets.add(file.target) | {
                "photo": data_url(within(file.target, MAX_SHOWN_SIDE_PX), "JPEG")
            }
        if file.target is not None and file.predicted is not None and self._light_of:
            light = list(self._light_of(file.target))
        ways = [{"key": key, "name": readings.NAMES[key]} for key in file.readings]
        said = {"report": file.summary, "predicted": file.predicted, "readings": ways}
        return said | {"target": target, "light": light}

    @answers(
        map=decode_map,
        drawn=fields.optional_map,
        seed=fields.seed,
        target=fields.text,
        light=fields.light,
        again=fields.again,
    )
    def final_result(
        self,
        map: np.ndarray,
        drawn: np.ndarray | None,
        seed: int | None,
        target: str | None,
        light: Json,
        again: Json,
    ) -> Json:
        """Everything there is to download, as PNG without loss.

        The photo is of `drawn`, where there is one: the map with its unlabeled area filled.
        """
        drawn = map if drawn is None else drawn
        if drawn.shape != map.shape:
            raise CityGANError(
                f"the map has {map.shape[::-1]} pixels, and its photo's map {drawn.shape[::-1]}"
            )
        photo = self._draw(drawn, seed, light | again)
        scores, ssim_map = self._compare(photo, target)
        colors = colorize(map)
        return {
            "photo": data_url(photo),
            "labels_color": data_url(colors),
            "labels_ids": data_url(map),
            "pair": data_url(np.concatenate([photo, colors], axis=1)),
            "ssim_map": None if ssim_map is None else data_url(ssim_map),
            "scores": scores,
        }

    def _draw(self, map: np.ndarray, seed: int | None, light: Json) -> np.ndarray:
        photo = self._synthesize(map, seed=seed, wait_s=self._wait_s, **light)
        FIGURES.photo_made()
        return photo

    def _compare(self, photo: np.ndarray, token: str | None) -> tuple[Json | None, np.ndarray | None]:
        """The scores, and the SSIM map as a grey picture (black 0, white 1); None without the target."""
        target = self._targets.get(token)
        if target is None:
            return None, None
        scores = self._score(photo, target)
        percentile = percentile_of(scores.ssim, self._percentiles)
        answer = {
            "ssim": float(scores.ssim),
            "psnr": min(float(scores.psnr), MAX_PSNR_DB),
            "percentile": None if percentile is None else round(percentile),
            "percentile_of": None if percentile is None else self._percentiles_of,
        }
        return answer, (np.clip(scores.ssim_map, 0, 1) * 255).round().astype(np.uint8)
