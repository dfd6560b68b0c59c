"""Standard deviations and probabilities, one- and two-sided."""

from __future__ import annotations

from typing import Literal

from scipy.special import ndtr, ndtri

from daq.errors import DataError
from offline.statistics.checks import fraction, mean

Sides = Literal[1, 2]
"""1: only an excess counts. 2: the published "2.4 sigma" and the table of the hadrons count both tails."""

DISCOVERY = 5.0
"""Standard deviations of a discovery."""


def probability_of(sigma: float, sides: Sides = 1) -> float:
    """p-value of an excess of `sigma` >= 0 standard deviations."""
    return _checked(sides) * float(ndtr(-mean("number of standard deviations", sigma)))


def sigma_of(p: float, sides: Sides = 1) -> float:
    """Standard deviations of a p-value between 0 and 1; negative for a one-sided p above 1/2."""
    return -float(ndtri(fraction("p-value", p) / _checked(sides)))


def _checked(sides: int) -> int:
    if sides not in (1, 2):
        msg = f"statistics: sides is {sides!r}; wanted 1 (an excess) or 2 (both tails)"
        raise DataError(msg)
    return sides
