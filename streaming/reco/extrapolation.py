"""Where tracks cross the detector planes, and whether they are accepted there.

A path is its straight line through Z = 180 m plus (charge/p) times one number for each plane: the curve of the
residual field, and downstream of its centre the thin kick of MNP33.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from daq.config.reco import RecoConfig
from daq.geometry.field import GRID_START_MM, GRID_STEP_MM, ResidualField
from daq.geometry.planes import MAGNET_CENTRE_MM, MAGNET_KICK_GEV, Z_REFERENCE_MM, lav_stations, planes
from daq.jit import kernel
from streaming.reco.arrays import F64, I64


class At(IntEnum):
    """Planes at which tracks are looked at. The number is the row of the plane and its bit in `failed`."""

    STRAW1 = 0
    ANTI0 = 1
    CHOD = 2
    NA48CHOD_V = 3
    NA48CHOD_H = 4
    LKR = 5
    MUV1 = 6
    MUV2 = 7
    MUV3 = 8
    LAV12_FRONT = 9
    LAV12_BACK = 10


ISOLATION_STRAW1, ISOLATION_LKR, QUALITY, TIME = 16, 17, 18, 19
"""Bits of `failed` after those of the planes."""


@dataclass(frozen=True, slots=True)
class PlaneTable:
    """Planes as arrays for the kernel.

    place : float64 (11, 3)    Z relative to 180 m [mm]; displacement in x, y for charge/p = 1 [mm GeV/c]
    limit : float64 (11, 4)    inner radius, outer radius, half side, largest |x|+|y| [mm]; strict
    """

    place: F64
    limit: F64


def plane_table(cuts: RecoConfig, field: ResidualField) -> PlaneTable:
    """Positions, bends and apertures of the planes of `At`. Source: physics notes C.1; ANTI0 from configuration."""
    p, lav12 = planes(), lav_stations()[11]
    none = (-math.inf, math.inf, math.inf, math.inf)
    annulus = {At.CHOD: "CHOD_tiles_centre", At.NA48CHOD_V: "NA48CHOD_V", At.NA48CHOD_H: "NA48CHOD_H"}
    square = {At.MUV1: "MUV1", At.MUV2: "MUV2", At.MUV3: "MUV3"}
    rows: dict[At, tuple[float, tuple[float, float, float, float]]] = {
        At.STRAW1: (p["STRAW1"].z_mm, none),
        At.ANTI0: (p["ANTI0"].z_mm, (cuts.anti0_inner_mm or -math.inf, cuts.anti0_outer_mm, math.inf, math.inf)),
        At.LAV12_FRONT: (lav12[1], (-math.inf, lav12[3], math.inf, math.inf)),
        At.LAV12_BACK: (lav12[2], (-math.inf, lav12[3], math.inf, math.inf)),
    }
    for row, name in annulus.items():
        rows[row] = p[name].z_mm, (p[name].inner_mm, p[name].outer_mm, math.inf, math.inf)
    for row, name in square.items():
        rows[row] = p[name].z_mm, (p[name].inner_mm, math.inf, p[name].outer_mm, math.inf)
    lkr = p["LKr_front"]
    rows[At.LKR] = lkr.z_mm, (lkr.inner_mm, math.inf, lkr.outer_mm, lkr.outer_mm * math.sqrt(2.0))
    place = [(rows[a][0] - Z_REFERENCE_MM, *_bend(rows[a][0], field, cuts.magnet_polarity)) for a in At]
    return PlaneTable(np.array(place), np.array([rows[a][1] for a in At]))


def _bend(z_mm: float, field: ResidualField, polarity: int) -> tuple[float, float]:
    cell = min(max(math.floor((z_mm - GRID_START_MM) / GRID_STEP_MM), 0), len(field.slope) - 1)
    within = z_mm - (GRID_START_MM + cell * GRID_STEP_MM)
    x, y = field.displacement[cell] + within * field.slope[cell]
    return float(x) + polarity * MAGNET_KICK_GEV * max(0.0, z_mm - MAGNET_CENTRE_MM), float(y)


def extrapolate(state: F64, table: PlaneTable) -> tuple[F64, I64]:
    """Impact points and acceptance of tracks.

    Returns
    -------
    xy : float64, shape (n, 11, 2)    impact points at the planes of `At` [mm]
    failed : int64, shape (n,)        bit `At` is set unless the point is proven inside the aperture
    """
    xy, failed = np.empty((len(state), len(At), 2)), np.zeros(len(state), np.int64)
    _extrapolate(state, table.place, table.limit, xy, failed)
    return xy, failed


@kernel
def _extrapolate(state: F64, place: F64, limit: F64, xy: F64, failed: I64) -> None:
    """`extrapolate`; every comparison is a proof, so NaN fails."""
    for t in range(state.shape[0]):
        k = state[t, 6] / state[t, 5]
        for row in range(place.shape[0]):
            x = state[t, 0] + state[t, 3] * place[row, 0] + k * place[row, 1]
            y = state[t, 1] + state[t, 4] * place[row, 0] + k * place[row, 2]
            xy[t, row, 0], xy[t, row, 1] = x, y
            r, ax, ay = math.sqrt(x * x + y * y), abs(x), abs(y)
            round_ok = limit[row, 0] < r < limit[row, 1]
            if not (round_ok and ax < limit[row, 2] and ay < limit[row, 2] and ax + ay < limit[row, 3]):
                failed[t] |= 1 << row


def isolate(xy: F64, track_first: I64, row: At, distance_mm: float, bit: int, failed: I64) -> None:
    """Set `bit` of tracks that are not proven to be further than `distance_mm` from every other track of the event."""
    _isolate(xy, track_first, int(row), distance_mm, bit, failed)


@kernel
def _isolate(xy: F64, track_first: I64, row: int, distance: float, bit: int, failed: I64) -> None:
    for e in range(track_first.shape[0] - 1):
        for a in range(track_first[e], track_first[e + 1]):
            for b in range(a + 1, track_first[e + 1]):
                dx, dy = xy[a, row, 0] - xy[b, row, 0], xy[a, row, 1] - xy[b, row, 1]
                if not dx * dx + dy * dy > distance * distance:
                    failed[a] |= 1 << bit
                    failed[b] |= 1 << bit
