"""How often a limit holds: exact, by the sum over counts."""

from __future__ import annotations

import numpy as np

from daq.errors import DataError
from offline.statistics.background import CountLaw
from offline.statistics.checks import F64, mean
from offline.statistics.limits import KNOWN_SCALE, signal_counts
from offline.statistics.nuisance import Nuisance


def coverage(signal: float, limits: F64, background: CountLaw, scale: Nuisance = KNOWN_SCALE) -> float:
    """Probability that the limit is not below the true signal.

    Parameters
    ----------
    signal
        True signal [events at the nominal scale].
    limits
        `limit_table`: limit of each count from 0; it must reach above the signal.
    background, scale
        Law of the true background, and of the true factor on the signal: the coverage is the mean over both. A factor
        that is fixed at another value than 1 is a signal multiplied by it.

    Returns
    -------
    float
        A count is whole, so 90 % is exceeded almost everywhere: without background, 1 below 2.30 events.
    """
    covers = np.asarray(limits) >= mean("true signal", signal)
    if not covers[-1]:
        msg = (
            f"statistics: the table of limits ends at {limits[-1]:g} events, below the signal of {signal:g}; "
            "wanted a longer one"
        )
        raise DataError(msg)
    first = int(np.argmax(covers))
    return 1.0 - float(total_counts(signal, first, background, scale).sum()) if first > 0 else 1.0


def total_counts(signal: float, n: int, background: CountLaw, scale: Nuisance = KNOWN_SCALE) -> F64:
    """P(signal + background = 0..n-1)."""
    beside = background.exactly(np.arange(n))
    return np.convolve(signal_counts(signal, n - 1, scale), beside)[:n]
