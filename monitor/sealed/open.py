"""The opener: everything is checked first, then the approvals are booked, then a block is opened and booked.

Nothing is opened that is not in the log before; nothing is shown that is not in the log afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from daq.errors import PolicyError
from daq.version import PROGRAM_VERSION
from monitor.sealed.audit import NOBODY, Witness, examine
from monitor.sealed.audit_log import format_p
from monitor.sealed.block import RULE, Limits, check_block, pot_of
from monitor.sealed.entries import Approved, Done, Entry, OpenedCount, Recount, steps
from monitor.sealed.events import summary
from monitor.sealed.keyring import Custodian, KeyRing
from monitor.sealed.opening import OpenedCompartment, block_digest, open_compartment, private_key
from monitor.sealed.openlog import START
from monitor.sealed.recount import Recounter
from monitor.sealed.rules import check_openings_head, ring_of, validate
from monitor.sealed.seal import drill_count
from monitor.sealed.stages import check_stage, compartments_of
from monitor.sealed.statement import Approval, Statement, check_approvals
from monitor.sealed.store import SealedStore
from monitor.sealed.walk import Place
from streaming.sealing.keys import DRILL


@dataclass(frozen=True, slots=True)
class Request:
    """What people bring to an opening.

    recounter : None opens without counting the events again
    """

    statement: Statement
    approvals: tuple[Approval, ...]
    custodians: tuple[Custodian, ...]
    limits: Limits = RULE
    recounter: Recounter | None = None
    witness: Witness = NOBODY


@dataclass(frozen=True, slots=True)
class Opened:
    """What an opening found, after it was booked."""

    done: Done
    events: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Ready:
    """A block that may be opened, with its keys."""

    block: list[Place]
    keys: dict[str, X25519PrivateKey]
    entries: list[Entry]
    n_sealed: int
    p_value: str | None


def open_block(store: SealedStore, rings: Mapping[bytes, KeyRing], request: Request, now_ns: int) -> Opened:
    """Open the compartments of a statement, or validate an opened CR.

    Raises
    ------
    PolicyError
        Any check failed: nothing was opened.
    """
    ready = _check(store, rings, request, now_ns)
    head = _book_approvals(store, request, ready)
    statement = request.statement
    wanted = {place.index for place in ready.block}
    opened = []
    for name, key in ready.keys.items():
        rows = store.sealed(statement.first_index, statement.last_index)
        opened.append(open_compartment(name, key, (row for row in rows if row.index in wanted)))
    done = Done(
        statement=statement,
        opened=tuple(OpenedCount(compartment=o.name, count=o.total, events=len(o.events)) for o in opened),
        spills=len(ready.block),
        pot=pot_of(ready.block),
        block=block_digest((place.index, place.head) for place in ready.block),
        recount=_recount(request, opened),
        p_value=ready.p_value,
    )
    store.add_opening(head, "done", done.canonical(), b"".join(one.proof() for one in opened))
    return Opened(done, [summary(one.name, event) for one in opened for event in one.events])


def _check(store: SealedStore, rings: Mapping[bytes, KeyRing], request: Request, now_ns: int) -> _Ready:
    """Everything that can be refused without a private key, and at last the joining of the shares."""
    statement = request.statement
    ring = ring_of(statement, rings)
    names = compartments_of(statement)
    if statement.program != PROGRAM_VERSION:
        msg = f"statement: was made with program {statement.program}, this is {PROGRAM_VERSION}; make a new one"
        raise PolicyError(msg)
    request.limits.check_allowed(ring)
    check_approvals(statement, request.approvals, ring, now_ns)
    seen = examine(store, rings, request.witness)
    seen.check()
    entries = seen.entries
    check_stage(statement, steps(entries))
    check_openings_head(statement, entries)
    block = check_block(statement, seen.walk, request.limits)
    p_value = format_p(validate(statement, entries)[1]) if statement.stage == "CR_VALIDATION" else None
    if request.recounter is not None and statement.stage in ("CR", "SR"):
        request.recounter.check(statement)
    keys = {name: private_key(name, request.custodians, ring) for name in names}
    return _Ready(block, keys, entries, len(seen.walk.places), p_value)


def _book_approvals(store: SealedStore, request: Request, ready: _Ready) -> bytes:
    """Head of the log after the approvals; they are there already when an opening was cut short."""
    head = ready.entries[-1].row.head if ready.entries else START
    if any(entry.step == ("approved", request.statement) for entry in ready.entries):
        return head
    body = Approved(
        statement=request.statement,
        approvals=request.approvals,
        n_sealed=ready.n_sealed,
        min_spills=request.limits.spills,
        min_pot_fraction=request.limits.pot_fraction,
    )
    return store.add_opening(head, "approved", body.canonical(), b"").head


def _recount(request: Request, opened: Sequence[OpenedCompartment]) -> Recount:
    if request.statement.channel == DRILL:
        right = all(r.count == drill_count(r.run, r.burst) for one in opened for r in one.records)
        return "agrees" if right else "differs"
    if request.recounter is None or not opened:
        return "not done"
    agree = all(len(one.events) <= one.total and request.recounter.agrees(one.name, one.events) for one in opened)
    return "agrees" if agree else "differs"
