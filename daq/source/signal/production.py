"""How hidden particles are made: modes, models, yields per proton."""

from __future__ import annotations

from typing import get_args

import numpy as np

from daq.config.signal import Mode, SignalConfig
from daq.errors import ConfigError
from daq.geometry.planes import P0_X_MM, P0_Y_MM, P0_Z_MM
from daq.source.particles import F64
from daq.source.signal.bmesons import b_per_interaction, draw_b_daughters, scalar_branching
from daq.source.signal.brems import brems_table, draw_brems
from daq.source.signal.mesons import MESON_MODES, draw_meson_photons, meson_branching, meson_spectra


def model_of(mode: str) -> str:
    """'photon', 'scalar' or 'alp'.

    Raises
    ------
    ConfigError
        There is no such mode.
    """
    if mode not in get_args(Mode):
        msg = f"signal: no production mode '{mode}'; wanted one of {', '.join(get_args(Mode))}; change it"
        raise ConfigError(msg)
    return mode.rsplit("_", 1)[1] if mode.startswith("b_") else "photon"


def yield_per_pot(mode: str, mass_gev: float, coupling: float, signal: SignalConfig) -> float:
    """Particles made per proton on target; every proton interacts.

    `coupling` is epsilon or sin theta. For an ALP production has a fixed reference branching fraction, and
    `coupling` [1/GeV] sets its life time alone.
    """
    model = model_of(mode)
    if mode == "brems":
        return coupling**2 * brems_table(mass_gev, signal.brems).per_eps2
    if mode in MESON_MODES:
        mesons = meson_spectra()[MESON_MODES[mode].meson].per_interaction
        return coupling**2 * mesons * meson_branching(mode, mass_gev)
    branching = signal.b_meson.alp_branching
    if model == "scalar":
        branching = coupling**2 * scalar_branching(mode.split("_")[1], mass_gev)
    return b_per_interaction(signal.b_meson) * branching


def draw_momenta(rng: np.random.Generator, n: int, mass_gev: float, mode: str, signal: SignalConfig) -> F64:
    """Momenta of n hidden particles where they are made, shape (n, 3) [GeV/c]."""
    model_of(mode)
    if mode == "brems":
        return draw_brems(rng, n, mass_gev, signal.brems)
    if mode in MESON_MODES:
        return draw_meson_photons(rng, n, mass_gev, mode)
    return draw_b_daughters(rng, n, mass_gev, mode.split("_")[1], signal.b_meson)


def draw_origins(rng: np.random.Generator, n: int, signal: SignalConfig) -> F64:
    """Points of production in the TAX, shape (n, 3) [mm]."""
    x = P0_X_MM + signal.spot_mm[0] * rng.standard_normal(n)
    y = P0_Y_MM + signal.spot_mm[1] * rng.standard_normal(n)
    return np.stack((x, y, P0_Z_MM + signal.depth_mm * rng.standard_exponential(n)), axis=1)
