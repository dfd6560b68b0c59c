"""The operations log: comments, acknowledgements, re-bases and alerts, append-only like the spills."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import sqlalchemy as sa

from daq.errors import StoreError
from monitor.ledger.tables import log_entry
from monitor.spill import Public

LogKind = Literal["comment", "acknowledge", "rebase", "alert"]

MAX_TEXT = 10_000
"""A remark is no document."""

MAX_NAME = 64


class LogRow(Public):
    """One line of the operations log."""

    id: int
    """Grows by one from line to line."""
    booked_ns: int
    """Wall clock when it was written [ns since 1970]."""
    who: str
    kind: LogKind
    run: int | None
    burst: int | None
    subject: str | None
    """What it is about, where that is no spill: an alarm, a reference."""
    text: str
    document: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which lines are wanted; None means any."""

    kind: LogKind | None = None
    run: int | None = None
    burst: int | None = None
    subject: str | None = None
    last: int | None = None


def check_line(values: Mapping[str, Any], name: str) -> None:
    """Refuse a line that says nothing, or says it wrongly.

    Raises
    ------
    StoreError
    """
    fault = None
    if values["kind"] not in get_args(LogKind):
        fault = f"kind '{values['kind']}', wanted one of {', '.join(get_args(LogKind))}"
    elif not values["who"].strip() or len(values["who"]) > MAX_NAME:
        fault = f"who of {len(values['who'])} characters, wanted a name of 1 to {MAX_NAME}"
    elif not values["text"].strip() or len(values["text"]) > MAX_TEXT:
        fault = f"text of {len(values['text'])} characters, wanted 1 to {MAX_TEXT}"
    elif values["burst"] is not None and values["run"] is None:
        fault = f"burst {values['burst']} without its run"
    elif values["subject"] is not None and len(values["subject"]) > MAX_NAME:
        fault = f"subject of {len(values['subject'])} characters, wanted at most {MAX_NAME}"
    if fault:
        msg = f"ledger {name}: log entry has {fault}; nothing was written"
        raise StoreError(msg)


def insert(connection: sa.Connection, values: Mapping[str, Any], booked_ns: int) -> LogRow:
    """Write a line; the caller holds the write lock, so the numbers have no gaps."""
    number = (connection.scalar(sa.select(sa.func.max(log_entry.c.id))) or 0) + 1
    row = LogRow(id=number, booked_ns=booked_ns, **values)
    document = None if row.document is None else json.dumps(row.document, sort_keys=True)
    connection.execute(log_entry.insert(), {**row.model_dump(exclude={"document"}), "document": document})
    return row


def select(connection: sa.Connection, wanted: LogFilter) -> list[LogRow]:
    """Read the newest `last` of the lines that are wanted, oldest first."""
    query = sa.select(log_entry).order_by(log_entry.c.id.desc()).limit(wanted.last)
    for column in ("kind", "run", "burst", "subject"):
        value = getattr(wanted, column)
        if value is not None:
            query = query.where(log_entry.c[column] == value)
    rows = [dict(row) for row in connection.execute(query).mappings()]
    for row in rows:
        row["document"] = None if row["document"] is None else json.loads(row["document"])
    return [LogRow(**row) for row in reversed(rows)]
