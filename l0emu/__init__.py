"""The level-0 trigger: hits in, triggers and counters out. Pure: no I/O, no clock, state as an argument."""

from l0emu.setup import L0Setup
from l0emu.state import L0Counters, L0State, new_burst
from l0emu.trigger import Triggers, step

__all__ = ["L0Counters", "L0Setup", "L0State", "Triggers", "new_burst", "step"]
