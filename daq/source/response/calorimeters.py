"""LKr clusters and energies in MUV1 and MUV2."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from daq.config.detector import CalorimeterResponse
from daq.hits import HitBlock
from daq.source.acceptance import in_octagon, in_square
from daq.source.particles import F64, Kind
from daq.units import FINE_NS

Fields = dict[str, NDArray[np.generic]]


def lkr_clusters(
    rng: np.random.Generator, kind: Kind, time: F64, x: F64, y: F64, p: F64, calorimeter: CalorimeterResponse
) -> HitBlock:
    """Clusters of muons, electrons or photons that reach the LKr at (x, y) [mm] at `time` [ns]."""
    found = in_octagon(x, y)
    if kind is Kind.MUON:
        found &= rng.random(len(time)) < calorimeter.muon_efficiency
    rows = np.flatnonzero(found)
    energy = (
        _muon_energy(rng, len(rows), calorimeter) if kind is Kind.MUON else _shower_energy(rng, p[rows], calorimeter)
    )
    return lkr_deposits(rng, time[rows], x[rows], y[rows], energy, calorimeter)


def lkr_deposits(
    rng: np.random.Generator, time: F64, x: F64, y: F64, energy: F64, calorimeter: CalorimeterResponse
) -> HitBlock:
    """Clusters of known energy [GeV] in the LKr; none outside it."""
    rows = np.flatnonzero(in_octagon(x, y))
    resolution = (calorimeter.lkr_time_ns, calorimeter.lkr_position_mm)
    return _clusters(rng, time[rows], x[rows], y[rows], energy[rows], resolution, 0)


def muv12_clusters(
    rng: np.random.Generator, time: F64, x: F64, y: F64, detector: int, calorimeter: CalorimeterResponse
) -> HitBlock:
    """Clusters of muons in MUV1 or MUV2 (`detector` 1 or 2) at (x, y) [mm] at `time` [ns]."""
    rows = np.flatnonzero(in_square(x, y, f"MUV{detector}") & (rng.random(len(time)) < calorimeter.muon_efficiency))
    mean, spread = calorimeter.muv1_mip_gev if detector == 1 else calorimeter.muv2_mip_gev
    energy = np.abs(mean + spread * rng.standard_normal(len(rows)))
    return muv12_deposits(rng, time[rows], x[rows], y[rows], energy, detector, calorimeter)


def muv12_deposits(
    rng: np.random.Generator,
    time: F64,
    x: F64,
    y: F64,
    energy: F64,
    detector: int,
    calorimeter: CalorimeterResponse,
) -> HitBlock:
    """Clusters of known energy [GeV] in MUV1 or MUV2; none outside it."""
    rows = np.flatnonzero(in_square(x, y, f"MUV{detector}"))
    resolution = (calorimeter.muv12_time_ns, calorimeter.muv12_position_mm)
    return _clusters(rng, time[rows], x[rows], y[rows], energy[rows], resolution, detector)


def _muon_energy(rng: np.random.Generator, n: int, calorimeter: CalorimeterResponse) -> F64:
    mean, spread = calorimeter.lkr_mip_gev
    fraction, more = calorimeter.lkr_radiation
    energy = np.abs(mean + spread * rng.standard_normal(n))
    return np.where(rng.random(n) < fraction, energy + more * rng.standard_exponential(n), energy)


def _shower_energy(rng: np.random.Generator, energy: F64, calorimeter: CalorimeterResponse) -> F64:
    """Energy of electrons and photons; E/p of electrons is this over the momentum."""
    noise = calorimeter.lkr_noise_gev / energy
    sigma = np.sqrt(calorimeter.lkr_stochastic**2 / energy + noise**2 + calorimeter.lkr_constant**2)
    return np.abs(energy * (1.0 + sigma * rng.standard_normal(len(energy))))


def _clusters(
    rng: np.random.Generator, time: F64, x: F64, y: F64, energy: F64, resolution: tuple[float, float], detector: int
) -> HitBlock:
    n = len(time)
    time_ns, position_mm = resolution
    fields: Fields = {
        "x": (x + position_mm * rng.standard_normal(n)).astype(np.float32),
        "y": (y + position_mm * rng.standard_normal(n)).astype(np.float32),
        "energy": energy.astype(np.float32),
        "detector": np.full(n, detector, np.uint8),
    }
    return HitBlock(np.rint((time + time_ns * rng.standard_normal(n)) / FINE_NS).astype(np.int64), fields)
