"""Counts and limits that depend on the mass hypothesis: events within a few standard deviations of it.

The paper counts a discovery in +-3 standard deviations of the mass (CERN-EP-2023-032, sect. 5.3). Whether its limit at
one mass counts the event seen at 411 MeV/c2 at all masses is not said; both are possible here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from daq.errors import DataError
from offline.statistics.background import Background
from offline.statistics.checks import F64, I64, finite, means, positive
from offline.statistics.limits import CONFIDENCE, KNOWN_SCALE, Method, upper_limit
from offline.statistics.nuisance import Nuisance

N_SIGMA = 3.0
"""Half width of a window in standard deviations of the mass."""


def window_counts(candidates: ArrayLike, masses: F64, resolution: ArrayLike, n_sigma: float = N_SIGMA) -> I64:
    """Candidates inside the window of each mass, int64; both ends belong to it.

    Parameters
    ----------
    candidates
        Measured masses of the events in the signal region, any unit.
    masses, resolution
        Hypotheses and their standard deviations, in the same unit.
    """
    measured, centre = np.atleast_1d(finite("masses of the candidates", candidates)), finite("masses", masses)
    half = positive("half width in standard deviations", n_sigma) * means("mass resolution", resolution)
    return np.asarray((np.abs(measured[None, :] - centre[:, None]) <= np.reshape(half, (-1, 1))).sum(axis=1), np.int64)


def window_parts(masses: F64, resolution: ArrayLike, mass_range: tuple[float, float], n_sigma: float = N_SIGMA) -> F64:
    """Part of a flat background inside the window of each mass; windows are cut at the ends of the range."""
    low, high = mass_range
    if not low < high:
        msg = f"statistics: the mass range goes from {low:g} to {high:g}; wanted the lower end first"
        raise DataError(msg)
    centre, half = finite("masses", masses), n_sigma * means("mass resolution", resolution)
    return np.clip(np.minimum(centre + half, high) - np.maximum(centre - half, low), 0.0, None) / (high - low)


def limits_by_mass(
    counts: I64, parts: F64, background: Background, scale: Nuisance = KNOWN_SCALE, cl: float = CONFIDENCE
) -> F64:
    """CL_s limit at each mass, shape (masses, 1): broadcasts over the couplings of a grid.

    The signal outside +-3 standard deviations (0.3 %) is not corrected for.
    """
    found = {
        (int(n), float(part)): upper_limit(
            int(n), Background(background.mean * part, background.error * part, background.prior), scale, cl, Method.CLS
        )
        for n, part in set(zip(counts.tolist(), parts.tolist(), strict=True))
    }
    return np.array([[found[int(n), float(part)]] for n, part in zip(counts, parts, strict=True)])
