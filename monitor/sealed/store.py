"""What the sealed commands need of a ledger, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from monitor.sealed.model import OpeningRow, SealedSpill

RowKey = tuple[int, int, int]
"""Run, burst, revision."""


@dataclass(frozen=True, slots=True)
class PublicRow:
    """One public row of the books.

    document : the JSON text as it is booked; its SHA-256 is what the host signed
    by_hand : a person's correction of a field; it counts nothing new, so nothing is sealed with it
    """

    run: int
    burst: int
    revision: int
    document: str
    by_hand: bool = False

    @property
    def key(self) -> RowKey:
        """Run, burst, revision."""
        return self.run, self.burst, self.revision


class SealedStore(Protocol):
    """A ledger with sealed spills and an opening log."""

    def sealed(self, first: int = 0, last: int | None = None) -> Iterator[SealedSpill]:
        """Sealed spills by their place in the chain, both ends included, ascending."""

    def public_rows(self) -> Iterator[PublicRow]:
        """Every public row, superseded ones included, in the order of the commits."""

    def openings(self) -> list[OpeningRow]:
        """The opening log, oldest line first."""

    def add_opening(self, after: bytes, kind: str, body: str, proof: bytes) -> OpeningRow:
        """Append a line to the opening log in one transaction.

        after : head of the log that the caller has seen

        Raises
        ------
        StoreError
            Somebody else wrote a line meanwhile; nothing was written.
        """
