"""Counts with an uncertain mean: Poisson, marginalised over the law of the mean.

The gamma law gives the negative binomial in closed form; the others are one quadrature. Both tails are sums of positive
terms: a probability of 1e-12 is as good to relative precision as one of 0.5.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, betaincc, betaln, gammainc, gammaincc, gammaln, xlogy

from daq.errors import DataError
from offline.statistics.checks import F64, I64, counts, means
from offline.statistics.nuisance import KNOWN, Prior, scale_nodes


def at_least(n: ArrayLike, mean: ArrayLike, error: ArrayLike = 0.0, prior: Prior | str = Prior.NONE) -> F64:
    """P(N >= n); `n`, `mean` [events] and `error` [events] are broadcast."""
    number, m, relative = _arguments(n, mean, error, prior)
    k = np.maximum(number, 1)
    if Prior(prior) is Prior.GAMMA:
        shape, part = _negative_binomial(m, relative)
        wide = betainc(k, shape, part)
        tail = np.where(relative < KNOWN, gammainc(k, m), wide)
    else:
        tail = _average(lambda mu: gammainc(k[..., None], mu), m, relative, Prior(prior))
    return np.where(number == 0, 1.0, np.where(m == 0.0, 0.0, tail))


def at_most(n: ArrayLike, mean: ArrayLike, error: ArrayLike = 0.0, prior: Prior | str = Prior.NONE) -> F64:
    """P(N <= n); arguments as for `at_least`."""
    number, m, relative = _arguments(n, mean, error, prior)
    if Prior(prior) is Prior.GAMMA:
        shape, part = _negative_binomial(m, relative)
        tail = np.where(relative < KNOWN, gammaincc(number + 1, m), betaincc(number + 1, shape, part))
    else:
        tail = _average(lambda mu: gammaincc(number[..., None] + 1, mu), m, relative, Prior(prior))
    return np.where(m == 0.0, 1.0, tail)


def exactly(n: ArrayLike, mean: ArrayLike, error: ArrayLike = 0.0, prior: Prior | str = Prior.NONE) -> F64:
    """P(N = n); arguments as for `at_least`."""
    number, m, relative = _arguments(n, mean, error, prior)
    if Prior(prior) is Prior.GAMMA:
        shape, part = _negative_binomial(m, relative)
        ways = np.where(number == 0, 0.0, -betaln(np.maximum(number, 1), shape) - np.log(np.maximum(number, 1)))
        wide = np.exp(ways + xlogy(number, part) + shape * np.log1p(-part))
        return np.where(relative < KNOWN, poisson(number, m), wide)
    return _average(lambda mu: poisson(number[..., None], mu), m, relative, Prior(prior))


def poisson(n: ArrayLike, mean: ArrayLike) -> F64:
    """Poisson probability of n, without checks; a mean of 0 is allowed."""
    return np.asarray(np.exp(xlogy(n, mean) - mean - gammaln(np.asarray(n) + 1.0)))


def _arguments(n: ArrayLike, mean: ArrayLike, error: ArrayLike, prior: Prior | str) -> tuple[I64, F64, F64]:
    """Counts, means and relative errors of one shape; an error beside a mean of 0 is refused."""
    number, m, e = np.broadcast_arrays(
        counts("observed count", n), means("expected number", mean), means("its error", error)
    )
    if Prior(prior) is Prior.NONE:
        return number, m, np.zeros_like(m)
    if ((m == 0.0) & (e > 0.0)).any():
        msg = (
            "statistics: an expected number of 0 with an error has no relative error; give the mean of its law, "
            "for nothing seen in a control sample e.g. 1 x transfer factor, with the same error"
        )
        raise DataError(msg)
    return number, m, e / np.where(m == 0.0, 1.0, m)


def _negative_binomial(mean: F64, relative: F64) -> tuple[F64, F64]:
    """Shape k and probability q = mean / (mean + k)."""
    shape = np.maximum(relative, KNOWN) ** -2
    return shape, mean / (mean + shape)


def _average(value: Callable[[F64], F64], mean: F64, relative: F64, prior: Prior) -> F64:
    if prior is Prior.NONE:
        return np.asarray(value(mean[..., None]))[..., 0]
    scale, weight = scale_nodes(prior, relative)
    return np.asarray(np.sum(value(mean[..., None] * scale) * weight, axis=-1))
