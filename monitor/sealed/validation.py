"""The pre-registered test of an opened control region: P(N >= n | expected)."""

from __future__ import annotations

import math

from daq.errors import PolicyError
from monitor.sealed.statement import Statement


def p_at_least(n: int, expected: float) -> float:
    """Probability of `n` or more when `expected` are expected (Poisson).

    Summed from the largest term of the smaller tail, so that small probabilities keep their digits.
    """
    if n <= 0:
        return 1.0
    if expected == 0.0:
        return 0.0
    if n <= expected:
        return 1.0 - _sum_down(n - 1, expected)
    term, total, k = _term(n, expected), 0.0, n
    while term > total * 1e-17:
        total, k = total + term, k + 1
        term *= expected / k
    return total


def check_agreement(statement: Statement, n: int) -> float:
    """P value of an opened CR.

    Raises
    ------
    PolicyError
        Below the registered value: the signal region stays sealed.
    """
    p = p_at_least(n, float(statement.expected))
    if p < float(statement.min_p_value):
        msg = (
            f"{statement.channel}: the CR does not agree: {n} opened, {statement.expected} expected, P(N >= {n}) = "
            f"{p:.3g}, registered were {statement.min_p_value} at least; the SR stays sealed"
        )
        raise PolicyError(msg)
    return p


def _term(k: int, expected: float) -> float:
    return math.exp(k * math.log(expected) - expected - math.lgamma(k + 1))


def _sum_down(k: int, expected: float) -> float:
    total, term = 0.0, _term(k, expected)
    while k >= 0 and term > total * 1e-17:
        total, term, k = total + term, term * k / expected, k - 1
    return total
