"""The ledger as its users see it: open, commit, upgrade, ask."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, Self

import sqlalchemy as sa

from daq.errors import ContentConflict, StoreError
from monitor.ledger import read, schema, write
from monitor.ledger.create import create, recognise, refuse_empty
from monitor.ledger.engine import WRITE, explain, holds_bytes, open_engine, quick_check, shown
from monitor.ledger.pot import By, PotRow, pot_rows
from monitor.spill import Quality, Spill
from monitor.totals import Totals
from streaming.tally import Tally


class Ledger:
    """One row per burst, committed in one transaction, never changed. Safe to share between threads.

    A burst that was committed twice is there once; a burst that comes back with other content is refused; a burst
    that was incomplete and is completed by a replay gets a correction beside its first row.
    """

    def __init__(self, engine: sa.Engine, name: str, now_ns: Callable[[], int]) -> None:
        self._engine = engine
        self._name = name
        self._now_ns = now_ns

    @classmethod
    def open(cls, url: str, *, readonly: bool = False, now_ns: Callable[[], int] = time.time_ns) -> Self:
        """Open a ledger, making it when there is none and `readonly` is false.

        Parameters
        ----------
        url : `sqlite:///path` or `postgresql+psycopg://...`
        readonly : never write; a ledger that does not exist is an error
        now_ns : wall clock, for the column `booked_ns` only

        Raises
        ------
        ConfigError
            Not a ledger URL.
        StoreError
            The place cannot be used, or holds something else, or another schema version. It is left as it is.
        """
        name = shown(url)
        # look before writing: a file that is something else must not even get another journal mode
        with cls(open_engine(url, readonly=readonly or holds_bytes(url)), name, now_ns) as looking:
            found = looking._look()
        if readonly and not found:
            raise refuse_empty(name)
        ledger = cls(open_engine(url, readonly=readonly), name, now_ns)
        try:
            if not readonly:
                ledger._prepare()
        except BaseException:
            ledger.close()
            raise
        return ledger

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def commit(self, spill: Spill, tally: Tally) -> Literal["inserted", "already"]:
        """Book a spill and everything that belongs to it in one transaction.

        Raises
        ------
        ContentConflict
            The ledger has this run and burst with other content.
        """
        with self._transaction(write_lock=True) as connection:
            entry = write.lock_and_next_entry(connection)
            rows = write.revisions_of(connection, spill)
            if any(write.is_same(row, spill, tally) for row in rows):
                return "already"
            if rows:
                msg = (
                    f"ledger {self._name}: run {spill.run} burst {spill.burst} is booked with other content "
                    f"(booked {rows[-1]['state']}, got {spill.state}); nothing was changed: take another run number"
                )
                raise ContentConflict(msg)
            values = write.content_values(spill, tally, entry, self._now_ns())
            connection.execute(schema.spill.insert(), {"run": spill.run, "burst": spill.burst, **values})
            write.insert_details(connection, spill, revision=0)
        return "inserted"

    def upgrade(self, spill: Spill, tally: Tally, who: str, why: str) -> Literal["upgraded", "already"]:
        """Add a correction to a burst that was INCOMPLETE and of which more is known now.

        Raises
        ------
        ContentConflict
            The burst was complete, or the new row knows no more than the old one.
        StoreError
            The burst is not in the ledger, or `who` or `why` is empty.
        """
        if not who.strip() or not why.strip():
            msg = f"ledger {self._name}: a correction of run {spill.run} burst {spill.burst} needs who and why"
            raise StoreError(msg)
        with self._transaction(write_lock=True) as connection:
            entry = write.lock_and_next_entry(connection)
            rows = write.revisions_of(connection, spill)
            if any(write.is_same(row, spill, tally) for row in rows):
                return "already"
            self._check_upgrade(rows, spill)
            revision = int(rows[-1]["revision"]) + 1
            note = {"revision": revision, "supersedes": revision - 1, "who": who, "why": why}
            values = write.content_values(spill, tally, entry, self._now_ns())
            connection.execute(schema.correction.insert(), {"run": spill.run, "burst": spill.burst, **note, **values})
            write.insert_details(connection, spill, revision)
        return "upgraded"

    def corrections(self, run: int, burst: int) -> list[dict[str, Any]]:
        """Who corrected a burst, when and why, oldest first."""
        c = schema.correction.c
        query = sa.select(c.revision, c.supersedes, c.who, c.why, c.booked_ns, c.document)
        query = query.where(c.run == run, c.burst == burst).order_by(c.revision)
        with self._transaction() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

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
            return read.one_spill(connection, run, burst)

    def spills(self, run: int | None = None, last: int | None = None, first_burst: int = 1) -> list[Spill]:
        """List current rows in the order of run and burst, from a burst on; the newest `last` of them."""
        with self._transaction() as connection:
            return read.spills(connection, run, last, first_burst)

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

    def pot(self, by: By, run: int | None = None) -> list[PotRow]:
        """Protons on target by spill, run, day or B2 setting, with a running sum."""
        with self._transaction() as connection:
            return pot_rows(connection, by, run)

    def histograms(self, run: int | None = None, burst: int | None = None, after: int = 0) -> read.HistogramSum:
        """Sum the histograms of current rows; of those committed after an entry, unless one of them is a correction."""
        with self._transaction() as connection:
            return read.sum_histograms(connection, run, burst, after)

    @contextmanager
    def _transaction(self, *, write_lock: bool = False) -> Iterator[sa.Connection]:
        engine = self._engine.execution_options(**WRITE) if write_lock else self._engine
        try:
            with engine.begin() as connection:
                yield connection
        except sa.exc.DBAPIError as error:
            raise explain(error, self._name) from error

    def _look(self) -> bool:
        with self._transaction() as connection:
            return recognise(connection, self._name)

    def _prepare(self) -> None:
        with self._transaction(write_lock=True) as connection:
            create(connection, self._name, self._now_ns())
            quick_check(connection, self._name)

    def _check_upgrade(self, rows: list[Any], spill: Spill) -> None:
        where = f"ledger {self._name}: run {spill.run} burst {spill.burst}"
        if not rows:
            msg = f"{where} is not booked, so it cannot be corrected; commit it instead"
            raise StoreError(msg)
        old = Spill.model_validate_json(rows[-1]["document"])
        if old.state == "COMPLETE" or not is_better(old, spill):
            msg = (
                f"{where} is booked {old.state} with {old.n_missing} events missing, got {spill.state} with "
                f"{spill.n_missing}: not the same burst with less missing; nothing was changed"
            )
            raise ContentConflict(msg)


def is_better(old: Spill, new: Spill) -> bool:
    """Whether a row is the same burst with less missing."""
    fixed = ["run", "burst", "mode", "config_digest", "mask_digest"]
    if Quality.NO_EOB not in old.quality:
        fixed += ["n_frames", "n_events", "triggers", "t10_intensity", "b2_current_a"]
    same = all(getattr(old, name) == getattr(new, name) for name in fixed)
    return same and (new.state == "COMPLETE" or new.n_missing < old.n_missing)
