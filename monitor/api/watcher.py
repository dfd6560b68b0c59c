"""Looks at the ledger again and again, and tells the viewers what is new."""

from __future__ import annotations

import asyncio
from functools import partial

from daq.errors import DumpwatchError
from monitor.alarms.model import Alarm
from monitor.api.alarm_answers import AlarmsAnswer, alarms_answer
from monitor.api.site import Now, Site
from monitor.api.status import WitnessEvent, read_chain
from monitor.api.view import Seen
from monitor.ledger import Entry, Ledger
from monitor.sealed.model import ChainHead

STATUS_NS = 1_000_000_000
"""Viewers are told the status at least this often, changed or not [ns]."""

HURRY_S = 0.01
"""Pause between two slices of a history that the alarms read [s]."""


class Watcher:
    """The one task that turns commits into events."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._told: tuple[object, ...] = ()
        self._told_ns = 0
        self._alarms: list[Alarm] | None = None

    async def run(self, cursor: int | None) -> None:
        """Tell the viewers what comes after entry `cursor`, until cancelled; None is a ledger not seen yet."""
        site = self._site
        site.view.is_watched = True
        while True:
            seen = await asyncio.to_thread(site.view.refresh)
            if seen.readable:
                cursor = await self._tell_news(seen, cursor)
            done = await asyncio.to_thread(site.update)
            now = await asyncio.to_thread(site.look)
            self._tell_alarms(now)
            self._tell_status(now)
            await asyncio.sleep(site.cfg.poll_seconds if done else HURRY_S)

    def _tell_alarms(self, now: Now) -> None:
        if now.alarms != self._alarms:
            self._site.broadcaster.publish("alarms", encoded(alarms_answer(now)))
            self._alarms = now.alarms

    def _tell_status(self, now: Now) -> None:
        site, time_ns = self._site, self._site.clock_ns()
        facts = (now.seen, read_chain({**site.provisional(), "updated_ns": None}, time_ns), now.systems)
        if facts != self._told or abs(time_ns - self._told_ns) > STATUS_NS:
            site.broadcaster.publish("status", site.status(now).model_dump_json())
            self._told, self._told_ns = facts, time_ns

    async def _tell_news(self, seen: Seen, cursor: int | None) -> int:
        hall = self._site.broadcaster
        if cursor is None or seen.entry == cursor:
            return seen.entry
        if seen.entry < cursor:
            hall.publish("reset", "{}")  # another ledger lies at this place now
            return seen.entry
        try:
            news, heads = await asyncio.to_thread(self._site.view.ask, partial(_news, cursor))
        except DumpwatchError:
            return cursor  # the next look says that the ledger is away; the rows are told when it is back
        for row in news:
            hall.publish("spill", row.spill.model_dump_json(), row.entry)
        for one in heads:
            event = WitnessEvent(
                run=one.run, burst=one.burst, revision=one.revision, spills=one.index + 1, head=one.head.hex()
            )
            hall.publish("witness", event.model_dump_json())
        return news[-1].entry if news else cursor


def _news(entry: int, ledger: Ledger) -> tuple[list[Entry], list[ChainHead]]:
    """Rows after an entry, and heads of the chain of those that are sealed."""
    rows = ledger.entries_after(entry)
    return rows, ledger.heads_of((*row.spill.key, row.revision) for row in rows)


def encoded(answer: AlarmsAnswer) -> str:
    """Write the answer as one line."""
    return answer.model_dump_json()
