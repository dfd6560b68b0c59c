"""Upper limits on a signal from one count: CL_s and Bayesian, with an uncertain scale and an uncertain background.

The signal is s x factor, where s is the yield at the nominal number of protons and the factor is 1 with its nuisance
(20 % for the protons, CERN-EP-2023-032 sect. 6). The factor and the mean of the background are independent and both
integrated out, so P(N | s) is the convolution of two marginal laws. Validity: one bin, no shape; efficiency errors
(2.8 %) may be added in quadrature to the 20 %.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammainc

from daq.errors import DataError
from offline.statistics.background import NOTHING, CountLaw
from offline.statistics.checks import F64, count, fraction, mean
from offline.statistics.counting import poisson
from offline.statistics.nuisance import Nuisance, Prior

KNOWN_SCALE = Nuisance()
"""Protons and efficiency known exactly."""

POT = Nuisance(Prior.LOGNORMAL, 0.20)
"""20 % for the protons on target as published; the log-normal law with mean 1 is our choice, the paper names none."""

CONFIDENCE = 0.90
"""Confidence level of all published limits."""

FURTHEST = 1e9
"""Limits above this many events are not looked for."""


class Method(StrEnum):
    """How a limit is defined."""

    CLS = "cls"
    """P(N <= n | s) / P(N <= n | 0) = 1 - CL; without background the classical one (Cousins and Highland)."""
    BAYES = "bayes"
    """CL of the posterior, flat in s >= 0."""


def upper_limit(
    n_obs: int,
    background: CountLaw = NOTHING,
    scale: Nuisance = KNOWN_SCALE,
    cl: float = CONFIDENCE,
    method: Method | str = Method.CLS,
) -> float:
    """Largest signal [events at the nominal scale] that a count allows.

    Parameters
    ----------
    n_obs
        Events counted in the region.
    background
        Law of the background counts.
    scale
        Uncertain factor on the signal: protons, efficiency.
    cl
        Confidence level in (0, 1).
    method
        ``cls`` or ``bayes``; both are the same without nuisances.

    Returns
    -------
    float
        Relative precision 1e-9. Example: ``upper_limit(0)`` is 2.302585.

    Raises
    ------
    DataError
        Bad input; a prior whose mean of 1/factor does not exist (``bayes``); no limit below `FURTHEST`.
    """
    number, level = count("N_obs", n_obs), fraction("confidence level", cl)
    k = np.arange(number + 1)
    if Method(method) is Method.CLS:
        beside = background.at_most(number - k)
        return _solve(lambda s: cls_value(s, beside, scale), 1.0 - level, number)
    beside, total = background.exactly(number - k), scale.inverse_mean()
    if beside.sum() == 0.0:
        msg = f"statistics: {number} events are impossible for this background and any signal"
        raise DataError(msg)
    return _solve(lambda s: 1.0 - _posterior(s, beside, scale) / total, 1.0 - level, number)


def limit_table(
    n_max: int,
    background: CountLaw = NOTHING,
    scale: Nuisance = KNOWN_SCALE,
    cl: float = CONFIDENCE,
    method: Method | str = Method.CLS,
) -> F64:
    """Limits of the counts 0 to `n_max`; a grid of models needs no more, they depend on nothing else."""
    top = count("n_max", n_max)
    return np.array([upper_limit(n, background, scale, cl, method) for n in range(top + 1)])


def cls_value(signal: float, beside: F64, scale: Nuisance) -> float:
    """CL_s of a signal; `beside[k]` = P(background <= n - k)."""
    return float(signal_counts(signal, beside.size - 1, scale) @ beside / beside[0])


def signal_counts(signal: float, n_max: int, scale: Nuisance) -> F64:
    """P(signal counts = 0..n_max), the factor integrated out."""
    factor, weight = scale.nodes()
    return np.asarray(poisson(np.arange(n_max + 1)[:, None], mean("signal", signal) * factor) @ weight)


def _posterior(signal: float, beside: F64, scale: Nuisance) -> float:
    """Integral of the likelihood from 0 to `signal`, over that of the background: mean of P(k + 1, s f) / f."""
    factor, weight = scale.nodes()
    k = np.arange(beside.size)[:, None]
    below = gammainc(k + 1, signal * factor) @ (weight / factor)
    return float(below @ beside / beside.sum())


def _solve(tail: Callable[[float], float], target: float, n_obs: int) -> float:
    """Signal at which a falling function reaches its target."""
    high = n_obs + 10.0
    while tail(high) > target:
        high *= 2.0
        if high > FURTHEST:
            msg = f"statistics: no upper limit below {FURTHEST:g} events; is the scale known at all?"
            raise DataError(msg)
    return float(brentq(lambda s: tail(s) - target, 0.0, high, xtol=1e-12, rtol=1e-10))
