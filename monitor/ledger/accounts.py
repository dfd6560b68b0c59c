"""Questions about protons: sums, good spills, gaps, the K3pi cross-check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from daq.errors import StoreError
from monitor.accounting.errors import spill_error
from monitor.accounting.gaps import Gaps, Repeat, find_gaps
from monitor.accounting.k3pi import K3piRow
from monitor.ledger import write
from monitor.ledger.pot import By, PotRow, pot_rows
from monitor.ledger.read import Selection
from monitor.ledger.store import Store
from monitor.ledger.tables import k3pi, repeat, standing
from monitor.spill import Public, pot_error


class GoodTotals(Public):
    """Protons of the good spills, and why the others are not."""

    n_good: int
    n_not_good: int
    pot: int
    pot_error: int
    """20 %, fully correlated."""
    pot_spill_error: int
    """Noise from spill to spill, in quadrature, apart from the 20 %."""
    pot_not_good: int
    reasons: dict[str, int]
    """Spills with each reason; a spill can have several."""


class Accounts(Store):
    """Sums over `standing`, where each burst has one narrow row."""

    def pot(self, by: By, run: int | None = None, wanted: Selection | None = None) -> list[PotRow]:
        """Protons on target by spill, run, day or B2 setting, with a running sum; `wanted` selects more narrowly."""
        with self._transaction() as connection:
            return pot_rows(connection, by, wanted or Selection(run), self._rules.sem_relative_noise)

    def good(self, run: int | None = None) -> GoodTotals:
        """Sum over the good spills, and over the others apart."""
        c, func = standing.c, sa.func
        query = sa.select(c.good, c.reasons, func.count(), func.sum(c.pot), func.sum(c.pot_square))
        query = query.where(*Selection(run).conditions()).group_by(c.good, c.reasons)
        with self._transaction() as connection:
            rows = connection.execute(query).all()
        reasons: Counter[str] = Counter()
        n, pot, squares = [0, 0], [0, 0], 0
        for good, why, count, protons, square in rows:
            n[good] += count
            pot[good] += int(protons or 0)
            squares += int(square) if good else 0
            reasons.update(dict.fromkeys(why.split(), count))
        return GoodTotals(
            n_good=n[1],
            n_not_good=n[0],
            pot=pot[1],
            pot_error=pot_error(pot[1]),
            pot_spill_error=spill_error(squares, self._rules.sem_relative_noise),
            pot_not_good=pot[0],
            reasons=dict(sorted(reasons.items())),
        )

    def gaps(self, run: int | None = None) -> Gaps:
        """Absent burst numbers, pauses, and bursts that were committed again."""
        c = standing.c
        booked = sa.select(c.run, c.burst, c.sob_time_ns).order_by(c.run, c.burst).where(*Selection(run).conditions())
        again = sa.select(repeat).order_by(repeat.c.run, repeat.c.burst, repeat.c.kind)
        if run is not None:
            again = again.where(repeat.c.run == run)
        with self._transaction() as connection:
            absent, pauses = find_gaps(
                ((r[0], r[1], r[2]) for r in connection.execute(booked)), self._rules.gap_seconds
            )
            repeats = [Repeat(**row) for row in connection.execute(again).mappings()]
        return Gaps(absent=absent, pauses=pauses, repeats=repeats)

    def add_k3pi(self, rows: Sequence[K3piRow], who: str, source: str) -> int:
        """Write selected K3pi of spills, all or none; the newest row of a burst holds. Returns how many were new.

        Raises
        ------
        StoreError
            Nothing signed, or a burst that is booked and not of kaon mode.
        """
        if not who.strip():
            msg = f"ledger {self._name}: an import of K3pi needs who; nothing was written"
            raise StoreError(msg)
        with self._transaction(write_lock=True) as connection:
            write.lock_and_next_entry(connection)
            modes = self._modes(connection, rows)
            for row in rows:
                mode = modes.get((row.run, row.burst), "KAON")
                if mode != "KAON":
                    msg = (
                        f"ledger {self._name}: run {row.run} burst {row.burst} is of mode {mode}, wanted KAON: "
                        "K3pi exist in kaon mode only; nothing was written"
                    )
                    raise StoreError(msg)
            old = {(r.run, r.burst): r for r in _newest_k3pi(connection)}
            new = [row for row in rows if old.get((row.run, row.burst)) != row]
            number = connection.scalar(sa.select(sa.func.max(k3pi.c.id))) or 0
            note = {"who": who, "source": source, "booked_ns": self._now_ns()}
            values = [{"id": number + i, **row.model_dump(), **note} for i, row in enumerate(new, start=1)]
            if values:
                connection.execute(k3pi.insert(), values)
        return len(new)

    def k3pi(self, run: int | None = None) -> list[tuple[K3piRow, int | None]]:
        """List the newest K3pi row of each burst with the protons of its spill, None where they are not known."""
        with self._transaction() as connection:
            rows = [row for row in _newest_k3pi(connection) if run in (None, row.run)]
            query = sa.select(standing.c.run, standing.c.burst, standing.c.pot).where(standing.c.mode == "KAON")
            protons = {(r.run, r.burst): r.pot for r in connection.execute(query)}
        return [(row, protons.get((row.run, row.burst))) for row in rows]

    @staticmethod
    def _modes(connection: sa.Connection, rows: Sequence[K3piRow]) -> dict[tuple[int, int], str]:
        runs = sorted({row.run for row in rows})
        query = sa.select(standing.c.run, standing.c.burst, standing.c.mode).where(standing.c.run.in_(runs))
        return {(run, burst): mode for run, burst, mode in connection.execute(query)}


def _newest_k3pi(connection: sa.Connection) -> list[K3piRow]:
    columns: list[Any] = [k3pi.c[name] for name in K3piRow.model_fields]
    newest: dict[tuple[int, int], K3piRow] = {}
    for row in connection.execute(sa.select(*columns).order_by(k3pi.c.id)).mappings():
        newest[row["run"], row["burst"]] = K3piRow(**row)
    return [newest[key] for key in sorted(newest)]
