"""All doors, one after the other."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from pathlib import Path

import fakes
import tiny

from citygan.checkpoint import Checkpoint
from citygan.streets import street
from citygan.synthesis.synthesizer import Synthesizer
from citygan.ui.page import build_app, launch_options
from citygan.ui.result import save_picture
from tests.attack import checkpoints, graphs, hubs, options, pictures, visitors, web
from tests.attack.door import Door, Report, attack

STREET = {"generator": "street-unet", "arguments": {"in_channels": 29, "width": 2, "depth": 6}}
STREET |= {"encoding": "classes", "norm_statistics": "instance", "height_px": 128, "width_px": 128}


def attack_everywhere(cases: int, seed: int) -> Iterator[Report | BaseException]:
    """Attacks each door, however many of them give way; what one raised comes in place of its report.

    Args:
        cases: In all, by the doors' costs.
        seed: Draws them.
    """
    with tempfile.TemporaryDirectory() as folder, hubs.doors(Path(folder, "hub")) as hub_doors:
        saved = Checkpoint.save(Path(folder, "street"), tiny.settled_street_unet(2), tiny.info(**STREET))
        synthesizer = Synthesizer(saved, "cpu")
        page = build_app(fakes.synthesize, fakes.score, fakes.INFO, "an attack")
        label_file = save_picture(street("junction", 96, 64))
        _, address, _ = page.launch(prevent_thread_lock=True, quiet=True, **launch_options())
        doors = [
            *checkpoints.doors(),
            *graphs.doors(),
            *hub_doors,
            *visitors.doors(synthesizer, label_file),
            *pictures.doors(),
            *options.doors(),
            web.web_door(page, address),
        ]
        try:
            yield from (_attacked(door, share, seed) for door, share in shares(doors, cases))
        finally:
            page.close()


def shares(doors: list[Door], cases: int) -> Iterator[tuple[Door, int]]:
    """How many of the cases each door gets: the fewer, the longer one takes."""
    weights = [1 / door.cost for door in doors]
    for door, weight in zip(doors, weights, strict=True):
        yield door, max(5, math.ceil(cases * weight / sum(weights)))


def _attacked(door: Door, cases: int, seed: int) -> Report | BaseException:
    try:
        return attack(door, cases, seed)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return error
