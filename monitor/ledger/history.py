"""Every revision of a burst, for people."""

from __future__ import annotations

import sqlalchemy as sa

from monitor.ledger.derived import judgement_of_row
from monitor.ledger.tables import note
from monitor.ledger.write import revisions_of
from monitor.spill import Public, Spill


class Revision(Public):
    """One row of a burst: the first (revision 0) or a correction."""

    revision: int
    entry: int
    booked_ns: int
    who: str
    """`chain` for the first row."""
    why: str
    field: str | None
    """What a person changed; None when the chain booked it or found missing frames."""
    old: str | None
    new: str | None
    state: str
    pot: int | None
    n_missing: int
    good: bool
    reasons: list[str]
    program: str


def revisions(connection: sa.Connection, run: int, burst: int) -> list[Revision]:
    """List all rows of a burst, oldest first; an empty list for one that is not booked."""
    notes = {
        row["revision"]: row
        for row in connection.execute(sa.select(note).where(note.c.run == run, note.c.burst == burst)).mappings()
    }
    found = []
    for row in revisions_of(connection, run, burst):
        spill = Spill.model_validate_json(row["document"])
        change = notes.get(row["revision"], {"field": None, "old": None, "new": None})
        judged = judgement_of_row(connection, run, burst, row["revision"])
        found.append(
            Revision(
                **{name: row[name] for name in ("revision", "entry", "booked_ns", "program")},
                who=row.get("who", "chain"),
                why=row.get("why", "booked"),
                **{name: change[name] for name in ("field", "old", "new")},
                state=spill.state,
                pot=spill.pot,
                n_missing=spill.n_missing,
                good=judged.good,
                reasons=judged.reasons,
            )
        )
    return found


def newest_measured(connection: sa.Connection, run: int, burst: int) -> Spill | None:
    """Find the newest row of a burst that no person made; None for one that is not booked."""
    query = sa.select(note.c.revision).where(note.c.run == run, note.c.burst == burst)
    by_people = set(connection.scalars(query))
    made = [row for row in revisions_of(connection, run, burst) if row["revision"] not in by_people]
    return Spill.model_validate_json(made[-1]["document"]) if made else None
