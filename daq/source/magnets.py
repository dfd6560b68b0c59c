"""How the halo follows the current of magnet B2, and how a current follows its set point."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from daq.config.beam import B2Config
from daq.errors import ConfigError


def b2_curve(current_a: float, b2: B2Config) -> float:
    """Halo rate relative to standard operation, +770 A.

    The default is synthetic: published are only its value 1 at +770 A and its minimum near -250 A.

    Raises
    ------
    ConfigError
        The current is outside the user's table.
    """
    if b2.table:
        currents, factors = zip(*b2.table, strict=True)
        if not currents[0] <= current_a <= currents[-1]:
            msg = (
                f"beam.b2.table: covers {currents[0]} to {currents[-1]} A, got a current of {current_a} A; "
                "add rows or set another current"
            )
            raise ConfigError(msg)
        return float(np.interp(current_a, currents, factors))
    u = (current_a - b2.minimum_current_a) / (b2.full_current_a - b2.minimum_current_a)
    return b2.minimum + (1.0 - b2.minimum) * u * u * (1.0 + b2.shape**2) / (u * u + b2.shape**2)


def b2_factor(current_a: float, b2: B2Config) -> float:
    """Halo rate relative to the dump-mode working point."""
    return b2_curve(current_a, b2) / b2_curve(b2.reference_current_a, b2)


@dataclass(frozen=True, slots=True)
class Supply:
    """What the power supply of a magnet aims at from one burst on.

    target_a : current aimed at [A]
    jumps : the current is there at once, as after a trip; otherwise it ramps
    """

    first_burst: int
    target_a: float
    jumps: bool = False


def ramped_current(changes: Iterable[Supply], burst: int, start_a: float, ramp_a: float) -> float:
    """Current of a magnet in a burst [A].

    Parameters
    ----------
    changes : what the supply aims at, ascending in `first_burst`
    burst : number of the burst
    start_a : current before the first change [A]
    ramp_a : largest change of the current from one burst to the next [A], > 0
    """
    current, target, since = start_a, start_a, 0
    for change in changes:
        if change.first_burst > burst:
            break
        current = _towards(current, target, ramp_a * (change.first_burst - 1 - since))
        target, since = change.target_a, change.first_burst - 1
        if change.jumps:
            current = target
    return _towards(current, target, ramp_a * (burst - since))


def _towards(current: float, target: float, most: float) -> float:
    return target if abs(target - current) <= most else current + math.copysign(most, target - current)
