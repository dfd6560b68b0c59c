"""Exclusion of one model in one final state: expected, with its bands, and observed where the region was opened."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from daq.config import Config
from offline.signal.effort import Effort
from offline.signal.grid import YieldGrid, yield_grid
from offline.statistics.background import Background
from offline.statistics.bands import SIGMAS, Band, expected_band
from offline.statistics.contour import Exclusion, exclusion
from offline.statistics.grid import Plane
from offline.statistics.limits import upper_limit
from offline.statistics.nuisance import Nuisance, Prior


@dataclass(frozen=True, slots=True)
class Span:
    """Masses [GeV/c2] and couplings of a plane, `n` of each, even in logarithms."""

    masses: tuple[float, float]
    couplings: tuple[float, float]
    n: int

    def axes(self) -> tuple[np.ndarray, np.ndarray]:
        """Both axes."""
        return np.geomspace(*self.masses, self.n), np.geomspace(*self.couplings, self.n)


SPANS = {
    ("photon", "mumu"): ((0.215, 0.7), (1e-7, 1e-5)),
    ("photon", "ee"): ((0.005, 0.7), (1e-7, 1e-4)),
    ("photon", "pipi"): ((0.3, 0.95), (1e-8, 1e-5)),
    ("scalar", "mumu"): ((0.215, 1.9), (1e-6, 1e-2)),
    ("scalar", "pipi"): ((0.3, 1.9), (1e-6, 1e-2)),
    ("scalar", "kk"): ((1.0, 1.9), (1e-6, 1e-2)),
}
"""Where each model is looked for in each final state. Source: the published planes, with room around them."""


@dataclass(frozen=True, slots=True)
class ModelLimit:
    """What a model's plane looks like for one final state.

    band : limits on signal events expected without a signal
    expected : excluded regions for `SIGMAS`
    observed : excluded by the count, None while the signal region is closed
    """

    model: str
    channel: str
    grid: YieldGrid
    band: Band
    expected: dict[float, Exclusion]
    n_obs: int | None
    limit: float | None
    observed: Exclusion | None


def signal_scale(config: Config) -> Nuisance:
    """Error on the signal: protons and efficiency together."""
    keys = config.analysis
    return Nuisance(Prior.LOGNORMAL, math.hypot(keys.pot_relative_error, keys.efficiency_relative_error))


def model_limit(
    config: Config, name: tuple[str, str], span: Span, pot: float, background: Background, *, n_obs: int | None,
    effort: Effort | None = None,
) -> ModelLimit:  # fmt: skip
    """Yields on a plane, limits on the count, and what they exclude; `name`: model and final state."""
    model, channel = name
    masses, couplings = span.axes()
    grid = yield_grid(config, model, channel, masses, couplings, pot, effort=effort)
    plane, scale, level = Plane(masses, couplings), signal_scale(config), config.analysis.confidence_level
    band = expected_band(background, scale, level)
    expected = {
        sigma: exclusion(plane, plane.exclusion_strength(grid.events, limit))
        for sigma, limit in zip(SIGMAS, band.limits, strict=True)
    }
    limit = None if n_obs is None else upper_limit(n_obs, background, scale, level)
    seen = None if limit is None else exclusion(plane, plane.exclusion_strength(grid.events, limit))
    return ModelLimit(model, channel, grid, band, expected, n_obs, limit, seen)
