"""Tables of the sealed spills and of the opening log: fixed-size blobs, one set for every spill, append-only.

A sealed row is written in the transaction of its public row. Nothing here can be read without private keys, which are
never on this machine; what the rows prove is in `monitor.sealed.audit`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any

import sqlalchemy as sa

from monitor.ledger.schema import correction, metadata, spill, to_spill
from monitor.ledger.tables import note
from monitor.sealed.before import first_line
from monitor.sealed.chain import START
from monitor.sealed.model import ChainHead, OpeningRow, SealedSpill
from monitor.sealed.seal import Link
from monitor.sealed.store import PublicRow, RowKey

PAGE = 500
"""So many rows are read at a time."""


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
    to_spill(),
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


def heads_of(connection: sa.Connection, rows: Iterable[RowKey]) -> list[ChainHead]:
    """Place and head of the sealed spills of some public rows; those without one are left out."""
    s, found = sealed_spill.c, []
    for run, burst, revision in rows:
        query = sa.select(s.idx, s.head).where(s.run == run, s.burst == burst, s.revision == revision)
        found += [ChainHead(run, burst, revision, r.idx, bytes(r.head)) for r in connection.execute(query)]
    return found


def all_sealed(connection: sa.Connection) -> Iterator[SealedSpill]:
    """Every sealed spill in the order of the chain."""
    last = connection.scalar(sa.select(sa.func.max(sealed_spill.c.idx)))
    for first in range(0, -1 if last is None else int(last) + 1, PAGE):
        yield from sealed_between(connection, first, first + PAGE - 1)


def note_early_rows(connection: sa.Connection, schema: str | None, now_ns: int) -> None:
    """Say in the first line of the opening log which rows were there before this ledger could seal."""
    line = first_line(str(schema), _all_rows(connection), now_ns)
    if line is not None:
        add_opening(connection, line)


def _all_rows(connection: sa.Connection) -> Iterator[PublicRow]:
    after = 0
    while page := public_rows(connection, after, PAGE):
        yield from (row for _, row in page)
        after = page[-1][0]


def openings(connection: sa.Connection) -> list[OpeningRow]:
    """The opening log, oldest line first."""
    query = sa.select(*(opening.c[name] for name in _OPENING)).order_by(opening.c.id)
    return [OpeningRow(**_plain(row)) for row in connection.execute(query).mappings()]


def public_rows(connection: sa.Connection, after: int, limit: int) -> list[tuple[int, PublicRow]]:
    """Public rows booked after an entry, with their entries, ascending."""
    rows = connection.execute(public_row_select(after).order_by("entry").limit(limit))
    return [(r.entry, PublicRow(r.run, r.burst, r.revision, r.document, bool(r.by_hand))) for r in rows]


def public_row_select(after: int = 0) -> sa.CompoundSelect[Any]:
    """Select entry, run, burst, revision, document and by_hand of the public rows after an entry."""
    first, later = spill.c, correction.c
    zero: sa.Label[int] = sa.literal_column("0", sa.Integer).label("revision")
    same = (note.c.run == later.run, note.c.burst == later.burst, note.c.revision == later.revision)
    by_hand = sa.case((sa.exists().where(*same), 1), else_=0).label("by_hand")
    never: sa.Label[int] = sa.literal_column("0", sa.Integer).label("by_hand")
    return sa.union_all(
        sa.select(first.entry, first.run, first.burst, zero, first.document, never).where(first.entry > after),
        sa.select(later.entry, later.run, later.burst, later.revision, later.document, by_hand).where(
            later.entry > after
        ),
    )


def sealed_revisions(connection: sa.Connection, run: int, burst: int) -> set[int]:
    """Revisions of a burst that are sealed."""
    s = sealed_spill.c
    return set(connection.scalars(sa.select(s.revision).where(s.run == run, s.burst == burst)))


def _plain(row: Any) -> dict[str, Any]:  # noqa: ANN401 - a row mapping of any columns
    """Values of a row; a database may give its bytes as a view."""
    return {name: bytes(value) if isinstance(value, memoryview) else value for name, value in row.items()}
