"""ANTI0, LAV, IRC and SAC."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from daq.config.detector import VetoResponse
from daq.geometry.planes import lav_stations, planes
from daq.hits import HitBlock
from daq.model import Sav
from daq.source.acceptance import in_annulus
from daq.source.particles import F64, Particles
from daq.source.propagation import PathCurve, positions
from daq.units import FINE_NS


def anti0_hits(rng: np.random.Generator, time: F64, x: F64, y: F64, veto: VetoResponse) -> HitBlock:
    """Hits of charged particles that cross ANTI0 at (x, y) [mm] at `time` [ns]; nothing in its hole."""
    r2 = x * x + y * y
    crossed = (r2 > veto.anti0_hole_mm**2) & (r2 < veto.anti0_outer_mm**2)
    rows = np.flatnonzero(crossed & (rng.random(len(time)) < veto.anti0_efficiency))
    n = len(rows)
    fields = {
        "x": (x[rows] + veto.anti0_position_mm * rng.standard_normal(n)).astype(np.float32),
        "y": (y[rows] + veto.anti0_position_mm * rng.standard_normal(n)).astype(np.float32),
    }
    return HitBlock(_fine(time[rows] + veto.anti0_time_ns * rng.standard_normal(n)), fields)


def lav_tags(rng: np.random.Generator, time: F64, veto: VetoResponse) -> HitBlock:
    """Hits that muons leave in some LAV station, without geometry.

    Rings of the stations as apertures contradict the published halo yields, so the geometry is not used. Source:
    emulator notes, section 4.
    """
    rows = np.flatnonzero(rng.random(len(time)) < veto.lav_tag)
    station = rng.integers(1, len(lav_stations()) + 1, len(rows), dtype=np.uint8)
    return HitBlock(_fine(time[rows] + veto.lav_time_ns * rng.standard_normal(len(rows))), {"station": station})


def lav12_hits(rng: np.random.Generator, time: F64, x: F64, y: F64, veto: VetoResponse) -> HitBlock:
    """Hits of charged particles that cross the ring of the last LAV station at (x, y) [mm] at `time` [ns]."""
    number, _, _, inner, outer = lav_stations()[-1]
    r2 = x * x + y * y
    crossed = (r2 > inner**2) & (r2 < outer**2)
    rows = np.flatnonzero(crossed & (rng.random(len(time)) < veto.lav12_efficiency))
    station = np.full(len(rows), number, np.uint8)
    return HitBlock(_fine(time[rows] + veto.lav_time_ns * rng.standard_normal(len(rows))), {"station": station})


def lav_showers(
    rng: np.random.Generator, particles: Particles, curve: PathCurve, veto: VetoResponse
) -> tuple[HitBlock, Particles]:
    """Hits of photons or electrons in the rings of the stations, and the particles, each ended where it was seen.

    A ring is looked at where it begins; what enters a station through its inner face is not.
    """
    rows, stations = [np.empty(0, np.int64)], [np.empty(0, np.uint8)]
    for number, front, _, inner, outer in lav_stations():
        if not np.any((particles.z_start <= front) & (front <= particles.z_end)):
            continue
        x, y = positions(particles, curve, front)
        r2 = x * x + y * y
        crossed = (r2 > inner**2) & (r2 < outer**2)
        seen = np.flatnonzero(crossed & (rng.random(len(particles)) < veto.lav_shower_efficiency))
        particles = _ended(particles, seen, front)
        rows.append(seen)
        stations.append(np.full(len(seen), number, np.uint8))
    row = np.concatenate(rows)
    time = particles.time[row] + veto.lav_time_ns * rng.standard_normal(len(row))
    return HitBlock(_fine(time), {"station": np.concatenate(stations)}), particles


def sav_hits(
    rng: np.random.Generator, particles: Particles, curve: PathCurve, veto: VetoResponse
) -> tuple[HitBlock, Particles]:
    """Hits of photons in IRC and SAC, and the photons, each ended where it was seen."""
    x, y = positions(particles, curve, planes()["IRC"].z_mm)
    irc = np.flatnonzero(in_annulus(x, y, "IRC") & (rng.random(len(x)) < veto.sav_efficiency))
    particles = _ended(particles, irc, planes()["IRC"].z_mm)
    x, y = positions(particles, curve, planes()["SAC"].z_mm)
    half = planes()["SAC"].outer_mm
    inside = (np.abs(x) < half) & (np.abs(y) < half)
    sac = np.flatnonzero(inside & (rng.random(len(x)) < veto.sav_efficiency))
    row = np.concatenate((irc, sac))
    time = particles.time[row] + veto.sav_time_ns * rng.standard_normal(len(row))
    detector = np.repeat(np.array([Sav.IRC, Sav.SAC], np.uint8), [len(irc), len(sac)])
    return HitBlock(_fine(time), {"detector": detector}), particles


def _ended(particles: Particles, rows: np.ndarray[tuple[int], np.dtype[np.int64]], z_mm: float) -> Particles:
    if len(rows) == 0:
        return particles
    z_end = particles.z_end.copy()
    z_end[rows] = np.minimum(z_end[rows], z_mm)
    return replace(particles, z_end=z_end)


def _fine(time_ns: F64) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.rint(time_ns / FINE_NS).astype(np.int64)
