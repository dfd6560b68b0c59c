"""Is it a ledger, and if there is nothing yet: make one."""

from __future__ import annotations

import sqlalchemy as sa

from daq.errors import StoreError
from daq.version import PROGRAM_VERSION
from monitor.ledger import schema


def recognise(connection: sa.Connection, name: str) -> bool:
    """Whether the database is a ledger that this program can read; False where there is nothing at all.

    Raises
    ------
    StoreError
        It holds something else, or another schema version.
    """
    tables = set(sa.inspect(connection).get_table_names())
    if not tables:
        return False
    found = None
    if tables >= {schema.meta.name, schema.spill.name}:
        found = connection.scalar(sa.select(schema.meta.c.value).where(schema.meta.c.key == "schema"))
    if found == schema.SCHEMA_NAME:
        return True
    got = f"schema {found}" if found else f"another database (tables {', '.join(sorted(tables)[:5])})"
    msg = f"ledger {name}: found {got}, wanted {schema.SCHEMA_NAME}; it was left as it is, give another --ledger"
    raise StoreError(msg)


def create(connection: sa.Connection, name: str, now_ns: int) -> None:
    """Make the tables and the triggers that keep them append-only, in the caller's transaction."""
    if recognise(connection, name):
        return  # another process was faster
    schema.metadata.create_all(connection)
    for statement in schema.append_only_statements(connection.dialect.name):
        connection.exec_driver_sql(statement)
    values = {"schema": schema.SCHEMA_NAME, "program": PROGRAM_VERSION, "created_ns": str(now_ns)}
    connection.execute(schema.meta.insert(), [{"key": key, "value": value} for key, value in values.items()])


def refuse_empty(name: str) -> StoreError:
    """Build the answer to a reader who finds no ledger."""
    return StoreError(f"ledger {name}: the database is empty; book a spill first with `dumpwatch live`")
