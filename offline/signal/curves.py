"""P_D A_sel against the life time, smooth in the mass.

At one mass a curve is the logarithm of the weighted sums of its sample on a fine grid of reaches, with a cubic spline
between. Between two masses the logarithm is linear in the logarithm of the distance from the threshold, at the same
reach: what changes with the mass there is the spectrum of momenta and the opening angle, and both do so slowly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.interpolate import CubicSpline

from offline.signal.samples import Sample
from streaming.reco.arrays import F64

REACHES = np.exp(np.arange(np.log(1e-3), np.log(1e10), 0.1))
"""Reaches of a curve [mm/(GeV/c)]; P_D A_sel goes as 1/reach above, and there is nothing below."""


class Found(NamedTuple):
    """Found part of the particles that were made, and its error; float64 of one shape."""

    value: F64
    error: F64


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """P_D A_sel of one mass.

    log_value : float64 (len(REACHES),)    minus infinity throughout where no decay was found
    error : float64    relative to the value; relative to 1 where no decay was found
    """

    mass_gev: float
    log_value: F64
    error: F64

    @property
    def is_empty(self) -> bool:
        """Whether no decay was found."""
        return bool(np.isneginf(self.log_value[0]))

    def at(self, log_reach: F64) -> tuple[F64, F64]:
        """Logarithm of the value, and the error."""
        inside = np.clip(log_reach, np.log(REACHES[0]), np.log(REACHES[-1]))
        error = np.interp(inside, np.log(REACHES), self.error)
        if self.is_empty:
            return np.full(np.shape(log_reach), -np.inf), error
        # below the grid it stays as it is there, which is far below the smallest number that a double holds
        value = CubicSpline(np.log(REACHES), self.log_value)(inside) - np.maximum(log_reach - inside, 0.0)
        return value, error


def curve_of(sample: Sample, region: str) -> Curve:
    """Weighted sums of a sample over `REACHES`."""
    chosen = sample.taken.where(sample.selected.inside(region))
    momentum, path = chosen.momentum_gev.astype(np.float64), chosen.range_mm.astype(np.float64)
    if len(chosen):
        with np.errstate(divide="ignore"):
            constant, per_reach = np.log(path / momentum), chosen.flown_mm / momentum
        log_value, error = np.array([_log_mean(constant - per_reach / r, sample.made) for r in REACHES]).T
        return Curve(sample.mass_gev, log_value - np.log(REACHES), error)
    error = np.array([sample.per_particle(reach, region).error for reach in REACHES])
    return Curve(sample.mass_gev, np.full(len(REACHES), -np.inf), error)


def _log_mean(log_values: F64, n: int) -> tuple[float, float]:
    """Logarithm of the mean of n values of which all but the given ones are 0, and the relative error of the mean."""
    top = log_values.max()
    values = np.exp(log_values - top)
    total = float(values.sum())
    # the square of a mean of few decays among many is nothing beside the mean of the squares, but of all is all
    relative = float(np.sqrt(max(np.sum(values**2) / total**2 - 1.0 / n, 0.0)))
    return float(top + np.log(total / n)), relative


def between(curves: Sequence[Curve], threshold_gev: float, mass_gev: float, reach: F64) -> Found:
    """P_D A_sel at any mass, from the curves of ascending masses beside it; beyond the last ones as there."""
    log_reach = np.log(reach)
    (one, low), (two, high) = _neighbours(curves, threshold_gev, mass_gev)
    (log_one, error_one), (log_two, error_two) = one.at(log_reach), two.at(log_reach)
    if not (one.is_empty or two.is_empty):
        value = np.exp(low * log_one + high * log_two)
        return Found(value, value * np.hypot(low * error_one, high * error_two))
    # no logarithm of nothing: between nothing and something the value itself is linear
    value = low * np.exp(log_one) + high * np.exp(log_two)
    parts = [
        weight * error * (1.0 if curve.is_empty else np.exp(log))
        for weight, error, curve, log in ((low, error_one, one, log_one), (high, error_two, two, log_two))
    ]
    return Found(value, np.hypot(*parts))


def _neighbours(
    curves: Sequence[Curve], threshold_gev: float, mass_gev: float
) -> tuple[tuple[Curve, float], tuple[Curve, float]]:
    """Curves below and above a mass, and their parts."""
    masses = np.array([curve.mass_gev for curve in curves])
    k = int(np.clip(np.searchsorted(masses, mass_gev), 1, max(1, len(masses) - 1)))
    below, above = curves[k - 1], curves[min(k, len(curves) - 1)]
    ends = np.log([below.mass_gev - threshold_gev, above.mass_gev - threshold_gev])
    if ends[1] == ends[0]:
        return (below, 1.0), (above, 0.0)
    part = float(np.clip((np.log(mass_gev - threshold_gev) - ends[0]) / (ends[1] - ends[0]), 0.0, 1.0))
    return (below, 1.0 - part), (above, part)
