"""Dark photons by proton bremsstrahlung: density in z and pT^2, and draws from it.

Source: arXiv:1311.3870, as in physics notes H.2; no form factor of the proton.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from daq.config.signal import BremsConfig
from daq.source.particles import F64
from daq.source.signal.constants import ALPHA, BEAM_MOMENTUM_GEV, PROTON_MASS_GEV

Z_CELLS, PT_CELLS = 400, 200


@dataclass(frozen=True, slots=True)
class BremsTable:
    """Cells in z and pT with equal density inside.

    z_edges, pt_edges : float64    [1], [GeV/c]
    cumulative : float64 (Z_CELLS * PT_CELLS,)    normalised to 1 at the end
    per_eps2 : dark photons per interacting proton over epsilon^2
    """

    z_edges: F64
    pt_edges: F64
    cumulative: F64
    per_eps2: float


@lru_cache(maxsize=32)
def brems_table(mass_gev: float, brems: BremsConfig) -> BremsTable:
    """Integrate the density in cells, by the value in their middle."""
    z_edges = np.geomspace(*brems.z, Z_CELLS + 1)
    pt_edges = np.linspace(0.0, brems.max_pt_gev, PT_CELLS + 1)
    z = (z_edges[1:] + z_edges[:-1])[:, None] / 2.0
    pt2 = ((pt_edges[1:] + pt_edges[:-1])[None, :] / 2.0) ** 2
    area = np.diff(z_edges)[:, None] * np.diff(pt_edges**2)[None, :]
    energy = z * BEAM_ENERGY_GEV
    # a dark photon that would carry more momentum than energy allows does not exist
    possible = energy**2 > mass_gev**2 + pt2
    content = np.where(possible, np.maximum(brems_density(z, pt2, mass_gev, brems), 0.0) * area, 0.0)
    cumulative = np.cumsum(content.ravel())
    return BremsTable(z_edges, pt_edges, cumulative / cumulative[-1], float(cumulative[-1]))


def draw_brems(rng: np.random.Generator, n: int, mass_gev: float, brems: BremsConfig) -> F64:
    """Momenta of n dark photons, shape (n, 3) [GeV/c]."""
    table = brems_table(mass_gev, brems)
    row, column = np.divmod(np.searchsorted(table.cumulative, rng.random(n), side="right"), PT_CELLS)
    z = table.z_edges[row] + np.diff(table.z_edges)[row] * rng.random(n)
    low, high = table.pt_edges[column] ** 2, table.pt_edges[column + 1] ** 2
    pt = np.sqrt(low + (high - low) * rng.random(n))
    phi = rng.random(n) * (2.0 * math.pi)
    pz2 = (z * BEAM_ENERGY_GEV) ** 2 - mass_gev**2 - pt**2
    # only in cells that the limit of energy cuts can this be negative
    return np.stack((pt * np.cos(phi), pt * np.sin(phi), np.sqrt(np.maximum(pz2, 1e-6))), axis=1)


def brems_density(z: F64, pt2: F64, mass_gev: float, brems: BremsConfig) -> F64:
    """d2N / (dz dpT^2) over epsilon^2 [1/GeV^2]."""
    m2, p2 = mass_gev**2, PROTON_MASS_GEV**2
    rest = 1.0 - z
    h = pt2 + rest * m2 + z**2 * p2
    mixed = 1.0 + rest**2 if brems.mixed_term == "1+(1-z)^2" else z + rest**2
    bracket = (
        (1.0 + rest**2) / z
        - 2.0 * z * rest * ((2.0 * p2 + m2) / h - 2.0 * z**2 * p2**2 / h**2)
        + 2.0 * z * rest * mixed * p2 * m2 / h**2
        + 2.0 * z * rest**2 * m2**2 / h**2
    )
    s = 2.0 * PROTON_MASS_GEV * BEAM_ENERGY_GEV + 2.0 * p2
    if brems.s_prime == "2ME(1-z)+2M2":
        s_rest = 2.0 * PROTON_MASS_GEV * BEAM_ENERGY_GEV * rest + 2.0 * p2
    else:
        s, s_rest = 2.0 * PROTON_MASS_GEV * BEAM_ENERGY_GEV, (PROTON_MASS_GEV + BEAM_ENERGY_GEV) ** 2 * rest
    suppression = pp_cross_section_mb(s_rest) / float(pp_cross_section_mb(np.asarray(s)))
    result: F64 = suppression * ALPHA / (2.0 * math.pi * h) * bracket
    return result


def pp_cross_section_mb(s_gev2: F64) -> F64:
    """Total pp cross-section [mb]. Source: physics notes H.2."""
    result: F64 = 35.45 + 0.308 * np.log(s_gev2 / 28.94) ** 2 + 42.53 * s_gev2**-0.458 - 33.34 * s_gev2**-0.545
    return result


BEAM_ENERGY_GEV = math.hypot(BEAM_MOMENTUM_GEV, PROTON_MASS_GEV)
