"""Error of protons on target from spill to spill: independent, so it adds in quadrature, apart from the 20 %."""

from __future__ import annotations

from math import sqrt

SQUARE_UNIT = 10**8
"""Protons are squared in units of this, so that sums of squares of a million spills fit 64 bits."""


def pot_square(pot: int | None) -> int:
    """Square of the protons of a spill, in units of 1e16; 0 where they are unknown."""
    return 0 if pot is None else ((pot + SQUARE_UNIT // 2) // SQUARE_UNIT) ** 2


def spill_error(sum_of_squares: int, relative_noise: float) -> int:
    """Error of a sum of protons by the noise of the monitor.

    Parameters
    ----------
    sum_of_squares : sum of `pot_square` over the spills
    relative_noise : noise of one reading, relative
    """
    return round(relative_noise * sqrt(sum_of_squares) * SQUARE_UNIT)
