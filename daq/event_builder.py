"""Event building: hits and triggers in, events out, whatever the slicing.

Every hit within the readout window of a trigger goes into its event; a hit may be in two events. Triggers may come
later than the batch that held their hits, but not later than `latency` behind its watermark.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from daq.errors import DataError
from daq.frame import EventFrame, Jagged
from daq.hits import END_OF_BURST, HitBatch, cut_block, empty_block, join_blocks
from daq.jit import kernel
from daq.model import DETECTORS, HEADER
from daq.units import FINE_NS, FINE_PER_TICK, ns_to_fine

DEFAULT_LATENCY_FINE = ns_to_fine(10_000.0)
"""Triggers may come this far behind the watermark of the hits: far more than Level 0 needs, and few hits."""

MAX_EVENTS = 1 << 24
"""Event numbers have 24 bits."""

I64 = NDArray[np.int64]


class EventBuilder:
    """Builds the events of one burst.

    Parameters
    ----------
    window_fine : a hit belongs to a trigger when they are at most this far apart [fine-time units], >= 0
    latency_fine : after a batch with watermark w, no trigger before w - latency may come any more
    """

    def __init__(self, window_fine: int, latency_fine: int = DEFAULT_LATENCY_FINE) -> None:
        self._window, self._latency = window_fine, latency_fine
        self._hits = {name: empty_block(name) for name in DETECTORS}
        self._time = np.empty(0, np.int64)
        self._flags, self._type = np.empty(0, np.uint16), np.empty(0, np.uint8)
        self._watermark = 0
        self._last_trigger = 0
        self._n_events = 0

    def add(
        self, batch: HitBatch, time: I64, flags: NDArray[np.uint16], trigger_type: NDArray[np.uint8]
    ) -> list[EventFrame]:
        """Take a batch and the triggers that came out of Level 0 with it; give the events that are complete.

        Parameters
        ----------
        batch : hits in time order; its watermark is not before the last one. `END_OF_BURST` completes all events
        time, flags, trigger_type : (n,)    triggers in ascending time [fine-time units], also against earlier calls

        Returns
        -------
        list of EventFrame
            No or one chunk of any number of events, numbered through the burst.

        Raises
        ------
        DataError
            A batch after the end of the burst, a trigger out of order or too late, or more events than numbers.
        """
        self._check(batch, time)
        for name, block in batch.blocks.items():
            self._hits[name] = join_blocks(self._hits[name], block) if len(block.time) else self._hits[name]
        self._time = np.concatenate((self._time, time))
        self._flags = np.concatenate((self._flags, flags))
        self._type = np.concatenate((self._type, trigger_type))
        self._watermark = batch.watermark
        n_ready = int(np.searchsorted(self._time, self._watermark - self._window))
        if self._watermark == END_OF_BURST:
            n_ready = len(self._time)
        chunks = [self._build(n_ready)] if n_ready else []
        self._forget(n_ready)
        return chunks

    def _check(self, batch: HitBatch, time: I64) -> None:
        if self._watermark == END_OF_BURST:
            msg = "event builder: a batch after the end of the burst; make a new builder for each burst"
            raise DataError(msg)
        if batch.watermark < self._watermark:
            msg = f"event builder: watermark {batch.watermark} after {self._watermark}; batches must come in order"
            raise DataError(msg)
        early = [name for name, block in batch.blocks.items() if len(block.time) and block.time[0] < self._watermark]
        if early:
            msg = f"event builder: hits of {early} before the watermark {self._watermark}; the source broke its promise"
            raise DataError(msg)
        if len(time) == 0:
            return
        if time[0] < self._last_trigger or np.any(time[1:] < time[:-1]):
            msg = f"event builder: trigger at {time.min()} after one at {self._last_trigger}; wanted ascending times"
            raise DataError(msg)
        if time[0] < self._watermark - self._latency:
            msg = (
                f"event builder: trigger at {time[0]} is {self._watermark - time[0]} units behind the watermark, "
                f"at most {self._latency} allowed; its hits are gone, raise the latency of the builder"
            )
            raise DataError(msg)
        if self._n_events + len(self._time) + len(time) > MAX_EVENTS:
            msg = f"event builder: more than {MAX_EVENTS} triggers in a burst; event numbers have 24 bits"
            raise DataError(msg)
        self._last_trigger = int(time[-1])

    def _build(self, n: int) -> EventFrame:
        time = self._time[:n]
        values: dict[str, NDArray[np.generic]] = {
            "event_number": np.arange(self._n_events, self._n_events + n),
            "timestamp": time // FINE_PER_TICK,
            "fine_time": time % FINE_PER_TICK,
            "trigger_flags": self._flags[:n],
            "trigger_type": self._type[:n],
        }
        self._n_events += n
        header = {column.name: values[column.name].astype(np.dtype(column.dtype)) for column in HEADER}
        return EventFrame(header, {name: self._gather(name, time) for name in DETECTORS})

    def _gather(self, detector: str, time: I64) -> Jagged:
        hits = self._hits[detector]
        first, offsets = np.empty(len(time), np.int64), np.zeros(len(time) + 1, np.int64)
        _find_windows(hits.time, time, self._window, first, offsets)
        rows, relative = np.empty(offsets[-1], np.int64), np.empty(offsets[-1], np.float32)
        _gather_rows(hits.time, time, first, offsets, FINE_NS, rows, relative)
        names = [column.name for column in DETECTORS[detector]]
        fields = {name: relative if name == "time" else hits.fields[name][rows] for name in names}
        return Jagged(offsets.astype(np.int32), fields)

    def _forget(self, n_built: int) -> None:
        """Drop built triggers, and hits that no waiting or later trigger can want."""
        self._time, self._flags, self._type = self._time[n_built:], self._flags[n_built:], self._type[n_built:]
        oldest = self._watermark - self._latency
        if len(self._time):
            oldest = min(oldest, int(self._time[0]))
        for name, block in self._hits.items():
            start = int(np.searchsorted(block.time, oldest - self._window))
            self._hits[name] = cut_block(block, start, len(block.time))


class FrameCutter:
    """Regroups chunks of events into frames of exactly `frame_events` events, the last of a burst excepted."""

    def __init__(self, frame_events: int) -> None:
        self._frame_events = frame_events
        self._parts: list[EventFrame] = []
        self._n_waiting = 0

    def add(self, chunks: Iterable[EventFrame]) -> list[EventFrame]:
        """Take chunks in order; give the frames that are full."""
        frames = []
        for chunk in chunks:
            start = 0
            while self._n_waiting + chunk.n_events - start >= self._frame_events:
                stop = start + self._frame_events - self._n_waiting
                frames.append(join_frames([*self._parts, cut_frame(chunk, start, stop)]))
                self._parts, self._n_waiting, start = [], 0, stop
            if start < chunk.n_events:
                self._parts.append(cut_frame(chunk, start, chunk.n_events))
                self._n_waiting += chunk.n_events - start
        return frames

    def finish(self) -> list[EventFrame]:
        """Give what is left at the end of the burst: no frame or one."""
        parts, self._parts, self._n_waiting = self._parts, [], 0
        return [join_frames(parts)] if parts else []


def cut_frame(frame: EventFrame, start: int, stop: int) -> EventFrame:
    """Events `start:stop` of a frame; values are views."""
    header = {name: values[start:stop] for name, values in frame.header.items()}
    detectors = {}
    for name, lists in frame.detectors.items():
        low, high = int(lists.offsets[start]), int(lists.offsets[stop])
        fields = {key: values[low:high] for key, values in lists.fields.items()}
        detectors[name] = Jagged(lists.offsets[start : stop + 1] - np.int32(low), fields)
    return EventFrame(header, detectors)


def join_frames(frames: list[EventFrame]) -> EventFrame:
    """At least one frame, one after the other, as one."""
    if len(frames) == 1:
        return frames[0]
    header = {name: np.concatenate([frame.header[name] for frame in frames]) for name in frames[0].header}
    detectors = {name: _join_lists([frame.detectors[name] for frame in frames]) for name in frames[0].detectors}
    return EventFrame(header, detectors)


def _join_lists(lists: list[Jagged]) -> Jagged:
    counts = np.concatenate([np.diff(part.offsets) for part in lists])
    offsets = np.zeros(len(counts) + 1, np.int32)
    np.cumsum(counts, out=offsets[1:])
    fields = {key: np.concatenate([_used(part, key) for part in lists]) for key in lists[0].fields}
    return Jagged(offsets, fields)


def _used(lists: Jagged, key: str) -> NDArray[np.generic]:
    return lists.fields[key][lists.offsets[0] : lists.offsets[-1]]


@kernel
def _find_windows(hit: I64, trigger: I64, window: int, first: I64, offsets: I64) -> None:
    """First hit and running number of hits of each window; hits and triggers ascend, so both ends only move on."""
    low, high = 0, 0
    for i in range(len(trigger)):
        while low < len(hit) and hit[low] < trigger[i] - window:
            low += 1
        while high < len(hit) and hit[high] <= trigger[i] + window:
            high += 1
        first[i] = low
        offsets[i + 1] = offsets[i] + high - low


@kernel
def _gather_rows(
    hit: I64, trigger: I64, first: I64, offsets: I64, fine_ns: float, rows: I64, relative: NDArray[np.float32]
) -> None:
    for i in range(len(trigger)):
        for k in range(offsets[i], offsets[i + 1]):
            row = first[i] + k - offsets[i]
            rows[k] = row
            relative[k] = (hit[row] - trigger[i]) * fine_ns
