"""Positions and apertures of the detector planes along Z.

Source: NA62 analysis framework, GeometricAcceptance (table `geom_planes.csv`); P0 and the fiducial volume from
CERN-EP-2023-032. Good to a few millimetres for 2021.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from daq.geometry.tables import read_table

P0_X_MM, P0_Y_MM, P0_Z_MM = 0.0, -22.0, 23070.0
"""Mean impact point of the protons on the TAX [mm]. Source: CERN-EP-2023-032 eq. (4)."""

Z_REFERENCE_MM = 180000.0
"""Plane at which straw tracks are given [mm]."""

MAGNET_CENTRE_MM = 197000.0
"""Plane of the thin MNP33 kick [mm]: centre of 196350-197650. Source: ALPINIST, ExpParameters."""

MAGNET_KICK_GEV = 0.270
"""Transverse kick of MNP33 [GeV/c]: 0.6928 T x 1.3 m x c. Source: ALPINIST; L1 straw code."""

STRAW_HOLE_CENTRE_X_MM = (101.2, 114.4, 92.4, 52.8)
"""Centre of the beam hole of each chamber [mm]. Source: NA62 trigger-algorithms."""


@dataclass(frozen=True, slots=True)
class Plane:
    """One plane: position along Z, inner and outer transverse limit, all [mm]; NaN where there is none."""

    z_mm: float
    inner_mm: float
    outer_mm: float


@cache
def planes() -> dict[str, Plane]:
    """All planes by name."""

    def number(text: str) -> float:
        return float(text) if text else float("nan")

    return {
        row["plane"]: Plane(float(row["z_mm"]), number(row["inner_mm"]), number(row["outer_mm"]))
        for row in read_table("geom_planes")
    }


@cache
def lav_stations() -> tuple[tuple[int, float, float, float, float], ...]:
    """LAV stations: number, front and back Z, inner and outer radius [mm]."""
    return tuple(
        (
            int(r["station"]),
            float(r["z_front_mm"]),
            float(r["z_back_mm"]),
            float(r["r_inner_mm"]),
            float(r["r_outer_mm"]),
        )
        for r in read_table("geom_lav")
    )
