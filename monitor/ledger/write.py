"""Rows for one spill, and the one transaction that books them."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from daq.errors import StoreError
from daq.version import PROGRAM_VERSION
from monitor.ledger import schema
from monitor.spill import Spill
from streaming.tally import CHANNELS, COUNTS, HISTOGRAMS, OPEN_REGIONS, Tally

B2_STEP_A = 5
"""Readings of B2 are booked under the nearest multiple of this [A], so that one setting is one line."""

_INT64 = range(-(2**63), 2**63)


def tally_layout() -> str:
    """Digest of the names and axes behind the words of a packed tally."""
    axes = {name: [asdict(axis) for axis in axes] for name, axes in HISTOGRAMS.items()}
    text = json.dumps([CHANNELS, OPEN_REGIONS, COUNTS, axes])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def pack_tally(tally: Tally) -> bytes:
    """Pack a tally for the ledger. It is public, so its compressed size tells nothing that it does not tell itself."""
    return zlib.compress(tally.pack(), 6)


def unpack_tally(blob: bytes) -> Tally:
    """Inverse of `pack_tally`."""
    return Tally.unpack(zlib.decompress(blob))


def utc_day(time_ns: int) -> str:
    """UTC day of a wall-clock time, `unknown` for a clock that cannot be right."""
    try:
        return datetime.fromtimestamp(time_ns / 1e9, UTC).strftime("%Y-%m-%d")
    except (OverflowError, ValueError, OSError):
        return "unknown"


def content_values(spill: Spill, tally: Tally, entry: int, booked_ns: int) -> dict[str, Any]:
    """Columns that a first row and a correction share."""
    if spill.sob_time_ns not in _INT64 or any(n not in _INT64 for n in (spill.n_events, spill.pot or 0)):
        msg = f"run {spill.run} burst {spill.burst}: a number does not fit 64 bits; the spill is not booked"
        raise StoreError(msg)
    b2 = spill.b2_current_a
    return {
        "entry": entry,
        "state": spill.state,
        "mode": spill.mode,
        "sob_time_ns": spill.sob_time_ns,
        "day": utc_day(spill.sob_time_ns),
        "pot": spill.pot,
        "b2_setting_a": None if b2 is None or abs(b2) > 1e6 else round(b2 / B2_STEP_A) * B2_STEP_A,
        "n_frames": spill.n_frames,
        "n_events": spill.n_events,
        "n_counted": spill.n_counted,
        "n_missing": spill.n_missing,
        "document": spill.model_dump_json(),
        "tally": pack_tally(tally),
        "tally_layout": tally_layout(),
        "content_digest": spill.content_digest,
        "program": PROGRAM_VERSION,
        "booked_ns": booked_ns,
    }


def insert_details(connection: sa.Connection, spill: Spill, revision: int) -> None:
    """Book triggers, open-region candidates and quality flags of one row."""
    key = {"run": spill.run, "burst": spill.burst, "revision": revision}
    triggers = [{**key, "name": name, **mask.model_dump()} for name, mask in spill.triggers.items()]
    regions = [
        {**key, "channel": channel, "region": region, "n": n}
        for channel, counts in spill.candidates.items()
        for region, n in counts.items()
    ]
    flags = [{**key, "flag": flag.value} for flag in spill.quality]
    rows = ((schema.spill_trigger, triggers), (schema.spill_candidate, regions), (schema.spill_quality, flags))
    for table, values in rows:
        if values:
            connection.execute(table.insert(), values)


def lock_and_next_entry(connection: sa.Connection) -> int:
    """Make all writers wait for each other, and number the row to come."""
    connection.execute(sa.select(schema.meta.c.value).where(schema.meta.c.key == "schema").with_for_update())
    last = [connection.scalar(sa.select(sa.func.max(t.c.entry))) or 0 for t in (schema.spill, schema.correction)]
    return max(last) + 1


def revisions_of(connection: sa.Connection, spill: Spill) -> list[Mapping[str, Any]]:
    """Document and tally of every row of a burst, oldest first."""
    first, later = schema.spill, schema.correction
    shared = ("state", "document", "tally", "tally_layout")
    rows = [
        *connection.execute(
            sa.select(sa.literal(0).label("revision"), *(first.c[n] for n in shared)).where(
                first.c.run == spill.run, first.c.burst == spill.burst
            )
        ).mappings(),
        *connection.execute(
            sa.select(later.c.revision, *(later.c[n] for n in shared))
            .where(later.c.run == spill.run, later.c.burst == spill.burst)
            .order_by(later.c.revision)
        ).mappings(),
    ]
    return [dict(row) for row in rows]


def is_same(row: Mapping[str, Any], spill: Spill, tally: Tally) -> bool:
    """Whether a booked row holds the same content, the wall clock aside."""
    if Spill.model_validate_json(row["document"]).content() != spill.content():
        return False
    return row["tally_layout"] != tally_layout() or zlib.decompress(row["tally"]) == tally.pack()
