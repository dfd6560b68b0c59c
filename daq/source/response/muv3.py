"""MUV3 tiles: two PMTs a tile, positions smeared by scattering in the calorimeters and the iron."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from daq.config.detector import Muv3Response
from daq.geometry.muv3 import HOLE_RADIUS_MM, SECOND_PMT
from daq.geometry.planes import planes
from daq.hits import HitBlock
from daq.jit import kernel
from daq.source.particles import F64
from daq.units import FINE_NS

TILE_MM, GRID = 220.0, 12
"""Side of an outer tile [mm] and tiles in a row. Source: NA62 framework, MUV3Geometry."""

GAP_HALF_MM = 0.4
"""Half of the gap at x = 0 [mm]. Source: as above."""


def muv3_hits(rng: np.random.Generator, time: F64, x: F64, y: F64, p: F64, muv3: Muv3Response) -> HitBlock:
    """Hits of muons that would cross MUV3 at (x, y) [mm] without scattering at `time` [ns]."""
    hit_time, channel = np.empty(2 * len(time), np.int64), np.empty(2 * len(time), np.uint16)
    shape = (HOLE_RADIUS_MM, planes()["MUV3"].outer_mm, TILE_MM, GRID, GAP_HALF_MM, SECOND_PMT)
    response = (muv3.pmt_efficiency, muv3.time_ns * math.sqrt(2.0), muv3.scattering_mm_gev, FINE_NS)
    n = _muv3_hits(rng, time, x, y, p, *shape, *response, hit_time, channel)
    return HitBlock(hit_time[:n], {"id": channel[:n]})


def muv3_tiles_at(x: F64, y: F64) -> NDArray[np.int64]:
    """Find the published tile at each position [mm], -1 outside MUV3 or for NaN."""
    tiles = np.empty(len(x), np.int64)
    _tiles_at(x, y, HOLE_RADIUS_MM, planes()["MUV3"].outer_mm, TILE_MM, GRID, GAP_HALF_MM, tiles)
    return tiles


@kernel
def _tile_at(x: float, y: float, hole: float, half: float, side: float, grid: int, gap: float) -> int:
    across = abs(x) - gap
    if not (x * x + y * y > hole * hole and across < half and abs(y) < half):
        return -1
    if across < side and abs(y) < side:
        # eight tiles of two thirds of the side round the hole; ids row by row from the bottom, centre left out
        inner = 2.0 * side / 3.0
        # the middle ones of the inner tiles reach over the gap
        column, row = int((np.copysign(max(across, 0.0), x) + side) / inner), int((y + side) / inner)
        place = 3 * row + column
        if place == 4:
            return -1
        return grid * grid + (place if place < 4 else place - 1)
    if across < 0.0:
        return -1
    column = int((np.copysign(across, x) + half) / side)
    return grid * int((y + half) / side) + column


@kernel
def _tiles_at(
    x: F64, y: F64, hole: float, half: float, side: float, grid: int, gap: float, tiles: NDArray[np.int64]
) -> None:
    for i in range(len(x)):
        tiles[i] = _tile_at(x[i], y[i], hole, half, side, grid, gap)


@kernel
def _muv3_hits(
    rng: np.random.Generator,
    time: F64,
    x: F64,
    y: F64,
    p: F64,
    hole: float,
    half: float,
    side: float,
    grid: int,
    gap: float,
    second_pmt: int,
    efficiency: float,
    sigma: float,
    scattering: float,
    fine_ns: float,
    hit_time: NDArray[np.int64],
    channel: NDArray[np.uint16],
) -> int:
    n = 0
    for i in range(len(time)):
        if not abs(x[i]) < 2.0 * half or not abs(y[i]) < 2.0 * half:
            continue
        spread = scattering / p[i]
        at_x, at_y = x[i] + spread * rng.standard_normal(), y[i] + spread * rng.standard_normal()
        tile = _tile_at(at_x, at_y, hole, half, side, grid, gap)
        if tile < 0:
            continue
        for pmt in range(2):
            if rng.random() < efficiency:
                hit_time[n] = int(np.floor((time[i] + sigma * rng.standard_normal()) / fine_ns + 0.5))
                channel[n] = tile + pmt * second_pmt
                n += 1
    return n
