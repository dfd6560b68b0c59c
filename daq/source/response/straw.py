"""STRAW tracks: acceptance of the chambers, momentum, slopes with tails, position, charge, and the kaon tag.

A particle that decays on its way is two particles, each with a track of its own where it crosses three chambers: how
the fit treats a kink is out of scope.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from daq.config.detector import RichResponse, StrawResponse
from daq.geometry.planes import STRAW_HOLE_CENTRE_X_MM, Z_REFERENCE_MM, planes
from daq.hits import HitBlock
from daq.jit import kernel
from daq.source.acceptance import in_annulus
from daq.source.particles import F64, Kind, Particles
from daq.source.propagation import PathCurve, positions
from daq.units import FINE_NS

CHAMBERS = ("STRAW1", "STRAW2", "STRAW3", "STRAW4")
FEWEST_CHAMBERS = 3
NDF = 8.0
"""Degrees of freedom of the emulated chi2: sixteen views less the fit, a shape only."""


def straw_tracks(
    rng: np.random.Generator,
    particles: Particles,
    curve: PathCurve,
    straw: StrawResponse,
    rich: RichResponse | None = None,
) -> HitBlock:
    """Tracks of charged particles that cross at least three chambers.

    A track is the straight line through Z = 180 m of `particles`, with the resolution of the spectrometer.
    """
    chambers = np.zeros(len(particles), np.uint8)
    for name, centre in zip(CHAMBERS, STRAW_HOLE_CENTRE_X_MM, strict=True):
        chambers += in_annulus(*positions(particles, curve, planes()[name].z_mm), name, centre)
    x, y = positions(particles, curve, planes()["ANTI0"].z_mm)
    wall = x * x + y * y > straw.tank_radius_mm**2  # False for NaN: born inside the tank
    seen = (chambers >= FEWEST_CHAMBERS) & (particles.charge != 0) & ~wall
    rows = np.flatnonzero(seen & (rng.random(len(particles)) < straw.efficiency * particles.quality))
    block = _measure(rng, particles, rows, chambers[rows], straw)
    tagged = _kaon_tags(rng, particles.kind, len(rows), rich) if rich else np.zeros(len(rows), np.uint8)
    return HitBlock(block.time, {**block.fields, "kaon": tagged})


def _kaon_tags(rng: np.random.Generator, kind: Kind, n: int, rich: RichResponse) -> NDArray[np.uint8]:
    """What the RICH prefers. No dependence on momentum: the published selection gives none."""
    probability = rich.kaon_efficiency if kind is Kind.KAON else rich.misidentification
    return (rng.random(n) < probability).astype(np.uint8)


def _measure(
    rng: np.random.Generator,
    particles: Particles,
    rows: NDArray[np.int64],
    chambers: NDArray[np.uint8],
    straw: StrawResponse,
) -> HitBlock:
    n = len(rows)
    out = np.empty((6, n), np.float32)
    time = np.empty(n, np.int64)
    p, momentum, tail = (
        particles,
        (straw.momentum_constant, straw.momentum_linear),
        (straw.tail_fraction, straw.tail_factor),
    )
    slope = (straw.slope_rad, straw.slope_rad_gev)
    lever = planes()["STRAW1"].z_mm - Z_REFERENCE_MM
    state = (p.time, p.x, p.y, p.tx, p.ty, p.p)
    _smear(
        rng, rows, *state, *momentum, *slope, *tail, straw.position_mm, lever, straw.time_ns, FINE_NS, NDF, time, out
    )
    fields: dict[str, NDArray[np.generic]] = dict(zip(("x", "y", "tx", "ty", "p", "chi2"), out, strict=True))
    wrong = rng.random(n) < straw.charge_confusion
    charge = np.where(wrong, -particles.charge[rows], particles.charge[rows]).astype(np.int8)
    fields |= {"charge": charge, "chambers": chambers}
    return HitBlock(time, fields)


@kernel
def _smear(
    rng: np.random.Generator,
    rows: NDArray[np.int64],
    time: F64,
    x: F64,
    y: F64,
    tx: F64,
    ty: F64,
    p: F64,
    momentum_constant: float,
    momentum_linear: float,
    slope_constant: float,
    slope_over_p: float,
    tail_fraction: float,
    tail_factor: float,
    position: float,
    lever: float,
    time_sigma: float,
    fine_ns: float,
    ndf: float,
    track_time: NDArray[np.int64],
    out: NDArray[np.float32],
) -> None:
    for k in range(len(rows)):
        i = rows[k]
        sigma_slope = np.sqrt(slope_constant**2 + (slope_over_p / p[i]) ** 2)
        if rng.random() < tail_fraction:
            sigma_slope *= tail_factor
        error_tx, error_ty = sigma_slope * rng.standard_normal(), sigma_slope * rng.standard_normal()
        # the position is measured at STRAW1, so at Z = 180 m it carries the slope error over the lever
        out[0, k] = x[i] + position * rng.standard_normal() - lever * error_tx
        out[1, k] = y[i] + position * rng.standard_normal() - lever * error_ty
        out[2, k] = tx[i] + error_tx
        out[3, k] = ty[i] + error_ty
        sigma_p = np.sqrt(momentum_constant**2 + (momentum_linear * p[i]) ** 2)
        out[4, k] = p[i] * max(0.01, 1.0 + sigma_p * rng.standard_normal())
        out[5, k] = 2.0 * rng.standard_gamma(ndf / 2.0)
        track_time[k] = int(np.floor((time[i] + time_sigma * rng.standard_normal()) / fine_ns + 0.5))
