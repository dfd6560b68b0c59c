"""Whether B2 stands still where it was set: off its setting or ramping is another regime, not an excursion."""

from __future__ import annotations

from daq.config.halo import HaloFluxConfig
from monitor.spill import Quality, Spill

SETTING_STEP_A = 5
"""Without an announced setting, readings that round to one multiple of this are one setting [A]; as in the ledger."""


def setting_of(spill: Spill) -> float | None:
    """Setting of B2 in a spill [A]: as announced, else the reading rounded; None when neither is known."""
    if spill.b2_set_a is not None:
        return spill.b2_set_a
    if spill.b2_current_a is None:
        return None
    return float(round(spill.b2_current_a / SETTING_STEP_A) * SETTING_STEP_A)


def is_off_setting(spill: Spill, cfg: HaloFluxConfig) -> bool:
    """Whether B2 is read away from its announced setting; False when there is no reading or no setting.

    The flag MAGNET_OFF, given at the end of the burst, counts whatever the tolerance here.
    """
    if Quality.MAGNET_OFF in spill.quality:
        return True
    if spill.b2_current_a is None or spill.b2_set_a is None:
        return False
    return abs(spill.b2_current_a - spill.b2_set_a) > cfg.setting_tolerance_a


def is_ramping(previous: Spill | None, spill: Spill, cfg: HaloFluxConfig) -> bool:
    """Whether B2 moves: its reading differs from the spill before, and is not at an announced setting.

    A spill at its setting counts as steady, also the first one after a ramp. Spills of different runs are not
    compared; `previous` is the spill taken before, None when there is none.
    """
    if previous is None or previous.run != spill.run:
        return False
    if previous.b2_current_a is None or spill.b2_current_a is None:
        return False
    moved = abs(spill.b2_current_a - previous.b2_current_a) > cfg.setting_tolerance_a
    return moved and (spill.b2_set_a is None or is_off_setting(spill, cfg))


def has_new_setting(previous: Spill | None, spill: Spill, cfg: HaloFluxConfig) -> bool:
    """Whether B2 was set to another current since the spill before: rates may step, and are expected to."""
    before, now = (None if s is None else setting_of(s) for s in (previous, spill))
    return before is not None and now is not None and abs(now - before) > cfg.setting_tolerance_a
