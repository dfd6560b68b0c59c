"""Expected signal events on a grid of masses and couplings, by production.

N_exp = N_POT x (made per proton) x P_D x A_sel x BR. Source: CERN-EP-2023-032, eq. (8).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from daq.config import Config
from daq.config.signal import Mode
from daq.errors import ConfigError
from daq.source.signal.final_states import photon_branching
from daq.source.signal.production import model_of, yield_per_pot
from offline.signal.acceptance import LEAST_SHARE, Acceptance, endpoint_gev
from offline.signal.curves import Curve, Found
from offline.signal.draw import check_mass
from offline.signal.effort import Effort
from offline.signal.paths import reach_of_width
from offline.signal.widths import check_width, width_table
from streaming.reco.arrays import F64

PRODUCTION_POWER = {"photon": 2, "scalar": 2, "alp": 0}
"""Particles made go as the coupling to this power. B -> K(*) a has a branching fraction of its own, which is
`signal.b_meson.alp_branching`: the coupling of an ALP sets its life time alone."""


@dataclass(frozen=True, slots=True, eq=False)
class YieldGrid:
    """Expected events of one model and final state.

    masses, couplings : float64 (n_m,), (n_c,)    [GeV/c2]; epsilon, sin theta, or coupling of the ALP [1/GeV]
    events, error : float64 (n_m, n_c)    in `region`; statistical error of the acceptance, all else exact
    by_mode : the parts of each production, and their errors
    """

    model: str
    channel: str
    region: str
    pot: float
    masses: F64
    couplings: F64
    events: F64
    error: F64
    by_mode: dict[str, Found]


def yield_grid(
    config: Config,
    model: str,
    channel: str,
    masses: Sequence[float] | F64,
    couplings: Sequence[float] | F64,
    pot: float,
    *,
    effort: Effort | None = None,
    region: str = "SR",
) -> YieldGrid:
    """Expected events; a mass or coupling that nothing reaches has 0 of them.

    Parameters
    ----------
    model, channel
        photon, scalar or alp; a key of `FINAL_STATES`.
    masses, couplings
        In any order [GeV/c2]; epsilon, sin theta, or coupling of the ALP [1/GeV].
    pot
        Protons on target.

    Raises
    ------
    ConfigError
        Unknown model, channel or region, a channel that the model has no width for, a mass below its threshold or
        above what is known, a coupling or a number of protons that is not positive and finite.
    """
    m, c = _checked(model, channel, masses, couplings, pot)
    table = width_table(model, m)
    reach = reach_of_width(m, table.total_gev)[:, None] / c[None, :] ** 2
    branching = table.branching(channel) * photon_branching(channel)
    made = {mode: made_per_pot(config, mode, m) for mode in modes_of(model)}
    scale = pot * branching[:, None] * c[None, :] ** PRODUCTION_POWER[model]
    acceptance = Acceptance(config, effort)
    by_mode = {}
    for mode, share in shares(made).items():
        found = per_particle(acceptance, production_of(mode), channel, m, reach, region=region, share=share)
        factor = scale * made[mode][:, None]
        by_mode[mode] = Found(found.value * factor, found.error * factor)
    events = sum((part.value for part in by_mode.values()), np.zeros(reach.shape))
    error = np.sqrt(sum((part.error**2 for part in by_mode.values()), np.zeros(reach.shape)))
    return YieldGrid(model, channel, region, pot, m, c, events, error, by_mode)


def per_particle(
    acceptance: Acceptance, production: str, channel: str, masses: F64, reach: F64, *, region: str, share: float = 1.0
) -> Found:
    """P_D A_sel of a production for each mass (n_m,) and reach (n_m, k); 0 where it cannot make the mass."""
    anchors = acceptance.anchors(float(masses.min()), float(masses.max()), production, channel)
    curves: list[Curve] = acceptance.curves(anchors, production, channel, region, share)
    value, error = np.zeros(reach.shape), np.zeros(reach.shape)
    for k, mass in enumerate(masses):
        if curves and mass < endpoint_gev(production):
            value[k], error[k] = acceptance.per_particle(curves, channel, float(mass), reach[k])
    return Found(value, error)


def modes_of(model: str) -> list[str]:
    """Productions of a model, as in `daq.config.signal.Mode`."""
    return [mode for mode in get_args(Mode) if model_of(mode) == model]


def production_of(mode: str) -> str:
    """Name of the samples of a mode: B -> K(*) X does not ask what X is."""
    return "_".join(mode.split("_")[:2]) if mode.startswith("b_") else mode


def made_per_pot(config: Config, mode: str, masses: F64) -> F64:
    """Particles made per proton for a coupling of 1, shape (n_m,)."""
    end = endpoint_gev(production_of(mode))
    return np.array([yield_per_pot(mode, float(m), 1.0, config.signal) if m < end else 0.0 for m in masses])


def shares(made: dict[str, F64]) -> dict[str, float]:
    """Size of the samples of each mode: as the particles that it makes beside the mode that makes most.

    The error of the sum is smallest so for the time that the samples take.
    """
    # below the most productive one by some mass or other: a mode that ends early matters where it is open
    most = np.max(list(made.values()), axis=0)
    part = {mode: float(np.max(values / np.where(most > 0.0, most, 1.0))) for mode, values in made.items()}
    return {mode: max(LEAST_SHARE, round(share, 2)) for mode, share in part.items() if share > 0.0}


def _checked(
    model: str, channel: str, masses: Sequence[float] | F64, couplings: Sequence[float] | F64, pot: float
) -> tuple[F64, F64]:
    if model not in PRODUCTION_POWER:
        msg = f"signal: no model '{model}' with a production; wanted one of {', '.join(PRODUCTION_POWER)}; change it"
        raise ConfigError(msg)
    m, c = np.array(masses, np.float64), np.array(couplings, np.float64)
    check_axis("masses", m)
    check_axis("couplings", c)
    check_mass(float(m.min()), channel)
    check_width(model, channel)
    if not 0.0 < pot < np.inf:
        msg = f"signal: {pot} protons on target; wanted a finite number above 0"
        raise ConfigError(msg)
    return m, c


def check_axis(name: str, values: F64) -> None:
    """Refuse an axis of a grid that is no list of positive, finite numbers."""
    if values.ndim != 1 or not len(values) or not np.all(np.isfinite(values) & (values > 0.0)):
        msg = f"signal: {name} {values.tolist()}; wanted a list of finite numbers above 0, change it"
        raise ConfigError(msg)
