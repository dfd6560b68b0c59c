"""Alarms and reasons in words, with their numbers."""

from __future__ import annotations

from monitor.alarms import kinds
from monitor.alarms.judge import StreamState
from monitor.alarms.model import Alarm, Inhibit, State, StreamPoint, runbook
from monitor.alarms.rules import Rules
from monitor.alarms.states import Held
from monitor.alarms.streams import WATCHED

WHY = {
    Inhibit.NO_BEAM: "no protons in this spill",
    Inhibit.MAGNET_RAMP: "B2 is ramping to a new setting",
    Inhibit.MAGNET_OFF: "B2 is not where the reference was made",
    Inhibit.BAD_SPILL: "the spill lacks a usable reading",
    Inhibit.LEARNING: "no reference yet, the fallback is still learning",
}


SMALLEST_SHOWN = 1e-99
"""A smaller tail says nothing more."""


def alarm(name: str, stream: str | None, held: Held, text: str, inhibited: Inhibit | None) -> Alarm:
    """One alarm."""
    kind = kinds.KINDS[name]
    return Alarm(
        name=name,
        system=kind.system,
        severity=kind.severity,
        stream=stream,
        state=held.state,
        since_run=held.since[0] if held.since else None,
        since_burst=held.since[1] if held.since else None,
        text=text,
        action=kind.action if held.state in (State.WARN, State.ALARM) else "",
        runbook=runbook(name),
        inhibited=inhibited,
    )


def of_stream(name: str, held: Held, raising: StreamPoint | None, last: StreamPoint | None, rules: Rules) -> str:
    """Text of a stream's alarm: while it is raised, the numbers of the last spill that was not quiet."""
    if not held.is_raised or raising is None or last is None:
        return numbers(name, last, rules)
    text = f"Run {raising.run} burst {raising.burst}, {numbers(name, raising, rules)}"
    if last.inhibited is not None:
        return f"{text} Held: now not judged, {WHY[last.inhibited]}."
    return f"{text} Quiet for {held.calm} of {rules.cfg.clear_spills} spills." if held.calm else text


def numbers(name: str, point: StreamPoint | None, rules: Rules) -> str:
    """Observed, expected, tail, thresholds, predicted false alarms of the last spill of a stream."""
    label = WATCHED[name].label
    if point is None:
        return f"{label}: no spill yet."
    where = f"run {point.run} burst {point.burst}"
    if point.inhibited is not None:
        return f"{label}: not judged in {where}: {WHY[point.inhibited]}."
    if point.value is None or point.expected is None or point.p_high is None or point.p_low is None:
        return f"{label}: no counts in {where}."
    side, p = ("N >= n", point.p_high) if point.p_high <= point.p_low else ("N <= n", point.p_low)
    factor = point.value / point.expected
    chart = "CUSUM" if rules.reference is not None and name in rules.reference.streams else "fallback EWMA"
    shown = f"{p:.1e}" if p >= SMALLEST_SHOWN else f"below {SMALLEST_SHOWN:.0e}"
    return (
        f"{label}: {point.n} counts, {point.value:.5g} per 1e12 protons, expected {point.expected:.5g} "
        f"(x{factor:.3f}); "
        f"P({side}) = {shown}, threshold {rules.budget.p_page:.1e}; {chart} up {point.cusum_up:.2f}, down "
        f"{point.cusum_down:.2f} of 1; {rules.predicted(name):.3f} false alarms a week predicted."
    )


def reason(name: str, state: StreamState, rules: Rules) -> str:
    """One sentence: why a stream is in its state."""
    point = state.point
    if point is None:
        return f"No spill yet; {rules.why}."
    if point.inhibited is not None:
        held = f"{state.state} is held, " if state.held.is_raised else ""
        return f"{held}not judged: {WHY[point.inhibited]}."
    rare = rules.reference is not None and name in rules.reference.streams and not rules.charts.get(name)
    if rare:
        return (
            "Too rare for a drift alarm: only bursts of many are seen. " + rules.why[:1].upper() + rules.why[1:] + "."
        )
    if state.state is State.OK:
        return f"Within its band; {rules.why}."
    since = state.held.since
    began = f" since run {since[0]} burst {since[1]}" if since else ""
    which = "single spill" if state.jump.is_raised else "drift"
    back = ", quiet again" if state.seen_jump is State.OK and state.seen_drift is State.OK else ""
    return f"{state.state} ({which}){began}{back}; {rules.why}."
