"""How right the maps are that photos are read into, and how long that takes, for several ways of reading.

`python benchmarks/photo_in.py --data CAMVID [--every 5] [--json FILE]`: class IoU on each drive of val and
test against their label maps of 480 x 360, and the milliseconds of one core's work for a photo, whatever
else the machine does meanwhile. The baseline is one look at the size of the crops of the training.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
import tyro
from figures import Figures
from torch.nn.functional import interpolate

from citygan.data import dataset as datasets
from citygan.evaluation.reading import READER, PhotoReader
from citygan.evaluation.scores import confusion, fcn_score
from citygan.evaluation.segmenter import Segmenter

HEIGHT_PX, ASPECT = 360, 4 / 3  # of CamVid's label maps
GOAL_MS = 300.0
Reader = Callable[[np.ndarray], np.ndarray]


def look_once(segmenter: Segmenter, height_px: int, width_px: int) -> Reader:
    """Reads a photo at one size, and cleans nothing."""

    def read(photo: np.ndarray) -> np.ndarray:
        pixels = torch.from_numpy(photo).permute(2, 0, 1)[None].float()
        small = interpolate(pixels, [height_px, width_px], mode="bilinear", antialias=True)
        likely = interpolate(segmenter.probabilities(small), photo.shape[:2], mode="bilinear")
        return np.array(segmenter.classes, np.uint8)[likely.argmax(1)[0].numpy()]

    return read


def main(data: Path, every: int = 5, json: Path | None = None, quick: bool = False) -> None:
    """Measures all ways.

    Args:
        data: CamVid's folder.
        every: Reads only each of so many photos.
        json: Also writes the figures there.
        quick: Each 40th photo.
    """
    torch.set_num_threads(1)
    segmenter = Segmenter(READER)
    crop = segmenter.info.config.size_px
    ways: dict[str, Reader] = {
        f"once at {crop} x {crop}": look_once(segmenter, crop, crop),
        "once at 480 x 360": look_once(segmenter, HEIGHT_PX, round(HEIGHT_PX * ASPECT)),
        "as the page does": PhotoReader(READER),
    }
    figures = Figures()
    for split in ("val", "test"):
        samples = datasets.open_split(data, split, HEIGHT_PX, aspect=ASPECT)
        for drive, indices in datasets.drives(samples).items():
            chosen = indices[:: 40 if quick else every]
            for name, read in ways.items():
                iou, ms = _measure(read, samples, chosen, segmenter.classes)
                figures.add(f"{drive} of {split}, {name}: class IoU", 100 * iou, "%")
                goal = GOAL_MS if isinstance(read, PhotoReader) else None
                figures.add(f"{drive} of {split}, {name}: a photo", ms, "ms", at_most=goal)
    figures.show(json)


def _measure(
    read: Reader, samples: datasets.LabelPhotoSet, chosen: list[int], classes: tuple[int, ...]
) -> tuple[float, float]:
    """The class IoU, and the median of the milliseconds."""
    counts: np.ndarray = np.zeros((), np.int64)
    took = []
    for i in chosen:
        labels, photo = samples[i]
        pixels = np.ascontiguousarray(photo.permute(1, 2, 0).numpy())
        start = time.thread_time()
        found = read(pixels)
        took.append(1000 * (time.thread_time() - start))
        counts = counts + confusion(labels.numpy(), found)
    return fcn_score(counts, classes).class_iou, float(np.median(took))


if __name__ == "__main__":
    tyro.cli(main)
