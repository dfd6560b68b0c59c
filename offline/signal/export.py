"""Our acceptance as a decay table of ALPINIST's kind, so that its models can be used with the real selection."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from daq.config import Config
from daq.source.signal.bmesons import b_per_interaction
from daq.source.signal.final_states import photon_branching
from offline.signal.acceptance import Acceptance
from offline.signal.draw import check_mass
from offline.signal.grid import check_axis, made_per_pot, per_particle, production_of
from offline.signal.paths import reach_of_width
from offline.signal.tables import DecayTable
from streaming.reco.arrays import F64

ALPINIST_POT = 1.0e18
"""Protons of its tables for NA62."""


def decay_table(
    acceptance: Acceptance,
    mode: str,
    channel: str,
    masses: Sequence[float] | F64,
    widths: Sequence[float] | F64,
    pot: float = ALPINIST_POT,
) -> DecayTable:
    """Events for BR(X -> channel) = 1, by mass and total width [GeV].

    The reference is a coupling of 1 with exponent 2, and BR(B -> K(*) X) = 1 with exponent 1 for `b_k`, `b_kstar`.

    Raises
    ------
    ConfigError
        Unknown mode or channel, a mass below its threshold.
    """
    m, w = np.sort(np.asarray(masses, np.float64)), np.sort(np.asarray(widths, np.float64))
    check_axis("masses", m)
    check_axis("widths", w)
    check_mass(float(m[0]), channel)
    reach = reach_of_width(m[:, None], w[None, :])
    found = per_particle(acceptance, production_of(mode), channel, m, reach, region="SR")
    scale = pot * photon_branching(channel) * _made(acceptance.config, mode, m)
    return DecayTable(m, w, found.value * scale[:, None])


def _made(config: Config, mode: str, masses: F64) -> F64:
    if mode in {"b_k", "b_kstar"}:
        return np.full(len(masses), b_per_interaction(config.signal.b_meson))
    return made_per_pot(config, mode, masses)
