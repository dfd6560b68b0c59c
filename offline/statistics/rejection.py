"""Background as a product: a control sample times two rejections with asymmetric errors (the ee channel).

N(region) = N(PID) x (1 - eta of LAV and ANTI0) x (1 - eta of the region). Published: 59.9 +- 6.7, 0.012 +0.020 -0.008,
0.008 +0.018 -0.006; result 0.0094 +0.049 -0.009 at 90 % CL in SR. 18 recipes were tried: the product of the central
values is 0.0056, no recipe gives 0.0094; `split` gives the interval and the chance of an event within 5 % and is 13 %
low in the centre. Treat the published centre as not reproduced.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from daq.errors import DataError
from offline.statistics.background import SampledBackground
from offline.statistics.checks import F64, count, fraction, mean, positive
from offline.statistics.fractions import jeffreys_parameters

N_TOYS = 4_000_000
"""Toys of a product; the median is then good to 0.1 %, the 95 % quantile to 0.2 %."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Surviving fraction 1 - eta with its upper and lower error."""

    central: float
    up: float
    down: float

    def __post_init__(self) -> None:
        for name in ("central", "up", "down"):
            positive(f"rejection: {name}", getattr(self, name))

    def split(self, rng: np.random.Generator, n: int) -> F64:
        """Two halves of normal laws, half of the probability on each side; drawn again where not above 0."""
        return _redrawn(rng, n, lambda z: self.central + np.where(z > 0.0, self.up, self.down) * z)


@dataclass(frozen=True, slots=True)
class ProductToys:
    """Sample of a background [events]."""

    values: F64

    @property
    def mean(self) -> float:
        """Expected events; what a count in the region has as its mean."""
        return float(self.values.mean())

    @property
    def median(self) -> float:
        """Half of the toys are below."""
        return self.quantile(0.5)

    def quantile(self, part: float) -> float:
        """Value below which `part` of the toys are."""
        return float(np.quantile(self.values, fraction("quantile", part)))

    @property
    def p_any(self) -> float:
        """P(N >= 1): mean of 1 - exp(-b)."""
        return float(-np.expm1(-self.values).mean())

    def law(self) -> SampledBackground:
        """Background for limits and thresholds."""
        return SampledBackground(self.values)


def product(control: float, *rejections: float) -> float:
    """Product of the central values."""
    return float(mean("control sample", control) * np.prod([mean("rejection", part) for part in rejections]))


def split_toys(
    control: tuple[float, float], rejections: tuple[Rejection, ...], seed: int, n: int = N_TOYS
) -> ProductToys:
    """Toys of the product, each rejection as two halves of normal laws; `control` = (events, error)."""
    rng = np.random.default_rng(seed)
    values = _control(rng, control, n)
    for rejection in rejections:
        values *= rejection.split(rng, n)
    return ProductToys(values)


def jeffreys_toys(
    control: tuple[float, float], parts: tuple[float, ...], entries: float, seed: int, n: int = N_TOYS
) -> ProductToys:
    """Toys of the product, each rejection as the posterior of a fraction of (effective) entries."""
    rng = np.random.default_rng(seed)
    values = _control(rng, control, n)
    for part in parts:
        values *= rng.beta(*jeffreys_parameters(part, entries), n)
    return ProductToys(values)


def _control(rng: np.random.Generator, control: tuple[float, float], n: int) -> F64:
    central, error = positive("control sample", control[0]), mean("its error", control[1])
    if count("number of toys", n) == 0:
        msg = "statistics: 0 toys; wanted one at least"
        raise DataError(msg)
    return _redrawn(rng, n, lambda z: central + error * z)


def _redrawn(rng: np.random.Generator, n: int, value: Callable[[F64], F64]) -> F64:
    """Values of normal variates, those that are not above 0 drawn again."""
    out = value(rng.standard_normal(n))
    while (bad := np.flatnonzero(out <= 0.0)).size:
        out[bad] = value(rng.standard_normal(bad.size))
    return out
