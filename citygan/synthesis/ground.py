"""Noise that stays with the world while the camera drives through it.

A photo's noise lies on the image. Left there while the world moves, the photo looks as if seen through a
dirty pane; drawn anew for each photo, it boils. Here each pixel gets the noise of the place that it shows:
how far that is follows from where the thing that it belongs to stands on the ground (as in Hoiem et al.
2005, Automatic Photo Pop-up, https://doi.org/10.1145/1186822.1073232), and what is near has finer noise than
what is far, in octaves that are cross-faded.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch

from citygan.palette import CLASSES
from citygan.streets import Camera, Ground

FLAT = [c.id for c in CLASSES if c.category == "flat"]
SKY = [c.id for c in CLASSES if c.name == "sky"]
FARTHEST_M = 400.0
SKY_M = 1e5  # so far that no drive changes how it looks
_DRAWN = 1 << 16  # normal numbers, which the places of the world share


def noise_on_ground(
    planes: Sequence[torch.Tensor], label_map: np.ndarray, ground: Ground, seed: int
) -> list[torch.Tensor]:
    """The noise of one photo of a drive, normal as before.

    Args:
        planes: What `Generator.draw_noise` gives, each `(1, 1, h, w) float32`.
        label_map: `(H, W) uint8` ids, of the generator's size.
        ground: Where the camera is.
        seed: Of the noise.
    """
    if not ground.share:
        return list(planes)
    turn = 0.5 * np.pi * min(max(ground.share, 0.0), 1.0)
    return [
        float(np.cos(turn)) * plane
        + float(np.sin(turn)) * torch.from_numpy(_world(plane.shape[-2:], label_map, ground.camera, seed, i))
        for i, plane in enumerate(planes)
    ]


def _world(size: Sequence[int], label_map: np.ndarray, camera: Camera, seed: int, plane: int) -> np.ndarray:
    """`(1, 1, h, w) float32`, the noise of what each pixel shows."""
    height, width = size
    rows = (np.arange(height) + 0.5) * label_map.shape[0] / height
    columns = (np.arange(width) + 0.5) * label_map.shape[1] / width
    ids = label_map[rows.astype(int)][:, columns.astype(int)]
    down = ((np.arange(height) + 0.5) / height - camera.horizon)[:, None]  # in image heights, as `across`
    across = (((np.arange(width) + 0.5) / width - camera.center) * label_map.shape[1] / label_map.shape[0])[
        None
    ]
    depth, flat = depths(ids, camera, down)
    x = (across / camera.focal - camera.bend * depth) * depth
    y = np.where(flat, -camera.eye_m, -down * depth / camera.focal)
    pixel = depth / (camera.focal * height)  # metres that a pixel shows
    along = pixel * depth / np.where(flat, camera.eye_m, np.maximum(np.abs(x), camera.eye_m))
    table = _table(seed, plane)
    places = np.stack([x, y, depth + camera.at_m]).reshape(3, -1)
    noise = _octaves(table, places, pixel.ravel(), along.ravel(), smooth=height * width <= 1 << 14)
    return noise.astype(np.float32).reshape(1, 1, height, width)


@lru_cache(maxsize=16)
def _table(seed: int, plane: int) -> np.ndarray:
    """The numbers behind a plane, which a whole drive shares: 256 KiB."""
    return np.random.default_rng((seed, plane)).standard_normal(_DRAWN, np.float32)


def depths(ids: np.ndarray, camera: Camera, down: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far away what pixels show is, `(h, w)` in metres, and which of them are ground: what stands is as
    far as the ground that it stands on.

    Args:
        ids: `(h, w) uint8`.
        camera: What sees it.
        down: `(h, 1)`, how far each row is below the horizon, in image heights.
    """
    below = np.maximum(down, camera.focal * camera.eye_m / FARTHEST_M)
    ground = np.broadcast_to(camera.focal * camera.eye_m / below, ids.shape)
    flat = np.isin(ids, FLAT) & (down > 0)
    number = np.broadcast_to(np.arange(len(ids))[::-1, None], ids.shape)  # of each row, from below
    foot = np.maximum.accumulate(np.where(flat[::-1], number[::-1], 0), 0)[::-1]
    depth = np.take_along_axis(ground, len(ids) - 1 - foot, 0)
    return np.where(np.isin(ids, SKY), SKY_M, depth), flat


def _octaves(
    table: np.ndarray, places: np.ndarray, pixel: np.ndarray, along: np.ndarray, *, smooth: bool
) -> np.ndarray:
    """Noise at places of the world, `(3, N)` in metres, in cells about as large as a pixel there: `pixel`
    across and upward, `along` the road. Two sizes of cells on either side of that are mixed."""
    total = 0.0
    for step_x in (0, 1):
        for step_z in (0, 1):
            cell, weight = np.empty_like(places), 1.0
            for rows, metres, step in ((slice(2), pixel, step_x), (slice(2, 3), along, step_z)):
                octave = np.log2(metres)
                share = octave - np.floor(octave)
                weight = weight * np.sqrt(share if step else 1.0 - share)
                cell[rows] = np.floor(octave) + step
            total = total + weight * _cells(table, places / np.exp2(cell), cell, smooth)
    return total


def _cells(table: np.ndarray, places: np.ndarray, octaves: np.ndarray, smooth: bool) -> np.ndarray:
    """The number of the cell of each place; where `smooth`, eight are mixed, in the variance of one."""
    key = (octaves[0] * 64 + octaves[2]).astype(np.int64)
    if not smooth:
        return table[_hash(np.floor(places), key)]
    low = np.floor(places - 0.5)
    part = places - 0.5 - low
    value, power = 0.0, 0.0
    for corner in range(8):
        step = np.array([corner & 1, corner >> 1 & 1, corner >> 2])[:, None]
        weight = np.where(step, part, 1 - part).prod(0)
        value = value + weight * table[_hash(low + step, key)]
        power = power + weight * weight
    return value / np.sqrt(power)


def _hash(cells: np.ndarray, key: np.ndarray) -> np.ndarray:
    """An index into the table for each cell, `(3, N)` -> `(N,)`; primes as in Teschner et al. 2003, Optimized
    Spatial Hashing, section 4.1."""
    x, y, z = cells.astype(np.int64)
    mixed = (x * 73856093) ^ (y * 19349663) ^ (z * 83492791) ^ (key * 2654435761)
    mixed = (mixed ^ (mixed >> 15)) * 2246822519
    return (mixed ^ (mixed >> 13)) & (_DRAWN - 1)
