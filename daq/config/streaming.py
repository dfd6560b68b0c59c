"""Frames, credits, closure and network policy."""

from __future__ import annotations

from daq.config.base import Section, known


class StreamingConfig(Section):
    """How frames are cut, moved and closed. No key here changes a physics number."""

    frame_events: int = known(16384, "largest number of events in a frame", ge=1, le=65536)
    credits: int = known(2, "frames a worker may hold at once", ge=1, le=64)
    stall_seconds: float = known(1.0, "without progress for so long, missing frames are asked for again [s]", gt=0)
    give_up_seconds: float = known(
        600.0, "without an answer of the source so long, a burst is booked INCOMPLETE [s]", gt=0
    )
    max_attempts: int = known(8, "times one frame is handed out before it is set aside as poison", ge=1)
    bursts_in_flight: int = known(3, "uncommitted bursts after which the source waits", ge=1, le=64)
    sync_seconds: float = known(1.0, "longest time between two fdatasync of the journal [s]", gt=0)
    drain_seconds: float = known(20.0, "longest time a stopping role waits for its work to be finished [s]", gt=0)
    max_frame_bytes: int = known(64 * 1024 * 1024, "a larger frame is refused before it is read [bytes]", ge=1 << 16)
    curve_directory: str = known("", "folder with CURVE keys; needed for any endpoint that is not ipc or loopback")
