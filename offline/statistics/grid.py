"""Plane of mass and coupling on which yields and limits are known, and how strongly each point is excluded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from daq.errors import DataError
from offline.statistics.checks import F64, finite, means

DECADES = 6.0
"""Ratios are drawn up to 10^+-6; beyond, 0 and infinity included, they are set to it: only the border matters."""


@dataclass(frozen=True, slots=True)
class Plane:
    """Values of mass [any unit] and coupling [any normalisation], each increasing and above 0."""

    masses: F64
    couplings: F64

    def __post_init__(self) -> None:
        for name in ("masses", "couplings"):
            values = finite(name, getattr(self, name))
            if values.ndim != 1 or values.size < 2 or values[0] <= 0.0 or (np.diff(values) <= 0.0).any():
                msg = f"statistics: {name} of a grid must be 2 or more increasing numbers above 0; sort them"
                raise DataError(msg)
            object.__setattr__(self, name, values)

    @property
    def shape(self) -> tuple[int, int]:
        """Masses, couplings."""
        return self.masses.size, self.couplings.size

    def exclusion_strength(self, n_exp: ArrayLike, limit: ArrayLike) -> F64:
        """log10(N_exp / limit) at each point, shape (masses, couplings), clipped to `DECADES`; excluded where >= 0.

        Parameters
        ----------
        n_exp
            Expected signal [events], shape (masses, couplings).
        limit
            Limit on the signal [events], one number or one per point; infinity where there is none.
        """
        expected, allowed = means("N_exp of the grid", n_exp), np.asarray(limit, np.float64)
        if expected.shape != self.shape:
            msg = f"statistics: N_exp has shape {expected.shape}; wanted (masses, couplings) = {self.shape}"
            raise DataError(msg)
        allowed = np.broadcast_to(allowed, self.shape)
        wrong = np.isnan(allowed) | (allowed <= 0.0)
        if wrong.any():
            i, j = np.argwhere(wrong)[0]
            msg = (
                f"statistics: the limit at mass {self.masses[i]:g}, coupling {self.couplings[j]:g} is "
                f"{allowed[i, j]:g}; wanted more than 0; say infinity where there is no limit"
            )
            raise DataError(msg)
        with np.errstate(divide="ignore"):
            return np.asarray(np.clip(np.log10(expected) - np.log10(allowed), -DECADES, DECADES))


def excluded_couplings(plane: Plane, strength: F64, i_mass: int) -> tuple[tuple[float, float], ...]:
    """Closed intervals of excluded coupling at one mass, interpolated in logarithms; empty where none is excluded."""
    row, x = strength[i_mass], np.log10(plane.couplings)
    inside = row >= 0.0
    edges = np.flatnonzero(np.diff(inside.astype(np.int8)))
    crossings = x[edges] - row[edges] * (x[edges + 1] - x[edges]) / (row[edges + 1] - row[edges])
    ends = np.concatenate([x[:1] if inside[0] else [], crossings, x[-1:] if inside[-1] else []])
    return tuple((float(10.0**low), float(10.0**high)) for low, high in ends.reshape(-1, 2))
