"""A new statement, made from the ledger: what the custodians are asked to sign."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from daq.errors import ConfigError, PolicyError
from daq.version import PROGRAM_VERSION
from monitor.sealed.audit import Examined
from monitor.sealed.entries import find_done
from monitor.sealed.incomplete import check_accepted, counted
from monitor.sealed.keyring import KeyRing
from monitor.sealed.seal import drill_count
from monitor.sealed.stages import compartments_of
from monitor.sealed.statement import StageName, Statement
from streaming.sealing.keys import DRILL

DAY_NS = 86_400 * 10**9


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be opened.

    last : None is the newest spill
    expected, min_p : None takes what was registered with the CR of the block
    days : how long the approvals hold, from `not_before_ns`
    accept_incomplete : spills of the block whose sealed counts are known to be incomplete
    """

    channel: str
    stage: StageName
    first: int = 0
    last: int | None = None
    expected: str | None = None
    min_p: str | None = None
    not_before_ns: int = 0
    days: float = 7.0
    accept_incomplete: int = 0


def draft(wish: Wish, seen: Examined, rings: Mapping[bytes, KeyRing]) -> Statement:
    """Make a statement of what is asked for, from a ledger that verifies.

    Raises
    ------
    PolicyError, ConfigError
        The ledger does not verify, the block is not in it, the registered expectation is missing, or sealed counts of
        the block are incomplete and not accepted by their number.
    """
    seen.check()
    places = seen.walk.places
    last = len(places) - 1 if wish.last is None else wish.last
    if not 0 <= wish.first <= last < len(places):
        msg = f"block: spills {wish.first}-{last}, but the chain has {len(places)} spills; see `dumpwatch blind status`"
        raise PolicyError(msg)
    place = places[last]
    if place.facts is None or place.keys_digest not in rings:
        msg = f"block: {place.name} has no public row, or another key set; see `dumpwatch blind audit`"
        raise PolicyError(msg)
    content = {
        "schema": "dumpwatch.opening/1",
        "channel": wish.channel,
        "stage": wish.stage,
        "first_index": wish.first,
        "last_index": last,
        "head": place.head.hex(),
        "keys_digest": place.keys_digest.hex(),
        "config_digest": place.facts.conditions["config_digest"],
        "mask_digest": place.facts.conditions["mask_digest"],
        "program": PROGRAM_VERSION,
        "expected": "0" if wish.expected is None else wish.expected,
        "min_p_value": "0" if wish.min_p is None else wish.min_p,
        "not_before_ns": wish.not_before_ns,
        "not_after_ns": wish.not_before_ns + round(wish.days * DAY_NS),
        "accepted_incomplete": wish.accept_incomplete,
        "openings_head": seen.openings_head.hex(),
        "nonce": secrets.token_hex(16),
    }
    statement = Statement.of(content)
    compartments_of(statement)
    if wish.stage in ("CR", "SR"):
        check_accepted(wish.accept_incomplete, counted(places, wish.first, last))
    return Statement.of(content | _rule(wish, statement, seen))


def _rule(wish: Wish, statement: Statement, seen: Examined) -> dict[str, str]:
    """Expectation and rule: as given, as registered, or as known."""
    if wish.channel == DRILL:
        block = counted(seen.walk.places, statement.first_index, statement.last_index)
        return {"expected": str(sum(drill_count(*place.burst) for place in block)), "min_p_value": "0"}
    given = {"expected": wish.expected, "min_p_value": wish.min_p}
    if wish.stage == "CR_VALIDATION":
        opened = find_done(seen.entries, "CR", statement)
        if opened is not None:
            registered = {"expected": opened.statement.expected, "min_p_value": opened.statement.min_p_value}
            return {name: text or registered[name] for name, text in given.items()}
    missing = [name for name, text in {"--expected": wish.expected, "--min-p": wish.min_p}.items() if text is None]
    if missing:
        msg = f"{statement.title}: {' and '.join(missing)} missing: what is expected is registered before the opening"
        raise ConfigError(msg)
    return {name: text for name, text in given.items() if text is not None}
