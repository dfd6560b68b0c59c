"""Part of a control sample that survives: limits for nothing seen, intervals for weighted entries."""

from __future__ import annotations

import math

from scipy.special import betaincinv

from daq.errors import DataError
from offline.statistics.checks import count, fraction, mean, positive
from offline.statistics.limits import CONFIDENCE, upper_limit


def effective_entries(total: float, error: float) -> float:
    """Entries without weights that have the same relative error: (total / error)^2."""
    return (positive("weighted total", total) / positive("its error", error)) ** 2


def wilson_interval(part: float, entries: float, z: float = 1.0) -> tuple[float, float]:
    """Score interval of a fraction at z standard deviations; `entries` may be effective ones.

    Source: E. Wilson, J. Am. Stat. Assoc. 22 (1927) 209. It reproduces the asymmetric errors of the ee rejection.
    """
    p, n = _part(part), positive("entries", entries)
    centre, width = p + z**2 / (2 * n), z * math.sqrt(p * (1 - p) / n + (z / (2 * n)) ** 2)
    return max((centre - width) / (1 + z**2 / n), 0.0), min((centre + width) / (1 + z**2 / n), 1.0)


def jeffreys_parameters(part: float, entries: float) -> tuple[float, float]:
    """Parameters of the beta posterior of a fraction for the prior of Jeffreys."""
    p, n = _part(part), positive("entries", entries)
    return n * p + 0.5, n * (1.0 - p) + 0.5


def poisson_upper(seen: int, total: float, cl: float = CONFIDENCE) -> float:
    """Upper limit of a fraction, Poisson: limit of the count over the total; not below 1 when `seen` is all."""
    return upper_limit(seen, cl=cl) / positive("total", total)


def binomial_upper(seen: int, total: int, cl: float = CONFIDENCE) -> float:
    """Upper limit of a fraction, binomial (Clopper and Pearson, Biometrika 26 (1934) 404)."""
    k, n, level = count("seen entries", seen), count("total", total), fraction("confidence level", cl)
    if n == 0 or k > n:
        msg = f"statistics: {k} of {n} entries seen; wanted some entries, and no more seen than there are"
        raise DataError(msg)
    return 1.0 if k == n else float(betaincinv(k + 1, n - k, level))


def _part(part: float) -> float:
    number = mean("fraction", part)
    if number > 1.0:
        msg = f"statistics: fraction is {number:g}; wanted 0 to 1"
        raise DataError(msg)
    return number
