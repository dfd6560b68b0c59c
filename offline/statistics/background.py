"""Expected background as a law of counts: a mean with an error, or the outcome of toys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import gammainc, gammaincc

from daq.errors import DataError
from offline.statistics.checks import F64, I64, count, mean, means
from offline.statistics.counting import at_least, at_most, exactly, poisson
from offline.statistics.nuisance import Nuisance, Prior


class CountLaw(Protocol):
    """What limits, thresholds and bands ask of a background; counts in, probabilities out."""

    @property
    def mean(self) -> float:
        """Expected events."""

    @property
    def top(self) -> int:
        """A count above which less than 1e-15 is left."""

    def exactly(self, n: I64) -> F64:
        """P(N = n)."""

    def at_least(self, n: I64) -> F64:
        """P(N >= n)."""

    def at_most(self, n: I64) -> F64:
        """P(N <= n)."""


@dataclass(frozen=True, slots=True)
class Background:
    """Mean and standard deviation of a background [events], with the law of its mean.

    Gamma is the default: the posterior of a count in a control sample, positive without a cut. Regions are taken as
    independent of each other and of the protons on target.
    """

    mean: float
    error: float = 0.0
    prior: Prior = Prior.GAMMA

    def __post_init__(self) -> None:
        object.__setattr__(self, "prior", Prior(self.prior))
        mean("background", self.mean)
        mean("error of the background", self.error)
        if self.prior is not Prior.NONE and self.mean == 0.0 and self.error > 0.0:
            msg = "statistics: a background of 0 with an error; wanted the mean of its law, above 0"
            raise DataError(msg)

    @property
    def top(self) -> int:
        """A count above which less than 1e-15 is left."""
        return _top(self)

    def exactly(self, n: I64) -> F64:
        """P(N = n)."""
        return exactly(n, self.mean, self.error, self.prior)

    def at_least(self, n: I64) -> F64:
        """P(N >= n)."""
        return at_least(n, self.mean, self.error, self.prior)

    def at_most(self, n: I64) -> F64:
        """P(N <= n)."""
        return at_most(n, self.mean, self.error, self.prior)

    def nuisance(self) -> Nuisance:
        """The error as a factor on the mean."""
        relative = self.error / self.mean if self.mean > 0.0 else 0.0
        return Nuisance(self.prior if relative > 0.0 else Prior.NONE, relative)


NOTHING = Background(0.0, 0.0, Prior.NONE)
"""No background at all."""

N_PARTS = 2000
"""Parts of equal probability that stand for a sample of toys."""


class SampledBackground:
    """Background whose mean is known as a sample of toys [events], e.g. of `rejection.toys`."""

    def __init__(self, sample: F64) -> None:
        values = np.sort(means("toys of the background", sample))
        if values.size == 0:
            msg = "statistics: no toys of the background; wanted one at least"
            raise DataError(msg)
        self._means = np.array([part.mean() for part in np.array_split(values, min(N_PARTS, values.size))])

    @property
    def mean(self) -> float:
        """Expected events."""
        return float(self._means.mean())

    @property
    def top(self) -> int:
        """A count above which less than 1e-15 is left."""
        return _top(self)

    def exactly(self, n: I64) -> F64:
        """P(N = n)."""
        return np.asarray(poisson(np.asarray(n)[..., None], self._means).mean(axis=-1))

    def at_least(self, n: I64) -> F64:
        """P(N >= n)."""
        number = np.asarray(n)
        return np.where(number == 0, 1.0, gammainc(np.maximum(number, 1)[..., None], self._means).mean(axis=-1))

    def at_most(self, n: I64) -> F64:
        """P(N <= n)."""
        return np.asarray(gammaincc(np.asarray(n)[..., None] + 1, self._means).mean(axis=-1))


def _top(law: CountLaw) -> int:
    high = 1
    while float(law.at_least(np.asarray(high))) > 1e-15:
        high = count("counts a background can reach: its error is too wide; they", 2 * high)
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if float(law.at_least(np.asarray(middle))) > 1e-15 else (low, middle)
    return high
