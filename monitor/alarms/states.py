"""The state machine of an alarm, in spills: it comes at once, goes after quiet spills, and silence never ends it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from monitor.alarms.model import State

Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Held:
    """State of one alarm.

    calm : successive quiet spills since the last one that was not
    since : spill that began the state
    """

    state: State = State.UNKNOWN
    calm: int = 0
    since: Key | None = None

    @property
    def is_raised(self) -> bool:
        """WARN or ALARM."""
        return self.state in (State.WARN, State.ALARM)


def advance(held: Held, seen: State | None, key: Key, clear_spills: int) -> Held:
    """State after a spill.

    Parameters
    ----------
    held : state before
    seen : what the spill alone says; None: it could not be judged
    key : run and burst of the spill
    clear_spills : quiet spills that end a warning or an alarm
    """
    if seen is None or seen is State.UNKNOWN:
        # no evidence: a raised alarm stays, anything else is not known any more
        return held if held.is_raised else _to(held, State.UNKNOWN, key)
    if seen is State.ALARM or (seen is State.WARN and held.state is not State.ALARM):
        return _to(held, seen, key)
    if seen is State.WARN:
        return replace(held, calm=0)
    if held.is_raised and held.calm + 1 < clear_spills:
        return replace(held, calm=held.calm + 1)
    return _to(held, State.OK, key)


def _to(held: Held, state: State, key: Key) -> Held:
    return replace(held, calm=0) if held.state is state else Held(state, 0, key)
