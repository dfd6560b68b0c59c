"""CHOD tile hodoscope: 152 tiles, each a union of bricks, two PMTs a tile.

A tile is known by its published id `100 q + t` (quadrant q 1..4, t 1..38) outside and by its dense index
`38 (q - 1) + t - 1` inside. Dense readout channel: `2 index + pmt`. Published readout channel: id, +50 for the
second PMT. Source: NA62 framework, NewCHODGeometry (table `geom_chod_bricks.csv`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from daq.geometry.tables import read_table

N_TILES = 152
TILES_PER_QUADRANT = 38
BRICK_X_MM, BRICK_Y_MM = 134.0, 107.0
INNER_RADIUS_MM, OUTER_RADIUS_MM = 140.0, 1070.0
ROW_OVERLAP_MM = 0.5
"""A brick row reaches this far into its neighbour [mm]. Source: NewCHODGeometry (1 mm in total)."""

INNER_TILE_IDS = (101, 106, 201, 206, 301, 302, 303, 306, 307, 308, 309, 401, 402, 403, 406, 407, 408, 409)
"""The 18 inner tiles. Source: NA62 framework, L0NewCHODEmulator."""

MAX_BRICKS = 4


@dataclass(frozen=True, slots=True)
class ChodGeometry:
    """Arrays that describe the tiles.

    brick_tile : int16 (10, 8)      tile 1..38 of each brick of a quadrant, 0 where there is none
    tile_id : uint16 (152,)         published id of each dense index
    channel_id : uint16 (304,)      published readout channel of each dense channel
    index_of_channel : int16 (512,) dense channel of each published channel, -1 where there is none
    quadrant : uint8 (152,)         0..3, counted as in the published numbering
    inner : bool (152,)
    bricks : float64 (152, 4, 4)    x_lo, x_hi, y_lo, y_hi of the bricks of a tile [mm]; NaN fills
    """

    brick_tile: NDArray[np.int16]
    tile_id: NDArray[np.uint16]
    channel_id: NDArray[np.uint16]
    index_of_channel: NDArray[np.int16]
    quadrant: NDArray[np.uint8]
    inner: NDArray[np.bool_]
    bricks: NDArray[np.float64]


@cache
def chod_geometry() -> ChodGeometry:
    """Build the arrays from the brick table."""
    brick_tile = np.zeros((10, 8), dtype=np.int16)
    bricks = np.full((N_TILES, MAX_BRICKS, 4), np.nan)
    used = np.zeros(N_TILES, dtype=int)
    for row in read_table("geom_chod_bricks"):
        tile = int(row["tile_1_38"])
        brick_tile[int(row["brick_row_y"]), int(row["brick_col_x"])] = tile
        x_lo, x_hi, y_lo, y_hi = (float(row[key]) for key in ("x_lo_mm", "x_hi_mm", "y_lo_mm", "y_hi_mm"))
        for q, (sign_x, sign_y) in enumerate(((1, 1), (1, -1), (-1, -1), (-1, 1))):
            index = TILES_PER_QUADRANT * q + tile - 1
            xs, ys = sorted((sign_x * x_lo, sign_x * x_hi)), sorted((sign_y * y_lo, sign_y * y_hi))
            bricks[index, used[index]] = (*xs, *ys)
            used[index] += 1
    indices = np.arange(N_TILES)
    tile_id = (100 * (indices // TILES_PER_QUADRANT + 1) + indices % TILES_PER_QUADRANT + 1).astype(np.uint16)
    channel_id = np.repeat(tile_id, 2)
    channel_id[1::2] += 50
    index_of_channel = np.full(512, -1, dtype=np.int16)
    index_of_channel[channel_id] = np.arange(2 * N_TILES)
    return ChodGeometry(
        brick_tile=brick_tile,
        tile_id=tile_id,
        channel_id=channel_id,
        index_of_channel=index_of_channel,
        quadrant=(indices // TILES_PER_QUADRANT).astype(np.uint8),
        inner=np.isin(tile_id, INNER_TILE_IDS),
        bricks=bricks,
    )
