"""What stands in the lines of the opening log: `approved` before anything is opened, `done` with what was found.

A ledger that was there before spills were sealed has a first line `upgraded`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field, ValidationError

from daq.errors import PolicyError
from monitor.sealed.block import Limits
from monitor.sealed.body import Body, Upgraded
from monitor.sealed.model import OpeningRow
from monitor.sealed.statement import Approval, Statement

Recount = Literal["agrees", "differs", "not done"]


class Approved(Body):
    """Enough custodians agreed; the opening may begin."""

    statement: Statement
    approvals: tuple[Approval, ...]
    n_sealed: int = Field(ge=0)
    """Length of the chain at this time."""
    min_spills: int = Field(ge=0)
    min_pot_fraction: float = Field(ge=0, le=1)

    @property
    def limits(self) -> Limits:
        """Least size of the block that was asked for."""
        return Limits(self.min_spills, self.min_pot_fraction)


class OpenedCount(Body):
    """One compartment of a block."""

    compartment: str
    count: int = Field(ge=0)
    events: int = Field(ge=0)
    """Of these, candidates with their content in a slot."""


class Done(Body):
    """What an opening found. The proof of the line holds the records of all compartments, one after the other."""

    statement: Statement
    opened: tuple[OpenedCount, ...]
    spills: int
    """Spills that count; of a burst with several rows the newest one."""
    pot: int
    block: str
    """Digest of their places and heads."""
    recount: Recount
    p_value: str | None = None
    """Of a validation."""


class Entry:
    """One line of the opening log, read."""

    __slots__ = ("body", "row")

    def __init__(self, row: OpeningRow) -> None:
        kinds: dict[str, type[Approved | Done | Upgraded]] = {"approved": Approved, "done": Done, "upgraded": Upgraded}
        self.row = row
        try:
            self.body: Approved | Done | Upgraded = kinds[row.kind].model_validate_json(row.body)
        except (KeyError, ValidationError):
            msg = f"opening log line {row.id}: is not a line of this version, or was changed"
            raise PolicyError(msg) from None

    @property
    def step(self) -> tuple[str, Statement] | None:
        """Kind and statement, for the stages; None for a line that is about no opening."""
        return None if isinstance(self.body, Upgraded) else (self.row.kind, self.body.statement)


def steps(entries: Sequence[Entry]) -> list[tuple[str, Statement]]:
    """Kind and statement of every line about an opening."""
    return [entry.step for entry in entries if entry.step is not None]


def find_done(entries: Sequence[Entry], stage: str, like: Statement) -> Done | None:
    """The line that closed a stage of the block of a statement."""
    block = (like.channel, like.first_index, like.last_index)
    for entry in entries:
        body = entry.body
        if isinstance(body, Done) and body.statement.stage == stage and block == _block(body.statement):
            return body
    return None


def _block(statement: Statement) -> tuple[str, int, int]:
    return statement.channel, statement.first_index, statement.last_index
