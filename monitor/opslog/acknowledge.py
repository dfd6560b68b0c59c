"""Which alarms somebody has seen. An acknowledgement holds until its alarm resolves or worsens.

Everything comes from the operations log: an acknowledgement is a line, and so is its end. A monitor that starts again
therefore knows what the one before knew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor.alarms.model import Acknowledged, Alarm, State
from monitor.ledger.log import LogRow

RANK = {State.OK: 0, State.WARN: 1, State.UNKNOWN: 1, State.ALARM: 2}
"""What is worse for an acknowledgement: silence ends none, and makes none worse."""

RELEASED = "released"
"""Key of the document of the line that ends an acknowledgement; its value says why."""

STATE = "state"
"""Key of the document of an acknowledgement: the state that was acknowledged."""


@dataclass(frozen=True, slots=True)
class Release:
    """The end of an acknowledgement: of which alarm, why, and who had made it."""

    subject: str
    why: str
    who: str


@dataclass(frozen=True, slots=True)
class _Held:
    by: Acknowledged
    rank: int | None
    """None: made where the state was not known; the first state that is seen counts."""


def subject_of(name: str, stream: str | None) -> str:
    """Name an alarm in the log: `Name` or `Name:stream`."""
    return f"{name}:{stream}" if stream else name


class Acknowledgements:
    """What holds now. Lines of the log go in, in their order; alarms go through."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}
        self._last_id = 0

    def read(self, rows: Iterable[LogRow]) -> None:
        """Take in lines that were not seen before; others are passed over."""
        for row in rows:
            if row.id <= self._last_id or row.kind != "acknowledge" or row.subject is None:
                continue
            self._last_id = row.id
            document = row.document or {}
            if RELEASED in document:
                self._held.pop(row.subject, None)
                continue
            said = document.get(STATE)
            rank = RANK[State(said)] if said in RANK else None
            by = Acknowledged(who=row.who, when_ns=row.booked_ns, comment=row.text)
            self._held[row.subject] = _Held(by, rank or None)

    def mark(self, alarms: Sequence[Alarm]) -> list[Alarm]:
        """Say at each alarm who has seen it; nothing ends here."""
        marked = []
        for alarm in alarms:
            held = self._held.get(subject_of(alarm.name, alarm.stream))
            seen = held is not None and _end(held, alarm) is None
            marked.append(alarm.model_copy(update={"acknowledged": held.by}) if held and seen else alarm)
        return marked

    def settle(self, alarms: Sequence[Alarm]) -> list[Release]:
        """End what holds no more, and tell which ones those are."""
        ended = []
        for alarm in alarms:
            subject = subject_of(alarm.name, alarm.stream)
            held = self._held.get(subject)
            if held is None:
                continue
            why = _end(held, alarm)
            if why is not None:
                del self._held[subject]
                ended.append(Release(subject, why, held.by.who))
            elif held.rank is None:
                self._held[subject] = _Held(held.by, RANK[alarm.state])
        return ended


def _end(held: _Held, alarm: Alarm) -> str | None:
    rank = RANK[alarm.state]
    if rank == 0:
        return "resolved"
    return "worse" if held.rank is not None and rank > held.rank else None
