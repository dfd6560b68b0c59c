"""Paths of particles: a straight line through Z = 180 m plus (charge/p) times one fixed curve.

The curve holds the residual field of the tank and, downstream of its centre, the thin kick of MNP33; both go as
charge/p, so one number for x and one for y tell everything about a plane. Small angles; no scattering.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from daq.geometry.field import GRID_CELLS, GRID_START_MM, GRID_STEP_MM, ResidualField, residual_field
from daq.geometry.planes import MAGNET_CENTRE_MM, MAGNET_KICK_GEV, Z_REFERENCE_MM
from daq.jit import kernel
from daq.source.particles import F64, Particles


@dataclass(frozen=True, slots=True)
class PathCurve:
    """Field of the tank and signed kick of MNP33 [GeV/c]."""

    field: ResidualField
    kick_gev: float

    def at(self, z_mm: float) -> tuple[float, float]:
        """Displacement in x and y of a track with charge/p = 1 c/GeV at one plane [mm GeV/c]."""
        cell = min(max(int((z_mm - GRID_START_MM) // GRID_STEP_MM), 0), GRID_CELLS - 1)
        offset = z_mm - GRID_START_MM - cell * GRID_STEP_MM
        bend_x, bend_y = (self.field.displacement[cell] + offset * self.field.slope[cell]).tolist()
        return bend_x + self.kick_gev * max(0.0, z_mm - MAGNET_CENTRE_MM), bend_y

    def line_through(self, z: F64, x: F64, y: F64, tx: F64, ty: F64, q_over_p: F64) -> tuple[F64, F64, F64, F64]:
        """State (x, y, tx, ty) at Z = 180 m of the line whose path has the given state at `z`, upstream of MNP33."""
        cell, offset = self._cells(z)
        slope = self.field.slope[cell]
        bend = self.field.displacement[cell] + offset[:, None] * slope
        line_tx, line_ty = tx - q_over_p * slope[:, 0], ty - q_over_p * slope[:, 1]
        back = Z_REFERENCE_MM - z
        line_x = x - q_over_p * bend[:, 0] + line_tx * back
        line_y = y - q_over_p * bend[:, 1] + line_ty * back
        return line_x, line_y, line_tx, line_ty

    def _cells(self, z: F64) -> tuple[NDArray[np.int64], F64]:
        position = (z - GRID_START_MM) / GRID_STEP_MM
        cell = np.clip(np.floor(position), 0, GRID_CELLS - 1).astype(np.int64)
        return cell, (position - cell) * GRID_STEP_MM


def path_curve(kick_sign: int) -> PathCurve:
    """Curve of the measured residual field and of MNP33."""
    return PathCurve(residual_field(), kick_sign * MAGNET_KICK_GEV)


def positions(particles: Particles, curve: PathCurve, z_mm: float) -> tuple[F64, F64]:
    """Positions where particles cross the plane at `z_mm` [mm]; NaN where a particle does not exist there."""
    x, y = np.empty(len(particles)), np.empty(len(particles))
    bend_x, bend_y = curve.at(z_mm)
    p = particles
    line = (p.x, p.y, p.tx, p.ty)
    _positions(*line, p.p, p.charge, p.z_start, p.z_end, z_mm, z_mm - Z_REFERENCE_MM, bend_x, bend_y, x, y)
    return x, y


@kernel
def _positions(
    x0: F64,
    y0: F64,
    tx: F64,
    ty: F64,
    p: F64,
    charge: NDArray[np.int8],
    z_start: F64,
    z_end: F64,
    z: float,
    lever: float,
    bend_x: float,
    bend_y: float,
    x: F64,
    y: F64,
) -> None:
    for i in range(len(x)):
        if z < z_start[i] or z > z_end[i]:
            x[i] = np.nan
            y[i] = np.nan
            continue
        q_over_p = charge[i] / p[i]
        x[i] = x0[i] + tx[i] * lever + q_over_p * bend_x
        y[i] = y0[i] + ty[i] * lever + q_over_p * bend_y
