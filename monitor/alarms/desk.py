"""The alarm desk: takes committed spills in any order, tells streams and alarms.

What it tells is a function of the newest row of each burst among the last `history_spills` bursts, in the order of run
and burst, and of nothing else: not of the order of commits, not of any clock. So a replay gives the same alarms in the
same spills.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Protocol

from daq.config.alarms import AlarmsConfig
from monitor.alarms import kinds, texts
from monitor.alarms.fold import DeskState, Raised, step
from monitor.alarms.judge import StreamState
from monitor.alarms.model import Alarm, Inhibit, StreamPoint, StreamView
from monitor.alarms.rare import RareView, rare_view
from monitor.alarms.reference import Reference
from monitor.alarms.rules import RuleBook, Rules
from monitor.alarms.states import Key
from monitor.alarms.streams import WATCHED, Reading, read_spill
from monitor.alarms.system import SYSTEM
from monitor.spill import Spill


class Row(Protocol):
    """What the desk needs of an entry of the ledger."""

    @property
    def spill(self) -> Spill:
        """The public row."""


@dataclass(frozen=True, slots=True)
class Booked:
    """A spill where there is no entry of the ledger."""

    spill: Spill


class AlarmDesk:
    """Judges spills. Not for several threads at once."""

    def __init__(self, cfg: AlarmsConfig, reference: Reference | None) -> None:
        self._cfg = cfg
        self._book = RuleBook(cfg, reference)
        self._keys: list[Key] = []
        self._readings: list[Reading] = []
        # state after each spill; the first one is that before the oldest spill kept
        self._states: list[DeskState] = [DeskState()]
        self._stale_from: int | None = None
        self.n_too_old = 0
        """Rows that came for bursts before the oldest kept one; they change nothing."""

    def feed(self, entry: Row) -> None:
        """Take in one committed row: a new burst, a repetition, or a correction of an earlier row."""
        reading = read_spill(entry.spill)
        place = bisect_left(self._keys, reading.key)
        if place < len(self._keys) and self._keys[place] == reading.key:
            if self._readings[place] == reading:
                return
            self._readings[place] = reading
        elif place == 0 and len(self._keys) >= self._cfg.history_spills:
            self.n_too_old += 1
            return
        else:
            self._keys.insert(place, reading.key)
            self._readings.insert(place, reading)
            self._states.insert(place + 1, self._states[place])
        self._stale_from = place if self._stale_from is None else min(place, self._stale_from)
        if self._stale_from == len(self._keys) - 1:
            # the usual case: the newest burst; corrections are folded again only when somebody asks
            self._fold()
        if len(self._keys) > self._cfg.history_spills:
            self._fold()
            del self._keys[0], self._readings[0], self._states[0]

    def streams(self) -> list[StreamView]:
        """Give every watched stream with its last spills, oldest first."""
        state, rules = self._now()
        return [self._view(name, state.streams.get(name, StreamState()), rules) for name in self._cfg.streams]

    def alarms(self) -> list[Alarm]:
        """Give every alarm that comes from spills, quiet ones included."""
        state, rules = self._now()
        found = []
        for name in self._cfg.streams:
            one = state.streams.get(name, StreamState())
            inhibited = one.point.inhibited if one.point else None
            jump = texts.of_stream(name, one.jump, one.jump_point, one.point, rules)
            drift = texts.of_stream(name, one.drift, one.drift_point, one.point, rules)
            found.append(texts.alarm(kinds.jump_name(name), name, one.jump, jump, inhibited))
            found.append(texts.alarm(kinds.DRIFT, name, one.drift, drift, inhibited))
        for name in self._cfg.ratios:
            ratio = state.ratios.get(name, Raised())
            # a ratio is judged without protons too
            inhibited = None if state.inhibit is Inhibit.BAD_SPILL else state.inhibit
            found.append(texts.alarm(kinds.RATIO, name, ratio.held, ratio.text or "No spill yet.", inhibited))
        for name in SYSTEM:
            raised = state.system.get(name, Raised())
            found.append(texts.alarm(name, None, raised.held, raised.text or "No spill yet.", None))
        return found

    def rare(self) -> RareView:
        """Give the counters that no alarm exists for."""
        state, rules = self._now()
        return rare_view(state, rules.reference)

    def _now(self) -> tuple[DeskState, Rules]:
        self._fold()
        state = self._states[-1]
        return state, self._book.rules(state.last)

    def _fold(self) -> None:
        """Bring the states up to date, from the first one that something was changed under."""
        if self._stale_from is None:
            return
        for place in range(self._stale_from, len(self._readings)):
            reading = self._readings[place]
            self._states[place + 1] = step(self._states[place], reading, self._book.rules(reading))
        self._stale_from = None

    def _view(self, name: str, one: StreamState, rules: Rules) -> StreamView:
        known = rules.reference is not None and name in rules.reference.streams
        return StreamView(
            name=name,
            label=WATCHED[name].label,
            unit="counts per 1e12 protons",
            state=one.state,
            reference=rules.reference.view(name) if rules.reference is not None and known else None,
            reason=texts.reason(name, one, rules),
            predicted_false_alarms_per_week=rules.predicted(name),
            points=self._points(name),
        )

    def _points(self, name: str) -> list[StreamPoint]:
        points = (state.streams[name].point for state in self._states[1:])
        return [point for point in points if point is not None]
