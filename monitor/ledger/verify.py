"""Look through a whole ledger and say everything that is wrong with it. Reads only."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from monitor.accounting.judge import Reason
from monitor.ledger import schema, sealed, tables
from monitor.ledger.bookrow import BookRow, columns_of
from monitor.ledger.derived import sum_rows
from monitor.ledger.pack import packed_candidates, packed_counts, tally_layout
from monitor.ledger.rows import book_rows
from monitor.spill import Public

MAX_FAULTS = 100
"""So many faults are named; the others are counted."""


class Verdict(Public):
    """What a look through the books found."""

    n_rows: int
    n_spills: int
    n_faults: int
    faults: list[str]
    """The first of them, in words."""

    @property
    def is_sound(self) -> bool:
        """Nothing is wrong."""
        return self.n_faults == 0


def verify(connection: sa.Connection) -> Verdict:
    """Check the database, every row of the books, and everything that is derived from them."""
    found: list[str] = []
    n_faults = n_rows = 0
    again: dict[tuple[int, int], dict[str, Any]] = {}
    for fault in _all_faults(connection, again):
        if fault is None:
            n_rows += 1
            continue
        n_faults += 1
        if len(found) < MAX_FAULTS:
            found.append(fault)
    return Verdict(n_rows=n_rows, n_spills=len(again), n_faults=n_faults, faults=found)


def _all_faults(connection: sa.Connection, again: dict[tuple[int, int], dict[str, Any]]) -> Iterator[str | None]:
    yield from _database(connection)
    expected, revisions = 1, dict[tuple[int, int], int]()
    unreadable: set[int] = set()
    for entry, columns, row in book_rows(connection):
        yield None
        if entry != expected:
            yield f"entry {entry}: wanted {expected}; the numbers of the rows have a gap"
        expected = entry + 1
        if row is None:
            unreadable.add(columns["run"])
            yield f"entry {entry}: the document of run {columns['run']} burst {columns['burst']} cannot be read"
            continue
        where = f"run {row.spill.run} burst {row.spill.burst} revision {row.revision}"
        yield from (f"{where}: {fault}" for fault in (*row_faults(columns, row), *tally_faults(row, whole=True)))
        wanted = revisions.get(row.spill.key, -1) + 1
        if row.revision != wanted:
            yield f"{where}: wanted revision {wanted}; the corrections are no chain"
        revisions[row.spill.key] = row.revision
        again[row.spill.key] = row.standing(entry)  # the last row of a burst stands
    yield from _derived(connection, again, unreadable)


def _database(connection: sa.Connection) -> Iterator[str]:
    if connection.dialect.name == "sqlite":
        answers = connection.exec_driver_sql("PRAGMA integrity_check(20)").scalars().all()
        yield from (f"database: {answer}" for answer in answers if answer != "ok")
        there = set(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars())
    else:
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
        there = set(connection.exec_driver_sql(query).scalars())
    for table in (*schema.BOOKS, *tables.BOOKS, *sealed.BOOKS):
        for verb in ("update", "delete"):
            if f"{table.name}_no_{verb}" not in there:
                yield f"table {table.name}: nothing keeps its rows from {verb}; the trigger is gone"
    numbers = connection.scalars(sa.select(tables.log_entry.c.id).order_by(tables.log_entry.c.id)).all()
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"operations log: {len(numbers)} lines, last number {numbers[-1]}; lines are missing"


def row_faults(columns: Mapping[Any, Any], row: BookRow) -> Iterator[str]:
    """Everything that is wrong with one row and the columns that repeat it, in words."""
    spill = row.spill
    if spill.key != (columns["run"], columns["burst"]):
        yield f"the document is of run {spill.run} burst {spill.burst}"
    for name, value in columns_of(spill).items():
        if columns[name] != value:  # a column that repeats the document, changed by hand
            yield f"column {name} is {columns[name]}, its document says {value}"
    if spill.n_events != spill.n_counted + spill.n_missing:
        yield f"{spill.n_events} events, {spill.n_counted} counted, {spill.n_missing} missing: not all accounted for"
    judged = row.judgement
    overridden = Reason.OVERRIDE_GOOD in judged.reasons
    if judged.good != (overridden or not judged.reasons):
        yield f"judged {'good' if judged.good else 'not good'} with reasons {' '.join(judged.reasons) or 'none'}"
    if [flag for flag in spill.quality if str(flag) not in judged.reasons]:
        yield f"flags {' '.join(spill.quality)}, but judged for {' '.join(judged.reasons) or 'nothing'}"
    if row.revision < 0 or (row.revision == 0) != (row.note is None):
        yield f"revision {row.revision} {'without' if row.note is None else 'with'} a signature"
    if row.revision and (row.note is None or not row.note.who.strip() or not row.note.why.strip()):
        yield "a correction that nobody signed"


def tally_faults(row: BookRow, *, whole: bool) -> Iterator[str]:
    """What is wrong with the histograms of a row: unreadable, or not those of its document.

    Without `whole` only the counts at their head are looked at.
    """
    if row.tally_layout != tally_layout():
        return  # of other axes: kept, and not read by this program
    try:
        same = packed_counts(row.tally) == row.spill.counts
        same = same and (not whole or packed_candidates(row.tally) == row.spill.candidates)
    except (zlib.error, ValueError) as error:
        yield f"histograms cannot be read ({error})"
        return
    if not same:
        yield "counts and candidates of the histograms differ from the document"


def _derived(
    connection: sa.Connection, again: Mapping[tuple[int, int], dict[str, Any]], unreadable: set[int]
) -> Iterator[str]:
    stored = {(r["run"], r["burst"]): dict(r) for r in connection.execute(sa.select(tables.standing)).mappings()}
    for key in _differ(stored, again):
        yield f"run {key[0]} burst {key[1]}: table standing does not follow from the books"
    sums = {(r["run"], r["good"]): dict(r) for r in connection.execute(sa.select(tables.run_sum)).mappings()}
    runs = {run for run, _ in again} - unreadable  # nothing can be added up over a row that cannot be read
    made = {(row["run"], row["good"]): row for run in runs for row in sum_rows(connection, run)}
    for key in _differ({key: row for key, row in sums.items() if key[0] not in unreadable}, made):
        yield f"run {key[0]}: table run_sum does not follow from the books"


def _differ(first: Mapping[Any, Any], second: Mapping[Any, Any]) -> Iterable[Any]:
    return sorted(key for key in {*first, *second} if first.get(key) != second.get(key))
