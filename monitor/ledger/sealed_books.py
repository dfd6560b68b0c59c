"""The sealed part of a ledger, in transactions: what `monitor.sealed.store.SealedStore` asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import sqlalchemy as sa

from daq.errors import StoreError
from monitor.ledger import sealed
from monitor.ledger.outline import outline
from monitor.ledger.store import Store
from monitor.sealed import openlog
from monitor.sealed.glance import Outline
from monitor.sealed.model import ChainHead, OpeningRow, SealedSpill
from monitor.sealed.seal import Link
from monitor.sealed.store import PublicRow, RowKey

PAGE = 500
"""So many rows are read in one transaction: a reader of the whole chain holds up nobody."""


class SealedBooks(Store):
    """The sealed part of a ledger: what `monitor.sealed.store.SealedStore` asks for."""

    def n_sealed(self) -> int:
        """Count sealed spills."""
        with self._transaction() as connection:
            return sealed.n_sealed(connection)

    def last_sealed(self) -> Link:
        """Where the chain stands; its head is public, and worth being written down elsewhere."""
        with self._transaction() as connection:
            return sealed.last_sealed(connection)

    def heads_of(self, rows: Iterable[RowKey]) -> list[ChainHead]:
        """Place and head of the sealed spills of some public rows; those without one are left out."""
        with self._transaction() as connection:
            return sealed.heads_of(connection, rows)

    def sealed(self, first: int = 0, last: int | None = None) -> Iterator[SealedSpill]:
        """Sealed spills by their place in the chain, both ends included, ascending."""
        with self._transaction() as connection:
            newest = connection.scalar(sa.select(sa.func.max(sealed.sealed_spill.c.idx)))
        end = -1 if newest is None else int(newest)
        end = end if last is None else min(end, last)
        for start in range(first, end + 1, PAGE):
            with self._transaction() as connection:
                page = sealed.sealed_between(connection, start, min(start + PAGE - 1, end))
            yield from page

    def public_rows(self) -> Iterator[PublicRow]:
        """Every public row, superseded ones included, in the order of the commits."""
        entry = 0
        while True:
            with self._transaction() as connection:
                page = sealed.public_rows(connection, entry, PAGE)
            if not page:
                return
            yield from (row for _, row in page)
            entry = page[-1][0]

    def outline(self, tail: int) -> Outline:
        """Narrow columns of everything, and the newest `tail` sealed spills: for a quick look."""
        with self._transaction(one_moment=True) as connection:
            return outline(connection, tail)

    def openings(self) -> list[OpeningRow]:
        """The opening log, oldest line first."""
        with self._transaction() as connection:
            return sealed.openings(connection)

    def add_opening(self, after: bytes, kind: str, body: str, proof: bytes) -> OpeningRow:
        """Append a line to the opening log in one transaction.

        after : head of the log that the caller has seen

        Raises
        ------
        StoreError
            Somebody else wrote a line meanwhile; nothing was written.
        """
        with self._transaction(write_lock=True) as connection:
            log = sealed.openings(connection)
            head, number = (log[-1].head, log[-1].id + 1) if log else (openlog.START, 1)
            if head != after:
                msg = "opening log: another line was written meanwhile; nothing was written, try again"
                raise StoreError(msg)
            row = OpeningRow(number, kind, body, proof, b"", self._now_ns())
            row = replace(row, head=openlog.head_after(head, row))
            sealed.add_opening(connection, row)
        return row
