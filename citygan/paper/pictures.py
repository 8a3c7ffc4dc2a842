"""Pictures of one run for `results/`, none of which shows a photo or a label map of the data set."""

from __future__ import annotations

from pathlib import Path

from citygan import palette, streets
from citygan.evaluation.sheets import draw_grid
from citygan.files import remove_leftovers
from citygan.publishing.push import draw_epochs
from citygan.synthesis.synthesizer import Synthesizer
from citygan.training.log import draw_curves, read_log

STREETS = streets.NAMES[:5]
COLUMN_PX = 160  # of the animation, which stays below 3 MB


def draw_run(run: Path, out: Path, device: str) -> None:
    """Draws `curves.png`, `samples.jpg` and `training.gif` of a run.

    Args:
        run: Its folder.
        out: Where they go, and nothing else.
        device: "auto", "cpu" or "cuda".
    """
    remove_leftovers(out)
    draw_curves(read_log(run), out / "curves.png")
    maps = [streets.street(name, 342, 256) for name in STREETS]
    last, best = (Synthesizer(run / which, device) for which in ("last", "best"))
    draw_grid([(palette.colorize(m), last(m), best(m)) for m in maps], out / "samples.jpg")
    draw_epochs(run / "samples", out / "training.gif", height_px=COLUMN_PX)
