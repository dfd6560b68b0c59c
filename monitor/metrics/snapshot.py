"""What a scrape shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from monitor.alarms.model import Alarm, StreamView
from monitor.spill import Spill
from monitor.totals import Totals


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Sums over the ledger, its newest spill, what the alarm desk says, and what the chain says of itself.

    None, or a missing key, is unknown and is not exported: unknown is never zero.
    """

    totals: Totals | None
    """None while there is no ledger to read."""
    last_spill: Spill | None = None
    chain: Mapping[str, object] = field(default_factory=dict)
    """Provisional status, as `monitor.api.status.Chain`."""
    streams: Sequence[StreamView] = ()
    alarms: Sequence[Alarm] = ()
    viewers: int | None = None
    last_spill_booked_ns: int | None = None
    """Wall clock at which the newest row was committed [ns]."""
    good_spills: int | None = None
    sealed_chain_spills: int | None = None
    """Length of the chain of sealed spills."""
    http_refused: Mapping[str, int] | None = None
    """Refused requests by reason."""
    disk_free_ratio: float | None = None
    """Free part of the disk that holds the ledger."""
