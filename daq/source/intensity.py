"""Intensity inside the spill, R(t), and times drawn from it slice by slice."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from daq.errors import ConfigError
from daq.source.particles import F64
from daq.units import FINE_NS, seconds_to_fine

SLICE_SECONDS = 0.1
"""Length of a slice [s]. Part of the model: another length draws other numbers."""

GRID_SECONDS = 2.0e-5
KNOTS = 4096
"""Step of the grid of R(t) [s] and steps of the inverse distribution of a slice: fine against 150 Hz. The step
that spans a gap of the beam puts its particles, under 1 in 1000 of all, evenly into the gap."""

LARGEST_RIPPLE = 20.0


@dataclass(frozen=True, slots=True)
class Profile:
    """How protons spread over a spill.

    edges_fine : int64 (n_slices + 1,)    edges of the slices [fine-time units]
    fraction : float64 (n_slices,)    part of the spill in each slice
    knots_ns : float64 (n_slices, KNOTS + 1)    times of equal probability steps inside a slice [ns]
    duty : <R>^2/<R^2>, after clipping at zero
    """

    edges_fine: NDArray[np.int64]
    fraction: F64
    knots_ns: F64
    duty: float

    @property
    def n_slices(self) -> int:
        """Number of slices of a spill."""
        return len(self.fraction)

    @property
    def effective_seconds(self) -> float:
        """Effective length of the spill [s]: a flat one of this length has as many accidental pairs."""
        return float(self.edges_fine[-1]) * FINE_NS * 1e-9 * self.duty

    def draw_times(self, rng: np.random.Generator, slice_number: int, n: int) -> F64:
        """Draw times of n particles in a slice [ns since SOB], unsorted."""
        position = rng.random(n) * KNOTS
        knot = position.astype(np.int64)
        table = self.knots_ns[slice_number]
        low = table[knot]
        times: F64 = low + (position - knot) * (table[knot + 1] - low)
        return times


def spill_profile(spill_seconds: float, duty: float) -> Profile:
    """Tabulate R(t) of a spill and its inverse distribution in slices.

    R(t) = max(0, 1 + size x ripple(t)), with the size that gives the wanted `duty` = <R>^2/<R^2>.

    Raises
    ------
    ConfigError
        No size of the ripple gives a duty factor that low.
    """
    n_slices = max(1, round(spill_seconds / SLICE_SECONDS))
    edges_fine = np.round(np.linspace(0, seconds_to_fine(spill_seconds), n_slices + 1)).astype(np.int64)
    # a grid that has the slice edges as points, so that no draw can leave its slice
    per_slice = max(2, math.ceil(spill_seconds / n_slices / GRID_SECONDS))
    grid_ns = np.linspace(edges_fine[:-1], edges_fine[1:], per_slice + 1, axis=1) * FINE_NS
    shape = ripple(grid_ns * 1e-9, spill_seconds)
    rate = _clipped(shape, ripple_size(shape, duty))
    area = (rate[:, 1:] + rate[:, :-1]) / 2.0
    within = np.concatenate((np.zeros((n_slices, 1)), np.cumsum(area, axis=1)), axis=1)
    total = within[:, -1]
    steps = np.linspace(0.0, 1.0, KNOTS + 1)
    knots = np.stack([np.interp(steps * total[k], within[k], grid_ns[k]) for k in range(n_slices)])
    return Profile(edges_fine, total / total.sum(), knots, _duty(rate))


def ripple(seconds: F64, spill_seconds: float) -> F64:
    """50 Hz, 150 Hz and slow ripple of the extraction. Source: emulator model, notes 1.1."""
    omega = 2.0 * math.pi
    fast = np.sin(omega * 50.0 * seconds + 0.3) + 0.3 * np.sin(omega * 150.0 * seconds + 1.0)
    result: F64 = fast + 0.3 * np.sin(2.0 * omega * seconds / spill_seconds)
    return result


def ripple_size(shape: F64, duty: float) -> float:
    """Size of the ripple that gives `duty`, clipping at zero included; by bisection, duty falls with size."""
    low, high = 0.0, LARGEST_RIPPLE
    lowest = _duty(_clipped(shape, high))
    if lowest > duty:
        msg = f"beam.duty_factor: got {duty}, the ripple gives {lowest:.3f} at least; set a larger duty factor"
        raise ConfigError(msg)
    for _ in range(40):
        middle = (low + high) / 2.0
        low, high = (middle, high) if _duty(_clipped(shape, middle)) > duty else (low, middle)
    return high if duty < 1.0 else 0.0


def _clipped(shape: F64, size: float) -> F64:
    rate: F64 = np.maximum(0.0, 1.0 + size * shape)
    return rate


def _duty(rate: F64) -> float:
    return float(np.mean(rate) ** 2 / np.mean(rate**2))
