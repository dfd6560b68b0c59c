"""Is a spill good for the beam-dump sample, and if not: why."""

from __future__ import annotations

from enum import StrEnum

from daq.config.accounting import AccountingConfig
from monitor.spill import Public, Spill


class Reason(StrEnum):
    """Why a spill is not good, beside its quality flags; or by whose word it is."""

    CLOCK_STEP = "CLOCK_STEP"
    OUT_OF_ORDER = "OUT_OF_ORDER"
    RAMPING = "RAMPING"
    KAON = "KAON"
    OVERRIDE_BAD = "OVERRIDE_BAD"
    OVERRIDE_GOOD = "OVERRIDE_GOOD"


NEVER_GOOD = ("KAON", "BIASED")
"""Modes that are no beam on the dump, whatever anybody says."""


class Judgement(Public):
    """Whether a spill counts as good, and all that speaks against it."""

    good: bool
    reasons: list[str]
    """Quality flags and `Reason`s, in this order; a good spill has none, or OVERRIDE_GOOD as the last."""


def judge(spill: Spill, previous: Spill | None, rules: AccountingConfig | None = None) -> Judgement:
    """Judge a spill by its own flags and by the spill of its run to compare it with.

    Parameters
    ----------
    spill : the spill to judge
    previous : spill of the same run with the highest burst number that was booked before; None for the first one
    rules : tolerances; the defaults when not given
    """
    rules = rules or AccountingConfig()
    reasons = [str(flag) for flag in spill.quality]
    if spill.mode == "KAON":
        reasons.append(Reason.KAON)
    if previous is not None:
        reasons += [str(reason) for reason in _sequence(spill, previous, rules)]
    return Judgement(good=not reasons, reasons=reasons)


def override(judgement: Judgement, word: str) -> Judgement:
    """Put a person's word (`good`, `bad`, or `auto` to take it back) beside the reasons; none of them is removed."""
    words = {"good": Reason.OVERRIDE_GOOD, "bad": Reason.OVERRIDE_BAD}
    reasons = [name for name in judgement.reasons if name not in words.values()]
    if word in words:
        reasons.append(str(words[word]))
    return Judgement(good=word == "good" or not reasons, reasons=reasons)


def word_of(judgement: Judgement) -> str:
    """Give the person's word in a judgement: good, bad, or auto where there is none."""
    if Reason.OVERRIDE_GOOD in judgement.reasons:
        return "good"
    return "bad" if Reason.OVERRIDE_BAD in judgement.reasons else "auto"


def _sequence(spill: Spill, previous: Spill, rules: AccountingConfig) -> list[Reason]:
    found = []
    n_bursts = spill.burst - previous.burst
    # clocks are bookkeeping, burst numbers are the order: time is asked whether it agrees, never followed
    seconds = (spill.sob_time_ns - previous.sob_time_ns) * 1e-9 * (1 if n_bursts > 0 else -1)
    if not abs(n_bursts) * rules.min_cycle_s <= seconds <= abs(n_bursts) * rules.max_cycle_s:
        found.append(Reason.CLOCK_STEP)
    if n_bursts < 0:
        found.append(Reason.OUT_OF_ORDER)
    elif _moved(spill, previous, rules.b2_tolerance_a):
        found.append(Reason.RAMPING)
    return found


def _moved(spill: Spill, previous: Spill, tolerance_a: float) -> bool:
    if spill.b2_set_a is not None and previous.b2_set_a is not None and spill.b2_set_a != previous.b2_set_a:
        return True
    if spill.b2_current_a is None or previous.b2_current_a is None:
        return False  # NO_MAGNET says so already
    return abs(spill.b2_current_a - previous.b2_current_a) > tolerance_a
