"""Published weights through torchvision's cache, with errors that say what to do where they can't be had."""

from __future__ import annotations

import pickle
import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from citygan.errors import CityGANError

if TYPE_CHECKING:
    from torchvision.models import WeightsEnum

_TIMEOUT_S = 10.0  # without an answer; torch.hub itself would wait for ever


class WeightsUnavailableError(CityGANError):
    """Published weights that cannot be had; the message says why and what to do."""


@contextmanager
def published(weights: WeightsEnum, otherwise: str = "") -> Generator[None]:
    """Around code that makes torchvision load `weights`: from its cache, or else by a download.

    Args:
        weights: Which ones.
        otherwise: What the error also advises, such as ", or go without them: --no-pretrained".

    Raises:
        WeightsUnavailableError: they are not in the cache and cannot be downloaded, or are damaged.
    """
    file = Path(torch.hub.get_dir()) / "checkpoints" / weights.url.rpartition("/")[2]
    earlier = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_TIMEOUT_S)
    try:
        yield
    except OSError as error:
        raise WeightsUnavailableError(
            f"{weights.url} cannot be downloaded ({error}); put that file at {file}, or set TORCH_HOME"
            f"{otherwise}"
        ) from error
    except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise WeightsUnavailableError(f"{file} is damaged ({error}); get it again, {weights.url}") from error
    finally:
        socket.setdefaulttimeout(earlier)
