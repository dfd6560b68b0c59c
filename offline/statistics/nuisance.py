"""What is not known about a scale: the law of a factor with nominal value 1, as nodes and weights of a quadrature.

"20 %" is not one law. Five of them are here, because the limit of nothing seen moves from 2.35 to 2.42 with the choice.
The paper does not say which one it took for the protons on target (CERN-EP-2023-032, sect. 7).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
from scipy.special import gammainccinv, gammaincinv

from daq.errors import DataError
from offline.statistics.checks import F64, fraction, mean, means

N_NODES = 256
"""Nodes of a quadrature; against closed forms it is good to 1e-9 for errors up to 100 % (tests)."""

RANGE = 9.0
"""Normal laws are integrated to this many standard deviations: 1e-19 is left out."""

KNOWN = 1e-6
"""A relative error below this is none: it moves no digit that is printed."""

_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(N_NODES)


class Prior(StrEnum):
    """Law of a factor with relative error r."""

    NONE = "none"
    """Known exactly."""
    GAUSS = "gauss"
    """Normal with mean 1 and width r before it is cut at 0 (or at `low`)."""
    GAMMA = "gamma"
    """Gamma with mean 1 and standard deviation r."""
    LOGNORMAL = "lognormal"
    """Log-normal with mean 1 and standard deviation r."""
    LOGNORMAL_MEDIAN = "lognormal_median"
    """Log-normal with median 1; its logarithm has width r."""
    LOGNORMAL_KAPPA = "lognormal_kappa"
    """Log-normal with median 1; one standard deviation is a factor 1 + r (normsys of HistFactory)."""


@dataclass(frozen=True, slots=True)
class Nuisance:
    """A factor with nominal value 1, its relative error and its law; `low` cuts the normal law from below."""

    prior: Prior = Prior.NONE
    relative: float = 0.0
    low: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "prior", Prior(self.prior))
        mean("relative error of a nuisance", self.relative)
        if self.low:
            fraction("lowest value of a nuisance", self.low)

    @property
    def is_known(self) -> bool:
        """Whether the factor is 1 for certain."""
        return self.prior is Prior.NONE or self.relative < KNOWN

    def nodes(self) -> tuple[F64, F64]:
        """Values of the factor, and weights that sum to 1; read-only."""
        return _nodes(self)

    def inverse_mean(self) -> float:
        """Mean of 1/factor; `DataError` where it does not exist."""
        if self.is_known:
            return 1.0
        if self.prior is Prior.GAUSS and self.low == 0.0:
            msg = (
                "statistics: a normal law cut at 0 has no mean of 1/factor (it grows with the logarithm of the cut), "
                "so a flat prior gives no limit; give `low`, e.g. 0.01 (0.001 to 0.1 move the limit by 3e-4), or take "
                "gamma or lognormal"
            )
            raise DataError(msg)
        if self.prior is Prior.GAMMA and self.relative >= 1.0:
            msg = f"statistics: a gamma law with relative error {self.relative:g} has no mean of 1/factor"
            raise DataError(msg)
        scale, weight = self.nodes()
        return float(np.sum(weight / scale))


@lru_cache(maxsize=256)
def _nodes(nuisance: Nuisance) -> tuple[F64, F64]:
    if nuisance.is_known:
        scale, weight = np.ones(1), np.ones(1)
    else:
        scale, weight = scale_nodes(nuisance.prior, np.float64(nuisance.relative), nuisance.low)
    scale.flags.writeable = weight.flags.writeable = False
    return scale, weight


def scale_nodes(prior: Prior, relative: F64 | np.float64, low: float = 0.0) -> tuple[F64, F64]:
    """Nodes and weights for an array of relative errors, on a new last axis of `N_NODES`."""
    r = means("relative error", relative)[..., None]
    safe = np.maximum(r, KNOWN)
    if prior is Prior.GAMMA:
        return _gamma_nodes(safe)
    if prior is Prior.GAUSS:
        t, density = _normal(np.maximum((low - 1.0) / safe, -RANGE), np.full_like(safe, RANGE))
        return 1.0 + safe * t, density
    width, shift = _log_width(prior, safe)
    t, density = _normal(np.full_like(safe, -RANGE), RANGE + 8.0 * width)
    return np.exp(shift + width * t), density


def _log_width(prior: Prior, r: F64) -> tuple[F64, F64]:
    if prior is Prior.LOGNORMAL:
        width = np.sqrt(np.log1p(r**2))
        return width, -0.5 * width**2
    if prior is Prior.LOGNORMAL_MEDIAN:
        return r, np.zeros_like(r)
    if prior is Prior.LOGNORMAL_KAPPA:
        return np.log1p(r), np.zeros_like(r)
    msg = f"statistics: no quadrature for the prior {prior!r}; wanted one of {[p.value for p in Prior]}"
    raise DataError(msg)


def _normal(start: F64, end: F64) -> tuple[F64, F64]:
    t = 0.5 * (end - start) * _POINTS + 0.5 * (end + start)
    density = np.exp(-0.5 * t**2) * _WEIGHTS
    return t, density / density.sum(axis=-1, keepdims=True)


def _gamma_nodes(r: F64) -> tuple[F64, F64]:
    """In the logarithm of the factor, between the 1e-18 quantiles."""
    if (r > 1.0).any():
        msg = (
            f"statistics: a gamma law with relative error {float(r.max()):g} is too wide for the quadrature; "
            "wanted 1 at most; take lognormal, or a background (its counts are a negative binomial, without quadrature)"
        )
        raise DataError(msg)
    shape = r**-2
    start, end = np.log(gammaincinv(shape, 1e-18) / shape), np.log(gammainccinv(shape, 1e-25) / shape)
    t = 0.5 * (end - start) * _POINTS + 0.5 * (end + start)
    density = np.exp(shape * (t - np.expm1(t))) * _WEIGHTS
    return np.exp(t), density / density.sum(axis=-1, keepdims=True)
