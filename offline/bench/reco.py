"""Speed of the full reconstruction, nine final states and gate, on emulated events; beside a copy of their columns.

The events are those of one emulated burst as triggered: H2, Q1 downscaled by 20 and the control line. Most have one
track or none. Processor time, so that other load on the machine stays out of the figures.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from daq.config import Config
from daq.frame import EventFrame, decode_frame, take_events
from offline.bench.load import record_burst
from streaming.reco.bench import bench_vertex
from streaming.reco.pipeline import Reconstruction
from streaming.reject import is_several

ROUNDS = 7
PASSES = 3


def bench_reco(config: Config) -> dict[str, object]:
    """Events per second and core, of the mix and of events with several tracks alone."""
    reconstruction = Reconstruction(config.reco, config.regions, config.gate, config.channels)
    reconstruction.warm()
    with tempfile.TemporaryDirectory() as folder:
        recorded = record_burst(config, Path(folder), 0.0)
        payloads = [bytes(recorded.frame(seq)) for seq in range(len(recorded.frames))]
    frames = [decode_frame(payload) for payload in payloads]
    n = sum(frame.n_events for frame in frames)
    several = sum(int(np.count_nonzero(is_several(frame))) for frame in frames)
    crowd = only_several(frames, config.streaming.frame_events)
    analyse = n / _seconds(lambda: [reconstruction.analyse(frame) for frame in frames])
    decoded = n / _seconds(lambda: [reconstruction.analyse(decode_frame(payload)) for payload in payloads])
    alone = crowd.n_events / _seconds(lambda: reconstruction.analyse(crowd))
    copied = n / _seconds(lambda: [copy_columns(frame) for frame in frames])
    return {
        "events": n,
        "bytes_per_event": sum(map(len, payloads)) / n,
        "with_several_tracks": several / n,
        "events_per_s": analyse,
        "events_per_s_with_decoding": decoded,
        "events_with_several_tracks_per_s": alone,
        "reference": "the same columns copied by NumPy",
        "reference_events_per_s": copied,
        "ratio": analyse / copied,
        "vertex_field_pairs_per_s": bench_vertex()["field_pairs_per_s"],
    }


def only_several(frames: Sequence[EventFrame], n_events: int) -> EventFrame:
    """One frame of events with several tracks alone, each as often as it takes to fill the frame."""
    frame = max(frames, key=lambda one: int(np.count_nonzero(is_several(one))))
    return take_events(frame, np.resize(np.flatnonzero(is_several(frame)), n_events))


def copy_columns(frame: EventFrame) -> int:
    """Touch every byte of a frame once; returns their number."""
    columns = list(frame.header.values())
    for part in frame.detectors.values():
        columns += [part.offsets, *part.fields.values()]
    return sum(column.copy().nbytes for column in columns)


def _seconds(call: Callable[[], object]) -> float:
    """Processor time of one call, the best of several rounds; the first is not measured."""
    call()
    best = math.inf
    for _ in range(ROUNDS):
        begin = time.process_time()
        for _ in range(PASSES):
            call()
        best = min(best, (time.process_time() - begin) / PASSES)
    return best
