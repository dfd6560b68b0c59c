"""Small frames and records for the tests of codec, recording, closure and services."""

from __future__ import annotations

import numpy as np

from daq.frame import EventFrame, Jagged
from daq.model import DETECTORS, HEADER
from daq.records import EobRecord, SobRecord


def small_frame(n_events: int, first: int = 0, per_event: int = 2) -> EventFrame:
    """A frame with `per_event` rows in every list and recognisable numbers."""
    header = {c.name: (np.arange(n_events) + first).astype(c.dtype) for c in HEADER}
    offsets = (np.arange(n_events + 1) * per_event).astype(np.int32)
    lists = {
        name: Jagged(offsets, {c.name: np.arange(n_events * per_event).astype(c.dtype) for c in columns})
        for name, columns in DETECTORS.items()
    }
    return EventFrame(header, lists)


def sob_record(run: int = 1, burst: int = 1) -> SobRecord:
    return SobRecord(run=run, burst=burst, sob_time_ns=1, mode="EMULATED", config_digest="c", mask_digest="m")


def eob_record(run: int = 1, burst: int = 1, n_frames: int = 0, n_events: int = 0, digest: str = "") -> EobRecord:
    return EobRecord(
        run=run,
        burst=burst,
        end="NORMAL",
        n_frames=n_frames,
        n_events=n_events,
        frames_digest=digest,
        beam=None,
        masks={},
        primitives={},
        n_choked=0,
        dead_ticks=0,
        spill_ticks=192_000_000,
    )
