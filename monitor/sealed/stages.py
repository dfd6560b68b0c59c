"""The one-way stages of an opening, by channel and block of spills, from the entries of the opening log. Pure.

    SEALED -> CR_APPROVED -> CR_OPEN -> CR_VALIDATED -> SR_APPROVED -> SR_OPEN

A block is opened once, CR before SR, and no block of a channel overlaps another one: opening two blocks that differ
in a few spills would open those few.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum

from daq.errors import PolicyError
from monitor.sealed.statement import Statement
from streaming.masked import SEALED_CHANNELS
from streaming.sealing.keys import DRILL, compartment


class Stage(IntEnum):
    """How far the opening of a channel and block has come."""

    SEALED = 0
    CR_APPROVED = 1
    CR_OPEN = 2
    CR_VALIDATED = 3
    SR_APPROVED = 4
    SR_OPEN = 5


NEXT: dict[str, tuple[Stage, Stage]] = {
    "CR": (Stage.SEALED, Stage.CR_OPEN),
    "CR_VALIDATION": (Stage.CR_OPEN, Stage.CR_VALIDATED),
    "SR": (Stage.CR_VALIDATED, Stage.SR_OPEN),
}
"""Stage of a statement -> where the block has to be, and where it is afterwards."""

APPROVED: dict[str, Stage] = {"CR": Stage.CR_APPROVED, "SR": Stage.SR_APPROVED}
"""Where a block is between the entry of the approvals and that of the opened counts."""

Block = tuple[str, int, int]
"""Channel, first and last place in the chain."""


def block_of(statement: Statement) -> Block:
    """Block that a statement is about."""
    return statement.channel, statement.first_index, statement.last_index


def stages(log: Iterable[tuple[str, Statement]]) -> dict[Block, Stage]:
    """Stage of every block that the log names; `log` holds (kind, statement) in order."""
    found: dict[Block, Stage] = {}
    for kind, statement in log:
        if statement.channel == DRILL:
            continue
        approved = kind == "approved" and statement.stage in APPROVED
        if approved or kind == "done":
            stage = APPROVED[statement.stage] if approved else NEXT[statement.stage][1]
            found[block_of(statement)] = max(stage, found.get(block_of(statement), Stage.SEALED))
    return found


def check_stage(statement: Statement, log: Sequence[tuple[str, Statement]]) -> None:
    """Refuse a step out of order, a second opening, and a block that overlaps another.

    Raises
    ------
    PolicyError
    """
    if any(statement.nonce == other.nonce and kind == "done" for kind, other in log):
        msg = f"statement {statement.digest()[:16]}: was carried out before; every opening needs its own"
        raise PolicyError(msg)
    if statement.channel == DRILL:
        return
    found = stages(log)
    for channel, first, last in found:
        same = (first, last) == (statement.first_index, statement.last_index)
        apart = last < statement.first_index or statement.last_index < first
        if channel == statement.channel and not (same or apart):
            msg = (
                f"{channel}: spills {statement.first_index}-{statement.last_index} overlap the block {first}-{last}, "
                "which is being opened; what differs between two blocks must not be opened alone"
            )
            raise PolicyError(msg)
    now = found.get(block_of(statement), Stage.SEALED)
    wanted = NEXT[statement.stage][0]
    allowed = {wanted, APPROVED.get(statement.stage, wanted)}
    if now not in allowed:
        msg = (
            f"{statement.channel}: the block {statement.first_index}-{statement.last_index} is at {now.name}, "
            f"{statement.stage} wants it at {wanted.name}; stages go one way and one by one"
        )
        raise PolicyError(msg)


def compartments_of(statement: Statement) -> tuple[str, ...]:
    """Compartments that a statement opens: CR; SR with the K_S window; the drill.

    Raises
    ------
    PolicyError
        Unknown channel, or a stage that the channel does not have.
    """
    if statement.channel == DRILL and statement.stage == "DRILL":
        return (DRILL,)
    if statement.channel not in SEALED_CHANNELS or statement.stage == "DRILL":
        msg = f"channel '{statement.channel}' with stage {statement.stage}: wanted one of {', '.join(SEALED_CHANNELS)}"
        raise PolicyError(msg)
    regions = {"CR": ("CR",), "SR": ("SR", "KS")}.get(statement.stage, ())
    return tuple(compartment(statement.channel, region) for region in regions)
