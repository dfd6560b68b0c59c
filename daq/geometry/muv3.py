"""MUV3 muon detector: 140 tiles of 220 mm and 8 inner tiles of 146.7 mm, two PMTs a tile.

Dense readout channel: `2 tile + pmt`. Published readout channel: tile, +200 for the second PMT.
Source: NA62 framework, MUV3Geometry (table `geom_muv3_tiles.csv`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from daq.geometry.tables import read_table

N_TILES = 148
N_IDS = 152
"""Published ids run over 0..151; the ids of the four central grid places do not exist."""

HOLE_RADIUS_MM = 103.0
SECOND_PMT = 200


@dataclass(frozen=True, slots=True)
class Muv3Geometry:
    """Arrays by published tile id 0..151; NaN where the id does not exist.

    x_mm, y_mm, half_mm : float64 (152,)    centre and half side of a tile [mm]
    exists : bool (152,)
    """

    x_mm: NDArray[np.float64]
    y_mm: NDArray[np.float64]
    half_mm: NDArray[np.float64]
    exists: NDArray[np.bool_]


@cache
def muv3_geometry() -> Muv3Geometry:
    """Build the arrays from the tile table."""
    x, y, half = np.full(N_IDS, np.nan), np.full(N_IDS, np.nan), np.full(N_IDS, np.nan)
    for row in read_table("geom_muv3_tiles"):
        tile = int(row["tile"])
        x[tile], y[tile], half[tile] = float(row["x_mm"]), float(row["y_mm"]), float(row["size_mm"]) / 2
    return Muv3Geometry(x, y, half, np.isfinite(x))
