"""`citygan evaluate --judges`: the judges' figures of a split and its drives, beside those of real photos."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import interpolate

from citygan.data.dataset import NO_DRIVE, LabelPhotoSet
from citygan.errors import CityGANError
from citygan.evaluation import judges
from citygan.evaluation.scores import Figure, Reading
from citygan.evaluation.segmenter import Segmenter
from citygan.palette import CLASS_BY_ID, UNLABELED
from citygan.synthesis.synthesizer import Synthesizer

COMMON_PX = 256  # the square at which checkpoints of any size are compared
_THINGS = (24, 17, 20, 26)  # person, pole, traffic sign, car: what is small and has a shape
_FEWEST_OF_DRIVE = 50  # photos that a drive needs for distances of its own
_EVEN_SHARE = 0.01  # of the training pixels; rarer classes never fill a photo
_MAPS = 10  # on which seeds are compared
_SEEDS = (1, 2)


@dataclass(frozen=True)
class _Seen:
    """What the judges see in photos, kept for each of them."""

    chroma: np.ndarray  # (N,)
    features: dict[str, torch.Tensor]  # network: (N, d)
    streaks: dict[str, np.ndarray]  # size: (N,)
    patches: dict[tuple[str, int], torch.Tensor]  # size and height of the level: (N, 128, 3, 7, 7)

    def of(self, indices: Sequence[int]) -> _Seen:
        """Of those photos alone."""
        chosen = list(indices)
        return _Seen(
            self.chroma[chosen],
            {name: each[chosen] for name, each in self.features.items()},
            {name: each[chosen] for name, each in self.streaks.items()},
            {name: each[chosen] for name, each in self.patches.items()},
        )

    def __len__(self) -> int:
        return len(self.chroma)


class Judges:
    """Judges the photos of a synthesizer.

    Args:
        synthesizer: Whose photos they are.
        segmenter: For the distances in its features; None leaves them out.
        training: The real training photos, opened at the synthesizer's size; None leaves the yardstick out.
    """

    def __init__(self, synthesizer: Synthesizer, segmenter: Segmenter | None, training: LabelPhotoSet | None):
        self._synthesizer, self._training = synthesizer, training
        self._networks: dict[str, torch.nn.Module] = {"random VGG-11": judges.RandomFeatures()}
        if segmenter:
            self._networks = {segmenter.info.name: judges.BackboneFeatures(segmenter)} | self._networks
        for network in self._networks.values():
            network.to(synthesizer.device)

    def __call__(
        self,
        generated: Sequence[np.ndarray],
        samples: LabelPhotoSet,
        reading: Reading | None,
        drives: dict[str, list[int]],
    ) -> dict[str, list[Figure]]:
        """The figures of all photos, by `NO_DRIVE`, and of each drive where there are several.

        Args:
            generated: `(H, W, 3) uint8` of each sample, of the plain seed.
            samples: Their split.
            reading: What a segmenter reads in them.
            drives: The indices of each drive's samples.

        Raises:
            CityGANError: one photo has no distance to others.
        """
        count = len(samples)
        if count < judges.FEWEST:
            raise CityGANError(f"judges need at least {judges.FEWEST} photos, got {count}")
        found = self._look(torch.from_numpy(np.stack(generated)).permute(0, 3, 1, 2))
        real = self._look(_photos(samples, range(count)))
        training = None
        if self._training:
            training = self._look(_photos(self._training, evenly(len(self._training), count)))
        figures = {NO_DRIVE: [*_figures(found, training, real, reading, True), *self._made(samples)]}
        for drive, indices in drives.items() if len(drives) > 1 else ():
            figures[drive] = _figures(
                found.of(indices),
                None if training is None else training.of(evenly(count, len(indices))),
                real.of(indices),
                reading and reading.of(indices),
                len(indices) >= _FEWEST_OF_DRIVE,
            )
        return figures

    def _look(self, photos: torch.Tensor) -> _Seen:
        common = resized(photos)
        sizes = {_size(common): common} | {_size(photos): photos}
        device = self._synthesizer.device
        return _Seen(
            judges.chroma(photos),
            {name: judges.features(net, common, device) for name, net in self._networks.items()},
            {size: judges.streaks(each) for size, each in sizes.items()},
            {(size, px): cut for size, each in sizes.items() for px, cut in judges.patches(each).items()},
        )

    def _made(self, samples: LabelPhotoSet) -> list[Figure]:
        """What is judged by photos that are made for it."""
        synthesizer, info = self._synthesizer, self._synthesizer.info
        even = [
            np.full((info.height_px, info.width_px), i, np.uint8)
            for i, share in sorted(info.seen.items())
            if share > _EVEN_SHARE and i != UNLABELED
        ]
        frame = None
        if even:
            frame = float(np.abs(judges.frame(_stacked([synthesizer(m) for m in even]))).mean())
        maps = [samples[i][0].numpy() for i in evenly(len(samples), min(_MAPS, len(samples)))]
        one, two = (_stacked([synthesizer(m, seed) for m in maps]) for seed in _SEEDS)
        return [
            Figure(f"frame on {len(even)} even maps, of 255", frame),
            Figure(f"seeds {_SEEDS[0]} and {_SEEDS[1]} differ by, of 255", judges.variety(one, two)),
        ]


def _figures(
    found: _Seen, training: _Seen | None, real: _Seen, reading: Reading | None, distances: bool
) -> list[Figure]:
    figures = []
    if distances:
        figures += [_kid(name, found, training, real) for name in real.features]
        figures += [_wasserstein(level, found, training, real) for level in real.patches]
    sets = (found, training, real)
    figures += [_means(f"streaks at {size}", sets, lambda s, at=size: s.streaks[at]) for size in real.streaks]
    figures.append(_means("chroma, of 255", sets, lambda s: s.chroma))
    if reading:
        counts = reading.generated.sum(0), reading.real.sum(0)
        for i in _THINGS:
            generated, there = (judges.class_iou(c, i, reading.classes) for c in counts)
            figures.append(Figure(f"IoU {CLASS_BY_ID[i].name}", generated, real=there))
    return figures


def _means(judge: str, sets: Sequence[_Seen | None], of: Callable[[_Seen], np.ndarray]) -> Figure:
    return Figure(judge, *(None if seen is None else float(of(seen).mean()) for seen in sets))


def _wasserstein(level: tuple[str, int], found: _Seen, training: _Seen | None, real: _Seen) -> Figure:
    size, height_px = level
    far, floor = (
        None if seen is None else 1e3 * judges.sliced_wasserstein(seen.patches[level], real.patches[level])
        for seen in (found, training)
    )
    return Figure(f"SWD {height_px} px of {size}, x 1e3", far, floor)


def _kid(network: str, found: _Seen, training: _Seen | None, real: _Seen) -> Figure:
    several = len(real) > judges.SUBSET  # else every subset is the same, and nothing deviates
    (far, deviation), (floor, floor_deviation) = (
        (None, None) if seen is None else judges.kid(seen.features[network], real.features[network])
        for seen in (found, training)
    )
    thousandfold = (None if value is None else 1e3 * value for value in (far, floor))
    deviations = (1e3 * v if several and v is not None else None for v in (deviation, floor_deviation))
    return Figure(f"KID by {network}, x 1e3", *thousandfold, None, *deviations)


def evenly(many: int, few: int) -> list[int]:
    """`few` indices below `many`, evenly spread from the first to the last; some twice where few > many."""
    return np.linspace(0, many - 1, few).round().astype(int).tolist()


def resized(photos: torch.Tensor) -> torch.Tensor:
    """Photos `(N, 3, H, W) uint8` at 256 x 256, antialiased."""
    if photos.shape[-2:] == (COMMON_PX, COMMON_PX):
        return photos
    size = (COMMON_PX, COMMON_PX)
    return torch.cat(
        [
            interpolate(one[None], size, mode="bicubic", antialias=True).round().clamp(0, 255).byte()
            for one in photos
        ]
    )


def _size(photos: torch.Tensor) -> str:
    return f"{photos.shape[3]} x {photos.shape[2]}"


def _photos(samples: LabelPhotoSet, indices: Sequence[int]) -> torch.Tensor:
    return torch.stack([samples[i][1] for i in indices])


def _stacked(photos: list[np.ndarray]) -> torch.Tensor:
    """`(H, W, 3) uint8` each -> `(N, 3, H, W) uint8`."""
    return torch.from_numpy(np.stack(photos)).permute(0, 3, 1, 2)


def report(figures: dict[str, list[Figure]]) -> list[str]:
    """The lines of a table for the photos together and for each drive: what each judge says of generated,
    training and real photos."""
    lines = []
    for name, of_drive in figures.items():
        rows = [("judge" if name == NO_DRIVE else name, "generated", "training photos", "real photos")]
        for f in of_drive:
            generated = _says(f.generated, f.generated_deviation)
            rows.append((f.judge, generated, _says(f.training, f.training_deviation), _says(f.real)))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines += [" | ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return lines


def _says(value: float | None, deviation: float | None = None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if deviation is None else f"{value:.3f} ± {deviation:.3f}"
