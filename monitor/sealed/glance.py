"""A quick look at the sealed part of a ledger: its own columns are believed, the end of its chain is verified.

An audit goes through every spill and takes seconds; this does not grow with the blobs. It finds what was done to the
newest spills, and whatever the columns contradict; everything else is for `dumpwatch blind audit`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from monitor.sealed.audit_log import read_log
from monitor.sealed.before import upgraded_line
from monitor.sealed.chain import START
from monitor.sealed.entries import Entry
from monitor.sealed.facts import RowFacts, facts_of
from monitor.sealed.faults import Faults
from monitor.sealed.incomplete import Burst
from monitor.sealed.keyring import KeyRing
from monitor.sealed.lacks import incomplete_of
from monitor.sealed.model import OpeningRow, SealedSpill
from monitor.sealed.openlog import START as LOG_START
from monitor.sealed.store import PublicRow, RowKey
from monitor.sealed.unsealed import Unsealed
from monitor.sealed.walk import check_row, check_sealed

TAIL = 100
"""So many of the newest sealed spills are verified."""


@dataclass(frozen=True, slots=True)
class Spot:
    """One sealed spill by its narrow columns."""

    index: int
    burst: Burst
    incomplete: bool


@dataclass(frozen=True, slots=True)
class Outline:
    """What the narrow columns of a ledger say, from one moment; nothing of it is verified.

    spots : every sealed spill, in the order of the chain
    n_rows : public rows, superseded ones included
    incomplete_now : spills that are incomplete in the public books as they stand
    unsealed : public rows without a sealed one, with their place in the order of commits, 1 first
    tail : the newest sealed spills, ascending
    tail_rows : public rows of these
    """

    spots: Sequence[Spot]
    n_rows: int
    incomplete_now: Collection[Burst]
    unsealed: Sequence[tuple[int, PublicRow]]
    tail: Sequence[SealedSpill]
    tail_rows: Sequence[PublicRow]
    openings: Sequence[OpeningRow]


class Outlined(Protocol):
    """A ledger that can give its outline."""

    def outline(self, tail: int) -> Outline:
        """Narrow columns, and the newest `tail` sealed spills with their public rows."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What a quick look found; for `monitor.sealed.status`.

    n_verified : spills at the end of the chain that were verified
    """

    n_sealed: int
    n_verified: int
    n_rows: int
    n_without_keys: int
    before_sealing: Collection[Burst]
    incomplete: tuple[dict[str, Any], ...]
    head: bytes
    entries: Sequence[Entry]
    openings_head: bytes
    faults: tuple[str, ...]


def glance(books: Outlined, rings: Mapping[bytes, KeyRing]) -> Glance:
    """Look at a ledger without going through all of it; faults are in the answer, nothing is raised for them.

    rings : key sets by their digest
    """
    look, faults = books.outline(TAIL + 1), Faults()
    entries = read_log(look.openings, faults)
    for i, spot in enumerate(look.spots):
        if not faults.check(spot.index == i, f"spill {spot.index}: stands at place {i}: sealed rows were removed"):
            break
    n_verified = _check_tail(look, rings, faults)
    unsealed = _unsealed(look, faults)
    return Glance(
        n_sealed=len(look.spots),
        n_verified=n_verified,
        n_rows=look.n_rows,
        n_without_keys=len(unsealed.without_keys),
        before_sealing=unsealed.before_sealing,
        incomplete=incomplete_of(look.spots, look.incomplete_now, entries),
        head=look.tail[-1].head if look.tail else START,
        entries=entries,
        openings_head=look.openings[-1].head if look.openings else LOG_START,
        faults=tuple(faults.found),
    )


def _check_tail(look: Outline, rings: Mapping[bytes, KeyRing], faults: Faults) -> int:
    """Verify links, signatures and public rows of the newest spills; how many they were."""
    rows = facts_by_key(look.tail_rows, faults)
    tail, head = list(look.tail), START
    first = len(look.spots) - len(tail)
    if first > 0:
        head, first = tail.pop(0).head, first + 1  # its own link begins further up
    for index, sealed in enumerate(tail, start=first):
        check_sealed(sealed, head, index, rings, faults)
        check_row(sealed, rows.get((sealed.run, sealed.burst, sealed.revision)), faults)
        head = sealed.head
    return len(tail)


def _unsealed(look: Outline, faults: Faults) -> Unsealed:
    line = upgraded_line(look.openings)
    early = {row.key for entry, row in look.unsealed if line is not None and entry <= line.rows}
    found = Unsealed({spot.burst for spot in look.spots}, early, faults)
    found.sort(facts_by_key([row for _, row in look.unsealed], faults))
    return found


def facts_by_key(rows: Sequence[PublicRow], faults: Faults) -> dict[RowKey, RowFacts]:
    """Facts of rows; one that cannot be read is a fault."""
    found = {}
    for row in rows:
        with faults.note("public rows"):
            found[row.key] = facts_of(row)
    return found
