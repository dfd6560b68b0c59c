"""Experiments with a known signal, drawn with fixed seeds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from offline.statistics.background import Background
from offline.statistics.checks import F64, I64, count, mean
from offline.statistics.limits import KNOWN_SCALE
from offline.statistics.nuisance import Nuisance, Prior


@dataclass(frozen=True, slots=True)
class Injection:
    """Truth of a closure test: signal and background [events], and what the analyst does not know about them.

    The true background and the true scale are drawn anew in each toy, from the laws that the analysis assumes.
    """

    signal: float
    background: Background
    scale: Nuisance = KNOWN_SCALE


def injected_counts(injection: Injection, n_toys: int, seed: int) -> I64:
    """Counts of `n_toys` experiments, int64."""
    n, signal = count("number of toys", n_toys), mean("injected signal", injection.signal)
    rng = np.random.default_rng(seed)
    means = signal * draw(rng, injection.scale, n)
    means += injection.background.mean * draw(rng, injection.background.nuisance(), n)
    return rng.poisson(means).astype(np.int64)


def draw(rng: np.random.Generator, nuisance: Nuisance, n: int) -> F64:
    """Values of the factor of a nuisance."""
    r = nuisance.relative
    if nuisance.is_known:
        return np.ones(n)
    if nuisance.prior is Prior.GAMMA:
        return rng.gamma(r**-2, r**2, n)
    if nuisance.prior is Prior.GAUSS:
        return _cut_normal(rng, r, nuisance.low, n)
    if nuisance.prior is Prior.LOGNORMAL:
        width = float(np.sqrt(np.log1p(r**2)))
        return rng.lognormal(-0.5 * width**2, width, n)
    return rng.lognormal(0.0, r if nuisance.prior is Prior.LOGNORMAL_MEDIAN else float(np.log1p(r)), n)


def _cut_normal(rng: np.random.Generator, relative: float, low: float, n: int) -> F64:
    values = 1.0 + relative * rng.standard_normal(n)
    while (bad := np.flatnonzero(values <= low)).size:
        values[bad] = 1.0 + relative * rng.standard_normal(bad.size)
    return values
