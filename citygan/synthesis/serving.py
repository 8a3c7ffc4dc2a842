"""The checkpoints that the page is served with: the one that it paints with, and those to compare."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from citygan.checkpoint import SHIPPED, CheckpointInfo
from citygan.errors import CityGANError
from citygan.hub import HubUnreachableError
from citygan.runtime import BrowserFiles, runtime_files
from citygan.synthesis import zero_gpu
from citygan.synthesis.browser import browser_files
from citygan.synthesis.shelf import Shelf, find_runs, short_name
from citygan.synthesis.synthesizer import Synthesizer

log = logging.getLogger(__name__)

_FIRST_VISITOR_S = 10.0  # after so long, nobody is waiting for a first photo


def open_checkpoint(
    asked: str | None, otherwise: str, device: str, most: int | None = None
) -> tuple[Synthesizer, str]:
    """The checkpoint that was asked for, or another one; and what the page should say of it, if anything.

    While the Hub is out of reach, the shipped one stands in for `otherwise`: a Space shows something. Whoever
    asks for one is told at once.

    Args:
        asked: A path or an id of the Hub; None if nobody asked.
        otherwise: The same.
        device: "auto", "cpu" or "cuda".
        most: Photos in one pass, as `Synthesizer` takes it.

    Raises:
        CityGANError: it cannot be loaded, or the device is not there.
    """
    try:
        return Synthesizer(asked or otherwise, device, most=most), ""
    except HubUnreachableError as error:
        if asked:
            raise
        log.warning("%s; the shipped checkpoint is shown", error)
        return Synthesizer(
            SHIPPED, device, most=most
        ), f"{otherwise} is out of reach; this is {SHIPPED.name}."


def for_browsers(synthesizer: Synthesizer) -> BrowserFiles | None:
    """Its checkpoint as visitors' own devices run it; None where it cannot be, or `make runtime` was not
    called."""
    if not runtime_files():  # reading the network again and drawing with it would be for nothing
        return None
    try:
        return browser_files(synthesizer.checkpoint)
    except CityGANError as error:
        log.info("photos are made here alone: %s", error)
        return None


def fill_shelf(
    first: Synthesizer, synthesize: Callable[..., np.ndarray], others: Iterable[str], device: str
) -> Shelf:
    """The first checkpoint, those that come with CityGAN, those in `runs/`, and others.

    Args:
        first: The one that is open.
        synthesize: What makes its photos.
        others: Paths or ids of the Hub.
        device: Where all but the first make theirs; on ZeroGPU it is the CPU, which needs no loan.
    """

    def open_model(source: str) -> tuple[Synthesizer, CheckpointInfo]:
        opened = Synthesizer(source, "cpu" if zero_gpu.is_on() else device)
        return opened, opened.info

    found = [str(SHIPPED), str(SHIPPED.with_name("camvid-citygan")), *find_runs(Path("runs")), *others]
    return Shelf((synthesize, first.info), short_name(first.source), found, open_model)


def warm_up(synthesizer: Synthesizer, *then: Callable[[], object]) -> threading.Thread:
    """Makes a photo of nothing in the background, so that no visitor's is the first one of a process, which
    takes several times as long; then does what makes later ones quicker.

    Args:
        synthesizer: Makes photos.
        then: What follows, in turn: once a visitor has a first photo, so that it has the processor for
            itself, or after 10 s without one.
    """

    def work() -> None:
        synthesizer(np.zeros((synthesizer.info.height_px, synthesizer.info.width_px), np.uint8))
        synthesizer.made_one.clear()
        synthesizer.made_one.wait(_FIRST_VISITOR_S)
        for do in then:
            do()

    thread = threading.Thread(target=work, name="warm-up", daemon=True)
    thread.start()
    return thread
