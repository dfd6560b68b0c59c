"""Tables of the sealed spills and of the opening log: fixed-size blobs, one set for every spill, append-only.

A sealed row is written in the transaction of its public row. Nothing here can be read without private keys, which are
never on this machine; what the rows prove is in `monitor.sealed.audit`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import fields, replace
from typing import Any

import sqlalchemy as sa

from daq.errors import StoreError
from monitor.ledger.schema import correction, metadata, spill
from monitor.sealed import openlog
from monitor.sealed.chain import START
from monitor.sealed.model import OpeningRow, SealedSpill
from monitor.sealed.seal import Link
from monitor.sealed.store import PublicRow

PAGE = 500
"""So many rows are read in one transaction: a reader of the whole chain holds up nobody."""


def _bytes(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.LargeBinary, nullable=False)


sealed_spill = sa.Table(
    "sealed_spill",
    metadata,
    sa.Column("idx", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("run", sa.BigInteger, nullable=False),
    sa.Column("burst", sa.BigInteger, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    *(_bytes(name) for name in ("records", "slots", "head", "keys_digest", "row_digest")),
    sa.Column("wall_ns", sa.BigInteger, nullable=False),
    _bytes("signature"),
    sa.UniqueConstraint("run", "burst", "revision"),
    sa.ForeignKeyConstraint(["run", "burst"], ["spill.run", "spill.burst"]),
)

opening = sa.Table(
    "opening",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    _bytes("proof"),
    _bytes("head"),
    sa.Column("booked_ns", sa.BigInteger, nullable=False),
)

BOOKS = (sealed_spill, opening)
"""Append-only, like the spills."""

_SEALED = [field.name for field in fields(SealedSpill)]
_OPENING = [field.name for field in fields(OpeningRow)]


def add_sealed(connection: sa.Connection, sealed: SealedSpill) -> None:
    """Write a sealed spill, in the transaction of its public row."""
    values = {name: getattr(sealed, name) for name in _SEALED if name != "index"}
    connection.execute(sealed_spill.insert(), {"idx": sealed.index, **values})


def n_sealed(connection: sa.Connection) -> int:
    """Count sealed spills."""
    return connection.scalar(sa.select(sa.func.count()).select_from(sealed_spill)) or 0


def last_sealed(connection: sa.Connection) -> Link:
    """Where the chain stands: index of the spill to come, and head so far."""
    newest = sa.select(sealed_spill.c.idx, sealed_spill.c.head).order_by(sealed_spill.c.idx.desc()).limit(1)
    found = connection.execute(newest).first()
    return Link(0, START) if found is None else Link(int(found.idx) + 1, bytes(found.head))


def sealed_between(connection: sa.Connection, first: int, last: int) -> list[SealedSpill]:
    """Sealed spills by their place in the chain, both ends included."""
    columns = [sealed_spill.c["idx" if name == "index" else name].label(name) for name in _SEALED]
    query = sa.select(*columns).where(sealed_spill.c.idx.between(first, last)).order_by(sealed_spill.c.idx)
    return [SealedSpill(**_plain(row)) for row in connection.execute(query).mappings()]


def add_opening(connection: sa.Connection, row: OpeningRow) -> None:
    """Write a line of the opening log."""
    connection.execute(opening.insert(), {name: getattr(row, name) for name in _OPENING})


def openings(connection: sa.Connection) -> list[OpeningRow]:
    """The opening log, oldest line first."""
    query = sa.select(*(opening.c[name] for name in _OPENING)).order_by(opening.c.id)
    return [OpeningRow(**_plain(row)) for row in connection.execute(query).mappings()]


def public_rows(connection: sa.Connection, after: int, limit: int) -> list[tuple[int, PublicRow]]:
    """Public rows booked after an entry, with their entries, ascending."""
    first, later = spill.c, correction.c
    revision: sa.Label[int] = sa.literal_column("0", sa.Integer).label("revision")
    query = (
        sa.union_all(
            sa.select(first.entry, first.run, first.burst, revision, first.document).where(first.entry > after),
            sa.select(later.entry, later.run, later.burst, later.revision, later.document).where(later.entry > after),
        )
        .order_by("entry")
        .limit(limit)
    )
    return [(r.entry, PublicRow(r.run, r.burst, r.revision, r.document)) for r in connection.execute(query)]


def _plain(row: Any) -> dict[str, Any]:  # noqa: ANN401 - a row mapping of any columns
    """Values of a row; a database may give its bytes as a view."""
    return {name: bytes(value) if isinstance(value, memoryview) else value for name, value in row.items()}


class SealedBooks:
    """The sealed part of a ledger: `monitor.sealed.store.SealedStore` over the transactions of a ledger."""

    def _transaction(self, *, write_lock: bool = False) -> AbstractContextManager[sa.Connection]:
        raise NotImplementedError

    def _now(self) -> int:
        raise NotImplementedError

    def n_sealed(self) -> int:
        """Count sealed spills."""
        with self._transaction() as connection:
            return n_sealed(connection)

    def last_sealed(self) -> Link:
        """Where the chain stands; its head is public, and worth being written down elsewhere."""
        with self._transaction() as connection:
            return last_sealed(connection)

    def sealed(self, first: int = 0, last: int | None = None) -> Iterator[SealedSpill]:
        """Sealed spills by their place in the chain, both ends included, ascending."""
        with self._transaction() as connection:
            newest = connection.scalar(sa.select(sa.func.max(sealed_spill.c.idx)))
        end = -1 if newest is None else int(newest)
        end = end if last is None else min(end, last)
        for start in range(first, end + 1, PAGE):
            with self._transaction() as connection:
                page = sealed_between(connection, start, min(start + PAGE - 1, end))
            yield from page

    def public_rows(self) -> Iterator[PublicRow]:
        """Every public row, superseded ones included, in the order of the commits."""
        entry = 0
        while True:
            with self._transaction() as connection:
                page = public_rows(connection, entry, PAGE)
            if not page:
                return
            yield from (row for _, row in page)
            entry = page[-1][0]

    def openings(self) -> list[OpeningRow]:
        """The opening log, oldest line first."""
        with self._transaction() as connection:
            return openings(connection)

    def add_opening(self, after: bytes, kind: str, body: str, proof: bytes) -> OpeningRow:
        """Append a line to the opening log in one transaction.

        after : head of the log that the caller has seen

        Raises
        ------
        StoreError
            Somebody else wrote a line meanwhile; nothing was written.
        """
        with self._transaction(write_lock=True) as connection:
            log = openings(connection)
            head, number = (log[-1].head, log[-1].id + 1) if log else (openlog.START, 1)
            if head != after:
                msg = "opening log: another line was written meanwhile; nothing was written, try again"
                raise StoreError(msg)
            row = OpeningRow(number, kind, body, proof, b"", self._now())
            row = replace(row, head=openlog.head_after(head, row))
            add_opening(connection, row)
        return row
