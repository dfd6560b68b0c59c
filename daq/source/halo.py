"""Halo muons: hard and soft component.

An effective phase-space density on the planes where the muons enter (B5, B6, COL), calibrated so that published
two-track yields come out; there is no transport behind it. Source: emulator model, notes 1.3. Both components have
the same positions and slopes and differ in momentum only.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from daq.config.detector import HaloConfig
from daq.errors import ConfigError
from daq.source.acceptance import in_triple_acceptance
from daq.source.particles import F64, Kind, Particles
from daq.source.propagation import PathCurve, path_curve
from daq.source.streams import Component, stream

CALIBRATION_MUONS = 200_000
"""Muons behind the acceptance of a component: good to 0.2 % (hard) and 0.6 % (soft)."""


def hard_muons(rng: np.random.Generator, time: F64, halo: HaloConfig, curve: PathCurve) -> Particles:
    """Muons with the momentum of those that make two-track background."""
    excess = rng.standard_gamma(halo.momentum_shape, len(time)) * halo.momentum_scale_gev
    return muons_of_momentum(rng, time, halo.momentum_offset_gev + excess, halo, curve)


def soft_muons(rng: np.random.Generator, time: F64, halo: HaloConfig, curve: PathCurve) -> Particles:
    """Muons below the momentum cut: they load the detectors and are never selected."""
    low, high = halo.soft_momentum_gev
    return muons_of_momentum(rng, time, low + (high - low) * rng.random(len(time)), halo, curve)


@lru_cache(maxsize=8)
def halo_acceptance(component: Component, halo: HaloConfig, kick_sign: int) -> float:
    """Part of the muons of a component that cross CHOD, LKr and MUV3, from a fixed sample.

    It turns the published number, muons in this acceptance per POT, into muons on the plane of origin.

    Raises
    ------
    ConfigError
        No muon gets there, so the published number cannot be reached.
    """
    draw = {Component.HALO_HARD: hard_muons, Component.HALO_SOFT: soft_muons}[component]
    curve = path_curve(kick_sign)
    rng = stream(0, 0, Component.CALIBRATION, int(component))
    muons = draw(rng, np.zeros(CALIBRATION_MUONS), halo, curve)
    accepted = int(np.count_nonzero(in_triple_acceptance(muons, curve)))
    if accepted == 0:
        msg = (
            f"detector.halo: none of {CALIBRATION_MUONS} {component.name} muons crosses CHOD, LKr and MUV3; "
            "wanted some, so that their number can be scaled; check positions, slopes and momenta"
        )
        raise ConfigError(msg)
    return accepted / CALIBRATION_MUONS


def muons_of_momentum(rng: np.random.Generator, time: F64, p: F64, halo: HaloConfig, curve: PathCurve) -> Particles:
    """Halo muons of given momenta `p` [GeV/c]: position, angle and charge as in the halo model, (n,) each."""
    n = len(time)
    positive = rng.random(n) < halo.positive_fraction
    charge: NDArray[np.int8] = np.where(positive, 1, -1).astype(np.int8)
    q_over_p = charge / p
    z_low, z_high = halo.origin_z_mm
    z = z_low + (z_high - z_low) * rng.random(n)
    radius = halo.radius_offset_mm + halo.radius_scale_mm * rng.standard_gamma(halo.radius_shape, n)
    phi = rng.random(n) * (2.0 * math.pi)
    x, y = radius * np.cos(phi), radius * np.sin(phi)
    focus = (np.where(positive, *halo.focus) + halo.focus_spread * rng.standard_normal(n)) / halo.focus_lever_mm
    spread = np.sqrt((halo.divergence_rad_gev / p) ** 2 + halo.divergence_rad**2)
    tx = focus * x + spread * rng.standard_normal(n) + q_over_p * halo.kick_x_rad_gev
    ty = focus * y + spread * rng.standard_normal(n) + q_over_p * halo.kick_y_rad_gev
    x += np.where(positive, *halo.shift_x_mm)
    y += np.where(positive, *halo.shift_y_mm)
    line = curve.line_through(z, x, y, tx, ty, q_over_p)
    return Particles(Kind.MUON, time, *line, p, charge, z, np.full(n, np.inf), quality=halo.track_quality)
