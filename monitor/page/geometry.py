"""Places of the CHOD and MUV3 tiles, for the illumination maps of the page."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from daq.geometry.chod import INNER_RADIUS_MM, N_TILES, OUTER_RADIUS_MM, chod_geometry
from daq.geometry.muv3 import HOLE_RADIUS_MM, N_IDS, muv3_geometry

Detector = Literal["chod", "muv3"]
Box = tuple[float, float, float, float]
"""x_lo, x_hi, y_lo, y_hi [mm]."""

STRIPS = 400
"""Strips in x that a clipped area is summed over: right to 1e-3 for tiles of this size."""


class TilePiece(BaseModel):
    """A rectangle of a tile; a tile that is no rectangle has several pieces with one id."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    id: int
    """Published number of the tile."""
    bin: int
    """Bin of the histogram of hits, without the flow bins."""
    x: float
    y: float
    """Corner with the lowest coordinates [mm]."""
    w: float
    h: float
    """Extent in x and y [mm]."""
    area_cm2: float
    """Of the whole tile, without what lies in the hole or beyond the rim."""


class TileMap(BaseModel):
    """All pieces of a detector, and the circles that bound it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    detector: Detector
    tiles: list[TilePiece]
    hole_radius_mm: float
    outer_radius_mm: float | None
    """None: the detector ends with its tiles."""


def tile_map(detector: Detector) -> TileMap:
    """Build the map of a detector from the tables of its geometry."""
    hole, rim = (INNER_RADIUS_MM, OUTER_RADIUS_MM) if detector == "chod" else (HOLE_RADIUS_MM, None)
    shapes = _chod_shapes() if detector == "chod" else _muv3_shapes()
    tiles = [
        TilePiece(id=number, bin=column, x=x_lo, y=y_lo, w=x_hi - x_lo, h=y_hi - y_lo, area_cm2=area)
        for number, column, boxes in shapes
        for area in [round(sum(clipped_area_mm2(box, hole, rim) for box in boxes) / 100, 2)]
        for x_lo, x_hi, y_lo, y_hi in boxes
    ]
    return TileMap(detector=detector, tiles=tiles, hole_radius_mm=hole, outer_radius_mm=rim)


def clipped_area_mm2(box: Box, hole_mm: float, rim_mm: float | None) -> float:
    """Area of a rectangle outside the hole and within the rim, both centred on the beam axis [mm2]."""
    x_lo, x_hi, y_lo, y_hi = box
    width = (x_hi - x_lo) / STRIPS
    x: NDArray[np.float64] = np.asarray(x_lo + width * (np.arange(STRIPS) + 0.5), np.float64)
    whole = np.full(STRIPS, y_hi - y_lo)
    inside = whole if rim_mm is None else _height_in_circle(x, y_lo, y_hi, rim_mm)
    return float(np.sum(inside - _height_in_circle(x, y_lo, y_hi, hole_mm)) * width)


def _height_in_circle(x: NDArray[np.float64], y_lo: float, y_hi: float, radius: float) -> NDArray[np.float64]:
    """Length of the piece of [y_lo, y_hi] within the circle, at each x [mm]."""
    half = np.sqrt(np.clip(radius**2 - x**2, 0.0, None))
    return np.clip(np.minimum(y_hi, half) - np.maximum(y_lo, -half), 0.0, None)


def _chod_shapes() -> list[tuple[int, int, list[Box]]]:
    geometry = chod_geometry()
    return [(int(geometry.tile_id[tile]), tile, _joined(geometry.bricks[tile])) for tile in range(N_TILES)]


def _joined(bricks: NDArray[np.float64]) -> list[Box]:
    """Bricks of one row as one piece: a line between them would show a tile that is not there.

    bricks : x_lo, x_hi, y_lo, y_hi [mm], NaN where there is none
    """
    rows: dict[tuple[float, float], tuple[float, float]] = {}
    for x_lo, x_hi, y_lo, y_hi in bricks[~np.isnan(bricks[:, 0])].tolist():
        least, most = rows.get((y_lo, y_hi), (x_lo, x_hi))
        rows[y_lo, y_hi] = (min(least, x_lo), max(most, x_hi))
    return [(*span, *row) for row, span in sorted(rows.items())]


def _muv3_shapes() -> list[tuple[int, int, list[Box]]]:
    geometry = muv3_geometry()
    places = zip(geometry.x_mm.tolist(), geometry.y_mm.tolist(), geometry.half_mm.tolist(), strict=True)
    boxes = [(x - half, x + half, y - half, y + half) for x, y, half in places]
    return [(tile, tile, [boxes[tile]]) for tile in range(N_IDS) if geometry.exists[tile]]
