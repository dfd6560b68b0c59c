"""Dark photons of meson decays: meson spectra from a table, two-body decays.

The table `data/mesons.csv` is made by `tools/meson_table.py` with PYTHIA 8; CERN-EP-2023-032 gives such spectra 20 %.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import NamedTuple

import numpy as np

from daq.errors import ConfigError
from daq.source.particles import F64
from daq.source.processes.decays import decay
from daq.source.signal.constants import MESON_MASS_GEV


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
    text = (resources.files("daq.source.signal") / "data" / "mesons.csv").read_text(encoding="utf-8")
    lines = text.splitlines()
    events = next(int(line.removeprefix("# events=")) for line in lines if line.startswith("# events="))
    edges: dict[str, list[list[float]]] = {}
    for row in csv.DictReader(line for line in lines if not line.startswith("#")):
        name, *numbers = row.values()
        edges.setdefault(name, []).append([float(number) for number in numbers])
    spectra = {}
    for name, rows in edges.items():
        table = np.array(rows)
        total = table[:, 4].sum()
        spectra[name] = MesonSpectrum(table[:, :4], np.cumsum(table[:, 4]) / total, float(total / events))
    return spectra


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
