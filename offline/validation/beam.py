"""Rates of unbiased bursts and the halo against the current of B2.

Bursts are shorter than a spill, with the same intensity and the same ripple. The physics processes are left out: they
are some tens of pairs in 28 000 spills.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from daq.config import Config
from daq.frame import EventFrame
from daq.source.emulator import EmulatedDetector
from daq.units import FINE_NS, FINE_PER_TICK
from offline.validation.chain import Burst
from offline.validation.effort import Effort
from offline.validation.measured import Measured, Value, counted, ratio

B2_CURRENTS_A = (-770.0, -500.0, -400.0, -250.0, -100.0, 0.0, 250.0, 500.0, 770.0)
FULL_A, WORKING_A = 770.0, -250.0
NEAR_MINIMUM_A = (-400.0, -250.0, -100.0)
KHZ = 1.0e-3


def measure_beam(config: Config, effort: Effort, seed: int) -> Measured:
    """Rates at the working point and the scan of B2."""
    out = _rates(config, effort, seed)
    out.add(_halo_against_b2(config, effort, seed))
    out.values["pot_per_spill"] = Value(config.beam.pot_per_spill * 1e-12)
    return out


def shorter(config: Config, seconds: float, **beam: float) -> Config:
    """The same beam in a spill of `seconds`: intensity, ripple and duty factor stay, its noise is off."""
    part = seconds / config.beam.spill_seconds
    changed = {"spill_seconds": seconds, "pot_per_spill": config.beam.pot_per_spill * part, "pot_relative_noise": 0.0}
    return config.model_copy(update={"beam": config.beam.model_copy(update={**changed, **beam})})


@dataclass(slots=True)
class Totals:
    """Sums over bursts."""

    q1: int = 0
    q1_sent: int = 0
    h2: int = 0
    control: int = 0
    events: int = 0
    muv3: int = 0
    hits: int = 0

    def take(self, burst: Burst) -> None:
        """Add a burst that has been taken to its end."""
        masks, control = burst.ended.masks, burst.config.l0.control.name
        self.q1 += masks["Q1"].generated
        self.q1_sent += masks["Q1"].sent
        self.h2 += masks["H2"].generated
        self.control += masks[control].generated if control in masks else 0
        self.events += burst.ended.n_triggers
        self.muv3 += burst.scalers["MUV3"]
        self.hits += sum(burst.n_hits.values())


def _rates(config: Config, effort: Effort, seed: int) -> Measured:
    """Trigger and hit rates, averaged over the length of the spill."""
    seconds, totals = effort.beam_seconds * effort.beam_bursts, Totals()
    short = shorter(config, effort.beam_seconds)
    source = EmulatedDetector(short.beam, short.detector, seed)
    times = []
    for number in range(effort.beam_bursts):
        burst = Burst(source, number, short)
        times += [_seconds(frame) for frame in burst]
        totals.take(burst)
    names = {"q1": "q1", "q1_downscaled": "q1_sent", "h2": "h2", "control": "control", "events_out": "events"}
    values = {name: counted(getattr(totals, key), KHZ / seconds) for name, key in names.items()}
    values["muv3"] = counted(totals.muv3, KHZ / seconds)
    values["hits_per_spill"] = counted(totals.hits, config.beam.spill_seconds / seconds * 1e-6)
    counts, edges = np.histogram(np.concatenate(times), np.linspace(0.0, effort.beam_seconds, 121))
    khz = counts / np.diff(edges) / effort.beam_bursts * KHZ
    return Measured(values, {"profile_khz": khz, "profile_s": edges})


def _seconds(frame: EventFrame) -> NDArray[np.float64]:
    fine = frame.header["timestamp"].astype(np.int64) * FINE_PER_TICK + frame.header["fine_time"].astype(np.int64)
    return fine.astype(np.float64) * (FINE_NS * 1e-9)


def _halo_against_b2(config: Config, effort: Effort, seed: int) -> Measured:
    """MUV3 scaler per proton at each current, relative to standard operation at +770 A."""
    rates = {}
    for number, current in enumerate(B2_CURRENTS_A):
        short = shorter(config, effort.beam_seconds / 3.0, b2_current_a=current)
        burst = Burst(EmulatedDetector(short.beam, short.detector, seed), number, short)
        for _ in burst:
            pass
        rates[current] = counted(burst.scalers["MUV3"], 1.0 / burst.n_protons)
    values = {"b2_minimum": ratio(rates[WORKING_A], rates[FULL_A]), "b2_current": _lowest(rates)}
    relative = [ratio(rates[current], rates[FULL_A]) for current in B2_CURRENTS_A]
    shown = {"b2_a": np.array(B2_CURRENTS_A), "b2_halo": np.array([r.value for r in relative])}
    return Measured(values, {**shown, "b2_error": np.array([r.error for r in relative])})


def _lowest(rates: dict[float, Value]) -> Value:
    """Vertex of the parabola through three points about the minimum [A]."""
    step = NEAR_MINIMUM_A[1] - NEAR_MINIMUM_A[0]
    low, middle, high = (rates[current] for current in NEAR_MINIMUM_A)
    bend = low.value - 2.0 * middle.value + high.value
    offset = 0.5 * step * (low.value - high.value) / bend
    error = 0.5 * step * float(np.hypot(low.error, high.error)) / abs(bend)
    return Value(NEAR_MINIMUM_A[1] + offset, error)
