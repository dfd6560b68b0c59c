"""Tables of the sealed spills and of the opening log: fixed-size blobs, one set for every spill, append-only.

A sealed row is written in the transaction of its public row. Nothing here can be read without private keys, which are
never on this machine; what the rows prove is in `monitor.sealed.audit`.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import sqlalchemy as sa

from monitor.ledger.schema import correction, metadata, spill, to_spill
from monitor.ledger.tables import note
from monitor.sealed.chain import START
from monitor.sealed.model import OpeningRow, SealedSpill
from monitor.sealed.seal import Link
from monitor.sealed.store import PublicRow


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


def openings(connection: sa.Connection) -> list[OpeningRow]:
    """The opening log, oldest line first."""
    query = sa.select(*(opening.c[name] for name in _OPENING)).order_by(opening.c.id)
    return [OpeningRow(**_plain(row)) for row in connection.execute(query).mappings()]


def public_rows(connection: sa.Connection, after: int, limit: int) -> list[tuple[int, PublicRow]]:
    """Public rows booked after an entry, with their entries, ascending."""
    first, later = spill.c, correction.c
    zero: sa.Label[int] = sa.literal_column("0", sa.Integer).label("revision")
    same = (note.c.run == later.run, note.c.burst == later.burst, note.c.revision == later.revision)
    by_hand = sa.case((sa.exists().where(*same), 1), else_=0).label("by_hand")
    never: sa.Label[int] = sa.literal_column("0", sa.Integer).label("by_hand")
    query = (
        sa.union_all(
            sa.select(first.entry, first.run, first.burst, zero, first.document, never).where(first.entry > after),
            sa.select(later.entry, later.run, later.burst, later.revision, later.document, by_hand).where(
                later.entry > after
            ),
        )
        .order_by("entry")
        .limit(limit)
    )
    rows = connection.execute(query)
    return [(r.entry, PublicRow(r.run, r.burst, r.revision, r.document, bool(r.by_hand))) for r in rows]


def _plain(row: Any) -> dict[str, Any]:  # noqa: ANN401 - a row mapping of any columns
    """Values of a row; a database may give its bytes as a view."""
    return {name: bytes(value) if isinstance(value, memoryview) else value for name, value in row.items()}
