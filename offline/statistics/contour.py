"""Excluded region in (mass, coupling): closed curves in logarithms, and their area in decades squared."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import numpy as np
from contourpy import FillType, contour_generator

from offline.statistics.checks import F64, I64
from offline.statistics.grid import DECADES, Plane


@dataclass(frozen=True, slots=True)
class Piece:
    """A connected excluded region: its border, and holes in it.

    Each curve is float64, shape (n_points, 2), columns mass and coupling; the last point is the first.
    """

    border: F64
    holes: tuple[F64, ...] = ()

    @property
    def area(self) -> float:
        """In log10(mass) x log10(coupling) [decades^2]."""
        return _area(self.border) - sum(_area(hole) for hole in self.holes)


@dataclass(frozen=True, slots=True)
class Exclusion:
    """All excluded regions. None at all is a result (`is_none`), no NaN.

    Parameters
    ----------
    pieces
        By falling area.
    open_at
        Edges of the grid that a region reaches: it goes on there, and its area is that of the grid only.
    """

    pieces: tuple[Piece, ...]
    open_at: tuple[str, ...]

    @property
    def is_none(self) -> bool:
        """Whether no point is excluded."""
        return not self.pieces

    @property
    def area(self) -> float:
        """Of all pieces [decades^2]; 0 where nothing is excluded."""
        return float(sum(piece.area for piece in self.pieces))

    @property
    def mass_range(self) -> tuple[float, float] | None:
        """Lowest and highest excluded mass; None where nothing is excluded."""
        return self._range(0)

    @property
    def coupling_range(self) -> tuple[float, float] | None:
        """Lowest and highest excluded coupling; None where nothing is excluded."""
        return self._range(1)

    def _range(self, axis: int) -> tuple[float, float] | None:
        if self.is_none:
            return None
        values = np.concatenate([piece.border[:, axis] for piece in self.pieces])
        return float(values.min()), float(values.max())


def exclusion(plane: Plane, strength: F64) -> Exclusion:
    """Region where `strength` (of `Plane.exclusion_strength`) is 0 or more.

    Marching squares, linear in the logarithms of mass, coupling and ratio; closed along the edges of the grid.
    """
    x, y = np.log10(plane.masses), np.log10(plane.couplings)
    generator = contour_generator(x, y, strength.T, name="serial", fill_type=FillType.OuterOffset)
    points, offsets = cast("tuple[list[F64], list[I64]]", generator.filled(0.0, DECADES + 1.0))
    pieces = [_piece(curve, offset) for curve, offset in zip(points, offsets, strict=True)]
    pieces = [piece for piece in pieces if piece.area > 0.0]
    return Exclusion(tuple(sorted(pieces, key=lambda piece: -piece.area)), _open_edges(strength))


def _piece(points: F64, offsets: I64) -> Piece:
    curves = [10.0 ** points[start:end] for start, end in pairwise(offsets)]
    return Piece(curves[0], tuple(curves[1:]))


def _open_edges(strength: F64) -> tuple[str, ...]:
    edges = {
        "lowest mass": strength[0],
        "highest mass": strength[-1],
        "lowest coupling": strength[:, 0],
        "highest coupling": strength[:, -1],
    }
    return tuple(name for name, values in edges.items() if (values >= 0.0).any())


def _area(curve: F64) -> float:
    x, y = np.log10(curve).T
    x, y = x - x[0], y - y[0]
    return 0.5 * abs(float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])))
