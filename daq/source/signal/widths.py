"""Widths of dark photon, dark scalar and ALP [GeV].

Leptons: formulas. Hadrons: rough, no digitised table of another group ships with the program. Dark photon: R ratio of
three vector mesons and a continuum above them; good to tens of per cent below 0.9 GeV, worse above. Dark scalar:
lowest order of the chiral expansion, good to factors above 0.6 GeV. ALP: leptons alone.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from daq.errors import ConfigError
from daq.source.signal.constants import ALPHA, HIGGS_VEV_GEV
from daq.units import ELECTRON_MASS_GEV, KAON_MASS_GEV, MUON_MASS_GEV, PION_MASS_GEV


class Resonance(NamedTuple):
    """A vector meson [GeV]. Source: PDG. `branching` by final state."""

    mass: float
    width: float
    width_ee: float
    branching: dict[str, float]


RHO = Resonance(0.77526, 0.1491, 7.04e-6, {"pipi": 1.0})
OMEGA = Resonance(0.78266, 0.00868, 0.60e-6, {"pipipi0": 0.892, "other": 0.084})
PHI = Resonance(1.019461, 0.004249, 1.27e-6, {"kk": 0.491, "pipipi0": 0.154, "other": 0.352})
CONTINUUM_GEV, CONTINUUM_RISE_GEV, CONTINUUM_R = 1.0, 0.4, 2.0


def lepton_factor(mass_gev: float, lepton_gev: float) -> float:
    """Phase space of a vector that decays to two leptons; 0 below threshold."""
    r = (lepton_gev / mass_gev) ** 2
    return math.sqrt(1.0 - 4.0 * r) * (1.0 + 2.0 * r) if r < 0.25 else 0.0


def dark_photon_widths(mass_gev: float, epsilon: float) -> dict[str, float]:
    """Partial widths by final state, `other` included. Source of the formulas: physics notes H.2."""
    scale = epsilon**2 * ALPHA * mass_gev / 3.0
    ratios = hadron_ratios(mass_gev)
    leptons = {"ee": lepton_factor(mass_gev, ELECTRON_MASS_GEV), "mumu": lepton_factor(mass_gev, MUON_MASS_GEV)}
    return {name: scale * value for name, value in (leptons | ratios).items()}


def hadron_ratios(mass_gev: float) -> dict[str, float]:
    """R ratios by final state [assumed shapes]: cross-section to muons without mass = 1."""
    ratios = {"pipi": 0.0, "pipipi0": 0.0, "kk": 0.0, "other": 0.0}
    if mass_gev > 2.0 * PION_MASS_GEV:
        ratios["pipi"] += _rho_ratio(mass_gev)
    for meson, threshold in ((OMEGA, 3.0 * PION_MASS_GEV), (PHI, 3.0 * PION_MASS_GEV)):
        if mass_gev > threshold:
            for final, part in meson.branching.items():
                open_ = final != "kk" or mass_gev > 2.0 * KAON_MASS_GEV
                ratios[final] += part * open_ * _narrow_ratio(mass_gev, meson)
    if mass_gev > CONTINUUM_GEV:
        ratios["other"] += CONTINUUM_R * -math.expm1(-(((mass_gev - CONTINUUM_GEV) / CONTINUUM_RISE_GEV) ** 2))
    return ratios


def _rho_ratio(mass_gev: float) -> float:
    """One rho line with a width that follows the pion momentum.

    The form factor is 1 at zero mass and has the height of the measured electron width at the peak, quadratic between.
    """
    momentum3 = (mass_gev**2 / 4.0 - PION_MASS_GEV**2) ** 1.5
    at_peak3 = (RHO.mass**2 / 4.0 - PION_MASS_GEV**2) ** 1.5
    width = RHO.width * momentum3 / at_peak3 * RHO.mass / mass_gev
    form2 = RHO.mass**4 / ((RHO.mass**2 - mass_gev**2) ** 2 + (RHO.mass * width) ** 2)
    beta3 = (1.0 - 4.0 * PION_MASS_GEV**2 / mass_gev**2) ** 1.5
    peak_beta3 = 8.0 * at_peak3 / RHO.mass**3
    at_peak = _narrow_ratio(RHO.mass, RHO) / (peak_beta3 * (RHO.mass / RHO.width) ** 2 / 4.0)
    return beta3 * form2 / 4.0 * (1.0 + (at_peak - 1.0) * min(1.0, mass_gev / RHO.mass) ** 2)


def _narrow_ratio(mass_gev: float, meson: Resonance) -> float:
    line = (mass_gev**2 - meson.mass**2) ** 2 + (meson.mass * meson.width) ** 2
    return 9.0 * mass_gev**2 * meson.width_ee * meson.width / (ALPHA**2 * line)


def scalar_widths(mass_gev: float, sine: float) -> dict[str, float]:
    """Partial widths by final state; `other` is neutral pions and kaons. Source: physics notes H.3."""
    scale = sine**2 / HIGGS_VEV_GEV**2
    widths = {
        name: scale * lepton**2 * mass_gev * _beta(mass_gev, lepton) ** 3 / (8.0 * math.pi)
        for name, lepton in (("ee", ELECTRON_MASS_GEV), ("mumu", MUON_MASS_GEV))
    }
    for name, meson, states in (("pipi", PION_MASS_GEV, 3.0), ("kk", KAON_MASS_GEV, 4.0)):
        amplitude = (2.0 * mass_gev**2 + 11.0 * meson**2) / 9.0
        total = scale * states * _beta(mass_gev, meson) * amplitude**2 / (32.0 * math.pi * mass_gev)
        charged = 2.0 / states
        widths[name] = charged * total
        widths["other"] = widths.get("other", 0.0) + (1.0 - charged) * total
    return widths


def alp_widths(mass_gev: float, coupling_per_gev: float) -> dict[str, float]:
    """Partial widths to leptons. Source: physics notes H.3."""
    return {
        name: coupling_per_gev**2 * lepton**2 * mass_gev * _beta(mass_gev, lepton) / (8.0 * math.pi)
        for name, lepton in (("ee", ELECTRON_MASS_GEV), ("mumu", MUON_MASS_GEV))
    }


def _beta(mass_gev: float, daughter_gev: float) -> float:
    r = 4.0 * (daughter_gev / mass_gev) ** 2
    return math.sqrt(1.0 - r) if r < 1.0 else 0.0


MODELS = {"photon": dark_photon_widths, "scalar": scalar_widths, "alp": alp_widths}


def total_width(model: str, mass_gev: float, coupling: float) -> float:
    """Sum of the partial widths.

    Raises
    ------
    ConfigError
        Mass or coupling not positive, or nothing to decay to.
    """
    if not (mass_gev > 0 and coupling > 0):
        msg = f"signal: mass {mass_gev} GeV and coupling {coupling}: both must be above 0; give other values"
        raise ConfigError(msg)
    width = sum(MODELS[model](mass_gev, coupling).values())
    if not width > 0:
        msg = f"signal: a dark {model} of {mass_gev} GeV decays to nothing; give a mass above 0.00103 GeV"
        raise ConfigError(msg)
    return width
