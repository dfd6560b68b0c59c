"""Is it a ledger, and if there is nothing yet: make one; if it is of an older schema: add what it lacks."""

from __future__ import annotations

from typing import Literal

import sqlalchemy as sa

from daq.errors import StoreError
from daq.version import PROGRAM_VERSION
from monitor.ledger import schema, sealed, tables

CREATE_LOCK = 0x6475_6D70
"""Number of the lock under which one process at a time makes tables."""

Found = Literal["nothing", "older", "current"]


def recognise(connection: sa.Connection, name: str) -> Found:
    """Whether the database is a ledger that this program can read, one it can bring up to date, or nothing at all.

    Raises
    ------
    StoreError
        It holds something else, or a schema that this program does not know.
    """
    names = set(sa.inspect(connection).get_table_names())
    if not names:
        return "nothing"
    found = _schema(connection) if names >= {schema.meta.name, schema.spill.name} else None
    if found == schema.SCHEMA_NAME:
        return "current"
    if found in schema.OLDER:
        return "older"
    got = f"schema {found}" if found else f"another database (tables {', '.join(sorted(names)[:5])})"
    msg = f"ledger {name}: found {got}, wanted {schema.SCHEMA_NAME}; it was left as it is, give another --ledger"
    raise StoreError(msg)


def create(connection: sa.Connection, name: str, now_ns: int) -> Found:
    """Make what is missing of the tables and of the triggers that keep them append-only; say what was found.

    Runs in the caller's transaction: a ledger is brought up to date as a whole or stays as it was.
    """
    if connection.dialect.name == "postgresql":  # SQLite's transaction has the lock already
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(CREATE_LOCK)))
    found = recognise(connection, name)  # again: another process may have been faster
    if found == "current":
        return found
    there = set(sa.inspect(connection).get_table_names())
    schema.metadata.create_all(connection)
    new = [table for table in (*schema.BOOKS, *tables.BOOKS, *sealed.BOOKS) if table.name not in there]
    for statement in schema.append_only_statements(connection.dialect.name, new):
        connection.exec_driver_sql(statement)
    if found == "older" and sealed.sealed_spill.name not in there:
        sealed.note_early_rows(connection, _schema(connection), now_ns)
    if found == "nothing":
        values = {"schema": schema.SCHEMA_NAME, "program": PROGRAM_VERSION, "created_ns": str(now_ns)}
        connection.execute(schema.meta.insert(), [{"key": key, "value": value} for key, value in values.items()])
    else:
        renamed = schema.meta.update().where(schema.meta.c.key == "schema").values(value=schema.SCHEMA_NAME)
        connection.execute(renamed)
    # "older" asks the caller to judge every row: not where that was done already
    return "current" if tables.judgement.name in there else found


def _schema(connection: sa.Connection) -> str | None:
    return connection.scalar(sa.select(schema.meta.c.value).where(schema.meta.c.key == "schema"))


def refuse_empty(name: str) -> StoreError:
    """Build the answer to a reader who finds no ledger."""
    return StoreError(f"ledger {name}: the database is empty; book a spill first with `dumpwatch live`")


def refuse_older(name: str) -> StoreError:
    """Build the answer to a reader who finds a ledger of an older schema, which only a writer may bring up to date."""
    return StoreError(
        f"ledger {name}: found an older schema, wanted {schema.SCHEMA_NAME}; run `dumpwatch books upgrade` once: "
        "it adds tables and leaves every row as it is"
    )
