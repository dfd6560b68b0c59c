"""Rows of the books, appended in the caller's transaction."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from monitor.ledger import pack, schema, tables
from monitor.ledger.bookrow import BookRow
from monitor.ledger.bulk import insert
from monitor.ledger.derived import follow, insert_judgements
from monitor.spill import Spill
from streaming.tally import Tally


def append(connection: sa.Connection, rows: Sequence[BookRow], first_entry: int) -> None:
    """Book rows under ascending entries, with judgements, notes, and all that follows from them."""
    numbered = list(enumerate(rows, start=first_entry))
    insert(connection, schema.spill, (row.content(entry) for entry, row in numbered if row.revision == 0))
    insert(connection, schema.correction, (_correction(entry, row) for entry, row in numbered if row.revision))
    insert_judgements(connection, rows)
    insert(connection, tables.note, (note for row in rows for note in _note(row)))
    follow(connection, numbered)


def _correction(entry: int, row: BookRow) -> dict[str, Any]:
    who, why = ("", "") if row.note is None else (row.note.who, row.note.why)
    return {**row.content(entry), "revision": row.revision, "supersedes": row.revision - 1, "who": who, "why": why}


def _note(row: BookRow) -> list[dict[str, Any]]:
    if row.note is None or row.note.field is None:
        return []
    return [{**row.key, "field": row.note.field, "old": row.note.old, "new": row.note.new}]


def lock_and_next_entry(connection: sa.Connection) -> int:
    """Make all writers wait for each other, and number the row to come."""
    connection.execute(sa.select(schema.meta.c.value).where(schema.meta.c.key == "schema").with_for_update())
    last = [connection.scalar(sa.select(sa.func.max(t.c.entry))) or 0 for t in (schema.spill, schema.correction)]
    return max(last) + 1


def revisions_of(connection: sa.Connection, run: int, burst: int) -> list[Mapping[str, Any]]:
    """Document and tally of every row of a burst, oldest first."""
    first, later = schema.spill, schema.correction
    shared = ("entry", "state", "document", "tally", "tally_layout", "content_digest", "program", "booked_ns")
    here = (first.c.run == run, first.c.burst == burst)
    there = (later.c.run == run, later.c.burst == burst)
    literal = sa.literal(0).label("revision")
    rows = [
        *connection.execute(sa.select(literal, *(first.c[n] for n in shared)).where(*here)).mappings(),
        *connection.execute(
            sa.select(later.c.revision, *(later.c[n] for n in shared), later.c.who, later.c.why)
            .where(*there)
            .order_by(later.c.revision)
        ).mappings(),
    ]
    return [dict(row) for row in rows]


def is_same(row: Mapping[str, Any], spill: Spill, tally: Tally) -> bool:
    """Whether a booked row holds the same content, the wall clock aside."""
    if Spill.model_validate_json(row["document"]).content() != spill.content():
        return False
    return row["tally_layout"] != pack.tally_layout() or zlib.decompress(row["tally"]) == tally.pack()


def count_repeat(connection: sa.Connection, spill: Spill, kind: str, now_ns: int) -> None:
    """Count a commit that came again: `already` with the same content, `refused` with another one."""
    table = tables.repeat
    here = (table.c.run == spill.run, table.c.burst == spill.burst, table.c.kind == kind)
    counted = connection.execute(table.update().where(*here).values(n=table.c.n + 1, last_ns=now_ns))
    if counted.rowcount == 0:
        values = {"run": spill.run, "burst": spill.burst, "kind": kind, "n": 1, "first_ns": now_ns, "last_ns": now_ns}
        connection.execute(table.insert(), values)
