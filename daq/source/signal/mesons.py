"""Dark photons of meson decays: meson spectra from a table, two-body decays.

The table `data/mesons.csv` is made by `tools/meson_table.py` with PYTHIA 8; CERN-EP-2023-032 gives such spectra 20 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from daq.errors import ConfigError, DataError
from daq.source.particles import F64
from daq.source.processes.decays import decay
from daq.source.signal.constants import MESON_MASS_GEV

TABLE = "mesons.csv"
COLUMNS = ("meson", "p_low_gev", "p_high_gev", "pt_low_gev", "pt_high_gev", "count")


class MesonMode(NamedTuple):
    """meson -> partner A'. `branching` is that of the decay with a photon in its place. Source: PDG."""

    meson: str
    partner_gev: float
    branching: float


MESON_MODES = {
    "pi0_gamma": MesonMode("pi0", 0.0, 0.98823),
    "eta_gamma": MesonMode("eta", 0.0, 0.3936),
    "etap_gamma": MesonMode("etap", 0.0, 0.02307),
    "rho_pi0": MesonMode("rho", MESON_MASS_GEV["pi0"], 4.7e-4),
    "omega_pi0": MesonMode("omega", MESON_MASS_GEV["pi0"], 8.35e-2),
    "phi_pi0": MesonMode("phi", MESON_MASS_GEV["pi0"], 1.32e-3),
    "rho_eta": MesonMode("rho", MESON_MASS_GEV["eta"], 3.00e-4),
    "omega_eta": MesonMode("omega", MESON_MASS_GEV["eta"], 4.5e-4),
    "phi_eta": MesonMode("phi", MESON_MASS_GEV["eta"], 1.301e-2),
}


@dataclass(frozen=True, slots=True)
class MesonSpectrum:
    """Cells of one meson: low and high p and pT, shape (n_cells, 4) [GeV/c], and the mesons per interaction."""

    cells: F64
    cumulative: F64
    per_interaction: float


@cache
def meson_spectra() -> dict[str, MesonSpectrum]:
    """All mesons of the table, by name; those above its lowest momentum."""
    text = (resources.files("daq.source.signal") / "data" / TABLE).read_text(encoding="utf-8")
    return parse_meson_table(text, TABLE)


def parse_meson_table(text: str, source: str) -> dict[str, MesonSpectrum]:
    """Read the text of a table.

    Raises
    ------
    DataError
        No header, no number of events, a count that is none or negative, a meson or a cell missing: with the line.
    """
    lines = list(enumerate(text.splitlines(), 1))
    events = [line.removeprefix("# events=") for _, line in lines if line.startswith("# events=")]
    if len(events) != 1 or not events[0].isdigit() or int(events[0]) == 0:
        msg = f"{source}: '# events=' is {events}; wanted one such line with the number of collisions"
        raise DataError(msg + ", make the table again")
    rows = [(number, line) for number, line in lines if line and not line.startswith("#")]
    if not rows or rows[0][1] != ",".join(COLUMNS):
        msg = f"{source}: header of columns not found; wanted '{','.join(COLUMNS)}', make the table again"
        raise DataError(msg)
    cells: dict[str, list[list[float]]] = {}
    for number, line in rows[1:]:
        name, *fields = line.split(",")
        cells.setdefault(name, []).append(_cell(name, fields, f"{source}, line {number}"))
    if set(cells) != set(MESON_MASS_GEV):
        msg = f"{source}: mesons {sorted(cells)}, wanted {sorted(MESON_MASS_GEV)}; make the table again"
        raise DataError(msg)
    return {name: _spectrum(np.array(found), int(events[0]), f"{source}, {name}") for name, found in cells.items()}


def _cell(name: str, fields: list[str], where: str) -> list[float]:
    try:
        values = [float(field) for field in fields]
    except ValueError as error:
        msg = f"{where}: {error}; make the table again"
        raise DataError(msg) from None
    good = len(values) == len(COLUMNS) - 1 and all(math.isfinite(value) and value >= 0.0 for value in values)
    if not good or not (values[0] < values[1] and values[2] < values[3]):
        msg = f"{where}: {name},{','.join(fields)}; wanted low < high twice and a count, none negative"
        raise DataError(msg + ", make the table again")
    return values


def _spectrum(table: F64, events: int, where: str) -> MesonSpectrum:
    """Cumulative counts; the cells must be a full grid: a missing one would be a hole in the spectrum."""
    p_edges, pt_edges = np.unique(table[:, :2]), np.unique(table[:, 2:4])
    grid = {(p, q) for p in pairwise(p_edges.tolist()) for q in pairwise(pt_edges.tolist())}
    got = [((row[0], row[1]), (row[2], row[3])) for row in table.tolist()]
    if set(got) != grid or len(got) != len(grid):
        hole = min(grid - set(got), default=got[0])
        msg = f"{where}: {len(got)} cells, wanted the {len(grid)} of a full grid, once each; look at p, pT {hole}"
        raise DataError(msg + ", make the table again")
    total = float(table[:, 4].sum())
    if not total > 0.0:
        msg = f"{where}: all counts are 0; make the table again"
        raise DataError(msg)
    return MesonSpectrum(table[:, :4], np.cumsum(table[:, 4]) / total, total / events)


def meson_branching(mode: str, mass_gev: float) -> float:
    """Branching fraction to A' over epsilon^2. Source: physics notes H.2; phase space to the third power."""
    meson, partner, branching = MESON_MODES[mode]
    mass = MESON_MASS_GEV[meson]
    if mass_gev >= mass - partner:
        return 0.0
    lam = (mass**2 - (mass_gev + partner) ** 2) * (mass**2 - (mass_gev - partner) ** 2)
    photons = 2.0 if partner == 0.0 else 1.0
    return photons * branching * (math.sqrt(lam) / (mass**2 - partner**2)) ** 3


def draw_meson_photons(rng: np.random.Generator, n: int, mass_gev: float, mode: str) -> F64:
    """Momenta of n dark photons of one decay mode, shape (n, 3) [GeV/c].

    Raises
    ------
    ConfigError
        The meson is too light.
    """
    meson, partner, _ = MESON_MODES[mode]
    if mass_gev >= MESON_MASS_GEV[meson] - partner:
        msg = f"signal mode {mode}: {meson} of {MESON_MASS_GEV[meson]} GeV cannot give a dark photon of {mass_gev} GeV"
        raise ConfigError(msg + "; wanted a lighter one; change mass or mode")
    return decay(rng, draw_mesons(rng, n, meson), MESON_MASS_GEV[meson], (mass_gev, partner))[0]


def draw_mesons(rng: np.random.Generator, n: int, meson: str) -> F64:
    """Momenta of n mesons, shape (n, 3) [GeV/c]; even in p and pT inside a cell."""
    spectrum = meson_spectra()[meson]
    cell = spectrum.cells[np.searchsorted(spectrum.cumulative, rng.random(n), side="right")]
    p = cell[:, 0] + (cell[:, 1] - cell[:, 0]) * rng.random(n)
    pt = np.minimum(cell[:, 2] + (cell[:, 3] - cell[:, 2]) * rng.random(n), p)
    phi = rng.random(n) * (2.0 * math.pi)
    return np.stack((pt * np.cos(phi), pt * np.sin(phi), np.sqrt(p**2 - pt**2)), axis=1)
