"""Where a yield is largest, and where it goes through a threshold: the lower and upper end of an exclusion."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from daq.errors import ConfigError
from streaming.reco.arrays import F64

Yield = Callable[[float], float]
"""Expected events for a coupling."""

PER_DECADE = 200
STEP = 1e-3
"""Of the derivative, in the logarithm of the coupling: its error is the fourth power of this."""


class Peak(NamedTuple):
    """Largest yield and its coupling."""

    coupling: float
    events: float


class Crossing(NamedTuple):
    """A coupling at which the yield is the threshold; `rising`: with the coupling."""

    coupling: float
    rising: bool


def largest(events: Yield, low: float, high: float) -> Peak:
    """Largest yield between two couplings; at an end, if it rises there."""
    grid = _grid(low, high)
    values = [_log(events(math.exp(x))) for x in grid]
    k = int(np.argmax(values))
    if not 0 < k < len(grid) - 1 or math.isinf(values[k]):
        return Peak(math.exp(grid[k]), events(math.exp(grid[k])))
    left, right = (_slope(events, grid[j]) for j in (k - 1, k + 1))
    best = brentq(lambda x: _slope(events, x), grid[k - 1], grid[k + 1], xtol=1e-14) if left > 0.0 > right else grid[k]
    return Peak(math.exp(best), events(math.exp(best)))


def crossings(events: Yield, threshold: float, low: float, high: float) -> list[Crossing]:
    """Every coupling between two at which the yield goes through a threshold, ascending; none if it never does."""
    if not (threshold > 0.0 and math.isfinite(threshold)):
        msg = f"signal: a threshold of {threshold} events; wanted a finite number above 0"
        raise ConfigError(msg)

    def above(x: float) -> float:
        # far below the threshold a yield can be 0; any finite number will do for a root that is elsewhere
        return max(_log(events(math.exp(x))), -1e4) - math.log(threshold)

    # an excluded range narrower than the steps of the grid lies around the maximum
    grid = np.union1d(_grid(low, high), math.log(largest(events, low, high).coupling))
    values = [above(x) for x in grid]
    found = []
    for k in range(len(grid) - 1):
        if (values[k] < 0.0) != (values[k + 1] < 0.0):
            at = brentq(above, grid[k], grid[k + 1], xtol=1e-14)
            found.append(Crossing(math.exp(at), values[k] < 0.0))
    return found


def _grid(low: float, high: float) -> F64:
    if not 0.0 < low < high < math.inf:
        msg = f"signal: couplings from {low} to {high}; wanted 0 < low < high"
        raise ConfigError(msg)
    n = math.ceil(PER_DECADE * math.log10(high / low)) + 1
    grid: F64 = np.linspace(math.log(low), math.log(high), max(n, 3))
    return grid


def _log(events: float) -> float:
    return math.log(events) if events > 0.0 else -math.inf


def _slope(events: Yield, x: float) -> float:
    """Logarithmic derivative, from five points."""
    y = [_log(events(math.exp(x + k * STEP))) for k in (-2, -1, 1, 2)]
    return (y[0] - 8.0 * y[1] + 8.0 * y[2] - y[3]) / (12.0 * STEP)
