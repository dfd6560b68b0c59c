"""Speed of a limit grid: 100 x 100 masses and couplings, samples included, and once more with the samples kept."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from daq.config import Config
from offline.signal.effort import Effort
from offline.signal.grid import YieldGrid, yield_grid

POT = 1.4e17
MASSES_GEV = np.linspace(0.215, 0.70, 100)
EPSILONS = np.geomspace(1e-8, 2e-5, 100)


def bench_limits(config: Config) -> dict[str, float]:
    """Seconds for dark photons to mu mu, and how good the numbers are near the contour of 2.3 events."""
    with tempfile.TemporaryDirectory() as folder:
        effort = Effort(cache=Path(folder))
        first, grid = _timed(config, effort)
        again, _ = _timed(config, effort)
    near = (grid.events > 1.0) & (grid.events < 5.0)
    error = grid.error[near] / grid.events[near]
    return {
        "seconds, samples made": first,
        "seconds, samples kept": again,
        "points": float(grid.events.size),
        "points with more than 2.3 events": float(np.count_nonzero(grid.events > 2.3)),
        "relative error near the contour, median": float(np.median(error)),
        "relative error near the contour, largest": float(error.max()),
    }


def _timed(config: Config, effort: Effort) -> tuple[float, YieldGrid]:
    start = time.perf_counter()
    grid = yield_grid(config, "photon", "mumu", MASSES_GEV, EPSILONS, POT, effort=effort)
    return time.perf_counter() - start, grid
