"""The narrow columns of the sealed part of a ledger: read without its blobs, so it is quick for any length."""

from __future__ import annotations

import sqlalchemy as sa

from monitor.ledger.schema import correction, spill
from monitor.ledger.sealed import openings, public_row_select, sealed_between, sealed_spill
from monitor.ledger.tables import standing
from monitor.sealed.glance import Outline, Spot
from monitor.sealed.store import PublicRow


def outline(connection: sa.Connection, tail: int) -> Outline:
    """Outline of a ledger, with the newest `tail` sealed spills; the caller's transaction has to be of one moment."""
    spots = _spots(connection)
    newest = sealed_between(connection, spots[-1].index - tail + 1, spots[-1].index) if spots else []
    n_rows = sum(connection.scalar(sa.select(sa.func.count(t.c.entry))) or 0 for t in (spill, correction))
    now = connection.execute(sa.select(standing.c.run, standing.c.burst).where(standing.c.incomplete == 1))
    rows = public_row_select().subquery("rows")
    s = sealed_spill.c
    same = (s.run == rows.c.run, s.burst == rows.c.burst, s.revision == rows.c.revision)
    newer = sa.exists().where(*same, s.idx > (spots[-1].index - tail if spots else 0))
    sealed = sa.exists().where(*same)
    return Outline(
        spots=spots,
        n_rows=n_rows,
        incomplete_now={(run, burst) for run, burst in now},
        unsealed=_rows(connection, sa.select(rows).where(~sealed)),
        tail=newest,
        tail_rows=[row for _, row in _rows(connection, sa.select(rows).where(newer))],
        openings=openings(connection),
    )


def _spots(connection: sa.Connection) -> list[Spot]:
    """Every sealed spill, with what its public row says of missing events."""
    s, first, later = sealed_spill.c, spill.c, correction.c
    is_first = sa.and_(s.revision == 0, first.run == s.run, first.burst == s.burst)
    is_later = sa.and_(later.run == s.run, later.burst == s.burst, later.revision == s.revision)
    joined = sealed_spill.outerjoin(spill, is_first).outerjoin(correction, is_later)
    state = sa.func.coalesce(first.state, later.state)
    query = sa.select(s.idx, s.run, s.burst, state).select_from(joined).order_by(s.idx)
    rows = connection.execute(query)
    return [Spot(idx, (run, burst), word not in (None, "COMPLETE")) for idx, run, burst, word in rows]


def _rows(connection: sa.Connection, query: sa.Select[tuple[object, ...]]) -> list[tuple[int, PublicRow]]:
    found = connection.execute(query.order_by("entry"))
    return [(r.entry, PublicRow(r.run, r.burst, r.revision, r.document, bool(r.by_hand))) for r in found]
