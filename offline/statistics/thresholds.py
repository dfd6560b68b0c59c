"""Fewest events that are five standard deviations: in a region, in a mass window, globally."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from daq.errors import DataError
from offline.statistics.background import Background, CountLaw
from offline.statistics.checks import positive
from offline.statistics.nuisance import Prior
from offline.statistics.scan import scan_probability
from offline.statistics.significance import DISCOVERY, Sides, probability_of


@dataclass(frozen=True, slots=True)
class Discovery:
    """What counts as a discovery: standard deviations and sides. The published tables are two-sided (see the notes)."""

    sigma: float = DISCOVERY
    sides: Sides = 2

    @property
    def p(self) -> float:
        """Largest p-value that counts."""
        return probability_of(self.sigma, self.sides)


FIVE_SIGMA = Discovery()


def least_count(background: CountLaw, rule: Discovery = FIVE_SIGMA, part: float = 1.0) -> int:
    """Fewest events whose p-value from background alone is at most that of the rule.

    Parameters
    ----------
    background
        Law of the count in the whole region.
    rule
        Standard deviations, one- or two-sided.
    part
        Width of a mass window over the mass range; the p-value is then global, that of the count in any window. 1: the
        whole region is one window.

    Returns
    -------
    int
        1 or more.
    """
    for n in range(1, background.top + 2):
        if scan_probability(n, background, part) <= rule.p:
            return n
    msg = (
        f"statistics: no count up to {background.top} reaches p = {rule.p:g} at this precision; "
        "wanted a rule of 7 standard deviations or less"
    )
    raise DataError(msg)


@dataclass(frozen=True, slots=True)
class RegionThresholds:
    """Fewest events of a discovery in SR, and in SR and CR together."""

    sr: int
    sr_and_cr: int


def region_thresholds(sr: Background, cr: Background, rule: Discovery = FIVE_SIGMA) -> RegionThresholds:
    """Thresholds of a channel; the errors of SR and CR have one origin and are added linearly."""
    both = Background(sr.mean + cr.mean, sr.error + cr.error, sr.prior)
    return RegionThresholds(least_count(sr, rule), least_count(both, rule))


def widest_window(n: int, background: float, rule: Discovery = FIVE_SIGMA, *, is_global: bool = True) -> float | None:
    """Largest part of the mass range in which n events are a discovery; None where no window is narrow enough.

    The background is flat in mass; 1.0 where n events are one in the whole range. `is_global` counts the trials.
    """
    mean = positive("background", background)

    def excess(part: float) -> float:
        law = Background(mean if is_global else mean * part, 0.0, Prior.NONE)
        p = scan_probability(n, law, part if is_global else 1.0)
        return float(np.log(max(p, 1e-300) / rule.p))

    if excess(1.0) <= 0.0:
        return 1.0
    if excess(1e-9) > 0.0:
        return None
    return float(brentq(excess, 1e-9, 1.0, rtol=1e-10))
