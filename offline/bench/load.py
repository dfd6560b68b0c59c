"""Recorded bursts to load the chain with: emulated events, padded to a given size."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from daq.config import Config
from daq.errors import TransportError
from daq.frame import EventFrame, Jagged, decode_frame, encode_frame
from daq.model import DETECTORS
from daq.recording import Journal, RecordedBurst, seal
from daq.records import EobRecord
from streaming.services.producer import Appended, EmulationPlan, Ended, Producer, Started, emulate
from streaming.services.source_burst import SourceBurst

BENCH_RUN = 999_999
PADDING = "muv12"
"""Detector whose lists are filled up: real events carry calorimeter cells that the emulated detector does not make."""


class _Collect(Producer):
    """Keeps what a producer says instead of handing it to a source."""

    def __init__(self) -> None:
        super().__init__(lambda _: None, 1, lambda: None)
        self.burst: SourceBurst | None = None
        self.eob: EobRecord | None = None

    def put(self, event: object) -> None:
        match event:
            case Started(burst):
                self.burst = burst
            case Ended(_, eob):
                self.eob = eob
            case Appended(_, frame) if self.burst is not None:
                self.burst.frames.append(frame)


def record_burst(config: Config, folder: Path, bytes_per_event: float, max_frames: int | None = None) -> RecordedBurst:
    """Record one emulated burst, pad its events to `bytes_per_event`, keep its first `max_frames` frames."""
    made = _Collect()
    emulate(EmulationPlan(config, 1, BENCH_RUN, [1], folder / "plain", 0.0, 0, 14.4), made)
    burst, eob = made.burst, made.eob
    if burst is None or eob is None:
        msg = "benchmark: the emulated detector gave no burst"
        raise TransportError(msg)
    journal = Journal(folder / "padded", burst.sob)
    for frame in burst.frames[:max_frames]:
        padded = pad_frame(decode_frame(burst.payload(frame.seq)), bytes_per_event - frame.length / frame.n_events)
        journal.append(encode_frame(padded), frame.n_events)
    burst.close()
    n_events = sum(frame.n_events for frame in journal.frames)
    counts = {"n_frames": len(journal.frames), "n_events": n_events, "frames_digest": journal.digest()}
    eob = eob.model_copy(update=counts)
    journal.close(eob)
    return RecordedBurst(seal(journal.path, journal.sob, eob, journal.frames))


def pad_frame(frame: EventFrame, bytes_per_event: float) -> EventFrame:
    """Give every event rows of `PADDING`, out of time, worth `bytes_per_event` on average."""
    columns = DETECTORS[PADDING]
    row_bytes = sum(np.dtype(column.dtype).itemsize for column in columns)
    edges = np.arange(frame.n_events + 1) * max(0.0, bytes_per_event) / row_bytes
    offsets = edges.astype(np.int32)
    fields = {column.name: np.full(offsets[-1], 40, np.dtype(column.dtype)) for column in columns}
    return EventFrame(frame.header, {**frame.detectors, PADDING: Jagged(offsets, fields)})
