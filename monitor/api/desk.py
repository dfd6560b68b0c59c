"""Feeds the alarm desk with committed rows, in the order of commits, and keeps what it says."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from daq.config.alarms import AlarmsConfig
from daq.errors import ConfigError, DumpwatchError
from monitor.alarms.desk import AlarmDesk
from monitor.alarms.model import Alarm, StreamView
from monitor.alarms.rare import RareView
from monitor.alarms.reference import Reference
from monitor.api.view import LedgerView, Seen
from monitor.ledger import LogRow

log = logging.getLogger(__name__)

CHUNK = 50
"""Rows that are read at once."""

SLICE_S = 0.25
"""A long history is read in slices of this, so that viewers hear of new spills meanwhile [s]."""

REBASE = "alarm-reference"
"""Subject of the log entries that hold a reference."""


@dataclass(frozen=True, slots=True)
class DeskResult:
    """What the desk says. Replaced as a whole, so any thread may read it."""

    version: int = 0
    """Grows with every change."""
    ready: bool = False
    """Every row was taken in that was there at a look."""
    streams: Sequence[StreamView] = ()
    alarms: Sequence[Alarm] = ()
    rare: RareView | None = None


def first_entry(newest: int, rows: int) -> int:
    """Entry after which the alarms begin: between `rows` and twice as many back, the same for a whole block of rows.

    What a chart says depends a little on where it began. A monitor that starts and one that runs for months must not
    differ by that, so both begin at the same row, and begin anew when a block is full.
    """
    return max(0, (newest // rows - 1) * rows)


class DeskKeeper:
    """One desk, rebuilt whenever its reference, its first row or the ledger itself changes. One thread at a time.

    What it says is a function of the rows and the log of the ledger alone, whenever it was started.
    """

    def __init__(self, view: LedgerView, cfg: AlarmsConfig, rows: int) -> None:
        self._view = view
        self._cfg = cfg
        self._rows = rows
        self._desk: AlarmDesk | None = None
        self._made_of: tuple[object, ...] = ()
        self._opened = 0
        self._rebase: LogRow | None = None
        self._seen_log: tuple[int, int] = (0, -1)
        self._entry = 0
        self.result = DeskResult()

    def update(self, seen: Seen) -> bool:
        """Take in what is new, for a quarter of a second at most; False when there is more.

        A ledger that is away leaves everything as it was.
        """
        if not seen.readable:
            return True
        try:
            return self._update(seen)
        except DumpwatchError as error:
            log.warning("alarms: %s", error)
            return True

    def _update(self, seen: Seen) -> bool:
        self._read_rebase(seen)
        first = first_entry(seen.entry, self._rows)
        made_of = (self._rebase.id if self._rebase else None, first, seen.times_opened)
        if self._desk is None or made_of != self._made_of or seen.entry < self._entry:
            if seen.times_opened != self._opened:
                # another ledger may lie there now; after a re-base the old states stand until the new ones are made
                self.result = DeskResult(version=self.result.version + 1)
                self._opened = seen.times_opened
            self._desk = AlarmDesk(self._cfg, _reference(self._rebase))
            self._made_of, self._entry = made_of, first
        elif self._entry == seen.entry and self.result.ready:
            return True
        done = self._feed(self._desk, seen.entry)
        if done:
            desk = self._desk
            self.result = DeskResult(self.result.version + 1, True, desk.streams(), desk.alarms(), desk.rare())
        return done

    def _read_rebase(self, seen: Seen) -> None:
        mark = (seen.times_opened, seen.log_id)
        if mark != self._seen_log:
            found = self._view.ask(lambda ledger: ledger.log(kind="rebase", subject=REBASE, last=1))
            self._rebase = found[-1] if found else None
            self._seen_log = mark

    def _feed(self, desk: AlarmDesk, last: int) -> bool:
        end = time.monotonic() + SLICE_S
        while self._entry < last and time.monotonic() < end:
            rows = self._view.ask(lambda ledger: ledger.entries_after(self._entry, CHUNK))
            for row in rows:
                desk.feed(row)
                self._entry = row.entry
            if not rows:
                break  # the ledger has fewer rows than a moment ago: the next look sees why
        return self._entry >= last


def _reference(rebase: LogRow | None) -> Reference | None:
    """Read the newest re-base. One that cannot be read is none: the streams then say that they have no reference."""
    if rebase is None or rebase.document is None:
        return None
    try:
        return Reference.read(json.dumps(rebase.document), f"log entry {rebase.id}")
    except ConfigError as error:
        log.error("%s", error)
        return None
