"""Noise of the normalisation, from recorded spills: relative variance, autocorrelation, and what the charts use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.alarms.ewma import MAD_TO_SIGMA

F64 = NDArray[np.float64]

LARGEST_RHO = 0.95
"""More is not an autocorrelation but a drift: the reference would not be one."""

MEASURABLE = 0.3
"""Part of the variance that is not Poisson, above which its own autocorrelation can be told."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Of one stream.

    phi : relative variance beyond Poisson, by MAD
    rho : autocorrelation of successive spills, of the part that is not Poisson
    phi_eff : the one the charts use
    overdispersion : variance over Poisson variance
    """

    phi: float
    rho: float
    phi_eff: float
    overdispersion: float


def measure(residual: F64, poisson: F64, follows: NDArray[np.bool_], safety: float, floor: float) -> Noise:
    """Noise of relative residuals n / mu - 1.

    phi_eff = max(phi safety^2, floor^2) (1 + rho) / (1 - rho): for autocorrelated noise a chart for independent spills
    needs its long-run variance.

    Parameters
    ----------
    residual : float64 (n,)    in the order of the spills
    poisson : float64 (n,)    their Poisson variance, 1 / mu
    follows : bool (n,)    whether a spill is the one after the one before it
    safety, floor : factor of the noise, smallest noise
    """
    centred = residual - np.median(residual)
    variance = float((MAD_TO_SIGMA * np.median(np.abs(centred))) ** 2)
    counting = float(np.mean(poisson))
    phi = max(0.0, variance - counting)
    rho = _correlation(centred, follows, counting)
    phi_eff = max(phi * safety**2, floor**2) * (1.0 + rho) / (1.0 - rho)
    return Noise(phi, rho, phi_eff, float(np.var(residual)) / counting)


def _correlation(centred: F64, follows: NDArray[np.bool_], counting: float) -> float:
    pairs = np.flatnonzero(follows[1:]) + 1
    total = float(np.mean(centred**2))
    if len(pairs) < 2 or total == 0.0:
        return 0.0
    excess = total - counting
    # counting noise has no memory; where it dominates, the rest cannot be told from it
    base = excess if excess > MEASURABLE * total else total
    return min(LARGEST_RHO, max(0.0, float(np.mean(centred[pairs] * centred[pairs - 1])) / base))
