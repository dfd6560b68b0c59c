"""Pull of a measured signal yield: of n - b where counts are large, of the likelihood ratio where they are few.

With mu expected counts (n - mu) / root n has the mean -1/(2 root mu), -0.16 for 10: the error is large where n is. An
error that is a fraction of the measured yield does the same at any mu, -0.2 for 20 %. The signed root of the likelihood
ratio has the mean -1/(6 root mu) and takes its errors at the truth. So n - b is used from 100 counts on, and for a
known scale only. Below 2 counts no pull is normal, whatever its formula (n takes two or three values): there the
coverage is the test.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from scipy.special import xlogy

from daq.errors import DataError
from offline.statistics.checks import F64, I64, counts
from offline.statistics.toys import Injection

MANY = 100.0
"""Expected counts above which n - b and its error describe a yield: bias below 0.05."""

LEAST = 2.0
"""Expected counts below which a pull means nothing."""


class Pull(StrEnum):
    """How far a yield is from the truth, in standard deviations."""

    YIELD = "yield"
    """(n - b - s) over the root of n + (error of b)^2 + (relative error of the scale x (n - b))^2."""
    LIKELIHOOD = "likelihood"
    """Sign x root of twice the log likelihood ratio, background and scale profiled as one normal shift of the mean."""


def pulls(n: I64, injection: Injection, kind: Pull | None = None) -> F64:
    """Pulls of counts for the injected truth; `kind` None takes `YIELD` for a known scale and `MANY` expected counts.

    Raises
    ------
    DataError
        Fewer than `LEAST` expected counts.
    """
    number = counts("counts of the toys", n)
    expected = injection.signal + injection.background.mean
    if expected < LEAST:
        msg = (
            f"statistics: {expected:g} expected counts have no normal pull; wanted {LEAST:g} or more; test the coverage"
        )
        raise DataError(msg)
    is_plain = expected >= MANY and injection.scale.is_known
    chosen = Pull(kind) if kind else (Pull.YIELD if is_plain else Pull.LIKELIHOOD)
    return _of_yield(number, injection) if chosen is Pull.YIELD else _of_likelihood(number, injection)


def _of_yield(n: I64, truth: Injection) -> F64:
    found = n - truth.background.mean
    relative = 0.0 if truth.scale.is_known else truth.scale.relative
    variance = np.maximum(n, 1) + truth.background.error**2 + (relative * found) ** 2
    return np.asarray((found - truth.signal) / np.sqrt(variance))


def _of_likelihood(n: I64, truth: Injection) -> F64:
    """-2 ln L(mean) = 2 (m - n ln m) + ((m - mean)/w)^2, w the error of the mean; its minimum in m is closed."""
    mean = truth.signal + truth.background.mean
    relative = 0.0 if truth.scale.is_known else truth.scale.relative
    variance = truth.background.error**2 + (relative * truth.signal) ** 2
    if variance == 0.0:
        best = np.full(n.shape, mean)
        penalty = np.zeros(n.shape)
    else:
        half = 0.5 * (mean - variance)
        best = np.maximum(half + np.sqrt(half**2 + variance * n), 1e-12)
        penalty = (best - mean) ** 2 / variance
    ratio = 2.0 * (best - n - xlogy(n, best) + xlogy(n, n)) + penalty
    return np.asarray(np.sign(n - mean) * np.sqrt(np.maximum(ratio, 0.0)))
