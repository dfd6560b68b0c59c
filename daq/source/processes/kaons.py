"""K+ through the hole of ANTI0 that decay in the tank, with one charged daughter lost.

Decays are uniform in phase space. The lost daughter, one pi+ or the lepton, leaves nothing anywhere. Source of the
model: emulator notes, 1.6.
"""

from __future__ import annotations

import math

import numpy as np

from daq.config.processes import KPlusConfig
from daq.geometry.planes import planes
from daq.source.particles import F64, Kind
from daq.source.processes.births import born
from daq.source.processes.decays import decay
from daq.source.processes.hadrons import pion_pair
from daq.source.processes.interactions import unit_directions
from daq.source.processes.pairs import Pair
from daq.source.propagation import PathCurve
from daq.units import ELECTRON_MASS_GEV, KAON_MASS_GEV, MUON_MASS_GEV, PION_MASS_GEV

PIONS = (PION_MASS_GEV, PION_MASS_GEV)


def three_pion_pair(rng: np.random.Generator, time: F64, process: KPlusConfig, curve: PathCurve) -> Pair:
    """pi+ pi- of K+ -> pi+ pi+ pi- (gamma), the photon in a configured part of the events."""
    vertex, momenta = _kaons(rng, len(time), process)
    radiative = rng.random(len(time)) < process.photon_fraction
    daughters = np.empty((2, len(time), 3))
    daughters[:, ~radiative] = decay(rng, momenta[~radiative], KAON_MASS_GEV, (*PIONS, PION_MASS_GEV))[:2]
    with_photon = decay(rng, momenta[radiative], KAON_MASS_GEV, (*PIONS, PION_MASS_GEV, 0.0))
    daughters[:, radiative] = with_photon[:2]
    photons = born(Kind.PHOTON, time[radiative], vertex[radiative], with_photon[3], 0, curve)
    pair = pion_pair(time, vertex, daughters[0], daughters[1], curve)
    return Pair(pair.tracks, pair.z_vertex, (photons,))


def ke4_pair(rng: np.random.Generator, time: F64, process: KPlusConfig, curve: PathCurve) -> Pair:
    """pi+ pi- of K+ -> pi+ pi- e+ nu."""
    return _semileptonic(rng, time, process, curve, ELECTRON_MASS_GEV)


def kmu4_pair(rng: np.random.Generator, time: F64, process: KPlusConfig, curve: PathCurve) -> Pair:
    """pi+ pi- of K+ -> pi+ pi- mu+ nu."""
    return _semileptonic(rng, time, process, curve, MUON_MASS_GEV)


def _semileptonic(
    rng: np.random.Generator, time: F64, process: KPlusConfig, curve: PathCurve, lepton_gev: float
) -> Pair:
    vertex, momenta = _kaons(rng, len(time), process)
    daughters = decay(rng, momenta, KAON_MASS_GEV, (*PIONS, lepton_gev, 0.0))
    return pion_pair(time, vertex, daughters[0], daughters[1], curve)


def _kaons(rng: np.random.Generator, n: int, process: KPlusConfig) -> tuple[F64, F64]:
    """Vertices [mm] and momenta [GeV/c], shape (n, 3) each."""
    mean, spread = process.momentum_gev
    # a spectrum that ends where momenta lose their meaning, by folding: negligible at the default
    p = np.abs(mean + spread * rng.standard_normal(n)) + math.ulp(mean)
    tx = process.slope_x_rad[0] + process.slope_x_rad[1] * rng.standard_normal(n)
    ty = process.slope_y_rad[0] + process.slope_y_rad[1] * rng.standard_normal(n)
    low, high = process.z_mm
    z = low + (high - low) * rng.random(n)
    lever = z - planes()["ANTI0"].z_mm
    x, y = process.spot_mm * rng.standard_normal((2, n))
    return np.stack((x + lever * tx, y + lever * ty, z), axis=1), unit_directions(tx, ty) * p[:, None]
