"""Questions to the ledger. Answers come from current rows: the newest revision of each burst."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from monitor.ledger import schema
from monitor.ledger.schema import current
from monitor.ledger.write import tally_layout, unpack_tally
from monitor.spill import Public, Spill, pot_error
from monitor.totals import Totals, TriggerTotals
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


def spills(connection: sa.Connection, run: int | None, last: int | None, first_burst: int) -> list[Spill]:
    """List current rows in the order of run and burst, from a burst on; the newest `last` of them."""
    query = sa.select(current.c.document).order_by(current.c.run.desc(), current.c.burst.desc())
    if run is not None:
        query = query.where(current.c.run == run)
    if first_burst > 1:
        query = query.where(current.c.burst >= first_burst)
    if last is not None:
        query = query.limit(last)
    rows = connection.scalars(query).all()
    return [Spill.model_validate_json(document) for document in reversed(rows)]


def one_spill(connection: sa.Connection, run: int, burst: int) -> Spill | None:
    """Look up the current row of one burst."""
    query = sa.select(current.c.document).where(current.c.run == run, current.c.burst == burst)
    document = connection.scalar(query)
    return None if document is None else Spill.model_validate_json(document)


def committed(connection: sa.Connection, run: int) -> dict[int, str]:
    """Content digest of every booked burst of a run."""
    query = sa.select(current.c.burst, current.c.content_digest).where(current.c.run == run)
    return {burst: digest for burst, digest in connection.execute(query)}


def totals(connection: sa.Connection, run: int | None) -> Totals:
    """Sum over current rows."""
    wanted = sa.true() if run is None else current.c.run == run
    sums = [sa.func.coalesce(sa.func.sum(current.c[n]), 0).label(n) for n in _SUMMED]
    incomplete = sa.func.coalesce(sa.func.sum(sa.case((current.c.state == "INCOMPLETE", 1), else_=0)), 0)
    answer = connection.execute(
        sa.select(
            sa.func.count().label("n_spills"),
            incomplete.label("n_incomplete"),
            (sa.func.count() - sa.func.count(current.c.pot)).label("n_without_pot"),
            *sums,
        ).where(wanted)
    )
    values = {name: int(value) for name, value in answer.mappings().one().items()}
    return Totals(
        **values,
        n_complete=values["n_spills"] - values["n_incomplete"],
        pot_error=pot_error(values["pot"]),
        triggers=_triggers(connection, wanted),
        candidates=_candidates(connection, wanted),
        quality=_quality(connection, wanted),
    )


def imbalance(connection: sa.Connection) -> int:
    """Events that are neither counted nor missing, summed without their sign; 0, or the books are wrong."""
    c = current.c
    return int(connection.scalar(sa.select(sa.func.sum(sa.func.abs(c.n_events - c.n_counted - c.n_missing)))) or 0)


def n_spills(connection: sa.Connection, run: int | None, first_burst: int) -> int:
    """Number of current rows, from a burst on."""
    query = sa.select(sa.func.count()).select_from(schema.spill).where(schema.spill.c.burst >= first_burst)
    if run is not None:
        query = query.where(schema.spill.c.run == run)
    return int(connection.scalar(query) or 0)


_SUMMED = ("n_frames", "n_events", "n_counted", "n_missing", "pot")


def _of_current(table: sa.Table) -> sa.ColumnElement[bool]:
    return sa.and_(
        table.c.run == current.c.run, table.c.burst == current.c.burst, table.c.revision == current.c.revision
    )


def _triggers(connection: sa.Connection, wanted: sa.ColumnElement[bool]) -> dict[str, TriggerTotals]:
    table = schema.spill_trigger
    query = (
        sa.select(table.c.name, sa.func.sum(table.c.generated), sa.func.sum(table.c.sent))
        .join_from(current, table, _of_current(table))
        .where(wanted)
        .group_by(table.c.name)
        .order_by(table.c.name)
    )
    return {
        name: TriggerTotals(generated=int(generated), sent=int(sent))
        for name, generated, sent in connection.execute(query)
    }


def _candidates(connection: sa.Connection, wanted: sa.ColumnElement[bool]) -> dict[str, dict[str, int]]:
    table = schema.spill_candidate
    query = (
        sa.select(table.c.channel, table.c.region, sa.func.sum(table.c.n))
        .join_from(current, table, _of_current(table))
        .where(wanted)
        .group_by(table.c.channel, table.c.region)
        .order_by(table.c.channel, table.c.region)
    )
    answer: dict[str, dict[str, int]] = {}
    for channel, region, n in connection.execute(query):
        answer.setdefault(channel, {})[region] = int(n)
    return answer


def _quality(connection: sa.Connection, wanted: sa.ColumnElement[bool]) -> dict[str, int]:
    table = schema.spill_quality
    query = (
        sa.select(table.c.flag, sa.func.count())
        .join_from(current, table, _of_current(table))
        .where(wanted)
        .group_by(table.c.flag)
        .order_by(table.c.flag)
    )
    return {flag: int(n) for flag, n in connection.execute(query)}


def runs(connection: sa.Connection) -> list[RunRow]:
    """Every run, oldest first."""
    c = current.c
    query = (
        sa.select(
            c.run,
            sa.func.min(c.burst).label("first_burst"),
            sa.func.max(c.burst).label("last_burst"),
            sa.func.count().label("n_spills"),
            sa.func.sum(sa.case((c.state == "INCOMPLETE", 1), else_=0)).label("n_incomplete"),
            *(sa.func.coalesce(sa.func.sum(c[n]), 0).label(n) for n in _SUMMED[1:]),
        )
        .group_by(c.run)
        .order_by(c.run)
    )
    rows = [{name: int(value) for name, value in row.items()} for row in connection.execute(query).mappings()]
    return [
        RunRow(
            **row,
            n_absent=row["last_burst"] - row["first_burst"] + 1 - row["n_spills"],
            pot_error=pot_error(row["pot"]),
        )
        for row in rows
    ]


def sum_histograms(connection: sa.Connection, run: int | None, burst: int | None, after: int) -> HistogramSum:
    """Sum the tallies of current rows that were committed after an entry.

    A correction after that entry replaces a row that is already in the caller's sum: then everything is summed.
    """
    newest = last_entry(connection)
    corrected = sa.exists().where(schema.correction.c.entry > after)
    from_start = after == 0 or newest < after or connection.scalar(sa.select(corrected)) is True
    c = current.c
    query = sa.select(c.tally, c.tally_layout).where(c.entry <= newest)
    query = query.where(c.entry > (0 if from_start else after))
    if run is not None:
        query = query.where(c.run == run)
    if burst is not None:
        query = query.where(c.burst == burst)
    total, layout = Tally.zero(), tally_layout()
    n_added = n_other = 0
    for blob, row_layout in connection.execute(query):
        if row_layout != layout:
            n_other += 1
            continue
        total.add(unpack_tally(blob))
        n_added += 1
    return HistogramSum(total, n_added, n_other, newest, from_start)
