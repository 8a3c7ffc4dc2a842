"""The light of photos: asked for by name, by numbers or like that of a picture, and told to a generator."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Sequence

import numpy as np
import torch

from citygan.checkpoint import CheckpointInfo
from citygan.errors import CityGANError
from citygan.models.encoding import encode_labels, to_unit_range
from citygan.models.light import NUMBERS, Light, changed

MAX_CHANGE = 3.0  # of a light, in standard deviations over the training photos

Lit = Callable[[Callable[[], torch.Tensor]], torch.Tensor]  # what guesses a light -> the light asked for


class Lighting:
    """What can be asked of one checkpoint. Of one that is told no light, every wish raises a CityGANError."""

    def __init__(self, light: Light | None, info: CheckpointInfo):
        """
        Args:
            light: of the checkpoint's generator, in full precision and on the CPU; None where there is none.
            info: of the checkpoint.
        """
        self._light = light
        self._info = info

    @property
    def named(self) -> dict[str, tuple[float, ...]]:
        """The lights that have names; none where the checkpoint is told no light."""
        return {} if self._light is None else self._light.named()

    def of_picture(self, photo: np.ndarray, label_map: np.ndarray | None) -> tuple[float, ...]:
        """The light of any picture, as eight numbers; arguments as for `Synthesizer.light_of`."""
        if self._light is None:
            raise CityGANError(f"{self._info.name} is told no light")
        picture = to_unit_range(torch.from_numpy(np.array(photo)).permute(2, 0, 1)[None])
        if label_map is None:
            return tuple(self._light.of_picture(picture)[0].tolist())
        conditions = encode_labels(torch.from_numpy(np.array(label_map))[None], self._info.encoding)
        return tuple(self._light.of_photos(picture, conditions)[0][0].tolist())

    def asked(self, light: Sequence[float] | str | None, brightness: float, warmth: float) -> Lit | None:
        """What makes the light that was asked for of the one that the map suggests; None for that itself."""
        if light is None and not brightness and not warmth:
            return None
        if self._light is None:
            raise CityGANError(f"{self._info.name} is told no light; leave it out")
        if not (abs(brightness) <= MAX_CHANGE and abs(warmth) <= MAX_CHANGE):
            raise CityGANError(
                f"brightness is {brightness} and warmth {warmth}; "
                f"each goes from -{MAX_CHANGE} to {MAX_CHANGE}"
            )
        code = None if light is None else self.code(light)
        return lambda guess: changed(guess() if code is None else code, brightness, warmth)

    def code(self, light: Sequence[float] | str) -> torch.Tensor:
        """A light by name or eight numbers as the generator is told it, `(1, 8)`."""
        if isinstance(light, str):
            if light not in self.named:
                raise CityGANError(f"the light {light!r} is unknown; choose one of {', '.join(self.named)}")
            light = self.named[light]
        code = torch.tensor([float(number) for number in light])
        if code.shape != (NUMBERS,) or not code.isfinite().all():
            raise CityGANError(f"a light is {NUMBERS} finite numbers, got {reprlib.repr(light)}")
        return code[None]

    def told(self, label_maps: torch.Tensor, seed: int | None, lit: Lit | None) -> list[torch.Tensor]:
        """What the generator is told with maps `(1, H, W) uint8`: one tensor `(1, 8)`, or nothing.

        Args:
            label_maps: what the light is guessed from.
            seed: varies the guess; None leaves it.
            lit: as `asked` gives it.
        """
        known = self._light
        if known is None:
            return []

        def guess() -> torch.Tensor:
            light = known.guess_of_map(label_maps)
            return light if seed is None else light + known.vary(seed)

        return [guess() if lit is None else lit(guess)]
