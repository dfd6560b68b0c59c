"""Speed of the vertex kernels beside a vectorised NumPy version of the same arithmetic, in the same run."""

from __future__ import annotations

from collections.abc import Callable
from timeit import repeat

import numpy as np

from daq.geometry.field import GRID_START_MM, GRID_STEP_MM
from daq.geometry.planes import Z_REFERENCE_MM
from streaming.reco.arrays import F64
from streaming.reco.vertex import default_cells, find_vertices

BATCH = 4096
"""Pairs in one call: what a few frames hold; fits the caches, as it does in the chain."""

ROUNDS = 7


def bench_vertex(n_pairs: int = 400_000) -> dict[str, float]:
    """Measure pairs per second on one core, the best of several rounds.

    Returns
    -------
    dict
        `field_pairs_per_s`, `straight_pairs_per_s`, the same with prefix `numpy_`, and the ratios
        `field_ratio`, `straight_ratio` of kernel to NumPy.
    """
    first, second = random_tracks(BATCH, 1), random_tracks(BATCH, 2)
    cells = default_cells()
    found = {
        "field_pairs_per_s": _rate(lambda: find_vertices(first, second, cells), n_pairs),
        "straight_pairs_per_s": _rate(lambda: find_vertices(first, second, None), n_pairs),
        "numpy_field_pairs_per_s": _rate(lambda: numpy_vertices(first, second, cells), n_pairs // 10),
        "numpy_straight_pairs_per_s": _rate(lambda: numpy_vertices(first, second, None), n_pairs // 10),
    }
    for kind in ("field", "straight"):
        found[f"{kind}_ratio"] = found[f"{kind}_pairs_per_s"] / found[f"numpy_{kind}_pairs_per_s"]
    return found


def random_tracks(n: int, seed: int) -> F64:
    """States of halo-like tracks, columns `vertex.STATE`."""
    rng = np.random.default_rng(seed)
    position, slope = rng.normal(0.0, 370.0, (n, 2)), rng.normal(0.0, 1.8e-3, (n, 2))
    momentum, charge = 10.0 + rng.gamma(1.5, 22.0, n), rng.choice([-1.0, 1.0], n)
    return np.column_stack((position, np.full(n, Z_REFERENCE_MM), slope, momentum, charge))


def numpy_vertices(first: F64, second: F64, cells: F64 | None) -> F64:
    """Vertex and distance, shape (n, 4), by NumPy alone: the reference of the bench and a check of the kernels."""
    a, b = first[:, :5], second[:, :5]
    steps, vertex = _closest(a, b)
    if cells is None:
        return vertex
    for _ in range(2):
        z = 0.5 * (a[:, 2] + b[:, 2] + steps.sum(axis=1))
        line = cells[np.clip((z - GRID_START_MM) / GRID_STEP_MM, 0, len(cells) - 1).astype(np.intp)]
        a, b = first[:, :5].copy(), second[:, :5].copy()
        for bent, track in ((a, first), (b, second)):
            bent[:, [0, 1, 3, 4]] += (track[:, 6] / track[:, 5])[:, None] * line
        steps, vertex = _closest(a, b)
    return vertex


def _closest(a: F64, b: F64) -> tuple[F64, F64]:
    u, v = (np.column_stack((t[:, 3:5], np.ones(len(t)))) for t in (a, b))
    w = b[:, :3] - a[:, :3]
    n = np.cross(u, v)
    n2 = np.einsum("ij,ij->i", n, n)
    s = np.einsum("ij,ij->i", np.cross(w, v), n) / n2
    t = np.einsum("ij,ij->i", np.cross(w, u), n) / n2
    middle = 0.5 * (a[:, :3] + s[:, None] * u + b[:, :3] + t[:, None] * v)
    cda = np.abs(np.einsum("ij,ij->i", w, n)) / np.sqrt(n2)
    return np.column_stack((s, t)), np.column_stack((middle, cda))


def _rate(call: Callable[[], object], n_pairs: int) -> float:
    call()  # compiled and warm before the clock starts
    number = max(1, n_pairs // BATCH)
    return number * BATCH / min(repeat(call, number=number, repeat=ROUNDS))
