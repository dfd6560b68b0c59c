"""Residual field of the vacuum tank as displacement integrals on a uniform grid along Z.

The map is on-axis, so it does not depend on x and y, and the path of a track of charge q and momentum p is the
straight line through its state at Z = 180 m plus (q/p) times one fixed curve. That curve and its slope are
tabulated here once; between grid points the path is straight. Source of the field: NA62-15-06 (2015), table
`geom_blue_field_on_axis.csv`: linear in Z between planes, constant outside up to 183311 mm, microtesla.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from daq.geometry.planes import Z_REFERENCE_MM
from daq.geometry.tables import read_table
from daq.units import CURVATURE_GEV_PER_T_MM

GRID_START_MM, GRID_STEP_MM, GRID_CELLS = 95000.0, 250.0, 350
"""The grid covers 95.0-182.5 m; outside it the path is the tangent of the last cell [assumed: no field there]."""

FIELD_START_MM = 100000.0
"""The map is valid from here; upstream the field is taken as zero."""

MICROTESLA = 1e-6


@dataclass(frozen=True, slots=True)
class ResidualField:
    """Displacement of a track with q/p = 1 c/GeV relative to its straight line through Z = 180 m.

    displacement : float64 (351, 2)    x and y at the grid points [mm GeV/c]
    slope : float64 (350, 2)           x and y slope inside each cell [rad GeV/c]
    """

    displacement: NDArray[np.float64]
    slope: NDArray[np.float64]


@cache
def on_axis_field() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Z [mm], Bx [T], By [T] at the measured planes."""
    rows = read_table("geom_blue_field_on_axis")
    z, bx, by = (np.array([float(row[key]) for row in rows]) for key in ("z_mm", "bx_uT", "by_uT"))
    return z, bx * MICROTESLA, by * MICROTESLA


@cache
def residual_field() -> ResidualField:
    """Integrate the field once: slope = c int B dz, displacement = int slope dz, both zero at Z = 180 m."""
    z_planes, bx, by = on_axis_field()
    fine = np.linspace(GRID_START_MM, GRID_START_MM + GRID_CELLS * GRID_STEP_MM, GRID_CELLS * 50 + 1)
    step = fine[1] - fine[0]
    reference = round((Z_REFERENCE_MM - GRID_START_MM) / step)
    # dp_x = +q c int By dz, dp_y = -q c int Bx dz downstream: the Lorentz force on a track along +Z, up to the
    # sign of the field convention that the framework's tracker uses (physics notes C.7).
    columns = []
    for field, sign in ((by, 1.0), (bx, -1.0)):
        b = np.where(fine < FIELD_START_MM, 0.0, np.interp(fine, z_planes, field)) * sign * CURVATURE_GEV_PER_T_MM
        slope = np.concatenate(([0.0], np.cumsum((b[1:] + b[:-1]) / 2 * step)))
        slope -= slope[reference]
        path = np.concatenate(([0.0], np.cumsum((slope[1:] + slope[:-1]) / 2 * step)))
        columns.append((path - path[reference])[::50])
    displacement = np.stack(columns, axis=1)
    return ResidualField(displacement, np.diff(displacement, axis=0) / GRID_STEP_MM)


def no_field() -> ResidualField:
    """A tank without any field, for comparisons."""
    return ResidualField(np.zeros((GRID_CELLS + 1, 2)), np.zeros((GRID_CELLS, 2)))
