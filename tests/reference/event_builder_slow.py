"""Event building over a whole burst in plain Python: every trigger looks at every hit."""

from __future__ import annotations

import numpy as np

from daq.model import DETECTORS
from daq.units import FINE_NS


def build_events(blocks, time, flags, trigger_type, window_fine):
    """Events as plain dictionaries: header values, and for each detector the list of its rows as tuples."""
    events = []
    for number, (t, f, k) in enumerate(zip(time, flags, trigger_type, strict=True)):
        event = {
            "event_number": number,
            "timestamp": int(t) >> 8,
            "fine_time": int(t) & 255,
            "trigger_flags": int(f),
            "trigger_type": int(k),
        }
        for name, columns in DETECTORS.items():
            block = blocks[name]
            rows = []
            for i, hit in enumerate(block.time.tolist()):
                if abs(hit - int(t)) <= window_fine:
                    row = []
                    for column in columns:
                        value = (hit - int(t)) * FINE_NS if column.name == "time" else block.fields[column.name][i]
                        row.append(np.dtype(column.dtype).type(value).item())
                    rows.append(tuple(row))
            event[name] = rows
        events.append(event)
    return events


def frame_events(frame):
    """The events of an EventFrame in the same form."""
    events = []
    for i in range(frame.n_events):
        event = {name: values[i].item() for name, values in frame.header.items()}
        for name, columns in DETECTORS.items():
            lists = frame.detectors[name]
            rows = range(int(lists.offsets[i]), int(lists.offsets[i + 1]))
            event[name] = [tuple(lists.fields[c.name][k].item() for c in columns) for k in rows]
        events.append(event)
    return events
