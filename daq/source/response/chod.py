"""CHOD tiles: two PMTs a tile, row overlap, delta rays."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from daq.config.detector import ChodResponse
from daq.geometry.chod import (
    BRICK_X_MM,
    BRICK_Y_MM,
    INNER_RADIUS_MM,
    OUTER_RADIUS_MM,
    ROW_OVERLAP_MM,
    TILES_PER_QUADRANT,
    chod_geometry,
)
from daq.hits import HitBlock
from daq.jit import kernel
from daq.source.particles import F64
from daq.units import FINE_NS

HITS_PER_PARTICLE = 4


def chod_hits(rng: np.random.Generator, time: F64, x: F64, y: F64, chod: ChodResponse) -> HitBlock:
    """Hits of charged particles that cross the CHOD at (x, y) [mm] at `time` [ns]."""
    geometry = chod_geometry()
    hit_time = np.empty(HITS_PER_PARTICLE * len(time), np.int64)
    channel = np.empty(len(hit_time), np.uint16)
    # the published resolution is that of the mean of two PMTs
    sigma = chod.time_ns * math.sqrt(2.0)
    shape = (BRICK_X_MM, BRICK_Y_MM, INNER_RADIUS_MM, OUTER_RADIUS_MM, ROW_OVERLAP_MM, TILES_PER_QUADRANT)
    response = (chod.efficiency, chod.pmt_efficiency, sigma, chod.delta_ray_probability, FINE_NS)
    n = _chod_hits(rng, time, x, y, geometry.brick_tile, geometry.channel_id, *shape, *response, hit_time, channel)
    return HitBlock(hit_time[:n], {"id": channel[:n]})


def tiles_at(x: F64, y: F64) -> NDArray[np.int64]:
    """Find the dense index of the tile at each position [mm], -1 outside the CHOD or for NaN."""
    shape = (BRICK_X_MM, BRICK_Y_MM, INNER_RADIUS_MM, OUTER_RADIUS_MM, TILES_PER_QUADRANT)
    tiles = np.empty(len(x), np.int64)
    _tiles_at(x, y, chod_geometry().brick_tile, *shape, tiles)
    return tiles


@kernel
def _tile_at(
    x: float,
    y: float,
    brick_tile: NDArray[np.int16],
    dx: float,
    dy: float,
    inner: float,
    outer: float,
    per_quadrant: int,
) -> int:
    r2 = x * x + y * y
    if not (r2 > inner * inner and r2 < outer * outer):
        return -1
    row, column = int(abs(y) / dy), int(abs(x) / dx)
    if row >= brick_tile.shape[0] or column >= brick_tile.shape[1]:
        return -1
    tile = int(brick_tile[row, column])
    if tile == 0:
        return -1
    if x >= 0.0:
        quadrant = 0 if y >= 0.0 else 1
    else:
        quadrant = 3 if y >= 0.0 else 2
    return per_quadrant * quadrant + tile - 1


@kernel
def _tiles_at(
    x: F64,
    y: F64,
    brick_tile: NDArray[np.int16],
    dx: float,
    dy: float,
    inner: float,
    outer: float,
    per_quadrant: int,
    tiles: NDArray[np.int64],
) -> None:
    for i in range(len(x)):
        tiles[i] = _tile_at(x[i], y[i], brick_tile, dx, dy, inner, outer, per_quadrant)


@kernel
def _chod_hits(
    rng: np.random.Generator,
    time: F64,
    x: F64,
    y: F64,
    brick_tile: NDArray[np.int16],
    channel_id: NDArray[np.uint16],
    dx: float,
    dy: float,
    inner: float,
    outer: float,
    overlap: float,
    per_quadrant: int,
    efficiency: float,
    pmt_efficiency: float,
    sigma: float,
    delta_ray: float,
    fine_ns: float,
    hit_time: NDArray[np.int64],
    channel: NDArray[np.uint16],
) -> int:
    n = 0
    for i in range(len(time)):
        first = _tile_at(x[i], y[i], brick_tile, dx, dy, inner, outer, per_quadrant)
        if first < 0 or rng.random() >= efficiency:
            continue
        second = _tile_at(x[i], y[i] + overlap, brick_tile, dx, dy, inner, outer, per_quadrant)
        if second < 0 or second == first:
            second = _tile_at(x[i], y[i] - overlap, brick_tile, dx, dy, inner, outer, per_quadrant)
        if (second < 0 or second == first) and rng.random() < delta_ray:
            # a neighbour one brick away, beginning with a random direction
            direction = int(4.0 * rng.random())
            for turn in range(4):
                side = (direction + turn) % 4
                step = 1.0 if side < 2 else -1.0
                to_x, to_y = (x[i] + step * dx, y[i]) if side % 2 == 0 else (x[i], y[i] + step * dy)
                second = _tile_at(to_x, to_y, brick_tile, dx, dy, inner, outer, per_quadrant)
                if second >= 0 and second != first:
                    break
        n_tiles = 2 if second >= 0 and second != first else 1
        for k in range(n_tiles):
            tile = first if k == 0 else second
            for pmt in range(2):
                if rng.random() < pmt_efficiency:
                    hit_time[n] = int(np.floor((time[i] + sigma * rng.standard_normal()) / fine_ns + 0.5))
                    channel[n] = channel_id[2 * tile + pmt]
                    n += 1
    return n
