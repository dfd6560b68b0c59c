"""Pion pairs of upstream interactions, and K_S made there. Source of the yields: Vulcano talk 2024."""

from __future__ import annotations

import numpy as np

from daq.config.processes import KShortConfig, UpstreamConfig
from daq.geometry.planes import P0_X_MM, P0_Y_MM
from daq.source.particles import F64, Kind
from daq.source.processes.births import born
from daq.source.processes.decays import decay
from daq.source.processes.interactions import interaction_z, shares, transfers, unit_directions, with_pt
from daq.source.processes.pairs import Pair
from daq.source.processes.rejection import Columns, keep_drawing
from daq.source.propagation import PathCurve
from daq.units import KSHORT_MASS_GEV, PION_MASS_GEV

KSHORT_CTAU_MM = 26.844
"""Source: PDG."""


def upstream_pair(rng: np.random.Generator, time: F64, process: UpstreamConfig, curve: PathCurve) -> Pair:
    """Two pions of one interaction of a hadron near the beam axis, flying along Z [assumed]."""

    def propose(m: int) -> Columns:
        mean, spread = process.parent_gev
        parent = np.maximum(mean + spread * rng.standard_normal(m), 0.0)
        transfer = transfers(rng, parent, process.interaction)
        first, second = shares(rng, transfer, process.interaction), shares(rng, transfer, process.interaction)
        keep = (np.minimum(first, second) > process.interaction.least_energy_gev) & (first + second < transfer)
        zero = np.zeros(np.count_nonzero(keep))
        along = unit_directions(zero, zero)
        negative, positive = (
            with_pt(rng, along, energy[keep], PION_MASS_GEV, process.interaction) for energy in (first, second)
        )
        return negative, positive

    n = len(time)
    negative, positive = keep_drawing(n, propose, "processes.upstream")
    vertex = _spot(rng, interaction_z(rng, n, process.interaction), process.spot_mm)
    tracks = (
        (born(Kind.PION, time, vertex, positive, 1, curve),),
        (born(Kind.PION, time, vertex, negative, -1, curve),),
    )
    return Pair(tracks, vertex[:, 2])


def k_short_pair(rng: np.random.Generator, time: F64, process: KShortConfig, curve: PathCurve) -> Pair:
    """The two pions of a K_S that decays after its mean life, wherever that is."""
    n = len(time)
    least, mean = process.momentum_gev
    p = least + mean * rng.standard_exponential(n)
    slopes = process.divergence_rad * rng.standard_normal((2, n))
    direction = unit_directions(slopes[0], slopes[1])
    low, high = process.z_mm
    origin = _spot(rng, low + (high - low) * rng.random(n), process.spot_mm)
    path = p / KSHORT_MASS_GEV * KSHORT_CTAU_MM * rng.standard_exponential(n)
    vertex = origin + direction * path[:, None]
    positive, negative = decay(rng, direction * p[:, None], KSHORT_MASS_GEV, (PION_MASS_GEV, PION_MASS_GEV))
    tracks = (
        (born(Kind.PION, time, vertex, positive, 1, curve),),
        (born(Kind.PION, time, vertex, negative, -1, curve),),
    )
    return Pair(tracks, vertex[:, 2])


def pion_pair(time: F64, vertex: F64, positive: F64, negative: F64, curve: PathCurve) -> Pair:
    """pi+ and pi- of given momenta from one vertex."""
    first = born(Kind.PION, time, vertex, positive, 1, curve)
    second = born(Kind.PION, time, vertex, negative, -1, curve)
    return Pair(((first,), (second,)), vertex[:, 2])


def _spot(rng: np.random.Generator, z: F64, spread: float) -> F64:
    x, y = spread * rng.standard_normal((2, len(z)))
    return np.stack((P0_X_MM + x, P0_Y_MM + y, z), axis=1)
