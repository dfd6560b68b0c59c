"""Acceptance samples: decays of one mass, production and final state, good for any coupling and life time.

Decays are flat along Z, and a decay length comes in as a weight afterwards. Source: CERN-EP-2023-032, eqs (8) to (10).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from offline.signal.chain import Selected
from offline.signal.paths import Paths
from offline.validation.measured import Value
from streaming.reco.arrays import F64


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """`made` decays, and those of them that were selected.

    production : a mode of `daq.config.signal.Mode`, or b_k, b_kstar for whatever comes of B -> K(*) X
    first : the first decays that were made, for P_D; all of them, if there are not too many
    selected, taken : the decays that the selection took, and their paths; `selected.row` counts from the first decay
    """

    mass_gev: float
    production: str
    final_state: str
    made: int
    first: Paths
    selected: Selected
    taken: Paths

    def decay_probability(self, reach: float) -> Value:
        """P_D: part of the particles that decay in the range."""
        return _mean(self.first.probability(reach), len(self.first))

    def per_particle(self, reach: float, region: str = "SR") -> Value:
        """P_D A_sel: part of the particles that are found in a region.

        Where no decay was found, the error is that of one decay with the mean weight of all.
        """
        values = self.taken.probability(reach)[self.selected.inside(region)]
        if len(values):
            return _mean(values, self.made)
        return Value(0.0, float(self.first.probability(reach).mean()) / self.made)

    def acceptance(self, reach: float, region: str = "SR") -> Value:
        """A_sel: selected part of the decays in the range. Source: eq. (9).

        Between 0 and 1 also for life times so short that no weight is larger than 0 in a double.
        """
        every, taken = self.first.log_probability(reach), self.taken.log_probability(reach)
        top = max(every.max(initial=-np.inf), taken.max(initial=-np.inf))
        if not np.isfinite(top):
            return Value(0.0, 1.0)
        every, chosen = np.exp(every - top), np.exp(taken - top)[self.selected.inside(region)]
        total, found = _mean(every, len(every)), _mean(chosen, self.made)
        if not total.value > 0.0:
            return Value(0.0, 1.0)
        value = found.value / total.value
        if found.error == 0.0 and value < 1.0:
            # nothing of weight is selected: one decay of those that have the error of all of these with equal weights
            return Value(value, min(1.0, float(np.sum(every**2) / np.sum(every) ** 2)))
        if self.made > len(every):
            return Value(value, value * float(np.hypot(found.error / found.value, total.error / total.value)))
        # chosen and all are correlated: sum of w^2 (s - A)^2, s = 1 for the chosen
        square = np.sum(chosen**2) * (1.0 - 2.0 * value) + value**2 * np.sum(every**2)
        return Value(value, float(np.sqrt(square) / np.sum(every)))


def _mean(values: F64, n: int) -> Value:
    """Mean of n independent values of which all but the given ones are 0."""
    if n == 0:
        return Value(0.0, 0.0)
    mean = float(values.sum()) / n
    # not the difference of two sums: they lose their digits where every value is the same
    square = float(np.sum((values - mean) ** 2)) + (n - len(values)) * mean**2
    return Value(mean, float(np.sqrt(square)) / n)
