"""Relative systematic errors of the signal efficiency. Source: CERN-EP-2023-032, table 5; without protons on target."""

from __future__ import annotations

import math
from typing import NamedTuple


class Systematic(NamedTuple):
    """One source of error; `is_limit`: published as smaller than this."""

    name: str
    relative: float
    is_limit: bool = False


SYSTEMATICS = (
    Systematic("track and vertex reconstruction", 0.001, is_limit=True),
    Systematic("CHOD association", 0.006),
    Systematic("PID", 0.010),
    Systematic("LAV veto condition", 0.001),
    Systematic("extrapolation to the impact point", 0.015),
    Systematic("trigger", 0.005),
    Systematic("simulation", 0.021),
)

TOTAL = 0.028
"""As published; the key `analysis.efficiency_relative_error` has the same number."""


def in_quadrature(parts: tuple[Systematic, ...] = SYSTEMATICS) -> float:
    """Quadratic sum; that of the table is 0.0288, of numbers that were rounded before."""
    return math.sqrt(sum(part.relative**2 for part in parts))
