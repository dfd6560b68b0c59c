"""The audit of the opening log: its chain, every approval, the order of the stages, every proof."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from daq.errors import PolicyError
from monitor.sealed.block import check_block, pot_of
from monitor.sealed.body import Upgraded
from monitor.sealed.entries import Approved, Done, Entry, steps
from monitor.sealed.faults import Faults
from monitor.sealed.keyring import KeyRing
from monitor.sealed.model import OpeningRow
from monitor.sealed.opening import block_digest, check_proof
from monitor.sealed.openlog import START, head_after
from monitor.sealed.record import RECORD_BYTES
from monitor.sealed.rules import check_openings_head, ring_of, validate
from monitor.sealed.stages import check_stage, compartments_of
from monitor.sealed.statement import check_approvals
from monitor.sealed.store import SealedStore
from monitor.sealed.walk import Place, Walk


def audit_log(store: SealedStore, walk: Walk, rings: Mapping[bytes, KeyRing], faults: Faults) -> list[Entry]:
    """Lines of the opening log that can be read; what is wrong with any of them goes to `faults`."""
    entries: list[Entry] = []
    for entry in read_log(store.openings(), faults):
        where = f"opening log line {entry.row.id}"
        with faults.note(where):
            _check_entry(entry, entries, rings)
        with faults.note(where):
            check_content(entry, entries, store, walk)
        entries.append(entry)
    return entries


def read_log(rows: Iterable[OpeningRow], faults: Faults) -> list[Entry]:
    """Lines that can be read, with the chain of the log checked."""
    entries: list[Entry] = []
    head = START
    for number, row in enumerate(rows, start=1):
        where = f"opening log line {row.id}"
        faults.check(row.id == number, f"{where}: stands at place {number}; lines were taken out or moved")
        follows = 0 <= row.id < 1 << 63 and head_after(head, row) == row.head
        faults.check(follows, f"{where}: the head does not follow: a line was changed or moved")
        head = row.head
        try:
            entries.append(Entry(row))
        except PolicyError as error:  # it names the line itself
            faults.add(str(error))
    return entries


def _check_entry(entry: Entry, before: Sequence[Entry], rings: Mapping[bytes, KeyRing]) -> None:
    """Who, when, and in which order."""
    body = entry.body
    if isinstance(body, Upgraded):
        if entry.row.id != 1:
            msg = "says that the ledger was brought up to date, which can only be the first line; it was put in later"
            raise PolicyError(msg)
        return
    ring = ring_of(body.statement, rings)
    check_stage(body.statement, steps(before))
    check_openings_head(body.statement, before)
    if isinstance(body, Approved):
        body.limits.check_allowed(ring)
        check_approvals(body.statement, body.approvals, ring, entry.row.booked_ns)
    elif _approval_of(entry, before) is None:
        msg = f"{body.statement.title}: was done without approvals in the log"
        raise PolicyError(msg)


def check_content(entry: Entry, before: Sequence[Entry], store: SealedStore, walk: Walk) -> None:
    """Check block and counts of a line against the chain.

    Raises
    ------
    PolicyError
    """
    body = entry.body
    if isinstance(body, Upgraded):
        return  # held against the rows by the walk
    approved = body if isinstance(body, Approved) else _approval_of(entry, before)
    if approved is None:
        return  # told above
    block = check_block(body.statement, walk, approved.limits, approved.n_sealed)
    if isinstance(body, Done):
        _check_done(body, block, entry.row.proof, store)
        if body.statement.stage == "CR_VALIDATION":
            _, p = validate(body.statement, before)
            _same("P value", body.p_value, format_p(p))


def format_p(p: float) -> str:
    """P value as it is booked."""
    return f"{p:.6g}"


def _check_done(body: Done, block: Sequence[Place], proof: bytes, store: SealedStore) -> None:
    names = compartments_of(body.statement)
    _same("compartments", [one.compartment for one in body.opened], list(names))
    _same("spills", body.spills, len(block))
    _same("protons", body.pot, pot_of(block))
    _same("digest of the block", body.block, block_digest((place.index, place.head) for place in block))
    size = len(block) * RECORD_BYTES
    _same("bytes of the proof", len(proof), size * len(names))
    wanted = {place.index for place in block}
    for i, one in enumerate(body.opened):
        rows = store.sealed(body.statement.first_index, body.statement.last_index)
        part = proof[i * size : (i + 1) * size]
        total = check_proof(one.compartment, part, (row for row in rows if row.index in wanted))
        _same(f"count of {one.compartment}", one.count, total)


def _same(what: str, said: object, found: object) -> None:
    if said != found:
        msg = f"{what}: the log says {said}, the chain gives {found}"
        raise PolicyError(msg)


def _approval_of(entry: Entry, before: Sequence[Entry]) -> Approved | None:
    """Line in which the statement of a `done` line was approved."""
    body = entry.body
    for other in before:
        if isinstance(body, Done) and isinstance(other.body, Approved) and other.body.statement == body.statement:
            return other.body
    return None
