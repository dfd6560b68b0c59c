"""The books row by row, in the order of commits: for exports, imports and verification."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError

from monitor.ledger import schema
from monitor.ledger.bookrow import BookRow, Note
from monitor.ledger.derived import CHUNK, judgement_of
from monitor.ledger.tables import judgement, note
from monitor.spill import Spill


def book_rows(connection: sa.Connection) -> Iterator[tuple[int, Mapping[Any, Any], BookRow | None]]:
    """Give entry, columns and row of all rows; None in place of a row whose document is unreadable."""
    low, last = _bounds(connection)
    while low <= last:
        yield from _chunk(connection, low, low + CHUNK - 1)
        low += CHUNK


def _bounds(connection: sa.Connection) -> tuple[int, int]:
    ends = [
        connection.execute(sa.select(sa.func.min(t.c.entry), sa.func.max(t.c.entry))).one()
        for t in (schema.spill, schema.correction)
    ]
    lows = [low for low, _ in ends if low is not None]
    return (min(lows), max(high for _, high in ends if high is not None)) if lows else (1, 0)


def _chunk(connection: sa.Connection, low: int, high: int) -> Iterator[tuple[int, Mapping[Any, Any], BookRow | None]]:
    first, later = schema.spill, schema.correction
    shared = [column.name for column in first.columns]
    nothing = [sa.null().label(name) for name in ("who", "why")]
    rows = sa.union_all(
        sa.select(*first.columns, sa.literal_column("0").label("revision"), *nothing).where(
            first.c.entry.between(low, high)
        ),
        sa.select(*(later.c[name] for name in shared), later.c.revision, later.c.who, later.c.why).where(
            later.c.entry.between(low, high)
        ),
    ).subquery("rows")
    query = (
        sa.select(rows, judgement.c.good, judgement.c.reasons, note.c.field, note.c.old, note.c.new)
        .select_from(rows.outerjoin(judgement, _same(rows, judgement)).outerjoin(note, _same(rows, note)))
        .order_by(rows.c.entry)
    )
    for columns in connection.execute(query).mappings():
        yield columns["entry"], columns, _row(columns)


def _same(rows: sa.Subquery, table: sa.Table) -> sa.ColumnElement[bool]:
    return sa.and_(*(rows.c[name] == table.c[name] for name in ("run", "burst", "revision")))


def _row(columns: Mapping[Any, Any]) -> BookRow | None:
    try:
        spill = Spill.model_validate_json(columns["document"])
    except ValidationError:
        return None
    change = {name: columns[name] for name in ("field", "old", "new")}
    signed = None if columns["who"] is None else Note(columns["who"], columns["why"], **change)
    kept = {name: columns[name] for name in ("document", "booked_ns", "revision", "tally_layout", "program")}
    good = judgement_of(columns["good"] or 0, columns["reasons"] or "")
    tally = columns["tally"] if isinstance(columns["tally"], bytes) else b""  # a SQLite column can hold anything
    return BookRow(spill=spill, tally=tally, judgement=good, note=signed, **kept)
