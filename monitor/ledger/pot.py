"""Protons on target by spill, run, day or B2 setting, with a running sum."""

from __future__ import annotations

from typing import Literal

import sqlalchemy as sa

from monitor.ledger.schema import current
from monitor.spill import Public, pot_error

By = Literal["spill", "run", "day", "b2"]

_KEYS: dict[str, list[sa.ColumnElement[object]]] = {
    "spill": [current.c.run, current.c.burst],
    "run": [current.c.run],
    "day": [current.c.day],
    "b2": [current.c.b2_setting_a],
}


class PotRow(Public):
    """Protons of one group of spills, and of all groups up to and with this one. Errors are 20 %, fully correlated."""

    key: str
    """Run/burst, run, UTC day, or B2 setting [A]."""
    n_spills: int
    n_without_pot: int
    """Spills of the group whose protons are unknown; they add nothing."""
    n_incomplete: int
    pot: int
    pot_error: int
    running_pot: int
    running_pot_error: int


def pot_rows(connection: sa.Connection, by: By, run: int | None) -> list[PotRow]:
    """Sum the current rows group by group, in the order of the keys."""
    keys = _KEYS[by]
    known = sa.func.count(current.c.pot)
    query = (
        sa.select(
            *keys,
            sa.func.count().label("n_spills"),
            (sa.func.count() - known).label("n_without_pot"),
            sa.func.sum(sa.case((current.c.state == "INCOMPLETE", 1), else_=0)).label("n_incomplete"),
            sa.func.coalesce(sa.func.sum(current.c.pot), 0).label("pot"),
        )
        .group_by(*keys)
        .order_by(*(key.nulls_last() for key in keys))
    )
    if run is not None:
        query = query.where(current.c.run == run)
    rows, running = [], 0
    for row in connection.execute(query):
        pot = int(row.pot)
        running += pot
        rows.append(
            PotRow(
                key="/".join("unknown" if part is None else str(part) for part in row[: len(keys)]),
                n_spills=row.n_spills,
                n_without_pot=row.n_without_pot,
                n_incomplete=int(row.n_incomplete),
                pot=pot,
                pot_error=pot_error(pot),
                running_pot=running,
                running_pot_error=pot_error(running),
            )
        )
    return rows
