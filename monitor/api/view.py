"""What the HTTP side knows: a reader of the ledger that stays up when the ledger does not."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from daq.config.accounting import AccountingConfig
from daq.errors import DumpwatchError, StoreError
from monitor.ledger import GoodTotals, Ledger
from monitor.opslog.place import file_identity
from monitor.sealed.chain import START
from monitor.sealed.seal import Link
from monitor.spill import Spill
from monitor.totals import Totals
from streaming.tally import Tally

log = logging.getLogger(__name__)

T = TypeVar("T")

EMPTY = Link(0, START)
"""A chain of no sealed spill."""

RECENT = 20
"""Newest spills that are kept at hand."""


@dataclass(frozen=True, slots=True)
class Seen:
    """State of the ledger when it was last looked at. Replaced as a whole, so any thread may read it."""

    readable: bool = False
    entry: int = 0
    """Number of the newest row."""
    booked_ns: int | None = None
    """Wall clock at which the newest row was committed."""
    totals: Totals | None = None
    last_spill: Spill | None = None
    """Newest row in the order of commits."""
    recent: tuple[Spill, ...] = ()
    """Newest spills in the order of run and burst, as they are booked now."""
    log_id: int = 0
    """Number of the newest line of the operations log."""
    good: GoodTotals | None = None
    """Sums over the spills that were judged good; None before the first look."""
    chain: Link = EMPTY
    """Number of sealed spills, and head of their chain."""
    times_opened: int = 0
    """Grows when a ledger was opened: numbers of entries are not to be compared across that."""

    @property
    def version(self) -> tuple[int, int, int]:
        """Equal for two looks that found the same rows and lines."""
        return self.times_opened, self.entry, self.log_id


class LedgerView:
    """Reads a ledger that may not exist yet, or may go away and come back. Never writes."""

    def __init__(self, url: str, rules: AccountingConfig | None = None) -> None:
        self.url = url
        self._rules = rules
        self._ledger: Ledger | None = None
        self._lock = threading.Lock()
        self._refresh_lock = threading.Lock()
        self._sums_lock = threading.Lock()
        self._sums: dict[int | None, tuple[int, Tally, int]] = {}
        self._times_opened = 0
        self._place: tuple[int, int] | None = None
        self._complaint = ""
        self._looked = False
        self._seen = Seen()
        self.is_watched = False
        """Somebody refreshes this again and again: requests need not knock at a ledger that is known to be away."""

    def close(self) -> None:
        """Close the ledger; a later question opens it again."""
        with self._lock:
            if self._ledger is not None:
                self._ledger.close()
                self._ledger = None

    def refresh(self) -> Seen:
        """Look at the ledger; costs two small queries when nothing is new. Never raises for a ledger that is away.

        While another thread looks, what was seen before is given: only its first reader waits for a slow database.
        """
        if not self._refresh_lock.acquire(blocking=not self._looked):
            return self._seen
        try:
            self._seen = self._look(self._seen)
            self._complaint = ""
        except DumpwatchError as error:
            self._seen = replace(self._seen, readable=False)
            self._complain(str(error))
        finally:
            self._looked = True
            self._refresh_lock.release()
        return self._seen

    def must_read(self) -> Seen:
        """Look at the ledger.

        Raises
        ------
        StoreError
            It cannot be read.
        """
        seen = self.refresh()
        if not seen.readable:
            msg = "ledger: it was away at the last look; it is looked at again before long"
            raise StoreError(msg)
        return seen

    def ask(self, question: Callable[[Ledger], T]) -> T:
        """Put a question to the ledger.

        Raises
        ------
        StoreError
            There is no ledger, or it does not answer.
        """
        if self.is_watched and self._looked and not self._seen.readable:
            msg = "ledger: it was away at the last look; it is looked at again before long"
            raise StoreError(msg)
        return question(self._opened())

    def totals(self, run: int | None) -> Totals:
        """Sum over a run, or over everything as it was at the last look."""
        seen = self.must_read()
        if run is None:
            return seen.totals or Totals()
        return self.ask(lambda ledger: ledger.totals(run))

    def histograms(self, run: int | None) -> tuple[Tally, int]:
        """Sum of histograms over all spills, or those of a run, and the number of spills in it.

        Sums are kept and only new rows are added, until a correction makes a fresh sum necessary.
        """
        with self._sums_lock:
            entry, tally, n_spills = self._sums.get(run, (0, Tally.zero(), 0))
            more = self.ask(lambda ledger: ledger.histograms(run, after=entry))
            if not more.from_start:
                more.tally.add(tally)
            n_spills = more.n_spills + (0 if more.from_start else n_spills)
            self._sums = {key: value for key, value in self._sums.items() if key is None}  # and the run asked for last
            self._sums[run] = (more.last_entry, more.tally, n_spills)
            return more.tally, n_spills

    def _look(self, before: Seen) -> Seen:
        ledger = self._opened()
        newest = ledger.last_entry()
        lines = ledger.log(last=1)
        log_id = lines[-1].id if lines else 0
        same = before.readable and before.times_opened == self._times_opened
        if same and newest == before.entry:
            return before if log_id == before.log_id else replace(before, log_id=log_id)
        return replace(_look_at_all(ledger, newest), log_id=log_id, times_opened=self._times_opened)

    def _opened(self) -> Ledger:
        with self._lock:
            place = file_identity(self.url)
            if self._ledger is not None and place != self._place:
                self._ledger.close()  # another file lies there now
                self._ledger = None
            if self._ledger is None:
                self._ledger = Ledger.open(self.url, readonly=True, rules=self._rules)
                self._place = place
                self._times_opened += 1
            return self._ledger

    def _complain(self, text: str) -> None:
        self.close()  # the file may have been replaced: look at it afresh next time
        if text != self._complaint:
            self._complaint = text
            log.warning("ledger cannot be read: %s", text)


def _look_at_all(ledger: Ledger, newest: int) -> Seen:
    """Ask for everything; the ledger keeps its sums up itself, so this costs little whatever its size."""
    while True:
        last = ledger.entries_after(newest - 1, 1) if newest else []
        totals, good, recent = ledger.totals(), ledger.good(), tuple(ledger.spills(last=RECENT))
        chain = ledger.last_sealed()
        now = ledger.last_entry()
        if now == newest:
            break
        newest = now  # a row came in between, and may be in one answer and not in another
    if not last:
        return Seen(True, 0, None, totals, good=good, chain=chain)
    return Seen(True, last[-1].entry, last[-1].booked_ns, totals, last[-1].spill, recent, good=good, chain=chain)
