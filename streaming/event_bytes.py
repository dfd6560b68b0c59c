"""One event as plain bytes, for the sealed slots: small, fixed order, no Arrow around it."""

from __future__ import annotations

import struct

import numpy as np

from daq.errors import DataError
from daq.frame import EventFrame, Jagged
from daq.model import DETECTORS, HEADER


def pack_event(frame: EventFrame, row: int) -> bytes:
    """Header columns, then for each detector the number of its hits (uint16) and its columns, little-endian."""
    parts = [np.asarray(frame.header[c.name][row], np.dtype(c.dtype)).tobytes() for c in HEADER]
    for name, columns in DETECTORS.items():
        part = frame.detectors[name]
        first, last = int(part.offsets[row]), int(part.offsets[row + 1])
        parts.append(struct.pack("<H", min(last - first, 0xFFFF)))
        parts += [np.ascontiguousarray(part.fields[c.name][first:last], np.dtype(c.dtype)).tobytes() for c in columns]
    return b"".join(parts)


def unpack_event(data: bytes) -> EventFrame:
    """Inverse of `pack_event`: a frame of one event.

    Raises
    ------
    DataError
        The bytes are no event.
    """
    at = 0

    def take(dtype: str, n: int) -> np.ndarray[tuple[int], np.dtype[np.generic]]:
        nonlocal at
        width = np.dtype(dtype).itemsize * n
        if at + width > len(data):
            msg = f"event: {len(data)} bytes end inside a column; the slot is not of this version"
            raise DataError(msg)
        values = np.frombuffer(data, np.dtype(dtype), n, at)
        at += width
        return values

    header = {c.name: take(c.dtype, 1) for c in HEADER}
    lists = {}
    for name, columns in DETECTORS.items():
        n = int(take("<u2", 1)[0])
        lists[name] = Jagged(np.array([0, n], np.int32), {c.name: take(c.dtype, n) for c in columns})
    if at != len(data):
        msg = f"event: {len(data) - at} bytes too many; the slot is not of this version"
        raise DataError(msg)
    return EventFrame(header, lists)
