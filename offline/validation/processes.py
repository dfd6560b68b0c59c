"""The background processes, each alone and many times as often as in the 2021 sample, through the whole chain."""

from __future__ import annotations

import numpy as np

from daq.config import Config
from daq.config.processes import SAMPLE_POT
from daq.source.emulator import EmulatedDetector
from daq.source.modes import RunMode
from offline.validation.candidates import Candidates
from offline.validation.chain import Burst
from offline.validation.effort import Boosts, Effort
from offline.validation.measured import Measured, Value, core_width, counted, fraction
from offline.validation.pairs import find
from offline.validation.regions import Family, Places
from streaming.reco.arrays import Flags
from streaming.reco.channels import Pid

UPSTREAM_FROM_M, FIDUCIAL_FROM_M = 90.0, 105.0
"""The control sample of upstream interactions begins here; no source says where. The fiducial volume begins there."""

KS_WINDOW_GEV = 0.03
"""Pairs this far from the K_S mass are another thing [GeV/c2]."""

PROMPT_NS, SIDE_NS = 1.0, 4.5
"""Prompt window and end of the side bands in Delta T [ns]. Source: CERN-EP-2023-032 sect. 5.1."""


def measure_processes(config: Config, effort: Effort, seed: int) -> Measured:
    """All five."""
    out = _prompt_mumu(_alone("prompt_mumu", config, effort, seed), config, effort.boosts)
    out.add(_prompt_ee(_alone("prompt_ee", config, effort, seed), effort.boosts))
    out.add(_upstream(_alone("upstream", config, effort, seed), effort.boosts))
    out.add(_k_short(_alone("k_short", config, effort, seed), effort.boosts))
    out.add(_k_plus(_alone("k_plus", config, effort, seed), config, effort.boosts))
    return out


def _alone(name: str, config: Config, effort: Effort, seed: int) -> Candidates:
    """Events of one process in one burst that stands for the whole sample, boosted; no halo."""
    boost = getattr(effort.boosts, name)
    changed = {}
    for other in Boosts._fields:
        process = getattr(config.processes, other)
        factor = boost * SAMPLE_POT / (config.beam.pot_per_spill * _spills(config)) if other == name else 0.0
        changed[other] = process.model_copy(update={"selected_per_pot": process.selected_per_pot * factor})
    quiet = config.detector.halo.model_copy(update={"per_pot": 0.0})
    modes = config.detector.modes.model_copy(update={"spills_per_burst": _spills(config)})
    detector = config.detector.model_copy(update={"halo": quiet, "modes": modes})
    processes = config.processes.model_copy(update=changed)
    source = EmulatedDetector(config.beam, detector, seed, processes, config.signal, RunMode.TWO_TRACK)
    cuts = config.reco.model_copy(update={"vertex_min_z_m": UPSTREAM_FROM_M})
    candidates = find(Burst(source, 0, config), cuts).candidates
    return candidates.where(candidates.h2)


def _spills(config: Config) -> int:
    return max(1, round(SAMPLE_POT / config.beam.pot_per_spill))


def _prompt_mumu(pairs: Candidates, config: Config, boosts: Boosts) -> Measured:
    """Yields with and without the LAV veto. The side bands are subtracted as published, though nothing is in them."""
    pairs = pairs.where((pairs.z_vertex_m > FIDUCIAL_FROM_M) & pairs.of(Pid.MUON, Pid.MUON))
    places, scale = _places(pairs, config, Family.MUMU), 1.0 / boosts.prompt_mumu
    opposite, apart = pairs.total_charge == 0, np.abs(pairs.delta_t_ns)
    outside = opposite & places.outside
    prompt = outside & (apart < PROMPT_NS)
    side = outside & (apart > PROMPT_NS) & (apart < SIDE_NS)
    share = PROMPT_NS / (SIDE_NS - PROMPT_NS)
    n, n_side = _n(prompt), _n(side)
    subtracted = Value((n - share * n_side) * scale, np.sqrt(max(1.0, n + share**2 * n_side)) * scale)
    values = {
        "prompt_before_lav": subtracted,
        "prompt_after_lav": counted(_n(outside & ~pairs.lav), scale),
        "prompt_in_vr": fraction(_n(opposite & places.cr), _n(opposite)),
        "prompt_opposite": fraction(_n(opposite), len(pairs)),
    }
    return Measured(values, {"prompt_delta_t_ns": pairs.delta_t_ns[outside], "prompt_z_vertex_m": pairs.z_vertex_m})


def _prompt_ee(pairs: Candidates, boosts: Boosts) -> Measured:
    chosen = (pairs.z_vertex_m > FIDUCIAL_FROM_M) & (pairs.total_charge == 0)
    identified = chosen & pairs.of(Pid.ELECTRON, Pid.ELECTRON)
    values = {
        "ee_before": counted(_n(identified), 1.0 / boosts.prompt_ee),
        "ee_after": counted(_n(identified & ~pairs.lav), 1.0 / boosts.prompt_ee),
    }
    return Measured(values, {"ee_z_vertex_m": pairs.z_vertex_m[identified]})


def _upstream(pairs: Candidates, boosts: Boosts) -> Measured:
    chosen = (pairs.total_charge == 0) & (pairs.z_vertex_m < FIDUCIAL_FROM_M)
    return Measured({"upstream": counted(_n(chosen), 1.0 / boosts.upstream)}, {})


def _k_short(pairs: Candidates, boosts: Boosts) -> Measured:
    mass = pairs.mass_pipi_gev[pairs.total_charge == 0]
    near = mass[np.abs(mass - np.median(mass)) < KS_WINDOW_GEV]
    values = {"k_short": counted(len(near), 1.0 / boosts.k_short), "k_short_width": core_width(near).scaled(1e3)}
    return Measured(values, {"k_short_mass_gev": near})


def _k_plus(pairs: Candidates, config: Config, boosts: Boosts) -> Measured:
    """K+ to three pions before and after the hole of ANTI0; the part without a photon for the pi pi regions."""
    pairs = pairs.where((pairs.z_vertex_m > FIDUCIAL_FROM_M) & (pairs.total_charge == 0))
    places = _places(pairs, config, Family.HADRON)
    crossed = np.all(pairs.anti0_mm > config.channels.anti0_hole_mm, axis=1)
    no_photon = (1.0 - config.processes.k_plus.photon_fraction) / boosts.k_plus
    values = {
        "k_plus": counted(len(pairs), 1.0 / boosts.k_plus),
        "k_plus_anti0": fraction(_n(crossed & places.outside), _n(places.outside)),
        "k_plus_cr": counted(_n(crossed & places.cr), no_photon),
        "k_plus_sr": counted(_n(crossed & places.sr), no_photon),
    }
    shown = {"k_plus_z_tax_m": pairs.z_tax_m, "k_plus_cda_tax_mm": pairs.cda_tax_mm}
    return Measured(values, shown)


def _places(pairs: Candidates, config: Config, family: Family) -> Places:
    return Places(config.regions, family, pairs.z_tax_m, pairs.cda_tax_mm, pairs.mass_pipi_gev)


def _n(mask: Flags) -> int:
    return int(np.count_nonzero(mask))
