"""Widths of dark photon, dark scalar and ALP [GeV].

Leptons: formulas. Hadrons: `daq.source.signal.hadrons`, up to 2 GeV. ALP: leptons alone.
"""

from __future__ import annotations

import math

from daq.errors import ConfigError
from daq.source.signal.constants import ALPHA, HIGGS_VEV_GEV
from daq.source.signal.hadrons import hadronic_widths
from daq.units import ELECTRON_MASS_GEV, MUON_MASS_GEV

LEPTONS = {"ee": ELECTRON_MASS_GEV, "mumu": MUON_MASS_GEV}
Widths = dict[str, float]


def lepton_factor(mass_gev: float, lepton_gev: float) -> float:
    """Phase space of a vector that decays to two leptons; 0 below threshold."""
    r = (lepton_gev / mass_gev) ** 2
    return math.sqrt(1.0 - 4.0 * r) * (1.0 + 2.0 * r) if r < 0.25 else 0.0


def dark_photon_widths(mass_gev: float, epsilon: float) -> Widths:
    """Partial widths by final state, and `total`. Source of the formula: physics notes H.2."""
    scale = epsilon**2 * ALPHA * mass_gev / 3.0
    leptons = {name: scale * lepton_factor(mass_gev, lepton) for name, lepton in LEPTONS.items()}
    return _with_hadrons(leptons, "photon", mass_gev, epsilon)


def scalar_widths(mass_gev: float, sine: float) -> Widths:
    """Partial widths by final state, and `total`. Source of the formula: physics notes H.3."""
    scale = sine**2 * mass_gev / (8.0 * math.pi * HIGGS_VEV_GEV**2)
    leptons = {name: scale * lepton**2 * _beta(mass_gev, lepton) ** 3 for name, lepton in LEPTONS.items()}
    return _with_hadrons(leptons, "scalar", mass_gev, sine)


def alp_widths(mass_gev: float, coupling_per_gev: float) -> Widths:
    """Partial widths to leptons, and `total`. Source: physics notes H.3."""
    scale = coupling_per_gev**2 * mass_gev / (8.0 * math.pi)
    leptons = {name: scale * lepton**2 * _beta(mass_gev, lepton) for name, lepton in LEPTONS.items()}
    return {**leptons, "total": sum(leptons.values())}


MODELS = {"photon": dark_photon_widths, "scalar": scalar_widths, "alp": alp_widths}


def total_width(model: str, mass_gev: float, coupling: float) -> float:
    """Width of everything, hadrons without a column in the table included.

    Raises
    ------
    ConfigError
        Mass or coupling not positive, nothing to decay to, or a mass above the table of hadronic widths.
    """
    if not (mass_gev > 0 and coupling > 0):
        msg = f"signal: mass {mass_gev} GeV and coupling {coupling}: both must be above 0; give other values"
        raise ConfigError(msg)
    width = MODELS[model](mass_gev, coupling)["total"]
    if not width > 0:
        msg = f"signal: a dark {model} of {mass_gev} GeV decays to nothing; give a mass above 0.00103 GeV"
        raise ConfigError(msg)
    return width


def _with_hadrons(leptons: Widths, model: str, mass_gev: float, coupling: float) -> Widths:
    hadrons = {name: coupling**2 * width for name, width in hadronic_widths(model, mass_gev).items()}
    return {**leptons, **hadrons, "total": sum(leptons.values()) + hadrons["total"]}


def _beta(mass_gev: float, daughter_gev: float) -> float:
    r = 4.0 * (daughter_gev / mass_gev) ** 2
    return math.sqrt(1.0 - r) if r < 1.0 else 0.0
