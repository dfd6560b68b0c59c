"""Making acceptance samples: decays are drawn in batches until enough of them are selected."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from daq.config.signal import SignalConfig
from daq.errors import ConfigError
from daq.geometry.planes import P0_X_MM, P0_Y_MM, planes
from daq.source.signal.final_states import daughters, masses_of
from daq.source.signal.production import draw_momenta, draw_origins
from daq.source.streams import Component, stream
from offline.signal.chain import SPACING_NS, Selected, SignalChain, check_final_state, joined
from offline.signal.paths import Paths, joined_paths
from offline.signal.samples import Sample
from streaming.reco.arrays import F64, Flags

BATCH = 60_000
KEPT = 120_000
"""Decays whose paths are kept for P_D; more do not make it better."""

FARTHEST_MM = 1500.0
"""A particle that would pass STRAW1 outside of this cannot have all its daughters in the detector: their mean, weighted
with their momenta, is where it would be itself. The chambers end at 1.0 m, the calorimeter at 1.3 m."""


class Wanted(NamedTuple):
    """How large a sample is: at least `selected` decays in the SR, at most `made` decays, in whole batches."""

    selected: int
    made: int


def draw_sample(
    chain: SignalChain, seed: int, mass_gev: float, production: str, final_state: str, wanted: Wanted
) -> Sample:
    """Make decays and send them through the chain.

    Raises
    ------
    ConfigError
        Unknown production or final state, or a mass that one of them does not allow.
    """
    check_mass(mass_gev, final_state)
    paths: list[Paths] = []
    taken: list[Paths] = []
    selected: list[Selected] = []
    found = made = 0
    while made < wanted.made and found < wanted.selected:
        n = min(BATCH, wanted.made - made)
        # in eV: a mass that differs by less has the same stream, and nothing else
        rng = stream(seed, round(mass_gev * 1e9), Component.SIGNAL, len(paths))
        flown, seen = _batch(chain, rng, n, mass_gev, production, final_state)
        paths.append(flown)
        taken.append(flown.where(seen.row))
        selected.append(replace(seen, row=seen.row + made))
        found += int(np.count_nonzero(seen.inside("SR")))
        made += n
    if not made:
        msg = f"signal: a sample of {wanted.made} decays asked for; wanted 1 or more"
        raise ConfigError(msg)
    kept = joined_paths(paths[: -(-KEPT // BATCH)])
    return Sample(mass_gev, production, final_state, made, kept, joined(selected), joined_paths(taken))


def _batch(
    chain: SignalChain, rng: np.random.Generator, n: int, mass_gev: float, production: str, final_state: str
) -> tuple[Paths, Selected]:
    """Draw n decays; the chain sees those that can be seen."""
    signal = chain.config.signal
    origin = draw_origins(rng, n, signal)
    momentum = draw_momenta(rng, n, mass_gev, spectrum_mode(production), signal)
    forward = momentum[:, 2] > 0.0
    z = _decay_z(rng, n, signal)
    slopes = momentum[:, :2] / np.where(forward, momentum[:, 2], np.inf)[:, None]
    vertex = np.column_stack((origin[:, :2] + slopes * (z - origin[:, 2])[:, None], z))
    seen = np.flatnonzero(_can_be_seen(origin, slopes) & forward)
    time = SPACING_NS * np.arange(1, len(seen) + 1, dtype=np.float64)
    particles = daughters(rng, time, vertex[seen], momentum[seen], mass_gev, final_state, chain.curve)
    selected = chain.select(particles, rng, final_state)
    low, high = signal.decay_z_mm
    per_z = np.sqrt(1.0 + np.sum(slopes**2, axis=1))
    path = np.where(forward, per_z * (high - low), 0.0)
    angle = np.arctan2(np.hypot(momentum[:, 0], momentum[:, 1]), momentum[:, 2])
    columns = (per_z * (z - origin[:, 2]), np.linalg.norm(momentum, axis=1), path, angle)
    paths = Paths(*(column.astype(np.float32) for column in columns))
    return paths, replace(selected, row=seen[selected.row])


def _decay_z(rng: np.random.Generator, n: int, signal: SignalConfig) -> F64:
    low, high = signal.decay_z_mm
    return low + (high - low) * rng.random(n)


def _can_be_seen(origin: F64, slopes: F64) -> Flags:
    way = planes()["STRAW1"].z_mm - origin[:, 2]
    x, y = (origin[:, k] + slopes[:, k] * way for k in (0, 1))
    near: Flags = np.hypot(x - P0_X_MM, y - P0_Y_MM) < FARTHEST_MM
    return near


def spectrum_mode(production: str) -> str:
    """Mode whose momenta a production has: scalars and ALPs of B decays fly alike, and share their samples."""
    return f"{production}_alp" if production in {"b_k", "b_kstar"} else production


def check_mass(mass_gev: float, final_state: str) -> None:
    """Refuse a mass that cannot decay to a final state.

    Raises
    ------
    ConfigError
        Naming both.
    """
    check_final_state(final_state)
    threshold = threshold_gev(final_state)
    if not (np.isfinite(mass_gev) and mass_gev > threshold):
        msg = f"signal: a mass of {mass_gev} GeV cannot decay to {final_state}; wanted above {threshold:.5g} GeV"
        raise ConfigError(msg + ", change mass or final state")


def threshold_gev(final_state: str) -> float:
    """Sum of the masses of a final state [GeV]."""
    return sum(masses_of(final_state))
