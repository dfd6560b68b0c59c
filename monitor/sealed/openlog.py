"""The hash chain of the opening log. Pure; the ledger calls it in the transaction that writes a line."""

from __future__ import annotations

import hashlib
import struct

from monitor.sealed.model import OpeningRow

START = hashlib.sha256(b"dumpwatch/openings/1").digest()
"""Head of an empty log."""


def head_after(head: bytes, row: OpeningRow) -> bytes:
    """Head after one more line: it depends on everything in the line but its own head."""
    kind = row.kind.encode()
    place = struct.pack("<QqH", row.id, row.booked_ns, len(kind)) + kind
    content = hashlib.sha256(row.body.encode()).digest() + hashlib.sha256(row.proof).digest()
    return hashlib.sha256(b"\x02" + head + place + content).digest()
