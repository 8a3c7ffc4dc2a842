"""Where visitors' files lie while the app runs, and that they go after an hour.

Gradio keeps them below the system's folder for temporary files, where each user of the machine can read them
and each of Gradio's apps serves those of all others. Its own clean-up ends for good with the first request
that it meets ("Set changed size during iteration"), and knows nothing of uploads that broke off.
"""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
import time
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path

import anyio.to_thread
import gradio as gr

LIVE_S = 3600  # how long uploaded and made pictures stay on disk
LOOK_EVERY_S = 300

log = logging.getLogger(__name__)


@cache
def keep_private() -> tempfile.TemporaryDirectory:
    """Has Gradio keep files in a folder of this process alone, which no other user can read, and which goes
    when the process ends."""
    parent = os.environ.get("GRADIO_TEMP_DIR") or None
    if parent:
        Path(parent).mkdir(parents=True, exist_ok=True)
    folder = tempfile.TemporaryDirectory(prefix="citygan-", dir=parent, ignore_cleanup_errors=True)
    os.environ["GRADIO_TEMP_DIR"] = folder.name  # Gradio asks for it again and again
    return folder


def remove_old(folder: Path, kept: Collection[str] = (), now: float | None = None) -> set[str]:
    """Removes files and empty folders that nobody touched for an hour, while others come and go.

    What was touched later than now, since the clock was set back, counts as touched now.

    Args:
        folder: All below it is looked at; links are not followed.
        kept: Paths that stay.
        now: Seconds since 1970; by default what the clock says.

    Returns:
        The paths of the files that were removed.
    """
    now = time.time() if now is None else now
    latest, removed = now - LIVE_S, set()
    for place, folders, files in os.walk(folder, topdown=False):
        for name in files:
            path = os.path.join(place, name)
            with suppress(OSError):  # somebody else removed it, or may not be robbed of it
                touched = os.lstat(path).st_ctime
                if touched > now + LOOK_EVERY_S:
                    os.utime(path, follow_symlinks=False)  # which changes both of its times
                elif path not in kept and touched < latest:
                    os.remove(path)
                    removed.add(path)
        for name in folders:
            path = os.path.join(place, name)
            with suppress(OSError):  # it is not empty, or gone
                touched = os.lstat(path).st_mtime
                if touched > now + LOOK_EVERY_S:
                    os.utime(path, follow_symlinks=False)
                elif touched < latest:
                    os.rmdir(path)
    return removed


def clean_up(page: gr.Blocks, now: float | None = None) -> None:
    """Removes old files of a page, and has Gradio forget them: it would look through all their names for each
    file that it serves."""
    kept = {file for block in page.blocks.values() for file in getattr(block, "keep_in_cache", ())}
    removed = remove_old(Path(keep_private().name), kept, now)
    for names in page.temp_file_sets:
        names.difference_update(removed)


@asynccontextmanager
async def old_files_go(app) -> AsyncGenerator[None]:
    """A lifespan for the app of a page: cleans up every five minutes, whatever happens."""

    async def clean_up_for_ever() -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await anyio.to_thread.run_sync(clean_up, app.get_blocks())
            except Exception:  # the next time may go well, and files must not pile up
                log.exception("old files could not be removed")

    task = asyncio.create_task(clean_up_for_ever())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
