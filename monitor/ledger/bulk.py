"""Many rows into one table, quickly."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from operator import itemgetter
from typing import Any

import sqlalchemy as sa


def insert(connection: sa.Connection, table: sa.Table, values: Iterable[dict[str, Any]]) -> None:
    """Insert rows that all have the same columns; nothing for no rows."""
    rows = list(values)
    if not rows:
        return
    if connection.dialect.name != "sqlite":
        connection.execute(table.insert(), rows)
        return
    # SQLAlchemy makes a new dictionary for each row: with 100 000 spills that costs more than the database
    names = tuple(rows[0])
    connection.exec_driver_sql(_statement(table, names), list(map(itemgetter(*names), rows)))


@cache
def _statement(table: sa.Table, names: tuple[str, ...]) -> str:
    return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608
