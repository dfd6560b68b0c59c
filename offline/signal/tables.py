"""Tables as ALPINIST has them: decay tables in and out, and the yield of a model from them.

A decay table has rows of mass [GeV], width [GeV] and events for a branching fraction of 1, a reference coupling and a
number of protons; acceptance is in it. The yield of a model is the sum over productions and final states of
BR x (C / C_ref)^exponent x table(mass, width). Source: arXiv:2201.05170.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.interpolate import RegularGridInterpolator

from daq.errors import ConfigError, DataError
from streaming.reco.arrays import F64

NOTHING = 1e-50
"""Added before the logarithm and taken off after it, as ALPINIST does: a table may hold zeros."""

SAME_MASS = 1e-6
"""Relative difference of masses that are one: the table has its row at 10 MeV twice, where its two ranges meet."""


@dataclass(frozen=True, slots=True, eq=False)
class DecayTable:
    """Events on a grid.

    masses, widths : float64 (n_m,), (n_w,)    ascending [GeV]
    events : float64 (n_m, n_w)
    """

    masses: F64
    widths: F64
    events: F64

    def at(self, mass_gev: F64 | float, width_gev: F64 | float) -> F64:
        """Events, bilinear in the logarithms; 0 outside of the table."""
        with np.errstate(divide="ignore"):
            point = np.stack(np.broadcast_arrays(np.log(mass_gev), np.log(width_gev)), axis=-1)
        grid = (np.log(self.masses), np.log(self.widths))
        # the last digits of a logarithm must not put the border outside
        for k, axis in enumerate(grid):
            end = np.clip(point[..., k], axis[0], axis[-1])
            point[..., k] = np.where(np.abs(point[..., k] - end) < 1e-12, end, point[..., k])
        log = RegularGridInterpolator(grid, np.log(self.events + NOTHING), bounds_error=False, fill_value=-np.inf)
        found = log(point.reshape(-1, 2)).reshape(point.shape[:-1])
        result: F64 = np.maximum(np.exp(found) - NOTHING, 0.0)
        return result


class Contribution(NamedTuple):
    """One production and final state of a model at one mass: its part is BR x (C / C_ref)^exponent x table."""

    table: DecayTable
    branching: float
    coupling: float
    reference: float
    exponent: float


def rescale(contributions: Sequence[Contribution], mass_gev: float, width_gev: float) -> float:
    """Expected events of a model at one mass and total width.

    Raises
    ------
    ConfigError
        A branching fraction or a coupling that cannot be one.
    """
    total = 0.0
    for part in contributions:
        if not (0.0 <= part.branching <= 1.0 and part.coupling >= 0.0 < part.reference < np.inf):
            msg = f"signal tables: branching {part.branching}, coupling {part.coupling} of {part.reference}; wanted"
            raise ConfigError(msg + " 0 to 1, and a coupling and its reference that are not negative")
        scale = part.branching * (part.coupling / part.reference) ** part.exponent
        total += scale * float(part.table.at(mass_gev, width_gev))
    return total


def read_decay_table(path: Path) -> DecayTable:
    """Read rows of mass, width and events, with blanks or commas between; lines with # or letters first are comments.

    Raises
    ------
    DataError
        A row that is no three numbers, a number that is none, or negative, or a hole in the grid: with the line.
    ConfigError
        The file cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: cannot be read ({error}); give an existing decay table"
        raise ConfigError(msg) from error
    rows = [(n, line.replace(",", " ").split()) for n, line in enumerate(lines, 1)]
    data = [(n, fields) for n, fields in rows if fields and not (fields[0][0].isalpha() or fields[0][0] == "#")]
    if not data:
        msg = f"{path}: no row of numbers; wanted mass, width and events in each line"
        raise DataError(msg)
    return table_of(np.array([_row(path, n, fields) for n, fields in data]), str(path))


def table_of(rows: F64, source: str) -> DecayTable:
    """Put rows (n, 3) of mass, width and events on their grid; a mass that the seam doubles is taken once."""
    masses, widths = _merged(rows[:, 0]), _merged(rows[:, 1])
    events = np.full((len(masses), len(widths)), np.nan)
    place = [_place(axis, rows[:, k]) for k, axis in enumerate((masses, widths))]
    events[place[0], place[1]] = rows[:, 2]
    if np.isnan(events).any():
        i, k = np.argwhere(np.isnan(events))[0]
        msg = f"{source}: nothing at mass {masses[i]:.6g} GeV and width {widths[k]:.6g} GeV; wanted every width for"
        raise DataError(msg + " every mass, make the table again")
    if len(masses) < 2 or len(widths) < 2:
        msg = f"{source}: {len(masses)} masses and {len(widths)} widths; wanted 2 or more of each"
        raise DataError(msg)
    return DecayTable(masses, widths, events)


def write_decay_table(path: Path, table: DecayTable) -> None:
    """Write rows of mass, width and events with blanks between."""
    rows = np.column_stack([axis.ravel() for axis in np.meshgrid(table.masses, table.widths, indexing="ij")])
    np.savetxt(path, np.column_stack((rows, table.events.ravel())), fmt="%.10g")


def write_yields(path: Path, masses: F64, couplings: F64, events: F64) -> None:
    """Write rows of mass, coupling and events, as ALPINIST does for its plots."""
    rows = np.column_stack([axis.ravel() for axis in np.meshgrid(masses, couplings, indexing="ij")])
    np.savetxt(path, np.column_stack((rows, events.ravel())), fmt="%.10g")


def _row(path: Path, number: int, fields: list[str]) -> list[float]:
    try:
        values = [float(field) for field in fields]
    except ValueError as error:
        msg = f"{path}, line {number}: {error}; wanted mass, width and events"
        raise DataError(msg) from None
    good = len(values) == 3 and np.all(np.isfinite(values)) and values[0] > 0.0 < values[1] and values[2] >= 0.0
    if not good:
        msg = f"{path}, line {number}: {' '.join(fields)}; wanted mass, width and events, finite and not negative"
        raise DataError(msg)
    return values


def _merged(values: F64) -> F64:
    """Different values, ascending."""
    ordered = np.unique(values)
    return ordered[np.concatenate(([True], np.diff(ordered) > SAME_MASS * ordered[:-1]))]


def _place(axis: F64, values: F64) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.clip(np.searchsorted(axis, values * (1.0 + SAME_MASS), side="right") - 1, 0, len(axis) - 1)
