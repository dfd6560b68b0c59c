"""Dark scalars and ALPs of B -> K(*) X decays."""

from __future__ import annotations

import math

import numpy as np

from daq.config.signal import BMesonConfig
from daq.errors import ConfigError
from daq.source.particles import F64
from daq.source.processes.decays import decay, two_body_momentum
from daq.source.signal.constants import (
    B_LIFETIME_S,
    B_MASS_GEV,
    B_QUARK_GEV,
    BEAM_MOMENTUM_GEV,
    HBAR_GEV_S,
    HIGGS_VEV_GEV,
    KSTAR_MASS_GEV,
    PROTON_MASS_GEV,
    S_QUARK_GEV,
    TOP_MASS_GEV,
    VTS_VTB,
)
from daq.units import KAON_MASS_GEV

MB_PER_NB = 1e-6
KAONS = {"k": KAON_MASS_GEV, "kstar": KSTAR_MASS_GEV}


def b_per_interaction(b_meson: BMesonConfig) -> float:
    """B mesons per proton on target; hard production goes as the number of nucleons."""
    return 2.0 * b_meson.bbbar_nb * MB_PER_NB / b_meson.inelastic_mb


def scalar_branching(kaon: str, mass_gev: float) -> float:
    """BR(B -> K S) or (B -> K* S) over sin^2 theta; 0 above the threshold.

    Source: arXiv:1809.01876, form factors hep-ph/0406232 and hep-ph/0412079. The current is s_L b_R: 1/4 in the
    rate, and m_b / (m_b - m_s) (plus for K*) from its matrix element.
    """
    kaon_gev = KAONS[kaon]
    if mass_gev >= B_MASS_GEV - kaon_gev:
        return 0.0
    b2, s2 = B_MASS_GEV**2, mass_gev**2
    lam = (b2 - (kaon_gev + mass_gev) ** 2) * (b2 - (kaon_gev - mass_gev) ** 2)
    loop = 3.0 * TOP_MASS_GEV**2 * VTS_VTB / (16.0 * math.pi**2 * HIGGS_VEV_GEV**3)
    width = loop**2 / (64.0 * math.pi * B_MASS_GEV**3)
    if kaon == "k":
        width *= (B_QUARK_GEV / (B_QUARK_GEV - S_QUARK_GEV)) ** 2
        width *= (b2 - kaon_gev**2) ** 2 * math.sqrt(lam) * (0.330 / (1.0 - s2 / 37.46)) ** 2
    else:
        width *= (B_QUARK_GEV / (B_QUARK_GEV + S_QUARK_GEV)) ** 2
        width *= lam**1.5 * (1.364 / (1.0 - s2 / b2) - 0.990 / (1.0 - s2 / 36.78)) ** 2
    return width * B_LIFETIME_S / HBAR_GEV_S


def draw_b_daughters(rng: np.random.Generator, n: int, mass_gev: float, kaon: str, b_meson: BMesonConfig) -> F64:
    """Momenta of n particles X of B -> K(*) X, shape (n, 3) [GeV/c].

    Raises
    ------
    ConfigError
        X is too heavy.
    """
    if mass_gev >= B_MASS_GEV - KAONS[kaon]:
        msg = f"signal: B -> {kaon} X cannot make X of {mass_gev} GeV; wanted below {B_MASS_GEV - KAONS[kaon]:.3f} GeV"
        raise ConfigError(msg + "; change mass or mode")
    return decay(rng, draw_b_mesons(rng, n, b_meson), B_MASS_GEV, (mass_gev, KAONS[kaon]))[0]


def draw_b_mesons(rng: np.random.Generator, n: int, b_meson: BMesonConfig) -> F64:
    """Momenta of n B mesons, shape (n, 3) [GeV/c]; x_F and pT independent but for the kinematic limit."""
    beam_energy = math.hypot(BEAM_MOMENTUM_GEV, PROTON_MASS_GEV)
    s = 2.0 * PROTON_MASS_GEV * (PROTON_MASS_GEV + beam_energy)
    most = two_body_momentum(math.sqrt(s), B_MASS_GEV, B_MASS_GEV + 2.0 * PROTON_MASS_GEV)
    gamma = (beam_energy + PROTON_MASS_GEV) / math.sqrt(s)
    beta_gamma = math.sqrt(gamma**2 - 1.0)
    xf = 1.0 - (1.0 - rng.random(n)) ** (1.0 / (b_meson.xf_power + 1.0))
    xf *= np.where(rng.random(n) < 0.5, 1.0, -1.0)
    # beyond the reach of the collision there is nothing: pT^2 is cut there
    pt2 = np.minimum(b_meson.mean_pt2_gev2 * rng.standard_exponential(n), most**2 * (1.0 - xf**2))
    along = xf * most
    pz = gamma * along + beta_gamma * np.sqrt(along**2 + pt2 + B_MASS_GEV**2)
    phi = rng.random(n) * (2.0 * math.pi)
    return np.stack((np.sqrt(pt2) * np.cos(phi), np.sqrt(pt2) * np.sin(phi), pz), axis=1)
