"""Fallback chart: EWMA of a rate against the median and MAD of the spills before. No reference is needed.

It absorbs a persistent change after `ewma_window` spills, which is why it is the fallback only.
"""

from __future__ import annotations

import math

import numpy as np

from daq.config.alarms import AlarmsConfig

MAD_TO_SIGMA = 1.4826
"""Of a normal distribution."""

FEWEST = 20
"""Spills that a median needs."""


def trailing(values: tuple[float, ...], cfg: AlarmsConfig) -> tuple[float, float] | None:
    """Median and sigma of the spills before, the newest `ewma_gap` left out; None while there are too few.

    A young chart leaves out as many as it can.
    """
    gap = max(0, min(cfg.ewma_gap, len(values) - FEWEST))
    window = values[: len(values) - gap][-cfg.ewma_window :]
    if len(window) < FEWEST:
        return None
    array = np.array(window)
    median = float(np.median(array))
    return median, MAD_TO_SIGMA * float(np.median(np.abs(array - median)))


def keep(values: tuple[float, ...], value: float, cfg: AlarmsConfig) -> tuple[float, ...]:
    """Append a value, drop what is too old."""
    return (*values[-(cfg.ewma_window + cfg.ewma_gap - 1) :], value)


def step(level: float, residual: float, cfg: AlarmsConfig) -> float:
    """Level after a spill with this residual [sigma]; one spill moves it by 3 limits at most."""
    limit = 3.0 * cfg.ewma_limit
    return (1.0 - cfg.ewma_lambda) * level + cfg.ewma_lambda * max(-limit, min(limit, residual))


def limit(cfg: AlarmsConfig) -> float:
    """Level above which, on either side, the chart gives an alarm."""
    return cfg.ewma_limit * math.sqrt(cfg.ewma_lambda / (2.0 - cfg.ewma_lambda))
