"""Equations (8) to (10) of CERN-EP-2023-032 for one flight path: what the acceptance samples do for many, written out.

Lengths in one unit throughout; the spectrum is a list of momenta and the parts of the particles that have them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from daq.source.signal.injection import decay_probability as probability_of_paths
from offline.signal.paths import reach_of_width
from streaming.reco.arrays import F64, Flags


class FlightRange(NamedTuple):
    """Distances from the production between which a decay counts."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Line:
    """Momenta along Z.

    momenta, parts : [GeV/c]; parts of all particles, which should add up to 1
    range_mm : where they must decay
    """

    momenta: Sequence[float]
    parts: Sequence[float]
    range_mm: FlightRange

    def decay_probability(self, mass_gev: float, width_gev: float) -> float:
        """P_D of all of them."""
        lengths = [decay_length_mm(p, mass_gev, width_gev) for p in self.momenta]
        each = [decay_probability(length, self.range_mm) for length in lengths]
        return sum(part * one for part, one in zip(self.parts, each, strict=True))


def decay_probability(length: float, flight: FlightRange) -> float:
    """P_D: probability to decay between two distances, for a mean decay length."""
    start, path, mean = (np.array([x]) for x in (flight.start, flight.end - flight.start, length))
    return float(probability_of_paths(start, path, mean)[0])


def best_decay_length(flight: FlightRange) -> float:
    """Decay length with the largest P_D."""
    return (flight.end - flight.start) / math.log(flight.end / flight.start)


def decay_length_mm(momentum_gev: float, mass_gev: float, width_gev: float) -> float:
    """Mean decay length, (p/m) hbar c / width [mm]."""
    return momentum_gev * float(reach_of_width(mass_gev, width_gev))


def weight(flown: F64 | float, length: float) -> F64:
    """Weight of a decay that was drawn flat, exp(-D/lambda)/lambda. Source: eq. (10)."""
    result: F64 = np.exp(-np.asarray(flown) / length) / length
    return result


def weighted_acceptance(chosen: Flags, flown: F64, length: float) -> float:
    """A_sel = sum of w over the selected / sum of w over all. Source: eq. (9)."""
    # weights relative to the largest: all of them vanish for a short decay length, and their ratio does not
    share = np.exp(-(np.asarray(flown) - np.min(flown)) / length)
    return float(np.sum(share[chosen]) / np.sum(share))


def expected_events(pot: float, made: float, decay: float, branching: float, acceptance: float) -> float:
    """N_exp = N_POT P(pN -> X) P_D BR A_sel. Source: eq. (8)."""
    return pot * made * decay * branching * acceptance
