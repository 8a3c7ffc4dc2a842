"""Training states and what a step takes."""

from __future__ import annotations

import tiny
import torch

from citygan.models.encoding import encode_labels
from citygan.training.config import TrainConfig


def same(one: object, other: object) -> bool:
    """Whether two nested states are equal bit for bit."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def batch(config: TrainConfig, count: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """Encoded label maps and photos, always the same."""
    torch.manual_seed(5)
    label_maps = torch.from_numpy(tiny.CAMVID_IDS)[torch.randint(len(tiny.CAMVID_IDS), (count, 256, 256))]
    return encode_labels(label_maps, config.encoding), torch.rand(count, 3, 256, 256) * 2 - 1
