"""How a pion or kaon shares its energy between LKr, MUV1 and MUV2."""

from __future__ import annotations

import numpy as np

from daq.config.detector import CalorimeterResponse
from daq.source.particles import F64


def hadron_energies(rng: np.random.Generator, p: F64, calorimeter: CalorimeterResponse) -> tuple[F64, F64, F64]:
    """Energies in LKr, MUV1 and MUV2 [GeV] of hadrons of momentum `p` [GeV/c]; what one has, the others have not.

    Some pass the LKr as a muon would and shower behind it, the others leave a part of their energy there.
    """
    n, c = len(p), calorimeter
    mean, spread = c.lkr_mip_gev
    mip = np.minimum(np.abs(mean + spread * rng.standard_normal(n)), p)
    low, high = c.hadron_range
    shower = p * (low + (high - low) * rng.beta(*c.hadron_shape, n))
    lkr = np.where(rng.random(n) < c.hadron_mip, mip, shower)
    share = rng.beta(*c.muv1_share_shape, n)
    behind = p - lkr
    return lkr, _measured(rng, behind * share, c), _measured(rng, behind * (1.0 - share), c)


def _measured(rng: np.random.Generator, energy: F64, calorimeter: CalorimeterResponse) -> F64:
    sigma = np.sqrt(calorimeter.hadron_stochastic**2 * energy + (calorimeter.hadron_constant * energy) ** 2)
    return np.abs(energy + sigma * rng.standard_normal(len(energy)))
