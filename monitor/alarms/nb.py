"""Predictive tails of a count whose rate itself fluctuates: negative binomial, exact in far tails.

n | g ~ Poisson(mu g), g ~ Gamma(mean 1, variance phi): n has mean mu and variance mu + phi mu^2. Source: Lawless,
Can. J. Stat. 15 (1987) 209; tails by the regularised incomplete beta function (DLMF 8.17).
"""

from __future__ import annotations

import math
from collections.abc import Callable

from scipy.special import betainc, betaincc, gammainc, gammaincc

POISSON_BELOW = 1e-12
"""A smaller phi x max(mu, 1) is a Poisson count: its effect on a 10 sigma tail is below 1e-9, and r = 1/phi is too
large for the incomplete beta function."""

SECANT_STEPS = 60


def p_high(n: float, mu: float, phi: float) -> float:
    """P(N >= n); 1 for n <= 0.

    Parameters
    ----------
    n : counts; a real number is allowed and gives the continuous extension
    mu : expected counts, > 0
    phi : relative variance beyond Poisson, >= 0
    """
    if n <= 0:
        return 1.0
    if phi * max(mu, 1.0) < POISSON_BELOW:
        return float(gammainc(n, mu))
    return float(betainc(n, 1.0 / phi, phi * mu / (1.0 + phi * mu)))


def p_low(n: float, mu: float, phi: float) -> float:
    """P(N <= n); 0 for n < 0. Parameters as those of `p_high`."""
    if n < 0:
        return 0.0
    if phi * max(mu, 1.0) < POISSON_BELOW:
        return float(gammaincc(n + 1.0, mu))
    return float(betaincc(n + 1.0, 1.0 / phi, phi * mu / (1.0 + phi * mu)))


def sigma(mu: float, phi: float) -> float:
    """Standard deviation of the count."""
    return math.sqrt(mu + phi * mu * mu)


def band(mu: float, phi: float, p: float) -> tuple[float, float]:
    """Counts, as real numbers, at which p_low and p_high are `p`; the lower one is 0 when n = 0 is not rarer."""
    high = _crossing(lambda n: p_high(n, mu, phi), mu, sigma(mu, phi), p)
    low = 0.0
    if p_low(0.0, mu, phi) < p:
        # p_low rises with n: mirror it, so that one search serves both
        low = -_crossing(lambda n: p_low(-n, mu, phi), -mu, sigma(mu, phi), p)
    return low, high


def _crossing(tail: Callable[[float], float], centre: float, width: float, p: float) -> float:
    """Where a falling tail is `p`: brackets, then regula falsi on the logarithm (Illinois rule)."""
    goal = math.log(p)
    left, right = centre, centre + 5.0 * width + 1.0
    while tail(right) > p:
        left, right = right, right + 5.0 * width + 1.0
    at_left, at_right = math.log(tail(left)) - goal, _log(tail(right)) - goal
    for _ in range(SECANT_STEPS):
        if right - left < 1e-7 * (abs(right) + 1.0) or at_left == at_right:
            break
        middle = right - at_right * (right - left) / (at_right - at_left)
        at_middle = _log(tail(middle)) - goal
        if at_middle < 0:
            right, at_right, at_left = middle, at_middle, at_left / 2.0
        else:
            left, at_left, at_right = middle, at_middle, at_right / 2.0
    return 0.5 * (left + right)


def _log(p: float) -> float:
    return math.log(p) if p > 0 else -750.0
