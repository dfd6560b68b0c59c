"""What an import may add: rows that are new, in an order that keeps every burst a chain."""

from __future__ import annotations

import sqlalchemy as sa

from daq.errors import ContentConflict, StoreError
from monitor.ledger.bookrow import BookRow
from monitor.ledger.tables import standing
from monitor.ledger.write import revisions_of


class Shelf:
    """Bursts of the ledger with their newest revision, kept up while rows come in."""

    def __init__(self, connection: sa.Connection, name: str) -> None:
        self._connection = connection
        self._name = name
        query = sa.select(standing.c.run, standing.c.burst, standing.c.revision)
        self._there = {(row[0], row[1]): int(row[2]) for row in connection.execute(query)}
        self._new: set[tuple[int, int]] = set()

    def take(self, where: str, row: BookRow) -> bool:
        """Whether a row is to be written; False for one that the ledger has already.

        Raises
        ------
        ContentConflict, StoreError
        """
        key = row.spill.key
        newest = self._there.get(key, -1)
        if row.revision == newest + 1:
            self._there[key] = row.revision
            self._new.add(key)
            return True
        if row.revision > newest:
            msg = (
                f"{where}: revision {row.revision} of run {key[0]} burst {key[1]}, wanted {newest + 1}; "
                "nothing was imported"
            )
            raise StoreError(msg)
        if key in self._new:
            msg = f"{where}: run {key[0]} burst {key[1]} revision {row.revision} is there twice; nothing was imported"
            raise StoreError(msg)
        booked = revisions_of(self._connection, *key)[row.revision]
        if booked["document"] != row.document or bytes(booked["tally"]) != row.tally:
            msg = (
                f"{where}: run {key[0]} burst {key[1]} revision {row.revision} is in ledger {self._name} with other "
                "content; nothing was imported"
            )
            raise ContentConflict(msg)
        return False
