"""The audit: everything that can be verified from public data alone, and what was opened, in plain words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from daq.errors import PolicyError
from monitor.sealed.audit_log import audit_log
from monitor.sealed.body import Upgraded
from monitor.sealed.entries import Approved, Done, Entry
from monitor.sealed.faults import Faults
from monitor.sealed.incomplete import Burst
from monitor.sealed.keyring import KeyRing
from monitor.sealed.lacks import early_words, incomplete_lines, incomplete_of, unsealed_lines
from monitor.sealed.model import OpeningRow
from monitor.sealed.openlog import START as LOG_START
from monitor.sealed.statement import utc
from monitor.sealed.store import SealedStore
from monitor.sealed.walk import Walk, walk_chain
from streaming.sealing.keys import COUNT_COMPARTMENTS


@dataclass(frozen=True, slots=True)
class Witness:
    """Heads that somebody wrote down earlier; empty: none."""

    chain: bytes = b""
    openings: bytes = b""


NOBODY = Witness()


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit found.

    n_without_keys : spills without sealed counts that say so
    before_sealing : spills that were booked before the ledger could seal, in words; empty for none
    incomplete : sealed counts that lack events, in the whole chain and in each block of the log
    story : what was approved and opened, by whom and when
    faults : what is wrong; empty when all is well
    """

    n_rows: int
    n_sealed: int
    n_without_keys: int
    before_sealing: str
    incomplete: tuple[dict[str, Any], ...]
    head: str
    openings_head: str
    key_sets: tuple[str, ...]
    story: tuple[str, ...]
    faults: tuple[str, ...]

    def lines(self) -> list[str]:
        """For people."""
        seals = self.n_sealed * len(COUNT_COMPARTMENTS)
        text = [
            f"sealed spills: {self.n_sealed} of {self.n_rows} public rows, {seals} sealed counts; head {self.head}",
            *unsealed_lines(self.n_without_keys, self.before_sealing),
            *incomplete_lines(self.incomplete),
            *self.key_sets,
            f"opening log: {len(self.story)} lines; head {self.openings_head}",
            *(f"  {line}" for line in self.story or ("nothing was opened",)),
        ]
        verdict = f"{len(self.faults)} faults" if self.faults else "no fault found"
        return [*text, verdict, *(f"  {fault}" for fault in self.faults)]

    def document(self) -> dict[str, Any]:
        """For scripts."""
        return {name: getattr(self, name) for name in self.__slots__} | {"good": not self.faults}


@dataclass(frozen=True, slots=True)
class Examined:
    """A chain and an opening log that were gone through, and all that is wrong with them."""

    walk: Walk
    entries: list[Entry]
    rows: list[OpeningRow]
    faults: tuple[str, ...]

    @property
    def openings_head(self) -> bytes:
        """Head of the opening log."""
        return self.rows[-1].head if self.rows else LOG_START

    @property
    def n_sealed(self) -> int:
        """Sealed spills."""
        return len(self.walk.places)

    @property
    def n_verified(self) -> int:
        """Sealed spills that were verified: all of them."""
        return len(self.walk.places)

    @property
    def n_rows(self) -> int:
        """Public rows, superseded ones included."""
        return self.walk.n_rows

    @property
    def n_without_keys(self) -> int:
        """Spills without any sealed counts that say so."""
        return self.walk.n_without_keys

    @property
    def before_sealing(self) -> Collection[Burst]:
        """Spills that were booked before the ledger could seal."""
        return self.walk.before_sealing

    @property
    def head(self) -> bytes:
        """Head of the chain."""
        return self.walk.head

    @property
    def incomplete(self) -> tuple[dict[str, Any], ...]:
        """Incomplete sealed counts of the whole chain, then of each block of the log."""
        return incomplete_of(self.walk.places, self.walk.incomplete_now, self.entries)

    def check(self) -> None:
        """Refuse to go on with a ledger that has any fault.

        Raises
        ------
        PolicyError
        """
        if self.faults:
            more = f" (and {len(self.faults) - 1} more)" if len(self.faults) > 1 else ""
            msg = f"the ledger does not verify, nothing was done: {self.faults[0]}{more}; see `dumpwatch blind audit`"
            raise PolicyError(msg)


def examine(store: SealedStore, rings: Mapping[bytes, KeyRing], witness: Witness = NOBODY) -> Examined:
    """Go through chain and opening log of a ledger.

    rings : key sets by their digest
    """
    walk, rows, faults = walk_chain(store, rings), store.openings(), Faults()
    if witness.chain:
        with faults.note("chain"):
            walk.check_witness(witness.chain)
    entries = audit_log(store, walk, rings, faults)
    if witness.openings and witness.openings not in {LOG_START, *(row.head for row in rows)}:
        start = witness.openings.hex()[:16]
        faults.add(
            f"opening log: the witnessed head {start}... is not in it; lines were taken out, or it was written anew"
        )
    return Examined(walk, entries, rows, (*walk.faults.found, *faults.found))


def audit(store: SealedStore, rings: Mapping[bytes, KeyRing], witness: Witness = NOBODY) -> AuditReport:
    """Verify a ledger from public data alone."""
    seen = examine(store, rings, witness)
    walk = seen.walk
    return AuditReport(
        n_rows=walk.n_rows,
        n_sealed=len(walk.places),
        n_without_keys=walk.n_without_keys,
        before_sealing=early_words(walk.before_sealing),
        incomplete=seen.incomplete,
        head=walk.head.hex(),
        openings_head=seen.openings_head.hex(),
        key_sets=tuple(_key_set(digest, ring, walk) for digest, ring in rings.items()),
        story=tuple(sentence(entry) for entry in seen.entries),
        faults=seen.faults,
    )


def _key_set(digest: bytes, ring: KeyRing, walk: Walk) -> str:
    kind = "DEMONSTRATION keys, nothing is secret" if ring.keys.demonstration else "real keys"
    n = sum(place.keys_digest == digest for place in walk.places)
    names = ", ".join(ring.custodians)
    return f"key set {digest.hex()[:16]}: {kind}; {ring.threshold} of {names}; {n} spills"


def sentence(entry: Entry) -> str:
    """One line of the opening log in plain words."""
    body, when = entry.body, utc(entry.row.booked_ns)
    if isinstance(body, Upgraded):
        return f"{when}: brought up to date from {body.ledger}: its {body.rows} rows were booked before it could seal"
    title = body.statement.title
    if isinstance(body, Approved):
        lowered = f"; least block lowered to {body.min_spills} spills" if body.limits.lowered else ""
        names = ", ".join(approval.custodian for approval in body.approvals)
        return f"{when}: {title} approved by {names}{lowered}"
    return f"{when}: {title} done: {found(body)}"


def found(body: Done) -> str:
    """What an opening found, in plain words."""
    over = f"in {body.spills} spills, {body.pot:.3e} protons"
    accepted = body.statement.accepted_incomplete
    over += f", {accepted} of them with incomplete sealed counts" if accepted else ""
    counts = ", ".join(f"{one.compartment} {one.count} ({one.events} with their events)" for one in body.opened)
    if body.statement.stage == "CR_VALIDATION":
        return f"CR agrees: P(N >= n | {body.statement.expected}) = {body.p_value}, rule {body.statement.min_p_value}"
    return f"{counts} {over}; expected {body.statement.expected}; recount {body.recount}"
