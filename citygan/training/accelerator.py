"""What runs a training process: device, precision, and the other processes beside it."""

from __future__ import annotations

import torch
from accelerate import Accelerator

from citygan.synthesis.device import find_device


def best_precision(device: str) -> str:
    """ "bf16" where the machine computes in it, else "no".

    Args:
        device: "auto", "cpu" or "cuda".
    """
    if device != "cpu" and torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported() else "no"
    return "bf16" if torch.cpu._is_avx512_bf16_supported() else "no"


def open_accelerator(device: str, precision: str) -> Accelerator:
    """What runs this process, alone or beside the others that torchrun started.

    Args:
        device: "auto", "cpu" or "cuda".
        precision: "no", "bf16", or "auto" for the best of this machine.

    Raises:
        ValueError: a device that is not there.
    """
    # without CUDA, accelerate joins the processes of a torchrun only where it is told to stay on the CPU
    return Accelerator(
        cpu=find_device(device).type == "cpu",
        mixed_precision=best_precision(device) if precision == "auto" else precision,
    )
