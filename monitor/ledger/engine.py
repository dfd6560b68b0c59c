"""Open the database behind a URL: SQLite with every safety switch on and read back, or PostgreSQL."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import pool

from daq.errors import ConfigError, StoreError

BUSY_MS = 5000
"""A writer waits so long for another one [ms]."""

WRITE = {"dumpwatch_write": True}
"""Execution option of a connection that will write: its transaction takes the lock when it begins."""

_PRAGMAS = {"synchronous": 2, "foreign_keys": 1, "busy_timeout": BUSY_MS}
"""FULL, so that a committed spill outlives a power cut; read back because SQLite ignores what it does not like."""


def open_engine(url: str, *, readonly: bool) -> sa.Engine:
    """Make an engine for a ledger URL; nothing is written yet, except a missing parent folder.

    Raises
    ------
    ConfigError
        Not a URL of the two databases that are supported.
    StoreError
        The folder or file cannot be used.
    """
    parsed = _parse(url)
    if parsed is not None and parsed.drivername == "postgresql+psycopg":
        return sa.create_engine(parsed, isolation_level="READ COMMITTED", pool_pre_ping=True, hide_parameters=True)
    if parsed is None or parsed.drivername != "sqlite" or not parsed.database or parsed.database == ":memory:":
        msg = (
            f"ledger: '{shown(url)}' is not a ledger URL; give sqlite:///path/to/file.db or "
            "postgresql+psycopg://host/name"
        )
        raise ConfigError(msg)
    return _sqlite_engine(Path(parsed.database), readonly=readonly)


def shown(url: str) -> str:
    """Name of a ledger for people: the path, or the URL without its password."""
    parsed = _parse(url)
    if parsed is None:
        return url if "@" not in url else "(unreadable URL)"
    is_file = parsed.drivername == "sqlite" and parsed.database
    return str(parsed.database) if is_file else parsed.render_as_string(hide_password=True)


def holds_bytes(url: str) -> bool:
    """Whether the URL names a file that is there and not empty."""
    parsed = _parse(url)
    if parsed is None or parsed.drivername != "sqlite" or not parsed.database:
        return False
    path = Path(parsed.database)
    return path.is_file() and path.stat().st_size > 0


def _parse(url: str) -> sa.engine.URL | None:
    try:
        return sa.engine.make_url(url)
    except sa.exc.ArgumentError:
        return None


def _sqlite_engine(path: Path, *, readonly: bool) -> sa.Engine:
    if readonly and not path.exists():
        msg = f"ledger {path}: there is no such file; check --ledger, or book a spill first with `dumpwatch live`"
        raise StoreError(msg)
    if not readonly:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            msg = f"ledger {path}: its folder cannot be made ({error.strerror}); choose another place with --ledger"
            raise StoreError(msg) from error
    engine = sa.create_engine(
        "sqlite://",
        creator=lambda: _connect(path, readonly=readonly),
        poolclass=pool.QueuePool,
        hide_parameters=True,
    )
    sa.event.listen(engine, "begin", _begin)
    return engine


def _connect(path: Path, *, readonly: bool) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.absolute()))}?mode={'ro' if readonly else 'rwc'}"
    try:
        connection = sqlite3.connect(
            uri, uri=True, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1e3
        )
    except sqlite3.Error as error:
        msg = f"ledger {path}: cannot be opened ({error}); check that the folder and the file may be read and written"
        raise StoreError(msg) from error
    try:
        _set_pragmas(connection, path, readonly=readonly)
    except sqlite3.Error as error:
        connection.close()
        raise explain(error, str(path)) from error
    except StoreError:
        connection.close()
        raise
    return connection


def _write_ahead(connection: sqlite3.Connection) -> str:
    """Ask for a write-ahead log; the mode that there is then.

    SQLite does not wait for the lock that this change needs: of two programs that open a new ledger at the same time
    one is told at once that it is locked. So the waiting is done here.
    """
    until = time.monotonic_ns() + BUSY_MS * 1_000_000
    while True:
        try:
            return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        except sqlite3.OperationalError:
            if time.monotonic_ns() > until:
                raise
            time.sleep(0.02)


def _set_pragmas(connection: sqlite3.Connection, path: Path, *, readonly: bool) -> None:
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # a file of another kind stops here, untouched
    if not readonly:
        mode = _write_ahead(connection)
        if mode != "wal":
            msg = f"ledger {path}: journal mode is {mode}, wanted wal; put the ledger on a local file system"
            raise StoreError(msg)
    for name, wanted in _PRAGMAS.items():
        connection.execute(f"PRAGMA {name} = {wanted}")
        found = connection.execute(f"PRAGMA {name}").fetchone()[0]
        if found != wanted:
            msg = f"ledger {path}: pragma {name} reads {found}, wanted {wanted}; this SQLite cannot keep a ledger"
            raise StoreError(msg)


def _begin(connection: sa.Connection) -> None:
    write = connection.get_execution_options().get("dumpwatch_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def quick_check(connection: sa.Connection, name: str) -> None:
    """Let SQLite look through its pages; other databases look after themselves."""
    if connection.dialect.name != "sqlite":
        return
    answer = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if answer != "ok":
        msg = f"ledger {name}: damaged ({answer}); nothing was changed, restore a backup or recover it with sqlite3"
        raise StoreError(msg)


def explain(error: Any, name: str) -> StoreError:  # noqa: ANN401 - errors of two database drivers
    """Say in one line what the database did not like."""
    text = " ".join(str(getattr(error, "orig", None) or error).split())
    advice = {
        "not a database": "the file is something else and was left as it is; give another --ledger",
        "malformed": "the file is damaged and was left as it is; restore a backup",
        "readonly": "the file or its folder may not be written; change its owner or give another --ledger",
        "read-only": "the file or its folder may not be written; change its owner or give another --ledger",
        "unable to open": "check that the folder exists and may be written, or give another --ledger",
        "locked": "another program holds it; stop that program",
        "full": "the disk is full; free some space, nothing is lost",
    }
    hint = next((say for key, say in advice.items() if key in text), "check the database")
    return StoreError(f"ledger {name}: {text[:300]}; {hint}")
