"""Limit of a CUSUM chart from the noise that was recorded, by blocks of successive spills.

Blocks keep the correlation of the noise. A few hundred spills hold one or two excursions of a chart at most, so its run
length is not counted in resampled spills: what a block bootstrap would draw from, the variance V(n) of the sum of n
successive steps, is measured for every n up to a block, and a chart reaches h after n steps with a chance of about
exp(-(h + |drift| n)^2 / 2 V(n)). For independent steps this is Lundberg's bound, theta = 2 |drift| / variance.
Sources: Asmussen, Ruin Probabilities, ch. XIII; Kuensch, Ann. Statist. 17 (1989) 1217. For noise that is not normal it
is right to a factor of a few in run length.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


def sum_variances(steps: F64, block: int) -> F64:
    """Variance of the sum of 1, 2 ... `block` successive steps, from all such sums.

    Parameters
    ----------
    steps : float64 (n,)    in the order of the spills
    block : longest sum; half of the spills at most
    """
    block = max(1, min(block, len(steps) // 2))
    running = np.concatenate(([0.0], np.cumsum(steps - steps.mean())))
    # the mean is that of the same spills: sums spread less by the last factor
    return np.array(
        [float(np.mean((running[n:] - running[:-n]) ** 2)) / (1.0 - n / len(steps)) for n in range(1, block + 1)]
    )


def bootstrap_limit(steps: F64, block: int, wanted: float) -> float:
    """Limit whose run length on noise like that of the steps is the wanted one.

    Parameters
    ----------
    steps : float64 (n,)    log likelihood ratios of successive spills
    block : longest stretch of spills that is looked at
    wanted : run length [spills]

    Returns
    -------
    limit : inf when no limit helps: the chart climbs on the very spills it was made for
    """
    drift = float(steps.mean())
    if drift >= 0.0:
        return math.inf
    variances = sum_variances(steps, block)
    n = np.arange(1, len(variances) + 1)
    return max(0.0, float((np.sqrt(2.0 * math.log(wanted) * variances) + drift * n).max()))
