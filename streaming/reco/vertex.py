"""Two-track vertex: closest approach of two lines, through the residual field of the vacuum tank.

The cosine form 1 - (d1.d2)^2 loses half of the digits for nearly parallel tracks; the squared cross product of the
directions does not. Inside one cell of the field grid a path is a straight line, so the field enters as another
line: intercept and slope of the cell, times q/p. One lookup serves both tracks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

import numpy as np

from daq.geometry.field import GRID_START_MM, GRID_STEP_MM, ResidualField, residual_field
from daq.geometry.planes import Z_REFERENCE_MM
from daq.jit import inline_kernel, kernel
from streaming.reco.arrays import F64, I8

STATE = ("x", "y", "z", "tx", "ty", "p", "charge")
"""Columns of a track state [mm, mm, mm, rad, rad, GeV/c, e]."""


class VertexStatus(IntEnum):
    """Why there is a vertex, or none."""

    OK = 0
    PARALLEL = 1
    IDENTICAL = 2
    INVALID = 3


@dataclass(frozen=True, slots=True)
class Vertices:
    """Vertices of pairs; NaN where `status` is not OK.

    vertex : float64 (n, 4)    x, y, z of the midpoint and distance of closest approach [mm]
    slopes : float64 (n, 4)    tx, ty of the first, then of the second track at the vertex [rad]
    status : int8 (n,)         `VertexStatus`
    """

    vertex: F64
    slopes: F64
    status: I8


def find_vertices(first: F64, second: F64, cells: F64 | None) -> Vertices:
    """Closest approach of pairs of tracks.

    Parameters
    ----------
    first, second : float64, shape (n, 7), C order
        Columns `STATE`. With a field the states are at Z = 180 m, where its curve is zero.
    cells : float64, shape (n_cells, 4), or None
        From `field_cells`; None is a tank without field.

    Returns
    -------
    Vertices
        Parallel tracks have a distance but no vertex; identical ones have distance 0; anything that is not finite
        gives NaN everywhere. Nothing warns and nothing raises. Source: physics notes E.1, C.7.
    """
    n = len(first)
    out = Vertices(np.empty((n, 4)), np.empty((n, 4)), np.empty(n, np.int8))
    if cells is None:
        straight_vertices(first, second, out.vertex, out.slopes, out.status)
    else:
        field_vertices(first, second, cells, GRID_START_MM, 1.0 / GRID_STEP_MM, out.vertex, out.slopes, out.status)
    return out


def field_cells(field: ResidualField) -> F64:
    """Line of a track with q/p = 1 in each cell: intercept x, y at Z = 180 m [mm GeV/c], slope x, y [rad GeV/c]."""
    z_grid = GRID_START_MM + GRID_STEP_MM * np.arange(len(field.slope))
    intercept = field.displacement[:-1] + field.slope * (Z_REFERENCE_MM - z_grid)[:, None]
    return np.ascontiguousarray(np.concatenate((intercept, field.slope), axis=1))


@lru_cache(maxsize=1)
def default_cells() -> F64:
    """`field_cells` of the measured residual field."""
    return field_cells(residual_field())


@inline_kernel
def _cell(z: float, start: float, per_mm: float, last: int) -> int:
    """Cell of a position; the first one for NaN, so that no conversion is undefined."""
    u = (z - start) * per_mm
    if u >= last:
        return last
    if u > 0.0:
        return int(u)
    return 0


@inline_kernel
def _meet(
    x1: float, y1: float, z1: float, a1: float, b1: float, x2: float, y2: float, z2: float, a2: float, b2: float
) -> tuple[float, float, float, float]:
    """Path lengths in Z to the closest points, w.n and n^2, for the normal n = (a1, b1, 1) x (a2, b2, 1)."""
    nx, ny = b1 - b2, a2 - a1
    nz = -a1 * nx - b1 * ny  # as a1 b2 - b1 a2, from differences, which keep their digits
    wx, wy, wz = x2 - x1, y2 - y1, z2 - z1
    n2 = nx * nx + ny * ny + nz * nz
    inverse = 1.0 / n2
    s1 = ((wy - wz * b2) * nx + (wz * a2 - wx) * ny + (wx * b2 - wy * a2) * nz) * inverse
    s2 = ((wy - wz * b1) * nx + (wz * a1 - wx) * ny + (wx * b1 - wy * a1) * nz) * inverse
    return s1, s2, wx * nx + wy * ny + wz * nz, n2


@inline_kernel
def _store(
    i: int, x1: float, y1: float, z1: float, a1: float, b1: float, x2: float, y2: float, z2: float, a2: float,
    b2: float, vertex: F64, slopes: F64, status: I8,
) -> None:  # fmt: skip
    """Write one result, with NaN for everything that is not a proven vertex."""
    s1, s2, wn, n2 = _meet(x1, y1, z1, a1, b1, x2, y2, z2, a2, b2)
    x = 0.5 * ((x1 + s1 * a1) + (x2 + s2 * a2))
    y = 0.5 * ((y1 + s1 * b1) + (y2 + s2 * b2))
    z = 0.5 * ((z1 + s1) + (z2 + s2))
    cda = abs(wn) / math.sqrt(n2)
    code = 0
    if not (math.isfinite(x + y + z) and math.isfinite(cda)):
        x, y, z, code = math.nan, math.nan, math.nan, 3
        cda = math.nan
        if n2 == 0.0:
            wx, wy, wz = x2 - x1, y2 - y1, z2 - z1
            cx, cy, cz = wy - wz * b1, wz * a1 - wx, wx * b1 - wy * a1
            cda = math.sqrt((cx * cx + cy * cy + cz * cz) / (a1 * a1 + b1 * b1 + 1.0))
            code = 2 if cda == 0.0 else (1 if math.isfinite(cda) else 3)
            cda = cda if code != 3 else math.nan
    vertex[i, 0], vertex[i, 1], vertex[i, 2], vertex[i, 3] = x, y, z, cda
    bad = code != 0
    slopes[i, 0], slopes[i, 1] = (math.nan if bad else a1), (math.nan if bad else b1)
    slopes[i, 2], slopes[i, 3] = (math.nan if bad else a2), (math.nan if bad else b2)
    status[i] = code


@kernel
def straight_vertices(first: F64, second: F64, vertex: F64, slopes: F64, status: I8) -> None:
    """`find_vertices` without field; outputs are those of `Vertices`."""
    for i in range(first.shape[0]):
        _store(
            i, first[i, 0], first[i, 1], first[i, 2], first[i, 3], first[i, 4],
            second[i, 0], second[i, 1], second[i, 2], second[i, 3], second[i, 4], vertex, slopes, status,
        )  # fmt: skip


@kernel
def field_vertices(
    first: F64, second: F64, cells: F64, start: float, per_mm: float,
    vertex: F64, slopes: F64, status: I8,
) -> None:  # fmt: skip
    """`find_vertices` with field: straight lines first, then twice the tangents at the current Z.

    start, per_mm : start of the grid [mm] and cells per mm
    """
    last = cells.shape[0] - 1
    for i in range(first.shape[0]):
        x1, y1, z1, a1, b1 = first[i, 0], first[i, 1], first[i, 2], first[i, 3], first[i, 4]
        x2, y2, z2, a2, b2 = second[i, 0], second[i, 1], second[i, 2], second[i, 3], second[i, 4]
        # 0 x p: an infinite momentum is no straight track, it is a broken number
        k1 = first[i, 6] / first[i, 5] + 0.0 * first[i, 5]
        k2 = second[i, 6] / second[i, 5] + 0.0 * second[i, 5]
        u1, v1, u2, v2 = x1, y1, x2, y2
        e1, f1, e2, f2 = a1, b1, a2, b2
        s1, s2, _, n2 = _meet(u1, v1, z1, e1, f1, u2, v2, z2, e2, f2)
        if n2 == 0.0:  # parallel at Z = 180 m: no Z to start from, left to `_store`, which must see a bad q/p
            u1 += 0.0 * (k1 + k2)
        else:
            for _ in range(2):
                c = _cell(0.5 * ((z1 + s1) + (z2 + s2)), start, per_mm, last)
                cx, cy, cu, cv = cells[c, 0], cells[c, 1], cells[c, 2], cells[c, 3]
                u1, v1, e1, f1 = x1 + k1 * cx, y1 + k1 * cy, a1 + k1 * cu, b1 + k1 * cv
                u2, v2, e2, f2 = x2 + k2 * cx, y2 + k2 * cy, a2 + k2 * cu, b2 + k2 * cv
                s1, s2, _, n2 = _meet(u1, v1, z1, e1, f1, u2, v2, z2, e2, f2)
        _store(i, u1, v1, z1, e1, f1, u2, v2, z2, e2, f2, vertex, slopes, status)
