"""Fillers: particles that only bring a detector to its known rate.

The published halo explains a fifth of the Q1 rate; what the rest is, nobody says. Source: emulator notes, section 2.
MUV3 needs no filler: halo muons outside the CHOD bring it to its rate.
"""

from __future__ import annotations

import math

import numpy as np

from daq.config.detector import FillerConfig
from daq.geometry.planes import planes
from daq.source.acceptance import CHOD
from daq.source.particles import F64, Kind, Particles, parallel_particles

BEFORE_MM, BEHIND_MM = 300.0, 500.0
"""A filler exists from here before to here behind its plane [mm], so that no other plane sees it."""


def chod_filler(rng: np.random.Generator, time: F64, filler: FillerConfig) -> Particles:
    """Soft charged particles that end in the CHOD."""
    chod = planes()[CHOD]
    x, y = _spot(rng, len(time), filler.chod_spread_mm, chod.inner_mm, chod.outer_mm)
    return parallel_particles(
        Kind.FILLER, time, x, y, np.ones(len(time)), (chod.z_mm - BEFORE_MM, chod.z_mm + BEHIND_MM)
    )


def lkr_filler(rng: np.random.Generator, time: F64, filler: FillerConfig) -> Particles:
    """Electromagnetic clusters in the LKr."""
    lkr = planes()["LKr_front"]
    x, y = _spot(rng, len(time), filler.lkr_spread_mm, lkr.inner_mm, lkr.outer_mm)
    least, mean = filler.lkr_energy_gev
    energy = least + mean * rng.standard_exponential(len(time))
    return parallel_particles(Kind.PHOTON, time, x, y, energy, (lkr.z_mm - BEFORE_MM, lkr.z_mm + BEHIND_MM))


def _spot(rng: np.random.Generator, n: int, spread: float, inner: float, outer: float) -> tuple[F64, F64]:
    """Gaussian spot on the axis, cut to an annulus; drawn from the inverse, so nothing is thrown away."""
    nearest, furthest = math.exp(-0.5 * (inner / spread) ** 2), math.exp(-0.5 * (outer / spread) ** 2)
    radius = spread * np.sqrt(-2.0 * np.log(nearest + (furthest - nearest) * rng.random(n)))
    phi = rng.random(n) * (2.0 * math.pi)
    return radius * np.cos(phi), radius * np.sin(phi)
