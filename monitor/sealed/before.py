"""Rows that were booked before their ledger could seal: which they are, so that they are not taken for removed ones.

When a ledger of a schema without sealed spills is brought up to date, the first line of its opening log says so. Like
every line of that log it can neither be changed nor be put in later without being seen.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pydantic import ValidationError

from daq.errors import PolicyError
from monitor.sealed.body import Upgraded
from monitor.sealed.model import OpeningRow
from monitor.sealed.openlog import START, head_after
from monitor.sealed.store import PublicRow, RowKey

_ROWS = b"dumpwatch/rows/1\0"


class EarlyRows:
    """The rows at the beginning of the books, while they are gone through in the order of their commits.

    line : what the opening log says of them; None where it says nothing
    """

    def __init__(self, line: Upgraded | None) -> None:
        self._line = line
        self._digest = hashlib.sha256(_ROWS)
        self._keys: set[RowKey] = set()

    def see(self, row: PublicRow) -> None:
        """Take in the next row."""
        if self._line is not None and len(self._keys) < self._line.rows:
            self._digest.update(_content(row))
            self._keys.add(row.key)

    def keys(self) -> set[RowKey]:
        """Rows that need no sealed one.

        Raises
        ------
        PolicyError
            The log speaks of other rows.
        """
        if self._line is None:
            return set()
        if (len(self._keys), self._digest.hexdigest()) != (self._line.rows, self._line.digest):
            msg = f"the first {self._line.rows} rows are not those that the opening log says were there before sealing"
            raise PolicyError(msg)
        return self._keys


def upgraded_line(log: Sequence[OpeningRow]) -> Upgraded | None:
    """What the first line of an opening log says of earlier rows; None when it is no such line, or unreadable."""
    if not log or log[0].kind != "upgraded":
        return None
    try:
        return Upgraded.model_validate_json(log[0].body)
    except ValidationError:
        return None  # told where the log is audited


def first_line(schema: str, rows: Iterable[PublicRow], now_ns: int) -> OpeningRow | None:
    """Make the first line of the opening log of a ledger that is brought up to date; None for one without rows."""
    n, digest = digest_of(rows)
    if n == 0:
        return None
    body = Upgraded(ledger=schema, rows=n, digest=digest).canonical()
    line = OpeningRow(1, "upgraded", body, b"", b"", now_ns)
    return replace(line, head=head_after(START, line))


def digest_of(rows: Iterable[PublicRow]) -> tuple[int, str]:
    """Number and digest of public rows in the order of their commits."""
    digest, n = hashlib.sha256(_ROWS), 0
    for row in rows:
        digest.update(_content(row))
        n += 1
    return n, digest.hexdigest()


def _content(row: PublicRow) -> bytes:
    return struct.pack("<qqq", *row.key) + hashlib.sha256(row.document.encode()).digest()
