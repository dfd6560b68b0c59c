"""Event frames: NumPy columns on one side, one Arrow record batch on the other, no copies between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from daq.errors import DataError
from daq.model import DETECTORS, HEADER, SCHEMA_NAME


@dataclass(frozen=True, slots=True)
class Jagged:
    """Variable-length lists of one detector.

    offsets : int32 (n_events + 1,)    rows of event i are offsets[i]:offsets[i + 1]
    fields : name -> array             columns of `model.DETECTORS`
    """

    offsets: NDArray[np.int32]
    fields: Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class EventFrame:
    """Up to 16384 time-ordered events of one burst, as columns.

    header : name -> array (n_events,)    columns of `model.HEADER`
    detectors : name -> Jagged
    """

    header: Mapping[str, NDArray[np.generic]]
    detectors: Mapping[str, Jagged]

    @property
    def n_events(self) -> int:
        """Number of events."""
        return len(self.header["event_number"])


def take_events(frame: EventFrame, rows: NDArray[np.intp]) -> EventFrame:
    """Copy some events of a frame, in the order of `rows`."""
    header = {name: values[rows] for name, values in frame.header.items()}
    return EventFrame(header, {name: _take_lists(part, rows) for name, part in frame.detectors.items()})


def _take_lists(part: Jagged, rows: NDArray[np.intp]) -> Jagged:
    sizes = np.diff(part.offsets)[rows]
    offsets = np.zeros(len(rows) + 1, np.int32)
    np.cumsum(sizes, out=offsets[1:])
    # row of each hit: the place in its own list, counted from where the list of its event began
    within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], sizes)
    hits = np.repeat(part.offsets[:-1][rows], sizes) + within
    return Jagged(offsets, {name: values[hits] for name, values in part.fields.items()})


@lru_cache(maxsize=1)
def event_schema() -> pa.Schema:
    """Arrow schema `dumpwatch.event/1`, made from the model table."""
    columns = [pa.field(c.name, pa.from_numpy_dtype(np.dtype(c.dtype)), nullable=False) for c in HEADER]
    columns += [pa.field(name, pa.list_(_item_field(name)), nullable=False) for name in DETECTORS]
    return pa.schema(columns, metadata={"schema": SCHEMA_NAME})


def encode_frame(frame: EventFrame) -> pa.Buffer:
    """Serialise a frame as one Arrow IPC record-batch message."""
    return frame_batch(frame).serialize()


def frame_batch(frame: EventFrame) -> pa.RecordBatch:
    """Wrap the columns of a frame as a record batch, without copying."""
    arrays = [pa.array(frame.header[c.name], type=pa.from_numpy_dtype(np.dtype(c.dtype))) for c in HEADER]
    for name, columns in DETECTORS.items():
        lists = frame.detectors[name]
        children = [pa.array(np.ascontiguousarray(lists.fields[c.name], np.dtype(c.dtype))) for c in columns]
        values = pa.StructArray.from_arrays(children, fields=list(_item_field(name).type))
        offsets = pa.array(lists.offsets, type=pa.int32())
        arrays.append(pa.ListArray.from_arrays(offsets, values, type=pa.list_(_item_field(name))))
    return pa.RecordBatch.from_arrays(arrays, schema=event_schema())


def decode_frame(payload: memoryview | bytes | pa.Buffer) -> EventFrame:
    """Read one Arrow IPC record-batch message; the arrays are views of `payload`.

    Raises
    ------
    DataError
        Not a record batch of schema `dumpwatch.event/1`, or lists that do not fit their values.
    """
    try:
        batch = pa.ipc.read_record_batch(pa.py_buffer(payload), event_schema())
        batch.validate()
        return frame_of_batch(batch)
    except DataError:
        raise
    except (pa.ArrowException, ValueError, OSError, EOFError) as error:
        msg = f"frame: not a record batch of {SCHEMA_NAME} ({type(error).__name__}); the frame is refused"
        raise DataError(msg) from None


def frame_of_batch(batch: pa.RecordBatch) -> EventFrame:
    """Views of the columns of a record batch."""
    header = {c.name: batch.column(i).to_numpy(zero_copy_only=True) for i, c in enumerate(HEADER)}
    detectors = {name: _lists(batch.column(len(HEADER) + i), name) for i, name in enumerate(DETECTORS)}
    return EventFrame(header, detectors)


def _lists(array: pa.ListArray, name: str) -> Jagged:
    offsets = array.offsets.to_numpy(zero_copy_only=True)
    values = array.values
    if len(offsets) == 0:
        offsets = np.zeros(1, np.int32)
    if offsets[0] < 0 or offsets[-1] > len(values) or np.any(offsets[1:] < offsets[:-1]):
        msg = f"frame: list offsets of '{name}' do not fit its {len(values)} values; the frame is refused"
        raise DataError(msg)
    columns = DETECTORS[name]
    return Jagged(offsets, {c.name: values.field(i).to_numpy(zero_copy_only=True) for i, c in enumerate(columns)})


@cache
def _item_field(name: str) -> pa.Field:
    fields = [pa.field(c.name, pa.from_numpy_dtype(np.dtype(c.dtype)), nullable=False) for c in DETECTORS[name]]
    return pa.field("item", pa.struct(fields), nullable=False)
