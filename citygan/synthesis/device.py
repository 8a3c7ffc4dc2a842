"""What computes here."""

from __future__ import annotations

import platform

import torch

from citygan.errors import CityGANError


def find_device(name: str) -> torch.device:
    """ "auto", "cpu" or "cuda" -> a device that is there.

    Raises:
        CityGANError: another name, or CUDA where there is none.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise CityGANError(f"device {name!r} is unknown; choose auto, cpu or cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise CityGANError("no CUDA device is available here; use --device cpu or auto")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def hardware(device: torch.device, processes: int = 1) -> str:
    """What a figure was measured on, by so many processes: "NVIDIA H200" or "2 CPU cores (x86_64)"."""
    if device.type == "cuda":
        return f"{f'{processes} x ' if processes > 1 else ''}{torch.cuda.get_device_name(device)}"
    cores = torch.get_num_threads() * processes
    return f"{cores} CPU core{'' if cores == 1 else 's'} ({platform.machine()})"
