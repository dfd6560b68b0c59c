"""Look after the books: verify, back up, export, import."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from daq.errors import StoreError
from monitor.ledger import write
from monitor.ledger.bookrow import BookRow
from monitor.ledger.rows import book_rows
from monitor.ledger.sealed import all_sealed, openings
from monitor.ledger.sealed_shelf import Brought, SealedShelf
from monitor.ledger.shelf import Shelf
from monitor.ledger.store import Store
from monitor.ledger.verify import Verdict, verify
from monitor.sealed.model import OpeningRow, SealedSpill

CHUNK = 1000
"""Rows written at a time."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import brought, and what was there already."""

    n_new: int
    n_already: int
    sealed: Brought | None = None
    """Sealed spills; None: the import had none to bring, not even an empty file of them."""
    openings: Brought | None = None
    """Likewise lines of the opening log."""


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything that an export holds, from one moment; to be read while its transaction is open."""

    rows: Iterator[BookRow]
    sealed: Iterator[SealedSpill]
    openings: Sequence[OpeningRow]


class Keeping(Store):
    """Whole-ledger work."""

    def verify(self) -> Verdict:
        """Look through everything; never raises for what it finds."""
        with self._transaction() as connection:
            return verify(connection)

    def rows(self) -> Iterator[BookRow]:
        """Every row of the books in the order of commits, from one moment, corrections included.

        Raises
        ------
        StoreError
            A row cannot be read.
        """
        with self._transaction() as connection:
            yield from self._rows(connection)

    @contextmanager
    def contents(self) -> Iterator[Contents]:
        """Everything that an export holds, as it is at one moment, whatever is booked meanwhile."""
        with self._transaction(one_moment=True) as connection:
            yield Contents(self._rows(connection), all_sealed(connection), openings(connection))

    def _rows(self, connection: sa.Connection) -> Iterator[BookRow]:
        for entry, _, row in book_rows(connection):
            if row is None:
                msg = f"ledger {self._name}: entry {entry} cannot be read; run `dumpwatch books verify`"
                raise StoreError(msg)
            yield row

    def add_rows(
        self,
        rows: Iterable[tuple[str, BookRow]],
        sealed: Iterable[tuple[str, SealedSpill]] | None = None,
        log: Iterable[tuple[str, OpeningRow]] | None = None,
    ) -> Imported:
        """Book what an export holds, all in one transaction or nothing.

        Parameters
        ----------
        rows : each with the place it comes from, for messages; a burst's first row before its corrections
        sealed : sealed spills in the order of their chain; None: the export has none
        log : lines of the opening log, likewise

        Raises
        ------
        ContentConflict
            A burst is booked with other content, or another chain is there.
        StoreError
            A row does not fit the books.
        """
        n_new = n_already = 0
        with self._transaction(write_lock=True) as connection:
            entry = write.lock_and_next_entry(connection)
            books = Shelf(connection, self._name)
            waiting: list[BookRow] = []
            for where, row in rows:
                if not books.take(where, row):
                    n_already += 1
                    continue
                waiting.append(row)
                if len(waiting) == CHUNK:
                    write.append(connection, waiting, entry + n_new)
                    n_new, waiting = n_new + CHUNK, []
            if waiting:
                write.append(connection, waiting, entry + n_new)
            n_new += len(waiting)
            shelf = SealedShelf(connection, self._name)
            return Imported(
                n_new,
                n_already,
                None if sealed is None else shelf.take_spills(sealed),
                None if log is None else shelf.take_openings(log),
            )

    def backup(self, path: Path) -> int:
        """Copy a SQLite ledger while it is in use; returns the bytes written.

        The copy is made beside its place and moved there when it is whole, so a broken one never has its name.

        Raises
        ------
        StoreError
            The ledger is not SQLite, the file exists, or it cannot be written.
        """
        if self._engine.dialect.name != "sqlite":
            msg = f"ledger {self._name}: this backup is for SQLite; use pg_dump --format=custom for PostgreSQL"
            raise StoreError(msg)
        if path.exists():
            msg = f"backup {path}: the file exists and was left as it is; give another name"
            raise StoreError(msg)
        part = path.with_name(path.name + ".part")
        try:
            part.unlink(missing_ok=True)
            _copy(self._engine.raw_connection, part)
            part.rename(path)
        except (sqlite3.Error, OSError) as error:
            part.unlink(missing_ok=True)
            msg = f"backup {path}: {error}; nothing was kept, check the folder and the space on its disk"
            raise StoreError(msg) from error
        return path.stat().st_size


def _copy(connect: Any, part: Path) -> None:  # noqa: ANN401 - a pooled DBAPI connection
    source = connect()
    target = sqlite3.connect(part)
    try:
        source.driver_connection.backup(target)
        # one file without a journal beside it: it can be moved and copied
        target.execute("PRAGMA journal_mode = DELETE")
    finally:
        target.close()
        source.close()
