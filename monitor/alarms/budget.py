"""The false-alarm budget, divided over everything that can raise a page.

F = sum over streams of 2 S p + S x charts / ARL: single spills get one part of F, the CUSUM charts the rest. Whoever
adds a stream makes every threshold a little higher; the sum stays.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from daq.config.alarms import AlarmsConfig

WEEK_SECONDS = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Budget:
    """What one stream may spend.

    spills : spills in a week at the fastest cadence
    p_page, p_warn : a single spill with a smaller tail, on either side, is an alarm or a warning
    run_length : spills between two false alarms of one CUSUM chart, at least
    warn_below : a CUSUM chart warns so far below its limit
    """

    spills: float
    p_page: float
    p_warn: float
    run_length: float
    warn_below: float

    def weekly(self, run_lengths: tuple[float, ...]) -> float:
        """Predicted false pages per week of one stream with charts of these run lengths."""
        return self.spills * (2.0 * self.p_page + sum(1.0 / length for length in run_lengths))


def divide(cfg: AlarmsConfig, n_streams: int, n_charts: int) -> Budget:
    """Divide the budget.

    Parameters
    ----------
    cfg : budget and cadence
    n_streams : streams and ratios judged spill by spill, on two sides each
    n_charts : CUSUM charts
    """
    spills = WEEK_SECONDS / cfg.cadence_seconds
    single = cfg.pages_per_week * cfg.shewhart_share
    ratio = cfg.tickets_per_week / cfg.pages_per_week
    p_page = single / (2.0 * max(1, n_streams) * spills)
    return Budget(
        spills=spills,
        p_page=p_page,
        p_warn=min(0.01, p_page * max(1.0, ratio)),
        run_length=max(1, n_charts) * spills / (cfg.pages_per_week - single),
        warn_below=max(0.0, math.log(ratio)),
    )


def factors(cfg: AlarmsConfig, mean: float) -> tuple[float, ...]:
    """Changes that a stream with so many counts in a spill is watched for; none: it is too rare for an alarm."""
    if mean >= cfg.cusum_mean:
        return cfg.cusum_up, cfg.cusum_down
    return next(((factor,) for least, factor in cfg.rare_factors if mean >= least), ())
