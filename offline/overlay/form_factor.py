"""How uneven a spill is: an effective length, from the single tracks of the spill itself.

Accidental pairs go as the integral of the squared rate. For single tracks drawn from that rate, the number of pairs of
them between tau_1 and tau_2 apart is n (n - 1) (tau_2 - tau_1) / T_eff, when the rate does not change within tau_2.
Pairs closer than tau_1 are not used: a trigger that keeps every D-th firing has regular gaps, and shows fewer close
pairs than the beam has. What is faster than tau_1, such as the bunches of a beam that is not fully debunched, is not
seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from daq.errors import DataError
from daq.jit import kernel
from streaming.reco.arrays import F64, I64


@dataclass(frozen=True, slots=True)
class FormFactor:
    """Effective over full spill length, its relative statistical error, and the pairs it was counted from."""

    duty: float
    relative_error: float
    n_pairs: int


def measure_duty(spill: I64, time_s: F64, length_s: F64, apart_s: tuple[float, float]) -> FormFactor:
    """Measure T_eff / T over many spills of one shape.

    Parameters
    ----------
    spill : int64 (t,)        spill of each track, tracks of one spill together
    time_s : float64 (t,)     since SOB
    length_s : float64 (t,)   length of the spill of each track
    apart_s : tau_1, tau_2

    Raises
    ------
    DataError
        No two tracks of a spill are that far apart.
    """
    order = np.lexsort((time_s, spill))
    ordered = spill[order]
    low, high = apart_s
    near, far = (int(_close_pairs(ordered, time_s[order], window)) for window in (low, high))
    n_pairs = far - near
    _, first, n = np.unique(ordered, return_index=True, return_counts=True)
    flat = float(np.sum(n * (n - 1.0) / length_s[order][first])) * (high - low)
    if n_pairs == 0:
        between = f"{low * 1e6:g} to {high * 1e6:g} us"
        msg = f"overlay: no two of {len(spill)} single tracks are {between} apart; give more spills with beam"
        raise DataError(msg)
    return FormFactor(flat / n_pairs, 1.0 / math.sqrt(n_pairs), n_pairs)


@kernel
def _close_pairs(spill: I64, time: F64, window: float) -> int:
    n, first = 0, 0
    for i in range(spill.shape[0]):
        while first < i and (spill[first] != spill[i] or time[i] - time[first] >= window):
            first += 1
        n += i - first
    return n
