"""A walk along the whole chain: every link, every signature, every size, and every public row beside its sealed one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from daq.errors import PolicyError
from monitor.sealed.chain import START, is_signed, next_head
from monitor.sealed.facts import RowFacts, facts_of
from monitor.sealed.faults import Faults
from monitor.sealed.keyring import KeyRing
from monitor.sealed.model import SealedSpill
from monitor.sealed.record import RECORDS_BYTES, SLOTS_BYTES
from monitor.sealed.store import SealedStore

SIZES = {"records": RECORDS_BYTES, "slots": SLOTS_BYTES, "signature": 64}
SIZES |= dict.fromkeys(("head", "keys_digest", "row_digest"), 32)

Key = tuple[int, int, int]
"""Run, burst, revision."""


@dataclass(frozen=True, slots=True)
class Place:
    """One sealed spill as a walk leaves it: where it stands, and what is public about it."""

    index: int
    key: Key
    head: bytes
    keys_digest: bytes
    facts: RowFacts | None

    @property
    def burst(self) -> tuple[int, int]:
        """Run and burst."""
        return self.key[:2]

    @property
    def name(self) -> str:
        """For people."""
        return f"run {self.key[0]} burst {self.key[1]}"


@dataclass(slots=True)
class Walk:
    """What was found.

    places : all sealed spills in the order of the chain
    n_rows : public rows, superseded ones included
    n_without_keys : of these, taken without sealing keys
    """

    places: list[Place] = field(default_factory=list)
    n_rows: int = 0
    n_without_keys: int = 0
    faults: Faults = field(default_factory=Faults)

    @property
    def head(self) -> bytes:
        """Head of the chain."""
        return self.places[-1].head if self.places else START

    def check_witness(self, witness: bytes) -> None:
        """Refuse a chain that does not contain a head that somebody wrote down earlier.

        Raises
        ------
        PolicyError
        """
        if witness != START and all(place.head != witness for place in self.places):
            msg = (
                f"witnessed head {witness.hex()[:16]}...: is not in the chain of {len(self.places)} spills; "
                "its end was cut off, or it was written anew"
            )
            raise PolicyError(msg)


def walk_chain(store: SealedStore, rings: Mapping[bytes, KeyRing]) -> Walk:
    """Verify the chain of a ledger; faults are in the answer, nothing is raised for them."""
    walk, rows = Walk(), {}
    for row in store.public_rows():
        walk.n_rows += 1
        with walk.faults.note("public rows"):
            rows[row.run, row.burst, row.revision] = facts_of(row)
    head = START
    for sealed in store.sealed():
        key = (sealed.run, sealed.burst, sealed.revision)
        if _fits(sealed, walk.faults):
            _check_place(sealed, head, len(walk.places), walk.faults)
            _check_signature(sealed, rings, walk.faults)
        _check_row(sealed, rows.get(key), walk.faults)
        walk.places.append(Place(sealed.index, key, sealed.head, sealed.keys_digest, rows.pop(key, None)))
        head = sealed.head
    for (run, burst, revision), facts in rows.items():
        walk.n_without_keys += facts.without_keys
        text = f"run {run} burst {burst} revision {revision}: has no sealed row; it was removed, or never written"
        walk.faults.check(not facts.needs_seal, text)
    return walk


def _where(sealed: SealedSpill) -> str:
    return f"spill {sealed.index} (run {sealed.run} burst {sealed.burst})"


def _fits(sealed: SealedSpill, faults: Faults) -> bool:
    wrong = [f"{name} {len(getattr(sealed, name))} bytes, wanted {size}" for name, size in SIZES.items()
             if len(getattr(sealed, name)) != size]  # fmt: skip
    return faults.check(not wrong, f"{_where(sealed)}: {'; '.join(wrong)}: every sealed row has the same size")


def _check_place(sealed: SealedSpill, head: bytes, index: int, faults: Faults) -> None:
    faults.check(
        sealed.index == index, f"{_where(sealed)}: stands at place {index}: sealed rows before it were removed"
    )
    faults.check(
        next_head(head, sealed) == sealed.head,
        f"{_where(sealed)}: the head does not follow: a record was changed, swapped, moved or removed",
    )


def _check_signature(sealed: SealedSpill, rings: Mapping[bytes, KeyRing], faults: Faults) -> None:
    ring = rings.get(sealed.keys_digest)
    if ring is None:
        name = sealed.keys_digest.hex()[:16]
        faults.add(f"{_where(sealed)}: is sealed under key set {name}..., which was not given; name it with --keys")
        return
    faults.check(is_signed(ring.host, sealed), f"{_where(sealed)}: the signature of the host does not hold")


def _check_row(sealed: SealedSpill, facts: RowFacts | None, faults: Faults) -> None:
    if facts is None:
        faults.add(f"{_where(sealed)}: has no public row of revision {sealed.revision}")
        return
    faults.check(facts.digest == sealed.row_digest, f"{_where(sealed)}: the public row was changed after it was sealed")
