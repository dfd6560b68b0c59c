"""Injected-signal closure: pulls and coverage of an analysis on toys with a known signal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from daq.errors import DataError
from offline.statistics.checks import count
from offline.statistics.coverage import coverage
from offline.statistics.limits import CONFIDENCE, Method, limit_table
from offline.statistics.pulls import LEAST, pulls
from offline.statistics.toys import Injection, injected_counts

N_TOYS = 200
"""Toys of a closure test; mean and width of the pulls are then known to 0.07 and 0.05."""


@dataclass(frozen=True, slots=True)
class Closure:
    """Outcome of a closure test.

    Parameters
    ----------
    pull_mean, pull_width : float or None
        Of the toys; None below 2 expected counts, where no pull is normal.
    covered : float
        Part of the toys whose limit is not below the injected signal.
    expected_coverage : float
        The same, exact, by the sum over counts.
    n_toys : int
    """

    pull_mean: float | None
    pull_width: float | None
    covered: float
    expected_coverage: float
    n_toys: int

    @property
    def coverage_error(self) -> float:
        """Binomial standard deviation of `covered` at the expected coverage."""
        return float(np.sqrt(self.expected_coverage * (1.0 - self.expected_coverage) / self.n_toys))


def closure(
    injection: Injection, seed: int, n_toys: int = N_TOYS, cl: float = CONFIDENCE, method: Method = Method.CLS
) -> Closure:
    """Draw toys, set their limits, and compare with the truth."""
    if count("number of toys", n_toys) < 2:
        msg = f"statistics: {n_toys} toys; wanted 2 or more"
        raise DataError(msg)
    n = injected_counts(injection, n_toys, seed)
    limits = limit_table(_longest(injection, int(n.max())), injection.background, injection.scale, cl, method)
    values = pulls(n, injection) if injection.signal + injection.background.mean >= LEAST else None
    return Closure(
        pull_mean=None if values is None else float(values.mean()),
        pull_width=None if values is None else float(values.std(ddof=1)),
        covered=float(np.mean(limits[n] >= injection.signal)),
        expected_coverage=coverage(injection.signal, limits, injection.background, injection.scale),
        n_toys=n_toys,
    )


def _longest(injection: Injection, largest: int) -> int:
    """Counts to tabulate: all that were drawn, and so many that the limits reach above the signal."""
    return max(largest, int(injection.signal + injection.background.mean) + 5)
