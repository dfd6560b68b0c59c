"""What the beam line does in a burst, and what its monitors say about it.

Every number is a function of (seed, burst) alone, although the intensity remembers earlier spills and the gain of the
SEM drifts: memory is a sum over per-burst random numbers, each of which can be drawn alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from daq.config.beam import BeamConfig
from daq.records import MAX_T10_INTENSITY, BeamRecord
from daq.source.conditions import BeamConditions
from daq.source.magnets import b2_factor
from daq.source.streams import Component, stream
from daq.units import POT_PER_T10_UNIT

FORGOTTEN = 1.0e-4
"""The memory of the intensity is cut where its weight is below this."""

BEFORE_FIRST = 256
"""Spills before burst 0 whose intensity is still remembered: more than the longest memory."""

INTENSITY, GAIN = 0, 1
"""What the draws of `Component.BEAM` are for; stands in the place of the slice."""

IMPLAUSIBLE = 10.0 * MAX_T10_INTENSITY


@dataclass(frozen=True, slots=True)
class BeamTruth:
    """The beam of one burst as it is; nobody in the experiment sees this.

    n_protons : protons on target
    effective_seconds : effective length of the spill [s]
    t10_gain : response of the SEM, 1 when it is right
    b1c_current_a, b2_current_a : currents of the magnets [A]
    halo_scale : halo rate per proton relative to the configured current of B2
    """

    n_protons: int
    effective_seconds: float
    t10_gain: float
    b1c_current_a: float
    b2_current_a: float
    halo_scale: float


def beam_truth(
    beam: BeamConfig, effective_seconds: float, seed: int, burst: int, conditions: BeamConditions
) -> BeamTruth:
    """Make the beam of one burst.

    Raises
    ------
    ConfigError
        The current of B2 is outside the user's table.
    """
    current = beam.b2_current_a if conditions.b2_current_a is None else conditions.b2_current_a
    relative = 1.0 + beam.pot_relative_noise * intensity_noise(seed, burst, beam.pot_autocorrelation)
    drift = beam.t10_gain_drift * gain_noise(seed, burst, beam.t10_gain_spills)
    scale = b2_factor(current, beam.b2) / b2_factor(beam.b2_current_a, beam.b2)
    return BeamTruth(
        n_protons=max(0, round(beam.pot_per_spill * conditions.intensity * relative)),
        effective_seconds=effective_seconds,
        t10_gain=max(0.0, 1.0 + drift) * conditions.t10_gain,
        b1c_current_a=beam.b1c_current_a,
        b2_current_a=current,
        halo_scale=scale * conditions.halo,
    )


def beam_record(
    truth: BeamTruth,
    beam: BeamConfig,
    seed: int,
    burst: int,
    conditions: BeamConditions,
    stamp_ns: int,
    scalers: dict[str, int],
) -> BeamRecord:
    """Read the monitors: T10 and magnets with noise, both stamped with the SPS cycle of the burst, and the scalers."""
    t10, b1c, b2 = (float(x) for x in stream(seed, burst, Component.BEAM_READING).standard_normal(3))
    reading = truth.n_protons / POT_PER_T10_UNIT * truth.t10_gain * (1.0 + beam.t10_relative_noise * t10)
    return BeamRecord(
        t10_intensity=_t10_says(reading, conditions),
        t10_stamp_ns=stamp_ns,
        b1c_current_a=truth.b1c_current_a + beam.current_noise_a * b1c,
        b2_current_a=truth.b2_current_a + beam.current_noise_a * b2,
        magnet_stamp_ns=stamp_ns + round(conditions.magnet_stamp_s * 1e9),
        scalers=scalers,
    )


def intensity_noise(seed: int, burst: int, correlation: float) -> float:
    """Autoregressive noise of first order, mean 0, sigma 1, of one burst.

    x(n) = c sum of rho^k e(n - k) for k < `memory(rho)`, with independent normal e(n): variance 1 exactly, lag-1
    correlation rho to 1e-6. Evaluated as a recursion, so multiplications and additions alone decide every bit.
    """
    length = memory(correlation)
    noise = 0.0
    for earlier in range(length - 1, -1, -1):
        noise = correlation * noise + _normal(seed, burst - earlier + BEFORE_FIRST, INTENSITY)
    square = correlation * correlation
    return noise * math.sqrt((1.0 - square) / (1.0 - square**length))


def memory(correlation: float) -> int:
    """Spills that the intensity remembers, itself included: as many as weigh more than `FORGOTTEN`."""
    length, weight = 1, abs(correlation)
    while weight > FORGOTTEN:
        length, weight = length + 1, weight * abs(correlation)
    return length


def gain_noise(seed: int, burst: int, spills: int) -> float:
    """Slow noise, mean 0, sigma 1: goes smoothly from one normal number to the next one in `spills` bursts."""
    knot, place = divmod(burst, spills)
    angle = 0.5 * math.pi * place / spills
    return math.cos(angle) * _normal(seed, knot, GAIN) + math.sin(angle) * _normal(seed, knot + 1, GAIN)


@lru_cache(maxsize=2048)
def _normal(seed: int, number: int, purpose: int) -> float:
    return float(stream(seed, number, Component.BEAM, purpose).standard_normal())


def _t10_says(reading: float, conditions: BeamConditions) -> float | None:
    match conditions.t10:
        case "absent":
            return None
        case "negative":
            return -max(reading, 1.0)
        case "implausible":
            return IMPLAUSIBLE
        case _:
            return reading
