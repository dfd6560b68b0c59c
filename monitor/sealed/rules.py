"""Rules that the opener obeys and the audit repeats, from the same lines of code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from daq.errors import PolicyError
from monitor.sealed.entries import Done, Entry, find_done
from monitor.sealed.keyring import KeyRing
from monitor.sealed.openlog import START
from monitor.sealed.statement import Statement
from monitor.sealed.validation import check_agreement


def ring_of(statement: Statement, rings: Mapping[bytes, KeyRing]) -> KeyRing:
    """Key set that a statement was made for.

    Raises
    ------
    PolicyError
    """
    for digest, ring in rings.items():
        if digest.hex() == statement.keys_digest:
            return ring
    have = ", ".join(digest.hex()[:16] for digest in rings) or "none"
    msg = f"statement: was made for key set {statement.keys_digest[:16]}, given {have}; name the right one with --keys"
    raise PolicyError(msg)


def check_openings_head(statement: Statement, entries: Sequence[Entry]) -> None:
    """Refuse when the opening log that the custodians knew of is not part of this one.

    Raises
    ------
    PolicyError
    """
    if statement.openings_head not in {START.hex(), *(entry.row.head.hex() for entry in entries)}:
        msg = (
            f"statement: was made when the opening log ended in {statement.openings_head[:16]}..., which this log does "
            "not contain; lines were taken out or changed"
        )
        raise PolicyError(msg)


def check_registered(statement: Statement, entries: Sequence[Entry]) -> Done:
    """What the CR of the block gave, if the rule is the one that was registered before it was opened.

    Raises
    ------
    PolicyError
    """
    opened = find_done(entries, "CR", statement)
    if opened is None:
        msg = f"{statement.title}: the CR of this block is not open, so there is nothing to validate"
        raise PolicyError(msg)
    first = opened.statement
    registered = (first.expected, first.min_p_value)
    if (statement.expected, statement.min_p_value) != registered:
        msg = (
            f"{statement.title}: expected {statement.expected} and rule {statement.min_p_value}, registered before the "
            f"opening were {registered[0]} and {registered[1]}; the rule cannot be changed afterwards"
        )
        raise PolicyError(msg)
    if opened.recount == "differs":
        msg = f"{statement.title}: the recount of the opened events differed; clear this up before the SR"
        raise PolicyError(msg)
    return opened


def validate(statement: Statement, entries: Sequence[Entry]) -> tuple[Done, float]:
    """Opened CR of the block and its P value.

    Raises
    ------
    PolicyError
    """
    opened = check_registered(statement, entries)
    return opened, check_agreement(statement, opened.opened[0].count)
