"""Signal in emulated bursts: weight 1, as many as are expected, decays where their life time puts them."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np

from daq.config.signal import SignalConfig
from daq.errors import ConfigError
from daq.geometry.planes import P0_Z_MM
from daq.source.particles import F64, Particles
from daq.source.processes.rejection import Columns, keep_drawing
from daq.source.propagation import PathCurve
from daq.source.signal.constants import HBAR_C_GEV_MM
from daq.source.signal.final_states import daughters, masses_of, photon_branching
from daq.source.signal.production import draw_momenta, draw_origins, model_of, yield_per_pot
from daq.source.signal.sample import branching
from daq.source.signal.widths import total_width
from daq.source.streams import Component, stream

CALIBRATION_DECAYS = 100_000

Draw = Callable[[np.random.Generator, F64], Particles]


def injection(signal: SignalConfig, curve: PathCurve) -> tuple[float, Draw] | None:
    """Decays in the range per POT and how to draw them; None when nothing is injected."""
    if not signal.injection.enabled:
        return None
    return injected_per_pot(signal), partial(draw_injected, signal=signal, curve=curve)


@lru_cache(maxsize=16)
def injected_per_pot(signal: SignalConfig) -> float:
    """Expected decays to the final state inside the range, per POT, times the configured factor.

    Raises
    ------
    ConfigError
        The particle is too light for its final state.
    """
    chosen = signal.injection
    daughters_gev = sum(masses_of(chosen.final_state))
    if not chosen.mass_gev > daughters_gev:
        msg = f"signal.injection: {chosen.mass_gev} GeV cannot decay to {chosen.final_state}, {daughters_gev:.4f} GeV"
        raise ConfigError(msg + "; wanted a heavier particle, change mass_gev or final_state")
    rng = stream(0, 0, Component.CALIBRATION, int(Component.SIGNAL))
    probability = decay_probability(*_flight(rng, CALIBRATION_DECAYS, signal)[2:])
    made = yield_per_pot(chosen.mode, chosen.mass_gev, chosen.coupling, signal)
    found = branching(chosen.mode, chosen.mass_gev, chosen.coupling, chosen.final_state)
    return made * found * photon_branching(chosen.final_state) * chosen.yield_factor * float(probability.mean())


def draw_injected(rng: np.random.Generator, time: F64, signal: SignalConfig, curve: PathCurve) -> Particles:
    """Decays at the given times [ns]: particles kept by their decay probability, vertex by their life time."""
    bound = _largest_probability(signal)

    def propose(m: int) -> Columns:
        origin, momentum, start, length, mean = _flight(rng, m, signal)
        probability = decay_probability(start, length, mean)
        keep = rng.random(m) * bound < probability
        flown = start - mean * np.log1p(rng.random(m) * np.expm1(-length / mean))
        direction = momentum / np.linalg.norm(momentum, axis=1)[:, None]
        return (origin + direction * flown[:, None])[keep], momentum[keep]

    vertex, momentum = keep_drawing(len(time), propose, "signal.injection")
    chosen = signal.injection
    return daughters(rng, time, vertex, momentum, chosen.mass_gev, chosen.final_state, curve)


def decay_probability(start: F64, length: F64, mean: F64) -> F64:
    """Probability to decay in a path of `length` that begins after `start`, for a decay length of `mean` [mm]."""
    result: F64 = -np.exp(-start / mean) * np.expm1(-length / mean)
    return result


def _flight(rng: np.random.Generator, n: int, signal: SignalConfig) -> tuple[F64, F64, F64, F64, F64]:
    """Origin, momentum, path before and inside the range, decay length [mm]."""
    chosen = signal.injection
    width = total_width(model_of(chosen.mode), chosen.mass_gev, chosen.coupling)
    origin = draw_origins(rng, n, signal)
    momentum = draw_momenta(rng, n, chosen.mass_gev, chosen.mode, signal)
    p = np.linalg.norm(momentum, axis=1)
    low, high = signal.decay_z_mm
    # a particle that flies upstream has no path in the range
    forward = momentum[:, 2] > 0.0
    per_z = p / np.where(forward, momentum[:, 2], p)
    start, length = (low - origin[:, 2]) * per_z, np.where(forward, (high - low) * per_z, 0.0)
    return origin, momentum, start, length, p / chosen.mass_gev * HBAR_C_GEV_MM / width


def _largest_probability(signal: SignalConfig) -> float:
    """Bound of the decay probability over all decay lengths, for the shortest way to the range."""
    low, high = signal.decay_z_mm
    # an interaction deeper than 50 mean depths does not happen; a longer way has a smaller probability
    near = max(1.0, low - P0_Z_MM - 50.0 * signal.depth_mm)
    best = (high - low) / math.log1p((high - low) / near)
    return float(decay_probability(np.array([near]), np.array([high - low]), np.array([best]))[0])
