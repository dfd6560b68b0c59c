"""What an import may add to the sealed part: what continues the chain that is there, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import sqlalchemy as sa

from daq.errors import ContentConflict, StoreError
from monitor.ledger import sealed
from monitor.sealed.model import OpeningRow, SealedSpill


@dataclass(frozen=True, slots=True)
class Brought:
    """Rows that are new, and rows that were there already."""

    n_new: int
    n_already: int


R = TypeVar("R", SealedSpill, OpeningRow)


class SealedShelf:
    """The two chains of a ledger, while rows come in."""

    def __init__(self, connection: sa.Connection, name: str) -> None:
        self._connection = connection
        self._name = name

    def take_spills(self, rows: Iterable[tuple[str, SealedSpill]]) -> Brought:
        """Add sealed spills, in the order of their chain.

        Raises
        ------
        ContentConflict
            Another chain is there: two of them cannot be put together.
        StoreError
            Rows are missing, or the spill is not in the books.
        """
        c = self._connection

        def stored(index: int) -> list[SealedSpill]:
            return sealed.sealed_between(c, index, index)

        def add(row: SealedSpill) -> None:
            sealed.add_sealed(c, row)

        numbered = ((where, row.index, row) for where, row in rows)
        return self._take(numbered, "sealed spill", sealed.last_sealed(c).index, stored, add)

    def take_openings(self, rows: Iterable[tuple[str, OpeningRow]]) -> Brought:
        """Add lines of the opening log, in their order.

        Raises
        ------
        ContentConflict, StoreError
            As `take_spills`.
        """
        there = {row.id: row for row in sealed.openings(self._connection)}

        def stored(number: int) -> list[OpeningRow]:
            return [there[number]] if number in there else []

        def add(row: OpeningRow) -> None:
            sealed.add_opening(self._connection, row)

        numbered = ((where, row.id, row) for where, row in rows)
        return self._take(numbered, "line of the opening log", max(there, default=0) + 1, stored, add)

    def _take(
        self,
        rows: Iterable[tuple[str, int, R]],
        what: str,
        following: int,
        stored: Callable[[int], list[R]],
        add: Callable[[R], None],
    ) -> Brought:
        n_new = n_already = 0
        for where, number, row in rows:
            if number > following:
                msg = f"{where}: {what} {number}, wanted {following}: some are missing; nothing was imported"
                raise StoreError(msg)
            if number == following:
                add(row)
                following, n_new = following + 1, n_new + 1
            elif stored(number) == [row]:
                n_already += 1
            else:
                msg = (
                    f"{where}: {what} {number} is in ledger {self._name} with other content; two chains cannot be put "
                    "together, import into a new ledger; nothing was imported"
                )
                raise ContentConflict(msg)
        return Brought(n_new, n_already)
