"""The Arrow IPC messages of a recording: schema with SOB, descriptors, EOB."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from daq.errors import RecordingError
from daq.frame import event_schema
from daq.model import SCHEMA_NAME
from daq.records import EobRecord, SobRecord
from daq.version import PROGRAM_VERSION

END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"
_SOB, _FRAME, _EOB = b"dumpwatch.sob", b"dumpwatch.frame", b"dumpwatch.eob"


def schema_message(sob: SobRecord) -> bytes:
    """First message of a file: the event schema with the SOB record in its metadata."""
    metadata = {"schema": SCHEMA_NAME, "program": PROGRAM_VERSION, _SOB: sob.model_dump_json()}
    return bytes(event_schema().with_metadata(metadata).serialize())


def descriptor_message(seq: int, n_events: int, length: int, crc: int) -> bytes:
    """Message that announces a frame."""
    return _marker(_FRAME, {"seq": seq, "events": n_events, "length": length, "crc32c": crc})


def eob_message(eob: EobRecord) -> bytes:
    """Message that closes a burst."""
    return _marker(_EOB, eob.model_dump(mode="json"))


def read_sob(schema: pa.Schema, where: str) -> SobRecord:
    """SOB record of a file; refuses another schema.

    Raises
    ------
    RecordingError
    """
    metadata = schema.metadata or {}
    found = metadata.get(b"schema", b"none").decode(errors="replace")
    if found != SCHEMA_NAME or not schema.equals(event_schema()):
        msg = f"recording {where}: schema '{found}', this program reads '{SCHEMA_NAME}'; use the version that wrote it"
        raise RecordingError(msg)
    try:
        return SobRecord.model_validate_json(metadata[_SOB])
    except (KeyError, ValueError) as error:
        msg = f"recording {where}: SOB record missing or unreadable ({type(error).__name__}); the file is refused"
        raise RecordingError(msg) from None


def read_marker(source: pa.NativeFile) -> pa.KeyValueMetadata | None:
    """Metadata of the message without rows that comes next in a file.

    Raises
    ------
    pa.ArrowException, OSError, EOFError, StopIteration
        There is no such message.
    """
    start = source.tell()
    pa.ipc.read_message(source)
    end = source.tell()
    source.seek(start)
    # a stream of this message alone: the library gives metadata of messages only through a stream reader
    alone = event_schema().serialize().to_pybytes() + source.read(end - start) + END_OF_STREAM
    batch, metadata = pa.ipc.open_stream(pa.BufferReader(alone)).read_next_batch_with_custom_metadata()
    return metadata if batch.num_rows == 0 else None


def read_descriptor(metadata: pa.KeyValueMetadata | None) -> dict[str, int] | None:
    """Descriptor of the next frame, or None when a batch is something else."""
    text = metadata.get(_FRAME) if metadata else None
    return json.loads(text) if text is not None else None


def read_eob(metadata: pa.KeyValueMetadata | None) -> EobRecord | None:
    """EOB record, or None when a batch is something else."""
    text = metadata.get(_EOB) if metadata else None
    return EobRecord.model_validate_json(text) if text is not None else None


def _marker(name: bytes, content: dict[str, Any]) -> bytes:
    sink = pa.BufferOutputStream()
    stream = pa.ipc.new_stream(sink, event_schema())
    stream.write_batch(_no_rows(), custom_metadata={name: json.dumps(content)})
    # the stream begins with its schema message, which the file has already; it is not closed, so no end mark follows
    return sink.getvalue()[len(event_schema().serialize()) :].to_pybytes()


def _no_rows() -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema=event_schema())
