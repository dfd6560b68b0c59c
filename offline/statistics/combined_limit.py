"""Limit on a common signal strength from several channels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from daq.errors import DataError
from offline.statistics.channels import Channel, checked
from offline.statistics.checks import fraction
from offline.statistics.combination import combined_cls
from offline.statistics.limits import CONFIDENCE, FURTHEST, POT, upper_limit
from offline.statistics.nuisance import Nuisance

N_SCAN = 48
"""Strengths that are looked at: the order of the counts changes with the strength, so CL_s has small steps."""


def combined_limit(channels: Sequence[Channel], pot: Nuisance = POT, cl: float = CONFIDENCE) -> float | None:
    """Largest signal strength with CL_s above 1 - `cl`; None where no channel expects a signal.

    CL_s has steps where the order of two counts changes; the limit is beyond the last of them. Relative precision 1e-9.
    """
    level = 1.0 - fraction("confidence level", cl)
    total = sum(channel.total for channel in checked(channels))
    if total == 0.0:
        return None
    high = upper_limit(sum(channel.n_obs for channel in channels), scale=pot, cl=cl) / total
    while combined_cls(channels, high, pot) > level or combined_cls(channels, 2.0 * high, pot) > level:
        high *= 2.0
        if high * total > FURTHEST:
            msg = f"statistics: no limit below {FURTHEST:g} events; is the scale known at all?"
            raise DataError(msg)
    strengths = np.geomspace(high * 1e-3, high, N_SCAN)
    allowed = [strength for strength in strengths if combined_cls(channels, float(strength), pot) > level]
    low = float(allowed[-1]) if allowed else 0.0
    above = strengths[strengths > low]
    return _bisect(channels, pot, level, low, float(above[0]))


def _bisect(channels: Sequence[Channel], pot: Nuisance, level: float, low: float, high: float) -> float:
    while high - low > 1e-9 * high:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if combined_cls(channels, middle, pot) > level else (low, middle)
    return 0.5 * (low + high)
