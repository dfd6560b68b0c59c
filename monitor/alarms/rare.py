"""Counters too rare for an alarm: what was seen against what was to be expected, and the sentence that says so."""

from __future__ import annotations

import math

from daq.units import POT_RELATIVE_ERROR
from monitor.alarms.fold import DeskState
from monitor.alarms.reference import Reference
from monitor.alarms.streams import UNIT_POT
from monitor.spill import Public

NO_ALARM = (
    "No alarm exists for these counters: with about one in a thousand spills nothing useful would fire within a run. "
    "Compare observed with expected by eye."
)


class RareCounter(Public):
    """Pairs of one channel in the open regions."""

    channel: str
    observed: int
    expected: float | None
    """From the reference, scaled by protons; None: no reference."""
    expected_error: float | None
    """Of counting in the reference."""
    pot_error: float | None
    """20 % of the expectation: what the protons, if those of the reference were read another way, can make."""


class RareView(Public):
    """The rare counters since the desk began."""

    pot: int
    text: str
    counters: list[RareCounter]


def rare_view(state: DeskState, reference: Reference | None) -> RareView:
    """Build the view of the rare counters."""
    counters = [_counter(name, n, state.expected_pot, reference) for name, n in sorted(state.observed.items())]
    said = f"In {state.expected_pot / UNIT_POT:.4g}e12 protons. {NO_ALARM}"
    return RareView(pot=state.expected_pot, text=said, counters=counters)


def _counter(channel: str, n: int, pot: int, reference: Reference | None) -> RareCounter:
    seen = reference.rare.get(channel) if reference is not None else None
    if seen is None or reference is None or reference.rare_pot <= 0:
        return RareCounter(channel=channel, observed=n, expected=None, expected_error=None, pot_error=None)
    scale = pot / reference.rare_pot
    expected = seen * scale
    # nothing seen is known to about one event
    error = math.sqrt(max(1, seen)) * scale
    return RareCounter(
        channel=channel,
        observed=n,
        expected=expected,
        expected_error=error,
        pot_error=expected * POT_RELATIVE_ERROR,
    )
