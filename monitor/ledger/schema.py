"""Tables of the ledger. Rows are only ever added; a correction is a new row beside the old one.

`entry` numbers all rows of `spill` and `correction` in the order in which they were committed, without gaps: a
reader that has seen entry N asks for the entries above N.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

SCHEMA_NAME = "dumpwatch.ledger/3"

OLDER = ("dumpwatch.ledger/1", "dumpwatch.ledger/2")
"""Schemas that a writer brings up to date by adding tables; their rows stay as they are."""

metadata = sa.MetaData()

meta = sa.Table(
    "meta", metadata, sa.Column("key", sa.String(64), primary_key=True), sa.Column("value", sa.Text, nullable=False)
)


def _content_columns() -> list[sa.Column[Any]]:
    """Columns of a spill, the same in the first row and in a correction."""
    return [
        sa.Column("entry", sa.BigInteger, nullable=False, unique=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("sob_time_ns", sa.BigInteger, nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("pot", sa.BigInteger),
        sa.Column("b2_setting_a", sa.Integer),
        sa.Column("n_frames", sa.BigInteger, nullable=False),
        sa.Column("n_events", sa.BigInteger, nullable=False),
        sa.Column("n_counted", sa.BigInteger, nullable=False),
        sa.Column("n_missing", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("tally", sa.LargeBinary, nullable=False),
        sa.Column("tally_layout", sa.String(16), nullable=False),
        sa.Column("content_digest", sa.String(64), nullable=False),
        sa.Column("program", sa.String(32), nullable=False),
        sa.Column("booked_ns", sa.BigInteger, nullable=False),
    ]


def key_columns() -> list[sa.Column[Any]]:
    """Columns that name a burst."""
    return [
        sa.Column("run", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("burst", sa.BigInteger, primary_key=True, autoincrement=False),
    ]


def to_spill() -> sa.ForeignKeyConstraint:
    """Require the burst to be booked."""
    return sa.ForeignKeyConstraint(["run", "burst"], ["spill.run", "spill.burst"])


def _balance() -> sa.CheckConstraint:
    return sa.CheckConstraint("n_events = n_counted + n_missing")


spill = sa.Table("spill", metadata, *key_columns(), *_content_columns(), _balance())

correction = sa.Table(
    "correction",
    metadata,
    *key_columns(),
    sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("supersedes", sa.Integer, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    *_content_columns(),
    _balance(),
    to_spill(),
    sa.CheckConstraint("supersedes = revision - 1"),
)

BOOKS = (spill, correction)
"""Append-only tables; `monitor.ledger.tables` has those that came with schema 2."""


def append_only_statements(dialect: str, tables: Iterable[sa.Table]) -> list[str]:
    """Statements that make the database itself refuse to change or remove a row of these tables."""
    what = [(table.name, verb) for table in tables for verb in ("UPDATE", "DELETE")]
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
            for table, verb in what
        ]
    function = (
        "CREATE OR REPLACE FUNCTION dumpwatch_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RAISE EXCEPTION ''the ledger is append-only''; END'"
    )
    return [function] + [
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION dumpwatch_append_only()"
        for table, verb in what
    ]
