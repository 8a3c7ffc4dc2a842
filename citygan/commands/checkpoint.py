"""`train.py export` and `train.py draw`: what is done with one checkpoint."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from citygan import checkpoints, palette, reports, streets
from citygan.synthesis import Synthesizer


def export(checkpoint: Path, out: Path, *, half: bool = True) -> None:
    """Copies a checkpoint under another name, by default in half precision, for shipping.

    Args:
        checkpoint: For example runs/NAME/best.
        out: For example checkpoints/camvid-unet.
        half: Store float16.
    """
    generator, info = checkpoints.load(checkpoint)
    checkpoints.save(out, generator, replace(info, name=out.name), half=half)


def draw(model: str, out: Path, *, seed: int | None = None) -> None:
    """Draws the photos that a checkpoint makes of our own eight streets, below their label maps.

    Args:
        model: A checkpoint, a path or a Hub id.
        out: A .jpg file.
        seed: Of the photos.
    """
    synthesizer = Synthesizer(model)
    maps = [streets.street(name, 342, 256) for name in streets.NAMES]
    columns = [(palette.colorize(m), synthesizer(m, seed)) for m in maps]
    half = len(columns) // 2
    reports.draw_grid(
        [above + below for above, below in zip(columns[:half], columns[half:], strict=True)], out
    )
