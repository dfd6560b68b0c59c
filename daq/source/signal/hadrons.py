"""Hadronic widths of dark photon and dark scalar, from the table `data/hadronic_widths.csv`.

No formula gives them below 2 GeV: the photon follows measured R ratios, the scalar the form factors of
arXiv:1809.01876. Source: ALPINIST v1.4.0 (arXiv:2201.05170, arXiv:2303.01521), see the head of the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise

import numpy as np

from daq.errors import ConfigError, DataError
from daq.source.particles import F64
from daq.source.signal.constants import PI0_MASS_GEV
from daq.units import KAON_MASS_GEV, PION_MASS_GEV

TABLE = "hadronic_widths.csv"
LARGEST_STEP_GEV = 0.025
"""Rows further apart are a gap: resonances are this narrow."""

THRESHOLDS_GEV = {
    "pipi": 2 * PION_MASS_GEV,
    "pipipi0": 2 * PION_MASS_GEV + PI0_MASS_GEV,
    "pipipi0pi0": 2 * PION_MASS_GEV + 2 * PI0_MASS_GEV,
    "kk": 2 * KAON_MASS_GEV,
    "kkpi0": 2 * KAON_MASS_GEV + PI0_MASS_GEV,
    "total": 2 * PION_MASS_GEV,
}
"""Columns of the table: final states and the sum over all hadrons, with the mass above which each is open."""


@dataclass(frozen=True, slots=True)
class HadronTable:
    """Widths of one model for a coupling of 1.

    mass : float64 (n,)    [GeV], ascending
    width : column -> float64 (n,)    [GeV]
    """

    mass: F64
    width: dict[str, F64]


def hadronic_widths(model: str, mass_gev: float) -> dict[str, float]:
    """Widths for a coupling of 1 [GeV] by final state, and `total`; linear between the rows of the table.

    Raises
    ------
    ConfigError
        The mass is above the table.
    """
    table = hadron_tables()[model]
    if mass_gev > table.mass[-1]:
        msg = f"signal: widths of a dark {model} are known up to {table.mass[-1]} GeV, got a mass of {mass_gev} GeV"
        raise ConfigError(msg + "; choose a smaller mass")
    return {
        name: float(np.interp(mass_gev, table.mass, values)) if mass_gev > THRESHOLDS_GEV[name] else 0.0
        for name, values in table.width.items()
    }


@cache
def hadron_tables() -> dict[str, HadronTable]:
    """Tables of 'photon' and 'scalar'."""
    text = (resources.files("daq.source.signal") / "data" / TABLE).read_text(encoding="utf-8")
    return parse_hadron_table(text, TABLE)


def parse_hadron_table(text: str, source: str) -> dict[str, HadronTable]:
    """Read the text of a table.

    Raises
    ------
    DataError
        A column is missing, a number is none or negative, masses do not ascend or leave a gap: with the line.
    """
    lines = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line and not line.startswith("#")]
    wanted = ",".join(("model", "mass_gev", *THRESHOLDS_GEV))
    if not lines or lines[0][1] != wanted:
        msg = f"{source}: header of columns not found; wanted '{wanted}', restore the file"
        raise DataError(msg)
    rows: dict[str, list[list[float]]] = {}
    for number, line in lines[1:]:
        model, *fields = line.split(",")
        rows.setdefault(model, []).append(_numbers(fields, len(THRESHOLDS_GEV) + 1, f"{source}, line {number}"))
        _check_step(rows[model], f"{source}, line {number}")
    if set(rows) != {"photon", "scalar"}:
        msg = f"{source}: models {sorted(rows)}, wanted photon and scalar; restore the file"
        raise DataError(msg)
    return {model: _table(np.array(values)) for model, values in rows.items()}


def _numbers(fields: list[str], n: int, where: str) -> list[float]:
    try:
        values = [float(field) for field in fields]
    except ValueError as error:
        msg = f"{where}: {error}; restore the file"
        raise DataError(msg) from None
    if len(values) != n or not all(0.0 <= value < np.inf for value in values):
        msg = f"{where}: {fields}; wanted {n} numbers, none negative, restore the file"
        raise DataError(msg)
    return values


def _check_step(rows: list[list[float]], where: str) -> None:
    for before, after in pairwise(rows[-2:]):
        if not 0.0 < after[0] - before[0] <= LARGEST_STEP_GEV:
            msg = (
                f"{where}: mass {after[0]} GeV after {before[0]} GeV; wanted steps up to {LARGEST_STEP_GEV} GeV, no gap"
            )
            raise DataError(msg + ", restore the file")


def _table(values: F64) -> HadronTable:
    return HadronTable(values[:, 0], dict(zip(THRESHOLDS_GEV, values[:, 1:].T, strict=True)))
