"""The photos that visitors compare with: kept on the server, so that each is sent once."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from typing import Any

import numpy as np
from PIL import Image

MAX_TARGETS = 64
MAX_TARGET_SIDE_PX = 512


class Targets:
    """The targets used last, small, each under a token that cannot be guessed."""

    def __init__(self):
        self._photos: OrderedDict[str, np.ndarray] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, photo: np.ndarray) -> dict[str, Any]:
        """Keeps a photo `(H, W, 3) uint8` in place of the one used longest ago; its token and size."""
        kept, token = within(photo, MAX_TARGET_SIDE_PX), secrets.token_urlsafe(12)
        with self._lock:
            self._photos[token] = kept
            while len(self._photos) > MAX_TARGETS:
                self._photos.popitem(last=False)
        return {"token": token, "width": photo.shape[1], "height": photo.shape[0]}

    def get(self, token: str | None) -> np.ndarray | None:
        """The photo behind a token; None where it is gone, or there never was one."""
        with self._lock:
            if token in self._photos:
                self._photos.move_to_end(token)
            return self._photos.get(token)


def within(photo: np.ndarray, side_px: int) -> np.ndarray:
    """A photo whose sides have at most so many pixels."""
    image = Image.fromarray(photo)
    image.thumbnail((side_px, side_px), Image.Resampling.LANCZOS)
    return np.array(image)
