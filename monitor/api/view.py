"""What the HTTP side knows: a reader of the ledger that stays up when the ledger does not."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from daq.errors import DumpwatchError
from monitor.ledger import Ledger
from monitor.spill import Spill
from monitor.totals import Totals, add_totals, sum_spills
from streaming.tally import Tally

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_NEWS = 200
"""More new rows than this, or a correction: the sums are asked from the database again."""


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


class LedgerView:
    """Reads a ledger that may not exist yet, or may go away and come back. Never writes."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._ledger: Ledger | None = None
        self._lock = threading.Lock()
        self._refresh_lock = threading.Lock()
        self._sums_lock = threading.Lock()
        self._sums: dict[int | None, tuple[int, Tally, int]] = {}
        self._complaint = ""
        self._seen = Seen()

    def close(self) -> None:
        """Close the ledger; a later question opens it again."""
        with self._lock:
            if self._ledger is not None:
                self._ledger.close()
                self._ledger = None

    def refresh(self) -> Seen:
        """Look at the ledger; costs one small query when nothing is new. Never raises for a ledger that is away."""
        with self._refresh_lock:
            try:
                self._seen = self._look(self._seen)
                self._complaint = ""
            except DumpwatchError as error:
                self._seen = replace(self._seen, readable=False)
                self._complain(str(error))
            return self._seen

    def ask(self, question: Callable[[Ledger], T]) -> T:
        """Put a question to the ledger.

        Raises
        ------
        StoreError
            There is no ledger, or it does not answer.
        """
        return question(self._opened())

    def histograms(self, run: int | None) -> tuple[Tally, int]:
        """Sum of histograms over all spills, or those of a run, and the number of spills in it.

        Sums are kept and only new rows are added, until a correction makes a fresh sum necessary.
        """
        ledger = self._opened()
        with self._sums_lock:
            entry, tally, n_spills = self._sums.get(run, (0, Tally.zero(), 0))
            more = ledger.histograms(run, after=entry)
            if not more.from_start:
                more.tally.add(tally)
            n_spills = more.n_spills + (0 if more.from_start else n_spills)
            self._sums = {key: value for key, value in self._sums.items() if key is None}  # and the run asked for last
            self._sums[run] = (more.last_entry, more.tally, n_spills)
            return more.tally, n_spills

    def _look(self, before: Seen) -> Seen:
        ledger = self._opened()
        newest = ledger.last_entry()
        if before.readable and newest == before.entry:
            return before
        if before.readable and before.totals is not None and newest > before.entry:
            news = ledger.entries_after(before.entry, MAX_NEWS + 1)
            if len(news) <= MAX_NEWS and all(row.revision == 0 for row in news):
                totals = add_totals(before.totals, sum_spills(row.spill for row in news))
                return Seen(True, news[-1].entry, news[-1].booked_ns, totals, news[-1].spill)
        return self._look_at_all(ledger, newest)

    @staticmethod
    def _look_at_all(ledger: Ledger, newest: int) -> Seen:
        last = ledger.entries_after(newest - 1, 1) if newest else []
        totals = ledger.totals()
        if not last:
            return Seen(True, 0, None, totals, None)
        if ledger.last_entry() != last[-1].entry:  # a row came in between: the sum may hold it already
            return LedgerView._look_at_all(ledger, ledger.last_entry())
        return Seen(True, last[-1].entry, last[-1].booked_ns, totals, last[-1].spill)

    def _opened(self) -> Ledger:
        with self._lock:
            if self._ledger is None:
                self._ledger = Ledger.open(self._url, readonly=True)
            return self._ledger

    def _complain(self, text: str) -> None:
        self.close()  # the file may have been replaced: look at it afresh next time
        if text != self._complaint:
            self._complaint = text
            log.warning("ledger cannot be read: %s", text)
