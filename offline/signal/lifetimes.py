"""Expected signal without a model: mass and life time, for each production.

The branching fraction to the final state is 1, or free. Source of the ALP with free BR(B -> K(*) a) x BR(a -> f):
CERN-EP-2023-032, eq. (3).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from daq.config import Config
from daq.source.signal.bmesons import KAONS, b_per_interaction
from daq.source.signal.constants import B_MASS_GEV
from daq.source.signal.final_states import photon_branching
from offline.signal.acceptance import Acceptance
from offline.signal.curves import Found
from offline.signal.draw import check_mass
from offline.signal.effort import Effort
from offline.signal.grid import check_axis, per_particle
from offline.signal.paths import reach_of_width, width_of_lifetime
from streaming.reco.arrays import F64


@dataclass(frozen=True, slots=True, eq=False)
class LifetimeGrid:
    """Part of the particles made that is found in a region, if all decay to the channel.

    masses, lifetimes_s : float64 (n_m,), (n_t,)    [GeV/c2], [s]
    per_particle : production -> value and error, float64 (n_m, n_t); pi0 and eta to photons are in it
    """

    channel: str
    region: str
    masses: F64
    lifetimes_s: F64
    per_particle: dict[str, Found]

    def b_events(self, config: Config, pot: float) -> Found:
        """Expected events for `pot` protons per unit of BR(B -> K a) x BR(a -> channel).

        B -> K* a comes with it, as many times as often as `kstar_over_k` says. Needs the productions b_k and b_kstar.
        """
        k, kstar = (self.per_particle[name] for name in ("b_k", "b_kstar"))
        scale = pot * b_per_interaction(config.signal.b_meson)
        more = np.array([kstar_over_k(float(mass)) for mass in self.masses])[:, None]
        return Found(scale * (k.value + more * kstar.value), scale * np.hypot(k.error, more * kstar.error))


def lifetime_grid(
    config: Config,
    channel: str,
    productions: Sequence[str],
    masses: Sequence[float] | F64,
    lifetimes_s: Sequence[float] | F64,
    *,
    effort: Effort | None = None,
    region: str = "SR",
) -> LifetimeGrid:
    """Found part of the particles of each production: `b_k`, `b_kstar`, `brems`, or a meson mode.

    Raises
    ------
    ConfigError
        Unknown channel, production or region, a mass below threshold, a life time that is not positive and finite.
    """
    m, tau = np.array(masses, np.float64), np.array(lifetimes_s, np.float64)
    check_axis("masses", m)
    check_axis("lifetimes_s", tau)
    check_mass(float(m.min()), channel)
    reach = reach_of_width(m[:, None], width_of_lifetime(tau)[None, :])
    acceptance = Acceptance(config, effort)
    photons = photon_branching(channel)
    parts = {}
    for production in productions:
        found = per_particle(acceptance, production, channel, m, reach, region=region)
        parts[production] = Found(found.value * photons, found.error * photons)
    return LifetimeGrid(channel, region, m, tau, parts)


def kstar_over_k(mass_gev: float) -> float:
    """BR(B -> K* a) / BR(B -> K a) of a pseudoscalar with a derivative coupling.

    Source: ALPINIST, arXiv:2201.05170; form factors hep-ph/0406232 and hep-ph/0412079.
    """
    k, kstar = (_kallen(mass_gev, KAONS[name]) for name in ("k", "kstar"))
    if k == 0.0 or kstar == 0.0:
        return 0.0
    a2 = mass_gev**2
    form = (1.364 / (1.0 - a2 / B_MASS_GEV**2) - 0.990 / (1.0 - a2 / 36.78)) / (0.330 / (1.0 - a2 / 37.46))
    return form**2 * kstar**1.5 / math.sqrt(k) / (B_MASS_GEV**2 - KAONS["k"] ** 2) ** 2


def _kallen(mass_gev: float, kaon_gev: float) -> float:
    if mass_gev >= B_MASS_GEV - kaon_gev:
        return 0.0
    return (B_MASS_GEV**2 - (kaon_gev + mass_gev) ** 2) * (B_MASS_GEV**2 - (kaon_gev - mass_gev) ** 2)
