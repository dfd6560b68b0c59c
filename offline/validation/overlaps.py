"""Muons in the acceptance, and how often two of them come together."""

from __future__ import annotations

import math

import numpy as np

from daq.config import Config
from daq.config.processes import SAMPLE_POT
from daq.source.acceptance import in_triple_acceptance
from daq.source.emulator import EmulatedDetector
from daq.source.intensity import spill_profile
from daq.source.modes import RunMode
from daq.source.streams import Component, stream
from l0emu import L0Setup, new_burst, step
from offline.validation.effort import Effort
from offline.validation.measured import Measured, Value, counted, fraction

OVERLAP_NS = 5.0
"""Muons closer than this overlap. Source: emulator notes, section 4."""

NOTES_POT, NOTES_SECONDS, NOTES_PER_POT = 5.0e12, 4.8, 5.0e9 / 1.4e17
"""Spill of the notes, for the duty factors that are not the configured one."""

NEIGHBOURS = 4
"""More than so many muons in a window do not happen."""


def measure_overlaps(config: Config, effort: Effort, seed: int) -> Measured:
    """Overlaps for three duty factors, muons of the sample, H2 efficiency for pairs."""
    beam, muons = config.beam, config.detector.halo.per_pot * config.beam.pot_per_spill
    rng = np.random.default_rng([seed, 2])
    n = effort.overlap_spills
    values = {
        "overlaps": _overlaps(rng, beam.spill_seconds, beam.duty_factor, muons, n),
        "overlaps_duty_10": _overlaps(rng, NOTES_SECONDS, 1.0, NOTES_PER_POT * NOTES_POT, n),
        "overlaps_duty_07": _overlaps(rng, NOTES_SECONDS, 0.7, NOTES_PER_POT * NOTES_POT, n),
        "halo_muons": _halo_muons(config, effort, seed),
        "h2_efficiency": _h2_efficiency(config, effort, seed),
    }
    return Measured(values)


def _overlaps(rng: np.random.Generator, seconds: float, duty: float, muons: float, n_spills: int) -> Value:
    """Pairs per spill, from times that are drawn one by one."""
    profile, n = spill_profile(seconds, duty), 0
    for _ in range(n_spills):
        drawn = [profile.draw_times(rng, k, int(rng.poisson(muons * f))) for k, f in enumerate(profile.fraction)]
        time = np.sort(np.concatenate(drawn))
        n += sum(int(np.count_nonzero(time[k:] - time[:-k] < OVERLAP_NS)) for k in range(1, NEIGHBOURS))
    return counted(n, 1.0 / n_spills)


def _halo_muons(config: Config, effort: Effort, seed: int) -> Value:
    """Muons in CHOD, LKr and MUV3 for the sample [1e9], from spills of single muons."""
    source, n, n_spills = EmulatedDetector(config.beam, config.detector, seed), 0, 1 + effort.beam_bursts
    for spill in range(n_spills):
        for arrivals in source.components:
            if arrivals.component in (Component.HALO_HARD, Component.HALO_SOFT):
                rng = stream(seed, spill, arrivals.component)
                made = int(rng.poisson(arrivals.per_pot * config.beam.pot_per_spill))
                muons = arrivals.draw(rng, np.zeros(made))
                n += int(np.count_nonzero(in_triple_acceptance(muons, source.curve)))
    return counted(n, SAMPLE_POT / (config.beam.pot_per_spill * n_spills) * 1e-9)


def _h2_efficiency(config: Config, effort: Effort, seed: int) -> Value:
    """H2 of pairs of muons less than 5 ns apart, without noise; the number of pairs is drawn a second time."""
    silent = config.detector.noise.model_copy(update=dict.fromkeys(type(config.detector.noise).model_fields, 0.0))
    modes = {"pair_window_ns": OVERLAP_NS, "spills_per_burst": effort.h2_spills}
    detector = config.detector.model_copy(
        update={"noise": silent, "modes": config.detector.modes.model_copy(update=modes)}
    )
    source = EmulatedDetector(config.beam, detector, seed, mode=RunMode.TWO_TRACK)
    setup = L0Setup.from_config(config.l0)
    state, n_pairs = new_burst(setup), 0
    parts = source.recipe.parts if source.recipe else ()
    for k, batch in enumerate(source.burst(0).slices()):
        n_pairs += sum(len(part.draw(stream(seed, 0, part.component, k), k)) // 2 for part in parts)
        step(state, batch, setup)
    found = fraction(state.counters(setup).masks["H2"].generated, n_pairs)
    return Value(found.value, max(found.error, math.sqrt(1.0 / max(1, n_pairs)) * 0.1))
