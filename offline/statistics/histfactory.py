"""The same combination as a HistFactory model: pyhf, profile likelihood.

The protons are one `normsys` on every signal (a log-normal with kappa = 1 + r, `Prior.LOGNORMAL_KAPPA`), each
background has its own. The asymptotic law of the statistic (G. Cowan et al., Eur. Phys. J. C 71 (2011) 1554) needs
counts; it is here for them, and for comparison. With few counts its limit is too low, i.e. it excludes too much; there
`exact_cls` sums over all counts with the statistic of pyhf, and `combination` is what is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pyhf

from daq.errors import DataError
from offline.statistics.channels import Channel, checked
from offline.statistics.checks import F64, fraction, mean
from offline.statistics.counting import poisson
from offline.statistics.limits import CONFIDENCE, POT
from offline.statistics.nuisance import Nuisance

LEAST_EXPECTED = 5.0
"""Expected background below which `asymptotic_limit` refuses, unless asked to go on."""

FURTHEST = 100.0
"""Largest strength of the fits, in units of (events seen + 1) / signal."""

SAME = 1e-6
"""Statistics this close are equal: what the minimiser leaves open."""

MOST_FITS = 5_000
"""Fits of an exact sum beyond which it is refused."""


def specification(channels: Sequence[Channel], pot: Nuisance = POT) -> dict[str, Any]:
    """Model of the combination in the JSON of HistFactory; strength of the signal is ``mu``.

    Laws of the nuisances are those of HistFactory; of `pot` and the backgrounds only the relative error is taken.
    """
    total, seen = sum(channel.total for channel in checked(channels)), sum(channel.n_obs for channel in channels)
    if total == 0.0:
        msg = "statistics: no signal in any channel; there is no limit on its strength"
        raise DataError(msg)
    strength = {"name": "mu", "bounds": [[0.0, FURTHEST * (seen + 1.0) / total]], "inits": [1.0 / total]}
    return {
        "channels": [{"name": c.name, "samples": _samples(c, pot)} for c in channels],
        "parameters": [strength],
    }


def _samples(channel: Channel, pot: Nuisance) -> list[dict[str, Any]]:
    strength = {"name": "mu", "type": "normfactor", "data": None}
    common = [strength] + ([] if pot.is_known else [_normsys("protons", pot.relative)])
    signal = [
        {"name": f"signal_{mode}", "data": [events], "modifiers": common} for mode, events in channel.signal.items()
    ]
    law = channel.background.nuisance()
    own = [] if law.is_known else [_normsys(f"background_{channel.name}", law.relative)]
    return [*signal, {"name": "background", "data": [channel.background.mean], "modifiers": own}]


def _normsys(name: str, relative: float) -> dict[str, Any]:
    kappa = 1.0 + relative
    return {"name": name, "type": "normsys", "data": {"hi": kappa, "lo": 1.0 / kappa}}


def model_of(channels: Sequence[Channel], pot: Nuisance = POT) -> tuple[Any, list[float]]:
    """Model of pyhf and its data: counts in the order of the model, auxiliary data behind them.

    Not validated against the JSON schema here (that calls a deprecated function of jsonschema); a test does it.
    """
    model = pyhf.Model(specification(channels, pot), poi_name="mu", validate=False)
    counts = {channel.name: channel.n_obs for channel in channels}
    return model, [float(counts[name]) for name in model.config.channels] + list(model.config.auxdata)


def asymptotic_limit(
    channels: Sequence[Channel], pot: Nuisance = POT, cl: float = CONFIDENCE, *, even_if_few: bool = False
) -> float:
    """CL_s limit on the signal strength by the asymptotic formula.

    Raises
    ------
    DataError
        No signal; an expected background below `LEAST_EXPECTED` in some channel, where the formula fails.
    """
    level, total = fraction("confidence level", cl), sum(channel.total for channel in checked(channels))
    few = [c.name for c in channels if c.background.mean < LEAST_EXPECTED]
    if few and not even_if_few:
        msg = (
            f"statistics: channel {few[0]!r} expects less than {LEAST_EXPECTED:g} background events; the "
            "asymptotic formula fails there; take `combined_limit`"
        )
        raise DataError(msg)
    model, data = model_of(channels, pot)
    far = (10.0 + 10.0 * np.sqrt(sum(data[: len(channels)]) + 1.0)) / total
    scan = pyhf.infer.intervals.upper_limits.toms748_scan
    return float(scan(data, model, 1e-6 * far, far, level=1.0 - level, rtol=1e-6)[0])


def exact_cls(channels: Sequence[Channel], strength: float = 1.0, pot: Nuisance = POT) -> float:
    """CL_s with the statistic of pyhf (profile likelihood, q~_mu) and its exact law instead of the asymptotic one.

    The statistic is fitted once for every set of counts, at nominal auxiliary data; the law of the counts is the
    marginal one of `combination`. It is 1 where the best strength is above the tested one (q~ is 0 there); near the
    limit it agrees with `combined_cls`. For a few counts in one to three channels: `DataError` above `MOST_FITS` fits.
    """
    mu = mean("signal strength", strength)
    model, data = model_of(channels, pot)
    ordered = [next(c for c in channels if c.name == name) for name in model.config.channels]
    factor, probability = pot.nodes()
    laws = [_law(channel, mu, factor) for channel in ordered]
    if np.prod([len(law) for law in laws]) > MOST_FITS:
        msg = f"statistics: more than {MOST_FITS} fits; take `combined_cls`, or the asymptotic formula"
        raise DataError(msg)
    auxiliary = data[len(ordered) :]
    observed = _statistic(mu, data, model)
    if observed < SAME:
        return 1.0
    total = np.zeros(factor.size + 1)
    for counts in product(*(range(len(law)) for law in laws)):
        if _statistic(mu, [*map(float, counts), *auxiliary], model) >= observed - SAME:
            total += np.prod([law[n] for law, n in zip(laws, counts, strict=True)], axis=0)
    return float(total[:-1] @ probability / total[-1])


def _law(channel: Channel, mu: float, factor: F64) -> F64:
    """P(N = n) at each node of the factor, and for background alone in the last column."""
    largest = channel.background.mean + 4.0 * channel.background.error + mu * channel.total * 1.6
    n = np.arange(max(channel.n_obs, int(largest + 4.5 * np.sqrt(largest) + 3.0)) + 1)
    background = channel.background.exactly(n)
    ours = poisson(n[:, None], mu * channel.total * factor)
    both = np.stack([np.convolve(column, background)[: n.size] for column in ours.T], axis=1)
    return np.concatenate([both, background[:, None]], axis=1)


def _statistic(mu: float, data: list[float], model: Any) -> float:  # noqa: ANN401 - pyhf has no types
    config = model.config
    start, bounds, fixed = config.suggested_init(), config.suggested_bounds(), config.suggested_fixed()
    return float(pyhf.infer.test_statistics.qmu_tilde(mu, data, model, start, bounds, fixed))
