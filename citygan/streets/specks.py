"""Removes what is too small to be seen."""

from __future__ import annotations

import numpy as np


def without_specks(label_map: np.ndarray, smallest_px: int) -> np.ndarray:
    """Gives connected regions of fewer than `smallest_px` pixels the class on their left.

    Args:
        label_map: `(H, W) uint8`.
        smallest_px: the size from which on a region stays. Regions are connected by edges, not by corners.

    Returns:
        A new label map of the same shape.
    """
    out = label_map.copy()
    rows, columns, lengths = _runs(label_map)
    roots = _regions(label_map, rows, columns, lengths)
    sizes = np.bincount(roots, lengths, len(roots))
    for run in np.flatnonzero(sizes[roots] < smallest_px):
        y, x = rows[run], columns[run]
        before = (y, x - 1) if x else (max(y - 1, 0), 0)
        out[y, x : x + lengths[run]] = out[before]
    return out


def _runs(label_map: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row, first column and length of each horizontal run of one class, row by row."""
    starts = np.ones(label_map.shape, bool)
    starts[:, 1:] = label_map[:, 1:] != label_map[:, :-1]
    flat = np.flatnonzero(starts)
    rows, columns = np.divmod(flat, label_map.shape[1])
    return rows, columns, np.diff(flat, append=label_map.size)


def _regions(label_map: np.ndarray, rows: np.ndarray, columns: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """For each run the number of the first run of its region, by union-find over runs that touch."""
    ids = label_map[rows, columns].tolist()
    starts, ends = columns.tolist(), (columns + lengths).tolist()
    first = np.searchsorted(rows, np.arange(label_map.shape[0] + 1)).tolist()  # of each row
    parents = list(range(len(ids)))

    def root(run: int) -> int:
        while parents[run] != run:
            parents[run] = run = parents[parents[run]]
        return run

    for y in range(1, label_map.shape[0]):
        above, below = first[y - 1], first[y]
        while above < first[y] and below < first[y + 1]:
            if ids[above] == ids[below] and starts[above] < ends[below] and starts[below] < ends[above]:
                a, b = root(above), root(below)
                parents[max(a, b)] = min(a, b)
            if ends[above] < ends[below]:
                above += 1
            else:
                below += 1
    return np.array([root(run) for run in range(len(ids))])
