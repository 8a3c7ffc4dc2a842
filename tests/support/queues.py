"""Waits for those who wait."""

from __future__ import annotations

from citygan.synthesis.photo_queue import PhotoQueue

PATIENCE_S = 60


def wait_until_queued(queue: PhotoQueue, count: int) -> None:
    """Until so many wait for their photos, while that of another is made."""
    with queue._changed:  # the thread that makes photos does not wait for it meanwhile
        assert queue._changed.wait_for(lambda: len(queue._waiting) >= count, PATIENCE_S)
