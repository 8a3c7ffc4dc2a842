"""Label map in, photo out, on the CPU or CUDA."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import torch
from PIL import Image

from citygan import palette
from citygan.checkpoint import SHIPPED, Checkpoint
from citygan.errors import CityGANError
from citygan.models.generator import Generator
from citygan.models.light import light_of
from citygan.shape import photo_size, photo_sizes
from citygan.streets import Ground
from citygan.synthesis.again import noise_of_regions
from citygan.synthesis.device import find_device
from citygan.synthesis.ground import noise_on_ground
from citygan.synthesis.lighting import Lighting, Lit
from citygan.synthesis.photo_queue import Asked, PhotoQueue
from citygan.synthesis.torch_engine import TorchEngine
from citygan.wire import Again

log = logging.getLogger(__name__)

DEFAULT_NOISE_SEED = 0  # of generators that always draw noise, when no seed is asked for
MAX_SIDE_PX = 4096


class Synthesizer:
    """Makes photos of label maps with the generator of a checkpoint.

    `Synthesizer("checkpoints/camvid-light")(label_map)` is the photo. Calls from several threads wait for
    each other, and have their photos made together where that is faster. When the memory of a GPU is full, or
    a photo takes for ever, later ones are made on the CPU, and `notice` says so.

    Args:
        checkpoint: One that was found, or what `Checkpoint.find` takes: a path, or a Hugging Face Hub id,
            `OWNER/NAME[@REVISION]`.
        device: "auto" (CUDA where there is one), "cpu" or "cuda".
        most: How many photos of calls that wait are made at once; None is what is measured to be faster on
            CUDA, and one on the CPU.

    Raises:
        CityGANError: the checkpoint cannot be had or loaded, or the device is not there.
    """

    def __init__(
        self, checkpoint: Checkpoint | Path | str = SHIPPED, device: str = "auto", *, most: int | None = None
    ):
        self.device = find_device(device)
        found = checkpoint if isinstance(checkpoint, Checkpoint) else Checkpoint.find(checkpoint)
        self.checkpoint, self.source, self.info = found, found.source, found.info
        generator = cast(Generator, found.load())
        self._sizes = photo_sizes(self.info)
        self._lighting = Lighting(light_of(generator), self.info)  # in full precision, and on the CPU
        self._most = most
        self._engine = TorchEngine(generator, self.info, self.device, most)
        self._lock = threading.Lock()  # around each photo
        self._queue = PhotoQueue(self._make, lambda: self._engine.most, self._recover)
        self.made_one = threading.Event()  # a photo
        # One sentence for all who look at photos, when something went wrong with making them
        self.notice = ""

    @classmethod
    def from_pretrained(
        cls,
        id_or_path: Path | str,
        *,
        revision: str | None = None,
        device: str = "auto",
        token: str | None = None,
    ) -> Synthesizer:
        """The same as calling the class, for a Hub id whose revision and token are given apart.

        Args:
            id_or_path: A Hugging Face Hub id, `OWNER/NAME`, or a path.
            revision: A branch, a tag or a full commit.
            device: "auto", "cpu" or "cuda".
            token: By default the one in HF_TOKEN, or of `hf auth login`.

        Raises:
            CityGANError: as for the class.
        """
        return cls(Checkpoint.find(id_or_path, revision=revision, token=token), device)

    @property
    def device_name(self) -> str:
        """For people: "CPU (2 threads, PyTorch, bfloat16)", "NVIDIA H200 (PyTorch, float16)"."""
        if self.device.type == "cuda":
            return f"{torch.cuda.get_device_name(self.device)} ({self._engine.name})"
        return f"CPU ({torch.get_num_threads()} threads, {self._engine.name})"

    def __call__(
        self,
        label_map: np.ndarray,
        seed: int | None = None,
        *,
        light: Sequence[float] | str | None = None,
        brightness: float = 0.0,
        warmth: float = 0.0,
        ground: Ground | None = None,
        again: Again | None = None,
        wait_s: float | None = None,
    ) -> np.ndarray:
        """The photo of a label map.

        Classes that the checkpoint never saw are drawn as their nearest relative, see `palette.SUBSTITUTES`.

        Args:
            label_map: `(H, W) uint8` ids, any size up to 4096 px. It is drawn at the size of `photo_sizes`
                whose shape is nearest, and the photo is brought back to its own.
            seed: Draws the photo's noise: the same seed gives the same photo, another one another. None is
                the checkpoint's plain photo, also always the same.
            light: One of `lights` by name, or eight numbers such as `light_of` gives; None is what the label
                map suggests, which a seed varies.
            brightness: How much brighter than that, in standard deviations over the training photos.
            warmth: How much more red and less blue, in the same unit.
            ground: The camera of a drive, with which the noise moves; None leaves it on the image.
            again: Regions whose noise has seeds of their own.
            wait_s: How long to wait for the photos of other calls; None is as long as they take.

        Returns:
            `(H, W, 3) uint8` sRGB.

        Raises:
            CityGANError: no label map, a side above 4096 px, or a light that the checkpoint does not know.
            BusyError: the wait was over, or it would be too long.
        """
        palette.check_label_map(label_map)
        height, width = label_map.shape
        if max(height, width) > MAX_SIDE_PX:
            raise CityGANError(f"the label map is {width} x {height}; a side has at most {MAX_SIDE_PX} px")
        lit = self._lighting.asked(light, brightness, warmth)
        known = palette.replace_unseen(label_map, self.info.seen_classes)
        size = photo_size(self._sizes, self.info.aspect, width, height)
        if (width, height) != size:
            known = np.asarray(Image.fromarray(known).resize(size, Image.Resampling.NEAREST))
        photo = self._generate(torch.from_numpy(np.array(known))[None], seed, lit, (ground, again), wait_s)
        if (width, height) != size:
            photo = np.asarray(Image.fromarray(photo).resize((width, height), Image.Resampling.BICUBIC))
        self.made_one.set()
        return photo

    @property
    def lights(self) -> dict[str, tuple[float, ...]]:
        """The lights that the checkpoint has names for; none where it is told no light."""
        return self._lighting.named

    def light_of(self, photo: np.ndarray, label_map: np.ndarray | None = None) -> tuple[float, ...]:
        """The light of any picture, to make photos in.

        Args:
            photo: `(H, W, 3) uint8` sRGB.
            label_map: Its classes, `(H, W) uint8`, where they are known: then it is measured as in training.

        Raises:
            CityGANError: the checkpoint is told no light.
        """
        return self._lighting.of_picture(photo, label_map)

    def compile(self) -> bool:
        """Makes later photos faster and the same to rounding: see `TorchEngine.compile`.

        Compiling takes 10 to 60 s, so it is never done before the first photo: see `compile_in_background`.

        Returns:
            Whether photos are now made that way. A seed of a generator with dropout always goes the plain
            way.
        """
        return self._engine.compile(self._lock)

    def compile_in_background(self) -> threading.Thread:
        """Starts `compile` in a thread of its own; until it is done, photos are made as before.

        On Linux, where threads have priorities of their own, it and the compilers that it starts have the
        lowest: they take what the photos leave.
        """

        def compile_last() -> None:
            if sys.platform == "linux":
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
            self.compile()

        thread = threading.Thread(target=compile_last, name="compile", daemon=True)
        thread.start()
        return thread

    def _generate(
        self,
        label_maps: torch.Tensor,
        seed: int | None,
        lit: Lit | None,
        moved: tuple[Ground | None, Again | None],
        wait_s: float | None,
    ) -> np.ndarray:
        """`(1, H, W) uint8` of one of the model's sizes -> `(H, W, 3) uint8`."""
        if seed is None and self.info.dropout_at_inference:
            seed = DEFAULT_NOISE_SEED
        with torch.inference_mode():
            drawn = self._drawn(label_maps, seed, lit, *moved)
        dropout_seed = seed if self._engine.dropouts else None
        return self._queue(Asked(label_maps, drawn, dropout_seed), wait_s).numpy()

    @torch.inference_mode()
    def _make(self, asked: Sequence[Asked]) -> torch.Tensor:
        """`(N, H, W, 3) uint8`, in the queue's thread."""
        engine = self._engine
        try:
            with self._lock:
                return _photos(engine, asked)
        except torch.OutOfMemoryError:
            if engine.device.type == "cpu":
                raise
        torch.cuda.empty_cache()
        if len(asked) > 1:
            engine.most = 1
            return torch.cat([self._make([one]) for one in asked])
        self._begin_again("The GPU's memory is full, so photos are made on the CPU now.")
        return self._make(asked)

    def _recover(self) -> None:
        """After a photo that took for ever, in whose engine something still hangs."""
        self._begin_again("A photo got stuck, so photos are made in the plain way on the CPU now.")

    def _begin_again(self, notice: str) -> None:
        """Takes a fresh engine, on the CPU."""
        log.warning("%s", notice)
        generator = cast(Generator, self.checkpoint.load())
        self.device = torch.device("cpu")
        self._lock = threading.Lock()
        self._engine = TorchEngine(generator, self.info, self.device, self._most)
        self.notice = notice

    def _drawn(
        self,
        label_maps: torch.Tensor,
        seed: int | None,
        lit: Lit | None,
        ground: Ground | None = None,
        again: Again | None = None,
    ) -> list[torch.Tensor]:
        """What the generator takes beside the map: the light, where it is told one, and the noise."""
        drawn_from = DEFAULT_NOISE_SEED if seed is None else seed
        height, width = label_maps.shape[1:]
        draw = partial(self._engine.generator.draw_noise, height, width)
        drawn = draw(drawn_from)
        if again:
            drawn = noise_of_regions(drawn, draw, again, (width, height))
        if ground:
            drawn = noise_on_ground(drawn, label_maps[0].numpy(), ground, drawn_from)
        return [*self._lighting.told(label_maps, seed, lit), *drawn]


def _photos(engine: TorchEngine, asked: Sequence[Asked]) -> torch.Tensor:
    """The photos of some that were asked for, in one pass."""
    first = asked[0]
    if len(asked) == 1:
        if first.dropout_seed is not None:
            return engine.with_dropout(first.label_map, first.drawn, first.dropout_seed)
        return engine(first.label_map, first.drawn)
    label_maps = torch.cat([one.label_map for one in asked])
    return engine(label_maps, [torch.cat(drawn) for drawn in zip(*(a.drawn for a in asked), strict=True)])
