"""Random streams of the emulator: one counter-based stream for each (seed, burst, component, slice).

Nothing is drawn before its turn and nothing is shared, so any slice of any component of any burst can be made
alone, in any order, on any machine. Numbers of this enumeration are part of the model: never reuse one.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Component(IntEnum):
    """What owns a stream."""

    BEAM = 0
    BEAM_READING = 1
    CALIBRATION = 2
    NOISE = 3
    HALO_HARD = 10
    HALO_SOFT = 11
    CHOD_FILLER = 12
    LKR_FILLER = 13
    PROMPT_MUMU = 20
    PROMPT_EE = 21
    UPSTREAM = 22
    K_SHORT = 23
    K_PLUS_3PI = 24
    K_PLUS_E4 = 25
    K_PLUS_MU4 = 26
    SIGNAL = 30
    TWO_TRACK = 40
    CONTROL = 41


def stream(seed: int, burst: int, component: Component, slice_number: int = 0) -> np.random.Generator:
    """Philox generator that belongs to one slice of one component of one burst; all numbers >= 0."""
    key = (burst, int(component), slice_number)
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=key)))
