"""Times of what is left of many spills in one burst."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from daq.errors import ConfigError
from daq.source.intensity import KNOTS, Profile
from daq.source.particles import F64
from daq.units import FINE_NS

FULLEST = 0.5
"""At most this part of a slice may be taken up by the spacing: beyond it the profile would not be kept."""


@dataclass(frozen=True, slots=True)
class PairTimes:
    """Times of accidental pairs: density in proportion to the square of the intensity.

    per_pair : float64 (n_slices,)    mean number of pairs for a particle squared and an ns of window [1/ns]
    cumulative : float64 (n_slices, KNOTS)    probability of the steps of a slice up to and with each
    """

    per_pair: F64
    cumulative: F64

    def draw(self, rng: np.random.Generator, profile: Profile, slice_number: int, n: int) -> F64:
        """Draw times of n pairs in a slice [ns since SOB], unsorted."""
        table = profile.knots_ns[slice_number]
        step = np.searchsorted(self.cumulative[slice_number], rng.random(n), side="right")
        step = np.minimum(step, KNOTS - 1)
        times: F64 = table[step] + rng.random(n) * (table[step + 1] - table[step])
        return times


def pair_times(profile: Profile) -> PairTimes:
    """Square the intensity that `Profile.draw_times` draws from.

    Inside a step of equal probability the intensity is flat, so n particles of a spill make n^2 w q^2/d pairs there
    that are less than w apart, where q is the probability of the step and d its length.
    """
    length = np.diff(profile.knots_ns, axis=1)
    density = (profile.fraction[:, None] / KNOTS) ** 2 / length
    per_pair = density.sum(axis=1)
    return PairTimes(per_pair, np.cumsum(density, axis=1) / per_pair[:, None])


def spaced(time: F64, profile: Profile, slice_number: int, spacing_ns: float) -> F64:
    """Put times in order and at least `spacing_ns` apart, also from those of the next slice; few move, and not far."""
    start, stop = profile.edges_fine[slice_number : slice_number + 2] * FINE_NS
    steps = spacing_ns * np.arange(len(time))
    first, last = start + 0.5 * spacing_ns, stop - 0.5 * spacing_ns - spacing_ns * len(time) + spacing_ns
    later = np.maximum.accumulate(np.maximum(np.sort(time) - steps, first))
    result: F64 = np.minimum(later, last) + steps
    return result


def check_room(mean: F64, profile: Profile, spacing_ns: float) -> None:
    """Refuse more than fits.

    Raises
    ------
    ConfigError
        The mean numbers in the slices take up too much of them.
    """
    length = np.diff(profile.edges_fine) * FINE_NS
    fullest = float(np.max(mean * spacing_ns / length))
    if fullest > FULLEST:
        msg = (
            f"detector.modes: {spacing_ns} ns of spacing take {fullest:.0%} of a slice, wanted {FULLEST:.0%} "
            "at most; make spills_per_burst, control_fraction, the spacing or the beam intensity smaller"
        )
        raise ConfigError(msg)
