"""Writing of a recording from frames made anew, beside their journal; in place all at once or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from daq.codec import crc32c
from daq.errors import StoreError
from daq.recording.journal import sync_folder
from daq.recording.layout import FrameInfo, burst_path, frames_digest, key_of
from daq.recording.manifest import write_manifest
from daq.recording.messages import END_OF_STREAM, descriptor_message, eob_message, schema_message
from daq.records import EobRecord, SobRecord


def write_public(part: Path, sob: SobRecord, eob: EobRecord, frames: Iterable[tuple[int, Any]]) -> Path:
    """Write a recording with other frames than its journal has; returns its path. The journal stays.

    Parameters
    ----------
    part : the journal beside which the recording is put
    eob : its digest is replaced by that of the new frames
    frames : (events, payload) in the order of seq

    Raises
    ------
    StoreError
        The disk refused. Nothing is in place then, and the journal is as it was.
    """
    final = burst_path(part.parent.parent, key_of(part))
    growing = final.with_suffix(".public.part")
    try:
        with growing.open("wb", buffering=1 << 20) as file:
            table = _write_frames(file, schema_message(sob), frames)
            public = eob.model_copy(update={"frames_digest": frames_digest((f.seq, *_identity(f)) for f in table)})
            file.write(eob_message(public) + END_OF_STREAM)
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
    except OSError as error:
        growing.unlink(missing_ok=True)
        msg = f"recording {final}: cannot be written ({error.strerror}); its journal {part} is kept, make room"
        raise StoreError(msg) from error
    # manifest first: whatever happens in between, a recording that is in place has its manifest
    write_manifest(final, sob, public, table, size, masked="sealed")
    growing.rename(final)
    sync_folder(final.parent)
    return final


def _write_frames(file: Any, start: bytes, frames: Iterable[tuple[int, Any]]) -> list[FrameInfo]:  # noqa: ANN401
    file.write(start)
    table: list[FrameInfo] = []
    for seq, (n_events, payload) in enumerate(frames):
        view = memoryview(payload)
        crc = crc32c(payload)
        file.write(descriptor_message(seq, n_events, view.nbytes, crc))
        table.append(FrameInfo(seq, n_events, file.tell(), view.nbytes, crc))
        file.write(view)
    return table


def _identity(frame: FrameInfo) -> tuple[int, int, int]:
    return frame.n_events, frame.length, frame.crc32c
