"""Unified interval of Feldman and Cousins, for comparison: the paper's 2.3 events are not from it.

Source: G. Feldman, R. Cousins, Phys. Rev. D 57 (1998) 3873, sect. IV; known background, no nuisance.
"""

from __future__ import annotations

import numpy as np

from offline.statistics.checks import F64, count, fraction, mean
from offline.statistics.counting import poisson
from offline.statistics.limits import CONFIDENCE

STEP = 0.01
"""Step of the search in events; the published tables have 0.005."""


def feldman_cousins(n_obs: int, background: float = 0.0, cl: float = CONFIDENCE) -> tuple[float, float]:
    """Ends of the interval of the signal [events] for a count over a known background.

    Not lengthened where the upper end falls with the background (sect. IV C of the source): 0.95 and not 1.08 for
    nothing seen over 3 events.
    """
    n, b, level = count("N_obs", n_obs), mean("background", background), fraction("confidence level", cl)
    signals = np.arange(0.0, n + 12.0 + 6.0 * np.sqrt(n + b + 1.0), STEP)
    held = np.array([_accepts(n, signal, b, level) for signal in signals])
    (inside,) = np.nonzero(held)
    low, high = int(inside[0]), int(inside[-1])
    start = 0.0 if low == 0 else _edge(n, b, level, float(signals[low]), float(signals[low - 1]))
    return start, _edge(n, b, level, float(signals[high]), float(signals[high + 1]))


def _edge(n: int, b: float, level: float, inside: float, outside: float) -> float:
    """Signal at which n stops to be accepted."""
    for _ in range(30):
        middle = 0.5 * (inside + outside)
        inside, outside = (middle, outside) if _accepts(n, middle, b, level) else (inside, middle)
    return inside


def _accepts(n_obs: int, signal: float, b: float, level: float) -> bool:
    """Whether a count is among those of largest likelihood ratio that hold the level."""
    n = np.arange(int(max(n_obs, signal + b + 10.0 * np.sqrt(signal + b + 1.0))) + 20)
    p: F64 = poisson(n, signal + b)
    ratio = p / poisson(n, np.maximum(n - b, 0.0) + b)
    order = np.argsort(-ratio, kind="stable")
    taken = int(np.searchsorted(np.cumsum(p[order]), level)) + 1
    return bool(n_obs in order[:taken])
