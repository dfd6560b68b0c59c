"""Draws from a density that is only known as a proposal and a probability to keep it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from daq.errors import ConfigError

Columns = tuple[NDArray[np.float64], ...]
MOST_PER_KEPT = 1_000_000
"""More proposals than this for each that is kept: a mistake."""


def keep_drawing(n: int, propose: Callable[[int], Columns], what: str) -> Columns:
    """Give n rows of the columns that `propose(m)` keeps of m proposals.

    Raises
    ------
    ConfigError
        Next to nothing is kept; `what` names the configuration to look at.
    """
    kept: list[Columns] = []
    have, tried, size = 0, 0, max(256, 8 * n)
    while have < n or not kept:
        kept.append(propose(size))
        have += len(kept[-1][0])
        tried += size
        if have * MOST_PER_KEPT < tried - MOST_PER_KEPT:
            msg = f"{what}: {have} of {tried} proposals kept, {n} wanted; its parameters leave next to nothing"
            raise ConfigError(msg)
        # enough for the rest at the rate seen, in pieces that fit in memory
        size = min(500_000, max(256, int(1.1 * (n - have) * tried / max(have, 1))))
    return tuple(np.concatenate(parts)[:n] for parts in zip(*kept, strict=True))
