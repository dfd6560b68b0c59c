"""Events of an opened compartment as one Arrow file: the columns of `dumpwatch.event/1`, run and burst before them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from daq.errors import StoreError
from daq.frame import EventFrame, event_schema, frame_batch
from daq.model import SCHEMA_NAME


class PlacedEvent(NamedTuple):
    """One event and the burst it is of.

    event : a frame of one event
    """

    run: int
    burst: int
    event: EventFrame


_PLACE = (pa.field("run", pa.uint32(), nullable=False), pa.field("burst", pa.uint32(), nullable=False))


def write_opened(path: Path, about: Mapping[str, str], events: Sequence[PlacedEvent]) -> None:
    """Write a new file that any Arrow reader opens; mode 0640.

    about : goes into the metadata of the schema

    Raises
    ------
    StoreError
        The file exists, or the disk refused.
    """
    schema = pa.schema([*_PLACE, *event_schema()], metadata={"schema": SCHEMA_NAME, **about})
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        with os.fdopen(fd, "wb") as file:
            with pa.ipc.new_file(file, schema) as writer:
                for placed in events:
                    writer.write_batch(_batch(placed, schema))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        msg = f"opened events {path}: cannot be written ({error.strerror}); give a new folder that may be written"
        raise StoreError(msg) from None


def _batch(placed: PlacedEvent, schema: pa.Schema) -> pa.RecordBatch:
    batch, n = frame_batch(placed.event), placed.event.n_events
    place = [pa.array(np.full(n, value, np.uint32)) for value in (placed.run, placed.burst)]
    return pa.RecordBatch.from_arrays([*place, *batch.columns], schema=schema)
