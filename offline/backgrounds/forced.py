"""K+ of the sample, forced to decay: single tracks with the kaon tag, made to decay to three pions in the tank.

The published method: the beam of K+ is that of the data, the decay is simulated. A single track did not decay before
the calorimeters; from the paths follows how many others did in the fiducial volume. Source: Vulcano talk 2024.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from daq.config import Config
from daq.geometry.planes import Z_REFERENCE_MM, planes
from daq.source.particles import Kind, Particles
from daq.source.processes.births import born, with_companions
from daq.source.processes.births import joined as joined_particles
from daq.source.processes.decays import decay
from daq.source.processes.interactions import unit_directions
from daq.source.propagation import PathCurve, path_curve
from daq.units import KAON_MASS_GEV, MM_PER_M, PION_MASS_GEV
from offline.backgrounds.emulated import Collector, Emulated
from offline.minirecords.read import Records
from offline.overlay.control import spill_code
from offline.signal.chain import SPACING_NS, events_of
from streaming.reco.arrays import F64, I8, Flags

KPLUS_CTAU_MM = 3711.0
"""Source: PDG."""

PIONS = (PION_MASS_GEV,) * 3


@dataclass(frozen=True, slots=True, eq=False)
class Kaons:
    """Single K+ of a sample, n of them.

    state : float64 (n, 5)    x, y at 180 m [mm], slopes, momentum [GeV/c]
    stands_for : float64 (n,)    K+ before the downscaled trigger and the efficiency of the tag
    """

    state: F64
    stands_for: F64

    def __len__(self) -> int:
        return len(self.state)


def single_kaons(records: Records, config: Config) -> Kaons:
    """Positive hadrons with the kaon tag that are alone in their event, under Q1."""
    chosen: Flags = records.of("singles", "kaon").astype(np.bool_)
    chosen &= (records.of("singles", "pid") == "hadron") & (records.of("singles", "charge").astype(np.int64) > 0)
    columns = [records.of("singles", name)[chosen].astype(np.float64) for name in ("x_mm", "y_mm", "tx", "ty", "p_gev")]
    weight = _downscaling(records, chosen) / config.detector.rich.kaon_efficiency
    return Kaons(np.stack(columns, axis=1), weight)


def decays_in_tank(momentum_gev: F64, config: Config) -> F64:
    """K+ that decay in the fiducial volume for each one of the same momentum that gets to the LKr."""
    low, high = (z * MM_PER_M for z in (config.reco.vertex_min_z_m, config.reco.vertex_max_z_m))
    end, length = planes()["LKr_front"].z_mm, momentum_gev / KAON_MASS_GEV * KPLUS_CTAU_MM
    return np.asarray(np.exp((end - low) / length) - np.exp((end - high) / length))


def force(kaons: Kaons, config: Config, seed: int) -> tuple[Emulated, float]:
    """Candidates of forced decays, and how many real ones each stands for.

    All three pions answer in the detector: the third is lost where the detector loses it.
    """
    rng, n = np.random.default_rng([seed, 61]), config.analysis.forced_decays
    rate = kaons.stands_for * decays_in_tank(kaons.state[:, 4], config)
    state = kaons.state[rng.choice(len(kaons), n, p=rate / rate.sum())]
    particles = _decayed(rng, state, config, path_curve(config.detector.straw.kick_sign))
    found = Collector(config).collect(events_of(particles, rng, config))
    return found, float(rate.sum()) * config.processes.k_plus.branching_3pi / n


def _decayed(rng: np.random.Generator, state: F64, config: Config, curve: PathCurve) -> Particles:
    n, (x, y, tx, ty, p) = len(state), state.T
    low, high = (z * MM_PER_M for z in (config.reco.vertex_min_z_m, config.reco.vertex_max_z_m))
    length = p / KAON_MASS_GEV * KPLUS_CTAU_MM
    z = low - length * np.log1p(rng.random(n) * np.expm1(-(high - low) / length))
    lever = z - Z_REFERENCE_MM
    # the residual field moves a track of this momentum by less than the beam is wide: straight back
    vertex: F64 = np.stack((x + tx * lever, y + ty * lever, z), axis=1)
    momenta = decay(rng, unit_directions(tx, ty) * p[:, None], KAON_MASS_GEV, PIONS)
    time: F64 = (1.0 + np.arange(n, dtype=np.float64)) * SPACING_NS
    charges: tuple[I8, ...] = tuple(np.full(n, charge, np.int8) for charge in (1, -1, 1))
    pions = [born(Kind.PION, time, vertex, momenta[k], charges[k], curve) for k in range(3)]
    return with_companions(joined_particles((pions[0], pions[1], pions[2])))


def _downscaling(records: Records, chosen: Flags) -> F64:
    """Generated over sent of the Q1 of the spill of each chosen track; 1 where the counters are missing."""
    made, sent = (records.of("spills", f"q1_{what}").astype(np.float64) for what in ("generated", "sent"))
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where((sent > 0) & np.isfinite(made), made / sent, 1.0)
    code = spill_code(records.of("spills", "run"), records.of("spills", "burst"))
    of_track = spill_code(records.of("singles", "run")[chosen], records.of("singles", "burst")[chosen])
    order = np.argsort(code)
    result: F64 = factor[order][np.searchsorted(code[order], of_track)] if len(code) else np.empty(0)
    return result
