"""A mass window that may lie anywhere: the probability that some window of a flat spectrum holds k events.

This is the global p-value of a search for a narrow resonance in a flat background (CERN-EP-2023-032, sect. 5.3; the
talk on hadrons says "global significance, flat background in m_inv"). The trials factor is its ratio to the local one.
"""

from __future__ import annotations

import numpy as np
from scipy.special import bdtrc, comb, xlog1py, xlogy

from daq.errors import DataError
from offline.statistics.background import CountLaw
from offline.statistics.checks import F64, I64, count, finite


def local_probability(k: int, background: CountLaw, part: float) -> float:
    """P of k events or more in one window that was chosen beforehand; `part` = its width over the whole range."""
    number, f = count("k", k), _part(part)
    total = np.arange(number, max(background.top, number) + 1)
    inside = bdtrc(number - 1, total, f) if number > 0 else np.ones_like(total, np.float64)
    return float(np.sum(background.exactly(total) * inside)) if f < 1.0 else float(background.at_least(np.asarray(k)))


def scan_probability(k: int, background: CountLaw, part: float) -> float:
    """P that a window of this width somewhere in the range holds k events or more.

    Parameters
    ----------
    k
        Events in the window.
    background
        Law of the count in the whole range, flat in mass.
    part
        Width of the window over the width of the range, in (0, 1]. The paper takes +-3 standard deviations.

    Returns
    -------
    float
        Sum over the total count N of P(N) P(k; N, part); never above P(N >= k).
    """
    number, f = count("k", k), _part(part)
    if number <= 1 or f == 1.0:
        return float(background.at_least(np.asarray(number)))
    total = np.arange(number, max(background.top, number) + 1)
    return float(np.sum(background.exactly(total) * _clustered(number, total, f)))


def _clustered(k: int, total: I64, f: float) -> F64:
    """P that some window of width f holds k of `total` points, uniform in (0, 1).

    Exact for k = 2, and for 2 k > total and f <= 1/2 (J. Naus, J. Am. Stat. Assoc. 60 (1965) 532). Beyond, for
    f <= 1/2, his approximation (77 (1982) 177), good where it is small; for f > 1/2 the sum over the subsets of k
    points, an upper bound.
    """
    n = total.astype(np.float64)
    if k == 2:
        return np.asarray(1.0 - np.maximum(1.0 - (n - 1.0) * f, 0.0) ** n)
    if f > 0.5:
        return np.minimum(comb(n, k) * (k * f ** (k - 1) - (k - 1) * f**k), 1.0)
    one = np.exp(np.log(comb(n, k)) + xlogy(k, f) + xlog1py(n - k, -f))
    return np.clip((k / f - n - 1.0) * one + 2.0 * bdtrc(k - 1, total, f), 0.0, 1.0)


def trials_factor(k: int, background: CountLaw, part: float) -> float:
    """Global over local p-value."""
    return scan_probability(k, background, part) / local_probability(k, background, part)


def _part(part: float) -> float:
    number = float(finite("part of the mass range in the window", part)[()])
    if not 0.0 < number <= 1.0:
        msg = f"statistics: the window is {number:g} of the mass range; wanted more than 0 and at most 1"
        raise DataError(msg)
    return number
