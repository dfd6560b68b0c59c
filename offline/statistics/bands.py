"""Expected limits without a signal: median and bands, exact by the sum over counts, no toys."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from offline.statistics.background import CountLaw
from offline.statistics.checks import F64, fraction
from offline.statistics.limits import CONFIDENCE, KNOWN_SCALE, Method, upper_limit
from offline.statistics.nuisance import Nuisance
from offline.statistics.significance import probability_of

SIGMAS = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""Edges of the bands in standard deviations; 0 is the median."""


@dataclass(frozen=True, slots=True)
class Band:
    """Five numbers at -2, -1, 0, +1, +2 standard deviations, and the counts behind them."""

    limits: tuple[float, ...]
    counts: tuple[int, ...]

    @property
    def median(self) -> float:
        """Expected limit."""
        return self.limits[2]

    @property
    def is_degenerate(self) -> bool:
        """Whether one count fills the band: 0.016 events give 0 in 98.4 % of all experiments."""
        return len(set(self.counts)) == 1


def expected_band(
    background: CountLaw,
    scale: Nuisance = KNOWN_SCALE,
    cl: float = CONFIDENCE,
    method: Method | str = Method.CLS,
) -> Band:
    """Limits [events] that an experiment without signal sets.

    The count at q standard deviations is the smallest n with P(N <= n) >= Phi(q), the background integrated out; the
    limit grows with the count. A counting experiment knows few limits: with 0.016 events all five are that of n = 0.
    """
    numbers = tuple(count_quantile(background, quantile(sigma)) for sigma in SIGMAS)
    limit = {n: upper_limit(n, background, scale, cl, method) for n in sorted(set(numbers))}
    return Band(tuple(limit[n] for n in numbers), numbers)


def count_quantile(background: CountLaw, part: float) -> int:
    """Smallest n with P(N <= n) >= `part`."""
    below = background.at_most(np.arange(background.top + 1))
    return int(np.searchsorted(below, fraction("quantile", part)))


def quantile(sigma: float) -> float:
    """Probability below a number of standard deviations, of either sign."""
    tail = probability_of(abs(sigma))
    return 1.0 - tail if sigma > 0.0 else tail


def mean_limit(limits: F64, background: CountLaw) -> float:
    """Mean limit over experiments without signal, from a `limit_table`; counts beyond the table have the last limit."""
    n = np.arange(limits.size)
    return float(limits @ background.exactly(n) + limits[-1] * background.at_least(np.asarray(limits.size)))


def scale_band(scale: Nuisance) -> tuple[float, ...]:
    """Factors on the yield at -2 to +2 standard deviations of the scale.

    A contour drawn with N_exp x factor shows how far the protons alone move it. It is no expected band: the limits
    have the scale integrated out already.
    """
    factor, weight = scale.nodes()
    if scale.is_known:
        return (1.0,) * len(SIGMAS)
    cumulative = np.cumsum(weight) - 0.5 * weight
    return tuple(float(np.interp(quantile(sigma), cumulative, factor)) for sigma in SIGMAS)
