"""Questions to the ledger. Answers come from current rows: the newest revision of each burst."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Literal

import sqlalchemy as sa

from monitor.accounting.judge import Judgement
from monitor.ledger import derived, schema
from monitor.ledger.bookrow import Note
from monitor.ledger.derived import judgement_of, select_current
from monitor.ledger.pack import tally_layout, unpack_tally
from monitor.ledger.tables import note, run_sum, standing
from monitor.spill import Public, Spill, pot_error
from monitor.totals import Totals, add_totals
from streaming.tally import Tally


@dataclass(frozen=True, slots=True)
class Entry:
    """One booked row: its place in the order of commits, its revision (0 first), the spill."""

    entry: int
    revision: int
    booked_ns: int
    """Wall clock at the commit [ns since 1970]."""
    spill: Spill


@dataclass(frozen=True, slots=True)
class Selection:
    """Which spills are wanted; None means any. A day is UTC, a B2 setting a multiple of 5 A."""

    run: int | None = None
    quality: Literal["good", "all"] = "all"
    day: str | None = None
    b2_setting_a: int | None = None

    @property
    def is_narrow(self) -> bool:
        """Whether it is narrower than a run."""
        return self.quality != "all" or self.day is not None or self.b2_setting_a is not None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Conditions on `standing`."""
        wanted = {"run": self.run, "day": self.day, "b2_setting_a": self.b2_setting_a}
        found = [standing.c[name] == value for name, value in wanted.items() if value is not None]
        return [*found, standing.c.good == 1] if self.quality == "good" else found


@dataclass(frozen=True, slots=True)
class HistogramSum:
    """Sum of tallies of the rows after an entry, or of all when a correction made that necessary."""

    tally: Tally
    n_spills: int
    n_other_layout: int
    """Spills that could not be added because their histograms have other axes."""
    last_entry: int
    """Every row up to this one was looked at."""
    from_start: bool
    """The sum is of all rows, not only of those after the entry that was given."""


class RunRow(Public):
    """One run at a glance."""

    run: int
    first_burst: int
    last_burst: int
    n_spills: int
    n_incomplete: int
    n_absent: int
    """Burst numbers between the first and the last that the ledger does not have."""
    n_events: int
    n_counted: int
    n_missing: int
    pot: int
    pot_error: int
    n_good: int = 0
    pot_good: int = 0
    """Protons of the good spills."""


def last_entry(connection: sa.Connection) -> int:
    """Give the number of the newest row; 0 in an empty ledger."""
    tables = (schema.spill, schema.correction)
    return max(connection.scalar(sa.select(sa.func.max(table.c.entry))) or 0 for table in tables)


def entries_after(connection: sa.Connection, entry: int, limit: int) -> list[Entry]:
    """Rows committed after an entry, oldest first."""
    first, later = schema.spill.c, schema.correction.c
    revision: sa.Label[int] = sa.literal_column("0", sa.Integer).label("revision")
    query = (
        sa.union_all(
            sa.select(first.entry, revision, first.booked_ns, first.document).where(first.entry > entry),
            sa.select(later.entry, later.revision, later.booked_ns, later.document).where(later.entry > entry),
        )
        .order_by("entry")
        .limit(limit)
    )
    rows = connection.execute(query)
    return [Entry(r.entry, r.revision, r.booked_ns, Spill.model_validate_json(r.document)) for r in rows]


def select(
    connection: sa.Connection, wanted: Selection, last: int | None = None, first_burst: int = 1
) -> list[tuple[Spill, Judgement]]:
    """List current rows with their judgements in the order of run and burst; the newest `last` of them."""
    query = select_current(derived.document, standing.c.good, standing.c.reasons).where(*wanted.conditions())
    query = query.order_by(standing.c.run.desc(), standing.c.burst.desc()).limit(last)
    if first_burst > 1:
        query = query.where(standing.c.burst >= first_burst)
    rows = connection.execute(query).all()
    return [(Spill.model_validate_json(text), judgement_of(good, why)) for text, good, why in reversed(rows)]


def one_spill(connection: sa.Connection, run: int, burst: int) -> tuple[Spill, Judgement] | None:
    """Look up the current row of one burst."""
    query = select_current(derived.document, standing.c.good, standing.c.reasons)
    row = connection.execute(query.where(standing.c.run == run, standing.c.burst == burst)).first()
    return None if row is None else (Spill.model_validate_json(row[0]), judgement_of(row[1], row[2]))


def committed(connection: sa.Connection, run: int) -> dict[int, str]:
    """Content digest of every booked burst of a run."""
    query = select_current(standing.c.burst, derived.content_digest).where(standing.c.run == run)
    return {burst: digest for burst, digest in connection.execute(query)}


def last_notes(connection: sa.Connection, run: int, burst: int) -> list[Note]:
    """List the last correction that people made of each field of a burst, oldest first."""
    later = schema.correction
    same = sa.and_(note.c.run == later.c.run, note.c.burst == later.c.burst, note.c.revision == later.c.revision)
    query = sa.select(later.c.who, later.c.why, note.c.field, note.c.old, note.c.new).join_from(note, later, same)
    query = query.where(note.c.run == run, note.c.burst == burst).order_by(note.c.revision)
    last: dict[str, Note] = {}
    for row in connection.execute(query):
        kind = "quality" if row.field == "quality" else "protons"
        last.pop(kind, None)
        # the new value of a T10 correction is kept in protons, like that of any other
        field = "quality" if kind == "quality" else "pot"
        last[kind] = Note(row.who, row.why, field, row.old, row.new)
    return list(last.values())


def sums(connection: sa.Connection, run: int | None) -> list[Mapping[str, Any]]:
    """Sums of each run, of its good spills and of the others apart, in the order of runs."""
    query = sa.select(run_sum).order_by(run_sum.c.run)
    if run is not None:
        query = query.where(run_sum.c.run == run)
    rows = connection.execute(query).mappings()
    return [{**row, "totals": Totals.model_validate_json(row["document"])} for row in rows]


def totals(connection: sa.Connection, run: int | None) -> Totals:
    """Sum over current rows."""
    return reduce(add_totals, (row["totals"] for row in sums(connection, run)), Totals())


def imbalance(connection: sa.Connection) -> int:
    """Sum of |generated - counted - missing| over the current rows: 0, or the books are wrong."""
    c = standing.c
    return int(connection.scalar(sa.select(sa.func.sum(sa.func.abs(c.n_events - c.n_counted - c.n_missing)))) or 0)


def n_spills(connection: sa.Connection, run: int | None, first_burst: int) -> int:
    """Number of current rows, from a burst on."""
    query = sa.select(sa.func.count()).select_from(standing).where(standing.c.burst >= first_burst)
    if run is not None:
        query = query.where(standing.c.run == run)
    return int(connection.scalar(query) or 0)


def runs(connection: sa.Connection) -> list[RunRow]:
    """Every run, oldest first."""
    groups: dict[int, list[Mapping[str, Any]]] = {}
    for row in sums(connection, None):
        groups.setdefault(row["run"], []).append(row)
    return [_run_row(run, parts) for run, parts in groups.items()]


def _run_row(run: int, parts: Sequence[Mapping[str, Any]]) -> RunRow:
    total = reduce(add_totals, (part["totals"] for part in parts))
    good = next((part["totals"] for part in parts if part["good"]), Totals())
    first, last = min(part["first_burst"] for part in parts), max(part["last_burst"] for part in parts)
    same = ("n_spills", "n_incomplete", "n_events", "n_counted", "n_missing", "pot")
    return RunRow(
        run=run,
        first_burst=first,
        last_burst=last,
        **{name: getattr(total, name) for name in same},
        n_absent=last - first + 1 - total.n_spills,
        pot_error=pot_error(total.pot),
        n_good=good.n_spills,
        pot_good=good.pot,
    )


def sum_histograms(connection: sa.Connection, run: int | None, burst: int | None, after: int) -> HistogramSum:
    """Sum the tallies of current rows that were committed after an entry.

    A correction after that entry replaces a row that is already in the caller's sum: then everything is summed.
    """
    newest = last_entry(connection)
    corrected = sa.exists().where(schema.correction.c.entry > after)
    from_start = after == 0 or newest < after or connection.scalar(sa.select(corrected)) is True
    low = 0 if from_start else after
    query = select_current(derived.tally, derived.tally_layout)
    query = query.where(standing.c.entry > low, standing.c.entry <= newest)
    if run is not None:
        query = query.where(standing.c.run == run)
    if burst is not None:
        query = query.where(standing.c.burst == burst)
    total, layout = Tally.zero(), tally_layout()
    n_added = n_other = 0
    for blob, row_layout in connection.execute(query):
        if row_layout != layout:
            n_other += 1
            continue
        total.add(unpack_tally(blob))
        n_added += 1
    return HistogramSum(total, n_added, n_other, newest, from_start)
