"""A walk along the whole chain: every link, every signature, every size, and every public row beside its sealed one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from daq.errors import PolicyError
from monitor.sealed.before import EarlyRows, upgraded_line
from monitor.sealed.chain import START, is_signed, next_head
from monitor.sealed.facts import RowFacts, facts_of
from monitor.sealed.faults import Faults
from monitor.sealed.incomplete import Burst
from monitor.sealed.keyring import KeyRing
from monitor.sealed.model import SealedSpill
from monitor.sealed.record import RECORDS_BYTES, SLOTS_BYTES
from monitor.sealed.store import RowKey, SealedStore
from monitor.sealed.unsealed import Unsealed, incomplete_bursts

SIZES = {"records": RECORDS_BYTES, "slots": SLOTS_BYTES, "signature": 64}
SIZES |= dict.fromkeys(("head", "keys_digest", "row_digest"), 32)

LIMITS = dict.fromkeys(("run", "burst", "revision"), (1 << 32) - 1) | dict.fromkeys(("index", "wall_ns"), (1 << 63) - 1)
"""Greatest numbers that are signed."""


@dataclass(frozen=True, slots=True)
class Place:
    """One sealed spill as a walk leaves it: where it stands, and what is public about it."""

    index: int
    key: RowKey
    head: bytes
    keys_digest: bytes
    facts: RowFacts | None

    @property
    def burst(self) -> Burst:
        """Run and burst."""
        return self.key[:2]

    @property
    def name(self) -> str:
        """For people."""
        return f"run {self.key[0]} burst {self.key[1]}"

    @property
    def incomplete(self) -> bool:
        """Whether its sealed counts lack events that were missing; what is public of it says so."""
        return self.facts is not None and self.facts.incomplete


@dataclass(slots=True)
class Walk:
    """What was found.

    places : all sealed spills in the order of the chain
    n_rows : public rows, superseded ones included
    n_without_keys : spills without any sealed counts that say so: taken without sealing keys, or booked by a replay
    before_sealing : spills that were booked before the ledger could seal
    incomplete_now : spills that are incomplete in the public books as they stand
    """

    places: list[Place] = field(default_factory=list)
    n_rows: int = 0
    n_without_keys: int = 0
    before_sealing: set[Burst] = field(default_factory=set)
    incomplete_now: set[Burst] = field(default_factory=set)
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
    walk, rows = Walk(), dict[RowKey, RowFacts]()
    early = EarlyRows(upgraded_line(store.openings()))
    for row in store.public_rows():
        early.see(row)
        walk.n_rows += 1
        with walk.faults.note("public rows"):
            rows[row.key] = facts_of(row)
    walk.incomplete_now = incomplete_bursts(rows)
    head = START
    for sealed in store.sealed():
        key = (sealed.run, sealed.burst, sealed.revision)
        check_sealed(sealed, head, len(walk.places), rings, walk.faults)
        check_row(sealed, rows.get(key), walk.faults)
        walk.places.append(Place(sealed.index, key, sealed.head, sealed.keys_digest, rows.pop(key, None)))
        head = sealed.head
    early_keys: set[RowKey] = set()
    with walk.faults.note("opening log line 1"):
        early_keys = early.keys()
    found = Unsealed({place.burst for place in walk.places}, early_keys, walk.faults)
    found.sort(rows)
    walk.n_without_keys, walk.before_sealing = len(found.without_keys), found.before_sealing
    return walk


def check_sealed(sealed: SealedSpill, head: bytes, index: int, rings: Mapping[bytes, KeyRing], faults: Faults) -> None:
    """Check sizes, link and signature of a sealed spill that stands at `index`, after `head`."""
    if _fits(sealed, faults):
        _check_place(sealed, head, index, faults)
        _check_signature(sealed, rings, faults)


def _where(sealed: SealedSpill) -> str:
    return f"spill {sealed.index} (run {sealed.run} burst {sealed.burst})"


def _fits(sealed: SealedSpill, faults: Faults) -> bool:
    wrong = [f"{name} {len(getattr(sealed, name))} bytes, wanted {size}" for name, size in SIZES.items()
             if len(getattr(sealed, name)) != size]  # fmt: skip
    wrong += [f"{name} {getattr(sealed, name)}, wanted 0 to {limit}" for name, limit in LIMITS.items()
              if not 0 <= getattr(sealed, name) <= limit]  # fmt: skip
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


def check_row(sealed: SealedSpill, facts: RowFacts | None, faults: Faults) -> None:
    """Hold a sealed spill against its public row."""
    if facts is None:
        faults.add(f"{_where(sealed)}: has no public row of revision {sealed.revision}")
        return
    faults.check(facts.digest == sealed.row_digest, f"{_where(sealed)}: the public row was changed after it was sealed")
