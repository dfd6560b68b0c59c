"""Ratio of two counts without protons: beta-binomial tails of n1 given n1 + n2.

n1 | N, p ~ Binomial(N, p), p ~ Beta with mean pi: the logarithm of n1 / n2 has variance phi beyond counting. The same
test flags histograms in AutoDQM of CMS (arXiv:2501.13789).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

F64 = NDArray[np.float64]

FAR_SIGMAS = 40.0
"""Nothing is summed further out."""

SEGMENTS_PER_SIGMA = 2
NODES, WEIGHTS = np.polynomial.legendre.leggauss(8)

SUMMED = 4000
"""A shorter tail is summed term by term; a longer one is the integral of the smooth terms (midpoint rule, error below
1e-6 at the widths that such a tail has)."""

LARGEST = 1e8
"""Larger a + b is a binomial for every count that a spill can have, and gammaln loses digits."""


def tails(n1: int, n2: int, expected: float, phi: float) -> tuple[float, float]:
    """P(N1 >= n1) and P(N1 <= n1), given n1 + n2.

    Parameters
    ----------
    n1, n2 : counts
    expected : expected n1 / n2, > 0
    phi : variance of ln(n1 / n2) beyond counting, > 0
    """
    total = n1 + n2
    if total == 0:
        return 1.0, 1.0
    pi = expected / (1.0 + expected)
    strength = min(LARGEST, max(1e-3, 1.0 / (pi * (1.0 - pi) * phi) - 1.0))
    shape = (total, pi * strength, (1.0 - pi) * strength)
    mean = total * pi
    sigma = math.sqrt(mean * (1.0 - pi) * (strength + total) / (strength + 1.0))
    if n1 >= mean:
        high = _sum(n1, min(total, math.ceil(n1 + FAR_SIGMAS * sigma)), sigma, shape)
        return min(1.0, high), min(1.0, max(0.0, 1.0 - high + _term(n1, shape)))
    low = _sum(max(0, math.floor(n1 - FAR_SIGMAS * sigma)), n1, sigma, shape)
    return min(1.0, max(0.0, 1.0 - low + _term(n1, shape))), min(1.0, low)


def _sum(first: int, last: int, sigma: float, shape: tuple[int, float, float]) -> float:
    """Sum of the terms `first` to `last`, both included."""
    if last - first < SUMMED:
        return float(np.exp(_log_terms(np.arange(first, last + 1, dtype=np.float64), shape)).sum())
    begin, end = max(first - 0.5, -0.5 + 1e-9), min(last + 0.5, shape[0] + 0.5 - 1e-9)
    edges = np.linspace(begin, end, 1 + math.ceil((end - begin) / sigma * SEGMENTS_PER_SIGMA))
    half = 0.5 * np.diff(edges)
    points = (edges[:-1] + half)[:, None] + half[:, None] * NODES
    return float((np.exp(_log_terms(points, shape)) * WEIGHTS * half[:, None]).sum())


def _term(n: int, shape: tuple[int, float, float]) -> float:
    return float(np.exp(_log_terms(np.array([float(n)]), shape))[0])


def _log_terms(n: F64, shape: tuple[int, float, float]) -> F64:
    total, a, b = shape
    choose = gammaln(total + 1.0) - gammaln(n + 1.0) - gammaln(total - n + 1.0)
    drawn = gammaln(n + a) + gammaln(total - n + b) - gammaln(total + a + b)
    none = gammaln(a) + gammaln(b) - gammaln(a + b)
    terms: F64 = choose + drawn - none
    return terms
