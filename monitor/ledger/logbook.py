"""The ledger's operations log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.ledger import log as lines
from monitor.ledger import write
from monitor.ledger.store import Store


class Logbook(Store):
    """Comments, acknowledgements, re-bases and alerts, append-only."""

    def add_log(
        self,
        *,
        kind: lines.LogKind,
        who: str,
        text: str,
        run: int | None = None,
        burst: int | None = None,
        subject: str | None = None,
        document: Mapping[str, Any] | None = None,
    ) -> lines.LogRow:
        """Write a line of the operations log.

        Raises
        ------
        StoreError
            No name, no text, an unknown kind, or a ledger that can't be written.
        """
        values = {"kind": kind, "who": who, "text": text, "run": run, "burst": burst, "subject": subject}
        lines.check_line(values, self._name)
        with self._transaction(write_lock=True) as connection:
            write.lock_and_next_entry(connection)
            return lines.insert(connection, {**values, "document": document}, self._now_ns())

    def log(
        self,
        kind: lines.LogKind | None = None,
        run: int | None = None,
        burst: int | None = None,
        subject: str | None = None,
        last: int | None = None,
    ) -> list[lines.LogRow]:
        """Read the newest lines of the operations log, oldest first."""
        with self._transaction() as connection:
            return lines.select(connection, lines.LogFilter(kind, run, burst, subject, last))
