"""Opened events: what people are shown of them."""

from __future__ import annotations

from typing import Any

from daq.errors import DataError
from streaming.event_bytes import unpack_event

OpenedEvent = tuple[int, int, bytes]
"""Run, burst, bytes of the event."""


def summary(name: str, event: OpenedEvent) -> dict[str, Any]:
    """Run, burst, event number and tracks of one opened event of a compartment."""
    run, burst, data = event
    place: dict[str, Any] = {"compartment": name, "run": run, "burst": burst}
    try:
        frame = unpack_event(data)
    except DataError as error:
        return place | {"event_number": None, "tracks": [], "fault": str(error)}
    header = {key: int(frame.header[key][0]) for key in ("event_number", "timestamp", "trigger_flags")}
    fields = frame.detectors["straw"].fields
    names = ("x", "y", "tx", "ty", "p", "charge", "kaon")
    rows = zip(*(fields[key].tolist() for key in names), strict=True)
    hits = {key: int(part.offsets[-1]) for key, part in frame.detectors.items() if key != "straw"}
    return place | header | {"tracks": [dict(zip(names, row, strict=True)) for row in rows], "hits": hits}
