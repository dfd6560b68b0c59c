"""The reading half of the ledger: spills, runs, sums."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from monitor.accounting.judge import Judgement
from monitor.ledger import read, schema
from monitor.ledger.history import Revision, newest_measured, revisions
from monitor.ledger.store import Store
from monitor.spill import Spill
from monitor.totals import Totals


class Reading(Store):
    """Answers questions about current rows, in one transaction each."""

    def committed(self, run: int) -> dict[int, str]:
        """Booked bursts of a run, with their content digest."""
        with self._transaction() as connection:
            return read.committed(connection, run)

    def last_burst(self, run: int) -> int | None:
        """Highest burst number of a run."""
        with self._transaction() as connection:
            return connection.scalar(sa.select(sa.func.max(schema.spill.c.burst)).where(schema.spill.c.run == run))

    def last_run(self) -> int | None:
        """Highest run number."""
        with self._transaction() as connection:
            return connection.scalar(sa.select(sa.func.max(schema.spill.c.run)))

    def last_entry(self) -> int:
        """Give the number of the newest row; it grows with every commit and correction."""
        with self._transaction() as connection:
            return read.last_entry(connection)

    def entries_after(self, entry: int, limit: int = 1000) -> list[read.Entry]:
        """Rows committed after an entry, oldest first."""
        with self._transaction() as connection:
            return read.entries_after(connection, entry, limit)

    def spill(self, run: int, burst: int) -> Spill | None:
        """Look up the current row of one burst."""
        with self._transaction() as connection:
            found = read.one_spill(connection, run, burst)
        return None if found is None else found[0]

    def measured(self, run: int, burst: int) -> Spill | None:
        """Look up the newest row that the chain made of a burst: what people corrected later is not in it."""
        with self._transaction() as connection:
            return newest_measured(connection, run, burst)

    def judgement(self, run: int, burst: int) -> Judgement | None:
        """Look up whether a burst is good, and why not."""
        with self._transaction() as connection:
            found = read.one_spill(connection, run, burst)
        return None if found is None else found[1]

    def spills(self, run: int | None = None, last: int | None = None, first_burst: int = 1) -> list[Spill]:
        """List current rows in the order of run and burst, from a burst on; the newest `last` of them."""
        with self._transaction() as connection:
            return [spill for spill, _ in read.select(connection, read.Selection(run), last, first_burst)]

    def select(self, wanted: read.Selection, last: int | None = None) -> list[tuple[Spill, Judgement]]:
        """List current rows with their judgements in the order of run and burst; the newest `last` of them."""
        with self._transaction() as connection:
            return read.select(connection, wanted, last)

    def n_spills(self, run: int | None = None, first_burst: int = 1) -> int:
        """Count spills, from a burst on; quick, whatever the size of the ledger."""
        with self._transaction() as connection:
            return read.n_spills(connection, run, first_burst)

    def imbalance(self) -> int:
        """Sum of |generated - counted - missing| over all spills: 0, or the books are wrong."""
        with self._transaction() as connection:
            return read.imbalance(connection)

    def totals(self, run: int | None = None) -> Totals:
        """Sum over current rows."""
        with self._transaction() as connection:
            return read.totals(connection, run)

    def runs(self) -> list[read.RunRow]:
        """Every run, oldest first."""
        with self._transaction() as connection:
            return read.runs(connection)

    def corrections(self, run: int, burst: int) -> list[dict[str, Any]]:
        """Who corrected a burst, when and why, oldest first."""
        c = schema.correction.c
        query = sa.select(c.revision, c.supersedes, c.who, c.why, c.booked_ns, c.document)
        query = query.where(c.run == run, c.burst == burst).order_by(c.revision)
        with self._transaction() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def history(self, run: int, burst: int) -> list[Revision]:
        """Every row of a burst, oldest first: who, when, why, what was changed, what it was judged to be."""
        with self._transaction() as connection:
            return revisions(connection, run, burst)

    def histograms(self, run: int | None = None, burst: int | None = None, after: int = 0) -> read.HistogramSum:
        """Sum the histograms of current rows; of those committed after an entry, unless one of them is a correction."""
        with self._transaction() as connection:
            return read.sum_histograms(connection, run, burst, after)
