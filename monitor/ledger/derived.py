"""What follows from the books: which row of each burst stands, and sums of every run. Kept up in the transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from daq.config.accounting import AccountingConfig
from monitor.accounting.errors import pot_square
from monitor.accounting.judge import Judgement, Reason, judge
from monitor.ledger import schema
from monitor.ledger.bookrow import BookRow
from monitor.ledger.bulk import insert
from monitor.ledger.tables import judgement, run_sum, standing
from monitor.spill import Spill
from monitor.totals import Totals, add_totals, sum_spills

CHUNK = 1000
"""Rows read at a time."""


def documents(connection: sa.Connection) -> Iterator[tuple[int, int, Spill]]:
    """Entry, revision and spill of every row of the books, in the order of commits."""
    first, later = schema.spill.c, schema.correction.c
    last = 0
    while True:
        query = sa.union_all(
            sa.select(first.entry, sa.literal_column("0").label("revision"), first.document).where(
                first.entry.between(last + 1, last + CHUNK)
            ),
            sa.select(later.entry, later.revision, later.document).where(later.entry.between(last + 1, last + CHUNK)),
        ).order_by("entry")
        rows = connection.execute(query).all()
        if not rows:
            return
        for entry, revision, document in rows:
            yield entry, revision, Spill.model_validate_json(document)
        last += CHUNK


def judge_all(connection: sa.Connection, rules: AccountingConfig) -> None:
    """Judge and add up the rows of a ledger that was written before there were judgements."""
    highest: dict[int, Spill] = {}
    rows: list[tuple[int, BookRow]] = []
    for entry, revision, spill in documents(connection):
        if len(rows) >= CHUNK or revision:
            _take_over(connection, rows)
            rows = []
        if revision:
            old = judgement_of_row(connection, spill.run, spill.burst, revision - 1)
            rows.append((entry, BookRow(spill, "", b"", judge_again(connection, spill, old, rules), 0, revision)))
            continue
        previous = highest.get(spill.run)
        rows.append((entry, BookRow(spill, "", b"", judge(spill, previous, rules), 0)))
        if previous is None or previous.burst < spill.burst:
            highest[spill.run] = spill
    _take_over(connection, rows)


def judge_again(connection: sa.Connection, spill: Spill, old: Judgement, rules: AccountingConfig) -> Judgement:
    """Judge a spill of which more is known now, beside the burst below it; one booked late stays one."""
    now = judge(spill, previous_spill(connection, *spill.key, is_new=False), rules)
    if Reason.OUT_OF_ORDER not in old.reasons:
        return now
    return Judgement(good=False, reasons=[*now.reasons, str(Reason.OUT_OF_ORDER)])


def judgement_of_row(connection: sa.Connection, run: int, burst: int, revision: int) -> Judgement:
    """Look up what a row was judged to be."""
    c = judgement.c
    query = sa.select(c.good, c.reasons).where(c.run == run, c.burst == burst, c.revision == revision)
    return judgement_of(*connection.execute(query).one())


def _take_over(connection: sa.Connection, rows: Sequence[tuple[int, BookRow]]) -> None:
    if rows:
        insert_judgements(connection, [row for _, row in rows])
        follow(connection, rows)


def insert_judgements(connection: sa.Connection, rows: Iterable[BookRow]) -> None:
    """Write what each row was judged to be."""
    values = [{**row.key, "good": int(row.judgement.good), "reasons": " ".join(row.judgement.reasons)} for row in rows]
    insert(connection, judgement, values)


def follow(connection: sa.Connection, rows: Sequence[tuple[int, BookRow]]) -> None:
    """Bring standing rows and sums up to new rows of the books, given with their entries in ascending order."""
    first = [(entry, row) for entry, row in rows if row.revision == 0]
    later = {(row.spill.run, row.spill.burst): (entry, row) for entry, row in rows if row.revision}
    if first:
        insert(connection, standing, (row.standing(entry) for entry, row in first))
        _add_to_sums(connection, [row for _, row in first])
    for entry, row in later.values():
        values = row.standing(entry)
        here = (standing.c.run == values["run"], standing.c.burst == values["burst"])
        connection.execute(standing.update().where(*here).values(values))
    for run in {run for run, _ in later}:
        _sum_again(connection, run)


def _add_to_sums(connection: sa.Connection, rows: Sequence[BookRow]) -> None:
    groups: dict[tuple[int, int], list[Spill]] = {}
    for row in rows:
        groups.setdefault((row.spill.run, int(row.judgement.good)), []).append(row.spill)
    for (run, good), spills in groups.items():
        here = (run_sum.c.run == run, run_sum.c.good == good)
        old = connection.execute(sa.select(run_sum).where(*here)).mappings().first()
        new = sum_row(run, good, spills, old)
        connection.execute(run_sum.insert() if old is None else run_sum.update().where(*here), new)


def sum_row(run: int, good: int, spills: Sequence[Spill], old: Any = None) -> dict[str, Any]:  # noqa: ANN401
    """Columns of the sum over spills of a run, and what was in it already."""
    bursts = [spill.burst for spill in spills] + ([] if old is None else [old["first_burst"], old["last_burst"]])
    totals = sum_spills(spills)
    squares = sum(pot_square(spill.pot) for spill in spills) + (0 if old is None else old["pot_square"])
    if old is not None:
        totals = add_totals(Totals.model_validate_json(old["document"]), totals)
    return {
        "run": run,
        "good": good,
        "first_burst": min(bursts),
        "last_burst": max(bursts),
        "pot_square": squares,
        "document": totals.model_dump_json(),
    }


def _sum_again(connection: sa.Connection, run: int) -> None:
    """Add up a run anew: nothing is ever subtracted, so nothing can be left over."""
    rows = sum_rows(connection, run)
    connection.execute(run_sum.delete().where(run_sum.c.run == run))
    insert(connection, run_sum, rows)


def sum_rows(connection: sa.Connection, run: int) -> list[dict[str, Any]]:
    """Columns of the sums of a run, over its good spills and the others apart, from the rows that stand."""
    groups: dict[int, list[Spill]] = {}
    query = select_current(standing.c.good, document).where(standing.c.run == run)
    for good, text in connection.execute(query):
        groups.setdefault(good, []).append(Spill.model_validate_json(text))
    return [sum_row(run, good, spills) for good, spills in groups.items()]


def _either(name: str) -> sa.ColumnElement[Any]:
    return sa.func.coalesce(schema.correction.c[name], schema.spill.c[name]).label(name)


document, tally, tally_layout, booked_ns = (_either(n) for n in ("document", "tally", "tally_layout", "booked_ns"))
"""Columns of the row that stands, for `select_current`."""

content_digest = _either("content_digest")


def select_current(*columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Select columns of `standing` and of the row of the books that stands."""
    first, later, now = schema.spill.c, schema.correction.c, standing.c
    is_it = sa.and_(later.run == now.run, later.burst == now.burst, later.revision == now.revision)
    joined = standing.join(schema.spill, sa.and_(first.run == now.run, first.burst == now.burst)).outerjoin(
        schema.correction, is_it
    )
    return sa.select(*columns).select_from(joined)


def previous_spill(connection: sa.Connection, run: int, burst: int, *, is_new: bool) -> Spill | None:
    """Find the spill to compare a spill of its run with: the last one by number, or the one before it.

    Parameters
    ----------
    connection : open transaction
    run, burst : the spill to judge
    is_new : compare with the highest burst there is; else with the highest one below
    """
    query = select_current(document).where(standing.c.run == run).order_by(standing.c.burst.desc()).limit(1)
    query = query.where(standing.c.burst != burst if is_new else standing.c.burst < burst)
    text = connection.scalar(query)
    return None if text is None else Spill.model_validate_json(text)


@lru_cache(maxsize=1024)
def judgement_of(good: int, reasons: str) -> Judgement:
    """Make a judgement from its columns; few of them differ."""
    return Judgement(good=bool(good), reasons=reasons.split())
