"""Finds the label map in a visitor's photo, with the segmentation network that also judges photos."""

from __future__ import annotations

import threading
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn.functional import interpolate

from citygan.checkpoint import SHIPPED, Checkpoint
from citygan.evaluation.segmenter import Segmenter, SegmenterInfo
from citygan.streets.specks import without_specks

READER = SHIPPED.with_name("camvid-reader")  # the network that reads photos; another one goes here
MAP_SIDE_PX = 720  # the longer side of a map, at most: about that of the canvas
_SPECK = 1 / 5000  # of a map's pixels: what is smaller is noise to people who edit it


class PhotoReader:
    """Reads label maps in photos. The network is loaded with the first one; many threads may ask.

    Args:
        source: What `Checkpoint.find` takes: a path, or a Hugging Face Hub id.

    Raises:
        CityGANError: there is none, or its `.json` cannot be used.
    """

    def __init__(self, source: Path | str = READER):
        self._source = source
        self._info = Checkpoint.find(source, SegmenterInfo).info
        self._loading = threading.Lock()

    @property
    def class_iou(self) -> float:
        """How right it is, from its `.json`: the mean over the classes, on a drive never seen in training; on
        photos of validation where that is not known."""
        return self._info.unseen_iou or self._info.val.class_iou

    @cached_property
    def _segmenter(self) -> Segmenter:
        return Segmenter(self._source)

    def __call__(self, photo: np.ndarray) -> np.ndarray:
        """The label map of a photo, a prediction.

        It is read at the size that training cut its crops from, once as it is and once mirrored; the mean of
        both says the class. `benchmarks/photo_in.py` says what that is worth.

        Args:
            photo: `(H, W, 3) uint8` sRGB.

        Returns:
            `(H', W') uint8` ids, of the photo's shape with a longer side of at most `MAP_SIDE_PX`; regions of
            less than a 5000th of it are gone.

        Raises:
            CityGANError: the weights are damaged.
        """
        with self._loading:
            segmenter = self._segmenter
        image = Image.fromarray(photo)
        image.thumbnail((MAP_SIDE_PX, MAP_SIDE_PX), Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None]
        ids = self._classes(segmenter, pixels)
        return without_specks(ids, max(2, round(ids.size * _SPECK)))

    @torch.inference_mode()
    def _classes(self, segmenter: Segmenter, pixels: torch.Tensor) -> np.ndarray:
        """`(1, 3, H, W) uint8` -> `(H, W) uint8`."""
        config = self._info.config
        small = interpolate(pixels.float(), config.shape(config.load_px), mode="bilinear", antialias=True)
        both = segmenter.probabilities(torch.cat([small, small.flip(3)]))
        mean = (both[:1] + both[1:].flip(3)) / 2
        channels = interpolate(mean, pixels.shape[-2:], mode="bilinear").argmax(1)[0]
        return np.array(segmenter.classes, np.uint8)[channels.numpy()]
