"""Re-basing: a new reference is a line of the operations log, never a change of the old one. The newest line holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, Protocol

from daq.errors import ConfigError
from monitor.alarms.reference import Reference

KIND: Final = "rebase"

SUBJECT = "alarm-reference"


class Line(Protocol):
    """What is needed of a line of the log."""

    @property
    def id(self) -> int:
        """Number of the line."""

    @property
    def subject(self) -> str | None:
        """What it is about."""

    @property
    def document(self) -> dict[str, Any] | None:
        """The reference."""


class Log(Protocol):
    """What is needed of the ledger to write a re-base."""

    def add_log(
        self, *, kind: Literal["rebase"], who: str, text: str, subject: str, document: Mapping[str, Any]
    ) -> object:
        """Append a line."""


def reference_in_force(lines: Sequence[Line]) -> Reference | None:
    """Give the reference of the newest re-base, None when there was none.

    Raises
    ------
    ConfigError
        The newest line holds no reference that this program can read. It is not passed over in silence: an older
        reference would judge against what an operator has replaced.
    """
    found = [line for line in lines if line.subject == SUBJECT]
    if not found:
        return None
    newest = max(found, key=lambda line: line.id)
    where = f"line {newest.id} of the operations log"
    if newest.document is None:
        msg = f"alarm reference {where}: it holds no document; re-base again"
        raise ConfigError(msg)
    return Reference.checked(newest.document, where)


def rebase(log: Log, reference: Reference, who: str, why: str) -> None:
    """Put a reference into force."""
    log.add_log(kind=KIND, who=who, text=why, subject=SUBJECT, document=reference.model_dump(mode="json"))
