"""One state for each system: the worst of its alarms, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from monitor.alarms.model import Alarm, State, System
from monitor.spill import Public

SYSTEMS: tuple[System, ...] = get_args(System)

BADNESS = (State.OK, State.WARN, State.UNKNOWN, State.ALARM)
"""What is shown of several: an alarm is known to be one; not knowing is worse than a warning."""

FROM_SPILLS: tuple[System, ...] = ("beam", "trigger", "background", "accounting")
"""Systems that are known from spills only: without one, nothing is known of them."""


class SystemState(Public):
    """State of one system, and the sentence that says why."""

    name: System
    state: State
    text: str


def systems(alarms: Sequence[Alarm], *, spills_arrive: bool) -> list[SystemState]:
    """Give the six systems, always all and in this order.

    Parameters
    ----------
    alarms : every alarm there is, those that are OK as well
    spills_arrive : whether what the last spill said is news
    """
    return [_system(name, [a for a in alarms if a.system == name], spills_arrive) for name in SYSTEMS]


def _system(name: System, alarms: list[Alarm], spills_arrive: bool) -> SystemState:
    if not alarms:
        return SystemState(name=name, state=State.UNKNOWN, text="Nothing watches this.")
    worst = max(alarms, key=lambda alarm: (BADNESS.index(alarm.state), alarm.acknowledged is None))
    if name in FROM_SPILLS and not spills_arrive and worst.state in (State.OK, State.WARN):
        return SystemState(name=name, state=State.UNKNOWN, text="No spill arrives; this is what the last one said.")
    if worst.state is State.OK:
        return SystemState(name=name, state=State.OK, text=worst.text if len(alarms) == 1 else "All is well.")
    told = [worst]
    if worst.state is State.UNKNOWN:  # what is known to be wrong is said as well
        told += [alarm for alarm in alarms if alarm.state is State.WARN][:1]
    others = sum(alarm.state is not State.OK for alarm in alarms) - len(told)
    more = f" And {others} more." if others else ""
    return SystemState(name=name, state=worst.state, text=" ".join(map(_said, told)) + more)


def _said(alarm: Alarm) -> str:
    return f"{alarm.text} Seen by {alarm.acknowledged.who}." if alarm.acknowledged else alarm.text
