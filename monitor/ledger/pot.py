"""Protons on target by spill, run, day or B2 setting, with a running sum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from monitor.accounting.errors import spill_error
from monitor.ledger.read import Selection, sums
from monitor.ledger.tables import standing
from monitor.spill import Public, pot_error
from monitor.totals import Totals

By = Literal["spill", "run", "day", "b2"]

_KEYS: dict[str, list[sa.ColumnElement[Any]]] = {
    "spill": [standing.c.run, standing.c.burst],
    "run": [standing.c.run],
    "day": [standing.c.day],
    "b2": [standing.c.b2_setting_a],
}


class PotRow(Public):
    """Protons of one group of spills, and of all groups up to and with this one."""

    key: str
    """Run/burst, run, UTC day, or B2 setting [A]."""
    n_spills: int
    n_without_pot: int
    """Spills of the group whose protons are unknown; they add nothing."""
    n_incomplete: int
    pot: int
    pot_error: int
    """20 %, fully correlated between all spills: added linearly."""
    running_pot: int
    running_pot_error: int
    pot_spill_error: int
    """Noise of the monitor from spill to spill: added in quadrature, apart from the 20 %."""
    running_pot_spill_error: int
    n_good: int
    n_biased: int
    """BIASED spills of the group: no beam, none of their protons is in `pot`."""
    equivalent_pot: int
    """Protons that the BIASED spills stand for, apart."""


@dataclass(frozen=True, slots=True)
class Group:
    """Sums over the spills of one group."""

    key: str
    n_spills: int
    n_without_pot: int
    n_incomplete: int
    n_good: int
    n_biased: int
    equivalent_pot: int
    pot: int
    squares: int
    """Sum of squares of the protons, in units of 1e16."""


def pot_rows(connection: sa.Connection, by: By, wanted: Selection, relative_noise: float) -> list[PotRow]:
    """Sum the current rows group by group, in the order of the keys."""
    # runs have their sums already, unless only some of their spills are wanted
    ready = by == "run" and wanted.day is None and wanted.b2_setting_a is None
    groups = run_groups(connection, wanted) if ready else spill_groups(connection, by, wanted)
    rows, running, running_squares = [], 0, 0
    for group in groups:
        running += group.pot
        running_squares += group.squares
        same = ("key", "n_spills", "n_without_pot", "n_incomplete", "n_good", "n_biased", "equivalent_pot", "pot")
        rows.append(
            PotRow(
                **{name: getattr(group, name) for name in same},
                pot_error=pot_error(group.pot),
                running_pot=running,
                running_pot_error=pot_error(running),
                pot_spill_error=spill_error(group.squares, relative_noise),
                running_pot_spill_error=spill_error(running_squares, relative_noise),
            )
        )
    return rows


def run_groups(connection: sa.Connection, wanted: Selection) -> list[Group]:
    """Group by run, from the sums that are kept for each."""
    found: dict[int, Group] = {}
    for row in sums(connection, wanted.run):
        if wanted.quality == "good" and not row["good"]:
            continue
        totals: Totals = row["totals"]
        group = Group(
            key=str(row["run"]),
            n_spills=totals.n_spills,
            n_without_pot=totals.n_without_pot,
            n_incomplete=totals.n_incomplete,
            n_good=totals.n_spills if row["good"] else 0,
            n_biased=sum(part.n_spills for part in totals.biased.values()),
            equivalent_pot=sum(part.equivalent_pot for part in totals.biased.values()),
            pot=totals.pot,
            squares=row["pot_square"],
        )
        found[row["run"]] = _add(found[row["run"]], group) if row["run"] in found else group
    return list(found.values())


def _add(first: Group, second: Group) -> Group:
    names = [name for name in Group.__slots__ if name != "key"]
    return Group(first.key, **{name: getattr(first, name) + getattr(second, name) for name in names})


def spill_groups(connection: sa.Connection, by: By, wanted: Selection) -> list[Group]:
    """Group the narrow rows of `standing`."""
    keys = _KEYS[by]
    names = [name for name in Group.__slots__ if name != "key"]
    return [
        Group(
            "/".join("unknown" if part is None else str(part) for part in row[: len(keys)]),
            **{name: int(getattr(row, name)) for name in names},
        )
        for row in connection.execute(_grouped(keys).where(*wanted.conditions()))
    ]


def _grouped(keys: list[sa.ColumnElement[Any]]) -> sa.Select[Any]:
    c, func = standing.c, sa.func
    return (
        sa.select(
            *keys,
            func.count().label("n_spills"),
            (func.count() - func.count(c.pot)).label("n_without_pot"),
            func.sum(c.incomplete).label("n_incomplete"),
            func.sum(c.good).label("n_good"),
            func.sum(sa.case((c.mode == "BIASED", 1), else_=0)).label("n_biased"),
            func.sum(c.equivalent_pot).label("equivalent_pot"),
            func.coalesce(func.sum(c.pot), 0).label("pot"),
            func.sum(c.pot_square).label("squares"),
        )
        .group_by(*keys)
        .order_by(*(key.nulls_last() for key in keys))
    )
