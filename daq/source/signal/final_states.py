"""The nine final states: what a hidden particle decays to, and the daughters that reach the detector."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from daq.errors import ConfigError
from daq.source.particles import F64, Kind, Particles
from daq.source.processes.births import born, joined, with_companions
from daq.source.processes.decays import decay
from daq.source.propagation import PathCurve
from daq.source.signal.constants import MESON_MASS_GEV
from daq.units import ELECTRON_MASS_GEV, KAON_MASS_GEV, MUON_MASS_GEV, PION_MASS_GEV


class Charged(NamedTuple):
    """Kind and mass of the two charged daughters."""

    kind: Kind
    mass_gev: float


MUONS, ELECTRONS = Charged(Kind.MUON, MUON_MASS_GEV), Charged(Kind.ELECTRON, ELECTRON_MASS_GEV)
PIONS, KAONS = Charged(Kind.PION, PION_MASS_GEV), Charged(Kind.KAON, KAON_MASS_GEV)
PI0, ETA, PHOTON = MESON_MASS_GEV["pi0"], MESON_MASS_GEV["eta"], 0.0
PHOTON_BRANCHING = {PI0: 0.98823, ETA: 0.3936, PHOTON: 1.0}
"""Of a neutral daughter to two photons, by its mass. Source: PDG."""

FINAL_STATES: dict[str, tuple[Charged, tuple[float, ...]]] = {
    "mumu": (MUONS, ()),
    "ee": (ELECTRONS, ()),
    "pipi": (PIONS, ()),
    "pipigamma": (PIONS, (PHOTON,)),
    "pipipi0": (PIONS, (PI0,)),
    "pipipi0pi0": (PIONS, (PI0, PI0)),
    "pipieta": (PIONS, (ETA,)),
    "kk": (KAONS, ()),
    "kkpi0": (KAONS, (PI0,)),
}
"""Charged pair and masses of the neutral daughters. pi0 and eta decay to two photons. Source: Vulcano talk 2024."""


def masses_of(final_state: str) -> tuple[float, ...]:
    """Masses of the daughters: positive, negative, neutrals [GeV/c2].

    Raises
    ------
    ConfigError
        There is no such final state.
    """
    if final_state not in FINAL_STATES:
        msg = f"signal: no final state '{final_state}'; wanted one of {', '.join(FINAL_STATES)}; change it"
        raise ConfigError(msg)
    charged, neutrals = FINAL_STATES[final_state]
    return (charged.mass_gev, charged.mass_gev, *neutrals)


def photon_branching(final_state: str) -> float:
    """Part of the decays whose pi0 and eta go to photons, as all generated ones do."""
    result = 1.0
    for mass in masses_of(final_state)[2:]:
        result *= PHOTON_BRANCHING[mass]
    return result


def daughters(
    rng: np.random.Generator,
    time: F64,
    vertex: F64,
    momenta: F64,
    mass_gev: float,
    final_state: str,
    curve: PathCurve,
) -> Particles:
    """Decay n particles at their vertices; arguments as in `daq.source.processes.births.born`.

    The first block holds the n positive, then the n negative daughters; photons, if any, are a companion of
    n times their number, in the order of the neutrals. Row i belongs to event i modulo n.
    """
    masses = masses_of(final_state)
    charged = FINAL_STATES[final_state][0]
    out = decay(rng, momenta, mass_gev, masses)
    tracks = joined(tuple(born(charged.kind, time, vertex, out[k], 1 - 2 * k, curve) for k in (0, 1)))
    photons: list[F64] = []
    for k, mass in enumerate(masses[2:], start=2):
        photons += [out[k]] if mass == PHOTON else list(decay(rng, out[k], mass, (0.0, 0.0)))
    if not photons:
        return tracks
    return with_companions(tracks, joined(tuple(born(Kind.PHOTON, time, vertex, p, 0, curve) for p in photons)))
