"""Frames as the kernels want them: checked, aligned, read-only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from daq.errors import DataError
from daq.frame import EventFrame, Jagged
from daq.model import DETECTORS, HEADER
from streaming.reco.arrays import Column


def checked(frame: EventFrame) -> EventFrame:
    """The frame with aligned read-only columns, so that one compiled form of each kernel serves every source.

    Raises
    ------
    DataError
        The columns do not fit together.
    """
    n = frame.n_events
    header = {c.name: _column(frame.header[c.name], c.dtype) for c in HEADER}
    lists = {}
    for name, columns in DETECTORS.items():
        offsets = _column(frame.detectors[name].offsets, "<i4")
        fields = {c.name: _column(frame.detectors[name].fields[c.name], c.dtype) for c in columns}
        sizes = {len(values) for values in fields.values()}
        fit = len(offsets) == n + 1 and len(sizes) == 1 and offsets[0] >= 0 and offsets[-1] <= min(sizes)
        if not fit or np.any(offsets[1:] < offsets[:-1]):
            msg = f"frame: lists of '{name}' do not fit its {n} events; the frame is refused"
            raise DataError(msg)
        lists[name] = Jagged(offsets, fields)
    if any(len(values) != n for values in header.values()):
        msg = f"frame: header columns differ in length, wanted {n} rows; the frame is refused"
        raise DataError(msg)
    return EventFrame(header, lists)


def _column(values: NDArray[np.generic], dtype: str) -> Column:
    column = np.require(values, np.dtype(dtype), ["C", "A"]).view()
    column.flags.writeable = False
    return column


def one_event(frame: EventFrame, i: int) -> EventFrame:
    """One event as a frame of its own."""
    header = {name: values[i : i + 1] for name, values in frame.header.items()}
    lists = {name: Jagged(part.offsets[i : i + 2], part.fields) for name, part in frame.detectors.items()}
    return EventFrame(header, lists)


def warm_frame() -> EventFrame:
    """One event with two tracks and one row of everything else."""
    header = {c.name: np.zeros(1, np.dtype(c.dtype)) for c in HEADER}
    rows = {name: 2 if name == "straw" else 1 for name in DETECTORS}
    lists = {
        name: Jagged(
            np.array([0, rows[name]], np.int32), {c.name: np.zeros(rows[name], np.dtype(c.dtype)) for c in columns}
        )
        for name, columns in DETECTORS.items()
    }
    return EventFrame(header, lists)
