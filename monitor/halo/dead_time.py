"""Pulses that a free-running scaler misses because they merge with the one before.

The emulated scaler counts rising edges of an OR whose pulses last one gate each; a pulse that comes while the OR is up
makes it longer. Such a gate is extending: of a true rate r it counts r exp(-r gate). The rate changes inside the
spill, which the effective length of the spill, <R>^2/<R^2> of the whole, takes into account to first order in
r gate (a part in 200 for the CHOD in dump mode).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

LARGEST_LOAD = 0.2
"""Above this many pulses per gate the correction is not trusted: it would hang on the shape of the spill."""

ENOUGH = 1e-12
MOST_STEPS = 60


@dataclass(frozen=True, slots=True)
class DeadTime:
    """How a scaler loses pulses.

    gate_ns : length of a pulse [ns]
    duty_factor : effective over full length of the spill
    extending : a pulse that is lost makes the gate longer; otherwise the gate is over after `gate_ns`
    enabled : False: counts are taken as they are
    """

    gate_ns: float
    duty_factor: float
    extending: bool = True
    enabled: bool = True

    def true_counts(self, counts: float, spill_seconds: float) -> tuple[float, float] | None:
        """Counts without loss, and their derivative by the counts read; None where the scaler is too loaded.

        Parameters
        ----------
        counts : read from the scaler, >= 0
        spill_seconds : length of the spill [s], > 0
        """
        if not self.enabled or counts == 0:
            return counts, 1.0
        load = counts * self.gate_ns * 1e-9 / (spill_seconds * self.duty_factor)
        if load > LARGEST_LOAD:
            return None
        if not self.extending:
            return counts / (1.0 - load), 1.0 / (1.0 - load) ** 2
        true_load = _invert(load)
        scale = math.exp(true_load)
        return counts * scale, scale / (1.0 - true_load)


def _invert(load: float) -> float:
    """Solve x exp(-x) = load for the smaller x, by Newton's method; `load` < 1/e."""
    x = load
    for _ in range(MOST_STEPS):
        step = (load - x * math.exp(-x)) / (math.exp(-x) * (1.0 - x))
        x += step
        if abs(step) < ENOUGH:
            break
    return x
