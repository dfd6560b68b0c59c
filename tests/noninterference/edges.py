"""Kinematics exactly on each edge of the mask, one unit in the last place inside and outside, and no numbers at all.

Tracks are stored in single precision, so no track lies on an edge. A pair whose first track has a momentum of `EDGES`
is given these kinematics by the seam.
"""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import NamedTuple


class Edge(NamedTuple):
    z_mm: float
    cda_mm: float
    mass_gev: float


Z_LOW_MM, Z_HIGH_MM, CDA_MM = -12000, 58000, 180
"""Published edges with their guard bands, as docs/physicist/masking.md has them; not taken from the program."""
KS_GEV, KS_HALF_GEV = 0.497611, 0.008

ODD = (math.nan, math.inf, -math.inf)
TINY = 5e-324


def _around(edge: float) -> tuple[float, float, float]:
    return math.nextafter(edge, -math.inf), edge, math.nextafter(edge, math.inf)


def _all() -> list[Edge]:
    open_mass = 0.3
    found = [Edge(z, 100.0, open_mass) for z in (*_around(float(Z_LOW_MM)), *_around(float(Z_HIGH_MM)))]
    found += [Edge(23000.0, cda, open_mass) for cda in _around(float(CDA_MM))]
    masses = (KS_GEV - KS_HALF_GEV, KS_GEV + KS_HALF_GEV)
    found += [Edge(100e3, 300.0, mass) for middle in masses for mass in _around(middle)]
    found += [Edge(odd, 300.0, open_mass) for odd in ODD] + [Edge(100e3, odd, open_mass) for odd in ODD]
    found += [Edge(100e3, 300.0, odd) for odd in ODD] + [Edge(TINY, TINY, TINY), Edge(-TINY, 180.0, open_mass)]
    return found


EDGES = {70.0 + number / 16: edge for number, edge in enumerate(_all())}
"""Momentum of the first track [GeV/c], exact in single precision, and the kinematics that stand for it."""


def edge_of(momentum: float) -> Edge:
    return EDGES[momentum]


def is_masked(edge: Edge) -> bool:
    """The mask in exact arithmetic, from the words of docs/physicist/masking.md."""
    if not all(map(math.isfinite, edge)):
        return True
    z, cda, mass = map(Fraction, edge)
    outside = z < Z_LOW_MM or z > Z_HIGH_MM or cda > CDA_MM
    return not (outside and abs(mass - Fraction(KS_GEV)) > Fraction(KS_HALF_GEV))


MASKED = tuple(p for p, edge in EDGES.items() if is_masked(edge))
OPEN = tuple(p for p, edge in EDGES.items() if not is_masked(edge))

if len(EDGES) != len(set(itertools.chain(MASKED, OPEN))) or not OPEN:
    msg = "edges: marks are not unique"
    raise ImportError(msg)
