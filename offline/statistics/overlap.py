"""Area that two excluded regions have in common: one number for "the same contour"."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.path import Path
from numpy.typing import NDArray

from daq.errors import DataError
from offline.statistics.checks import F64, count, finite
from offline.statistics.contour import Exclusion, Piece

CELLS = 400
"""Cells along each axis of the common grid; the number is then good to about 0.5 %."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Areas [decades^2] of two regions on a common grid."""

    common: float
    only_first: float
    only_second: float

    @property
    def union(self) -> float:
        """Area of either."""
        return self.common + self.only_first + self.only_second

    @property
    def intersection_over_union(self) -> float | None:
        """1: the same region; 0: nothing in common; None: neither excludes anything, there is nothing to compare."""
        return self.common / self.union if self.union > 0.0 else None


def overlap(first: Exclusion, second: Exclusion, cells: int = CELLS) -> Overlap:
    """Compare two regions, cell by cell in log10(mass) x log10(coupling), over the box that holds both.

    Masses in one unit and couplings in one normalisation, which the caller takes care of: the dark photon has two (with
    and without 1/cos of the weak angle).
    """
    n = count("cells", cells)
    if n < 2:
        msg = f"statistics: {n} cells along an axis; wanted 2 or more"
        raise DataError(msg)
    curves = [np.log10(piece.border) for piece in (*first.pieces, *second.pieces)]
    if not curves:
        return Overlap(0.0, 0.0, 0.0)
    points = np.concatenate(curves)
    low, size = points.min(axis=0), np.ptp(points, axis=0)
    steps = (np.arange(n) + 0.5) / n
    centres = np.stack(np.meshgrid(low[0] + steps * size[0], low[1] + steps * size[1]), axis=-1).reshape(-1, 2)
    a, b = _inside(first, centres), _inside(second, centres)
    cell = float(np.prod(size)) / n**2
    return Overlap(cell * int((a & b).sum()), cell * int((a & ~b).sum()), cell * int((~a & b).sum()))


def region_of(points: F64) -> Exclusion:
    """A published contour, digitised: columns mass and coupling, one closed curve; the ends are joined."""
    curve = finite("points of a contour", points)
    if curve.ndim != 2 or curve.shape[1] != 2 or len(curve) < 3 or (curve <= 0.0).any():
        msg = "statistics: a contour is 3 or more points (mass, coupling) above 0"
        raise DataError(msg)
    closed = curve if np.array_equal(curve[0], curve[-1]) else np.concatenate([curve, curve[:1]])
    return Exclusion((Piece(closed),), ())


def _inside(region: Exclusion, centres: F64) -> NDArray[np.bool_]:
    held = np.zeros(len(centres), np.bool_)
    for piece in region.pieces:
        here = Path(np.log10(piece.border)).contains_points(centres)
        for hole in piece.holes:
            here &= ~Path(np.log10(hole)).contains_points(centres)
        held |= here
    return held
