"""Label map in, photo out, on the CPU or CUDA."""

from __future__ import annotations

import logging
import threading
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from . import checkpoints, palette
from .encoding import encode_labels
from .models.layers import NearestConv2d, for_inference

log = logging.getLogger(__name__)

DEFAULT_NOISE_SEED = 0  # of generators that always draw noise, when no seed is asked for
MAX_SIDE_PX = 4096


class Synthesizer:
    """Makes photos of label maps with the generator of a checkpoint.

    `Synthesizer("checkpoints/camvid-unet")(label_map)` is the photo. Calls from several threads wait for
    each other.

    Args:
        checkpoint: A path with or without its suffix, or a Hugging Face Hub id, `OWNER/NAME[@REVISION]`.
        device: "auto" (CUDA where there is one), "cpu" or "cuda".

    Raises:
        CheckpointError: the checkpoint cannot be loaded.
        ValueError: a device that is not there.
    """

    def __init__(self, checkpoint: Path | str = checkpoints.SHIPPED, device: str = "auto"):
        self.device = find_device(device)
        generator, self.info = checkpoints.load(checkpoint)
        self._eager = optimized(generator, self.info.norm_statistics, self.device)
        self._compiled = None
        self._dtype = next(self._eager.parameters()).dtype
        self._has_dropout = any(isinstance(m, nn.Dropout) for m in self._eager.modules())
        self._lock = threading.Lock()

    @property
    def device_name(self) -> str:
        """For people, for example "CPU (2 threads, bfloat16)" or "NVIDIA H200 (float16)"."""
        number_format = str(self._dtype).removeprefix("torch.")
        if self.device.type == "cuda":
            return f"{torch.cuda.get_device_name(self.device)} ({number_format})"
        return f"CPU ({torch.get_num_threads()} threads, {number_format})"

    def __call__(self, label_map: np.ndarray, seed: int | None = None) -> np.ndarray:
        """The photo of a label map.

        Classes that the checkpoint never saw are drawn as their nearest relative, see `palette.SUBSTITUTES`.

        Args:
            label_map: `(H, W) uint8` ids, any size up to 4096 px; it is brought to the model's size and back.
            seed: Draws the photo's noise: the same seed gives the same photo, another one another. None is
                the checkpoint's plain photo, also always the same.

        Returns:
            `(H, W, 3) uint8` sRGB.

        Raises:
            ValueError: no label map, or a side above 4096 px.
        """
        palette.check_label_map(label_map)
        height, width = label_map.shape
        if max(height, width) > MAX_SIDE_PX:
            raise ValueError(f"the label map is {width} x {height}; at most {MAX_SIDE_PX} px a side are made")
        known = palette.replace_unseen(label_map, self.info.seen_classes)
        size = (self.info.width_px, self.info.height_px)
        if (width, height) != size:
            known = np.asarray(Image.fromarray(known).resize(size, Image.Resampling.NEAREST))
        photo = self._generate(torch.from_numpy(np.array(known))[None], seed)
        if (width, height) != size:
            photo = np.asarray(Image.fromarray(photo).resize((width, height), Image.Resampling.BICUBIC))
        return photo

    def compile(self) -> bool:
        """Compiles the generator for the CPU; photos are the same to rounding, in about 0.6 of the time.

        It takes 10 to 60 s, so it is never done before the first photo: see `compile_in_background`.

        Returns:
            Whether photos are now made by compiled code. Not on CUDA, for generators with dropout that are
            asked for a seed, or where there is no C++ compiler.
        """
        if self.device.type != "cpu":
            return False
        from torch._dynamo.exc import TorchDynamoException  # slow to import, and of use here alone
        from torch._inductor import config as inductor_config
        from torch._inductor.exc import InvalidCxxCompiler

        compiled = torch.compile(deepcopy(self._eager))
        blank = torch.zeros(1, self.info.height_px, self.info.width_px, dtype=torch.uint8)
        try:
            with torch.inference_mode(), inductor_config.patch(freezing=True):
                compiled(self._conditions(blank), self._noise(DEFAULT_NOISE_SEED))
        except (TorchDynamoException, InvalidCxxCompiler) as error:
            log.warning("photos are made without compiled code: %s", str(error).splitlines()[0])
            return False
        self._compiled = compiled
        log.info("photos are now made by compiled code")
        return True

    def compile_in_background(self) -> threading.Thread:
        """Starts `compile` in a thread of its own; until it is done, photos are made as before."""
        thread = threading.Thread(target=self.compile, name="compile", daemon=True)
        thread.start()
        return thread

    def _conditions(self, label_maps: torch.Tensor) -> torch.Tensor:
        conditions = encode_labels(label_maps.to(self.device), self.info.encoding).to(self._dtype)
        return conditions.contiguous(memory_format=torch.channels_last)

    @torch.inference_mode()
    def _generate(self, label_maps: torch.Tensor, seed: int | None) -> np.ndarray:
        """`(1, H, W) uint8` of the model's size -> `(H, W, 3) uint8`."""
        conditions = self._conditions(label_maps)
        noise = self._noise(DEFAULT_NOISE_SEED if seed is None else seed)
        with self._lock:
            if seed is not None and self._has_dropout:
                photos = self._with_dropout(conditions, noise, seed)
            else:
                generator = self._eager if self._compiled is None else self._compiled
                photos = generator(conditions, noise)
        photos = photos.float().add(1).mul(127.5).round().clamp(0, 255).byte()
        return photos[0].permute(1, 2, 0).contiguous().cpu().numpy()

    def _noise(self, seed: int) -> list[torch.Tensor]:
        drawn = self._eager.draw_noise(self.info.height_px, self.info.width_px, seed)
        return [n.to(self.device) for n in drawn]

    def _with_dropout(self, conditions: torch.Tensor, noise: list[torch.Tensor], seed: int) -> torch.Tensor:
        """Dropout as pix2pix's noise (section 2.1 of the paper); it draws from the global generator, put
        back after."""
        devices = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices):
            torch.manual_seed(seed)
            set_dropout(self._eager, on=True)
            try:
                return self._eager(conditions, noise)
            finally:
                set_dropout(self._eager, on=False)


def find_device(name: str) -> torch.device:
    """ "auto", "cpu" or "cuda" -> a device that is there.

    Raises:
        ValueError: another name, or CUDA where there is none.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise ValueError(f"device {name!r} is unknown; choose auto, cpu or cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("no CUDA device is available here; use --device cpu or auto")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def optimized(generator: nn.Module, norm_statistics: str, device: torch.device) -> nn.Module:
    """A copy of a generator that computes the same photos faster.

    Norms are folded into their convolutions where running statistics are used, nearest-neighbour
    convolutions become the transposed ones that they equal, and the numbers become float16 on CUDA and
    bfloat16 on CPUs that compute in it.
    """
    fast = for_inference(deepcopy(generator), norm_statistics)
    for module in list(fast.modules()):
        conv, norm = getattr(module, "conv", None), getattr(module, "norm", None)
        if isinstance(conv, NearestConv2d):
            conv = module.conv = _as_transposed(conv)
        if isinstance(norm, nn.BatchNorm2d) and norm_statistics == "running":
            module.conv = fuse_conv_bn_eval(conv, norm, transpose=isinstance(conv, nn.ConvTranspose2d))
            module.norm = nn.Identity()
    return fast.to(device=device, dtype=_dtype_for(device), memory_format=torch.channels_last)


def _as_transposed(conv: NearestConv2d) -> nn.ConvTranspose2d:
    weight = conv.transposed_weight()
    transposed = nn.ConvTranspose2d(*weight.shape[:2], 4, 2, 1, bias=conv.bias is not None).eval()
    transposed.weight = nn.Parameter(weight, requires_grad=False)
    if conv.bias is not None:
        transposed.bias = nn.Parameter(conv.bias.detach(), requires_grad=False)
    return transposed


def _dtype_for(device: torch.device) -> torch.dtype:
    if device.type == "cuda":
        return torch.float16
    return torch.bfloat16 if torch.cpu._is_avx512_bf16_supported() else torch.float32


def set_dropout(network: nn.Module, *, on: bool) -> None:
    """Turns the dropout of a network in inference mode on, as pix2pix's noise, or off."""
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.train(on)
