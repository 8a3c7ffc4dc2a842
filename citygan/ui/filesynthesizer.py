"""Image files in, photo and scores out: what the Upload tab and the endpoint do."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import gradio as gr
import numpy as np

from citygan.checkpoint import CheckpointInfo
from citygan.data.images import ImageError
from citygan.data.label_maps import LabelMapFile, PhotoReader
from citygan.errors import CityGANError
from citygan.palette import CLASS_BY_ID, shares, substitutes
from citygan.ui.pictures import read_label_map, read_photo
from citygan.ui.requests import seed_of
from citygan.ui.result import Result, score_against
from citygan.ui.watch import watched

MAX_NAMED = 4  # classes in one sentence
_SAME_ASPECT = 1.05  # a target this much wider or narrower than the label map was visibly stretched


@dataclass(frozen=True)
class FileSynthesizer:
    """Makes results of files. Raises `gr.Error` for all that a visitor did wrong."""

    synthesize: Callable[..., np.ndarray]
    score: Callable
    info: CheckpointInfo
    photo_reader: PhotoReader | None = None  # finds the map in a photo; None refuses photos
    light_of: Callable[[np.ndarray], Sequence[float]] | None = None  # where the checkpoint is told one

    @watched("synthesize")
    def __call__(
        self,
        label_file: str | None,
        target_file: str | None = None,
        seed: float | str | None = None,
        light: str | None = None,
        brightness: float | None = None,
        warmth: float | None = None,
        read_as: str | None = None,
    ) -> Result:
        """Reads the files, draws the photo and scores it.

        Light, brightness and warmth are as `Synthesizer` takes them, None is the light that the map suggests,
        or that of the photo in which the map was found; `read_as` is as `read_label_map` takes it.
        """
        file = open_label_map(label_file, read_as, self.photo_reader)
        try:
            seed = seed_of(seed)
        except CityGANError as error:
            raise gr.Error(str(error), title="Seed", print_exception=False) from error
        notes = [file.summary, *self._substitutions(file.label_map)]
        target = self._target(target_file, file, notes)
        start = time.perf_counter()
        photo = self._draw(file.label_map, seed, light or self._light(file), brightness or 0.0, warmth or 0.0)
        elapsed_ms = 1000 * (time.perf_counter() - start)
        scores = percentile = None
        if target is not None:
            try:
                target, scores, percentile = score_against(photo, target, self.score, self.info)
            except CityGANError as error:
                notes.append(f"Not scored: {error}.")
        return Result(file.label_map, photo, target, scores, percentile, elapsed_ms, tuple(notes))

    def _light(self, file: LabelMapFile) -> Sequence[float] | None:
        """That of the photo, where the file is one."""
        if file.predicted is None or file.target is None or self.light_of is None:
            return None
        return self.light_of(file.target)

    def _draw(
        self,
        label_map: np.ndarray,
        seed: int | None,
        light: Sequence[float] | str | None,
        brightness: float,
        warmth: float,
    ) -> np.ndarray:
        if light is None and not brightness and not warmth:
            return self.synthesize(label_map, seed=seed)
        try:
            return self.synthesize(label_map, seed=seed, light=light, brightness=brightness, warmth=warmth)
        except CityGANError as error:
            raise gr.Error(str(error), title="Not drawn", print_exception=False) from error

    def _target(self, target_file: str | None, file: LabelMapFile, notes: list[str]) -> np.ndarray | None:
        if target_file is None:
            return file.target
        target = open_target(target_file)
        if file.target is not None:
            other = "the photo in the pair" if file.predicted is None else "the photo itself"
            notes.append(f"The target photo was used, not {other}.")
        (height, width), (target_height, target_width) = file.label_map.shape, target.shape[:2]
        stretch = (target_width / target_height) / (width / height)
        if (width, height) != (target_width, target_height):
            notes.append(f"The target ({target_width} x {target_height}) was resized to {width} x {height}.")
        if not 1 / _SAME_ASPECT < stretch < _SAME_ASPECT:
            notes.append(
                "That stretched it. If the label map and the target do not show the same part of the street, "
                "crop one of them: SSIM means nothing otherwise."
            )
        return target

    def _substitutions(self, label_map: np.ndarray) -> list[str]:
        """One sentence on the classes that the checkpoint never saw, if the map has any; largest first."""
        table = substitutes(frozenset(self.info.seen))
        unseen = [(i, share) for i, share in shares(label_map).items() if i in table]
        if not unseen:
            return []
        name = {i: c.name for i, c in CLASS_BY_ID.items()}
        parts = [f"{name[i]} ({_percent(share)}) as {name[table[i]]}" for i, share in unseen[:MAX_NAMED]]
        if len(unseen) > MAX_NAMED:
            parts.append(f"{len(unseen) - MAX_NAMED} smaller ones likewise")
        return [
            f"Not in the photos that {self.info.name} was trained on, so drawn otherwise: {', '.join(parts)}."
        ]


def _percent(share: float) -> str:
    return f"{share:.1%}" if share >= 0.001 else "<0.1%"


def open_label_map(
    label_file: str | None, read_as: str | None = None, photo_reader: PhotoReader | None = None
) -> LabelMapFile:
    """Reads the label map, as `read_label_map`; raises `gr.Error` with the reason where it cannot be used."""
    if label_file is None:
        raise gr.Error("Choose a label map first.", title="No label map", print_exception=False)
    try:
        return read_label_map(label_file, read_as or None, photo_reader)
    except ImageError as error:
        raise gr.Error(f"Label map: {error}", title="Not usable", print_exception=False) from error


def open_target(target_file: str) -> np.ndarray:
    """Reads the target photo; raises `gr.Error` with the reason where it cannot be used."""
    try:
        return read_photo(target_file)
    except ImageError as error:
        raise gr.Error(f"Target photo: {error}", print_exception=False) from error
