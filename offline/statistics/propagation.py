"""Errors of sums and of scaled expectations, as the tables of the paper have them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from daq.errors import DataError
from offline.statistics.checks import count, finite, mean, means, positive


def in_quadrature(errors: ArrayLike) -> float:
    """Error of a sum of independent terms; total of table 5."""
    return float(np.sqrt(np.sum(means("errors", errors) ** 2)))


def with_common_scale(values: ArrayLike, errors: ArrayLike, scale_error: float) -> float:
    """Error of a sum whose terms share one scale factor with relative error `scale_error`, contained in each error.

    The 0.19 of table 1 is reproduced so, and not by the quadrature (inferred, the paper does not state it).
    """
    x, e, r = finite("values", values), means("errors", errors), mean("relative error of the scale", scale_error)
    own = e**2 - (r * x) ** 2
    if (own < -1e-3 * e**2).any():
        msg = "statistics: an error is smaller than its part from the common scale; wanted total errors"
        raise DataError(msg)
    return float(np.sqrt(np.sum(np.maximum(own, 0.0)) + (r * x.sum()) ** 2))


def scaled_to_count(expected: float, counted: int, predicted: float) -> tuple[float, float]:
    """Expectation scaled by counted / predicted of a control sample, and its Poisson error; table 3 from table 2."""
    n = count("counted events", counted)
    if n == 0:
        msg = "statistics: a scale factor from 0 counted events has no error; wanted a larger control sample"
        raise DataError(msg)
    value = mean("expected number", expected) * n / positive("predicted number", predicted)
    return value, value / math.sqrt(n)


def count_pull(counted: int, expected: float, error: float) -> float:
    """(expected - counted) over the Poisson error of the count and the error of the expectation."""
    n = count("counted events", counted)
    width = math.hypot(math.sqrt(n), mean("error", error))
    return (mean("expected number", expected) - n) / positive("total error", width)


def sideband_subtracted(inside: int, sideband: int, ratio: float) -> tuple[float, float]:
    """Signal in a window and its error: N_in - r N_sb, with r the width of the window over that of the sidebands."""
    n_in, n_sb = count("events in the window", inside), count("events in the sidebands", sideband)
    r = positive("window over sidebands", ratio)
    return n_in - r * n_sb, math.sqrt(n_in + r**2 * n_sb)


def counts_behind_subtraction(signal: float, error: float, ratio: float) -> tuple[float, float]:
    """Inverse of `sideband_subtracted`: (inside, sideband) that a published signal and its error imply."""
    r, variance = positive("window over sidebands", ratio), positive("error", error) ** 2
    sideband = (variance - mean("signal", signal)) / (r + r**2)
    if sideband < -1e-9 * variance:
        msg = "statistics: the error is below root of the signal; no sideband gives it"
        raise DataError(msg)
    return signal + r * max(sideband, 0.0), max(sideband, 0.0)
