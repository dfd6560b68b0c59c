"""From the journal of a committed burst to its public recording: stripped events lose their payload, which is sealed.

The journal is clear and stays in the private folder of the source until the recording is in place; then it is removed.
The sealed file has a size that follows from the public number of stripped events and of frames.
"""

from __future__ import annotations

import logging
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from daq.errors import DataError, RecordingError, StoreError
from daq.frame import EventFrame, decode_frame, encode_frame, take_events
from daq.recording import burst_path
from daq.recording.journal import sync_folder
from daq.recording.publish import write_public
from streaming.reco.arrays import Flags
from streaming.reco.pipeline import Reconstruction
from streaming.reject import strip_frame
from streaming.services.source_burst import SourceBurst

log = logging.getLogger(__name__)

SEALED_SUFFIX = ".sealed"
BYTES_PER_EVENT = 512
"""Room for each stripped event in the sealed file; one that needs more takes it from the others of its burst."""
BYTES_PER_FRAME = 64 * 1024
"""Room for what a frame needs beside its events."""
_ITEM = struct.Struct("<II")
"""Seq and length before the payload of each frame; length 0xFFFFFFFF: there was no room for it."""
_NO_ROOM = 0xFFFFFFFF

Seal = Callable[[bytes, bytes], bytes]
"""(context, plain) -> sealed, for the compartment of recordings."""


@dataclass(frozen=True, slots=True)
class _Split:
    """A frame as it is published, what was taken out of it, and the room that is kept for that."""

    n_events: int
    public: bytes
    removed: bytes
    room: int


class Publisher:
    """Makes public recordings."""

    def __init__(self, reconstruction: Reconstruction, seal: Seal) -> None:
        self._reconstruction = reconstruction
        self._seal = seal

    def publish(self, burst: SourceBurst) -> Path | None:
        """Put the public recording of a committed burst in place and remove its journal.

        Returns
        -------
        Path | None
            None when a frame cannot be read: the journal is then set aside whole, for restricted storage.

        Raises
        ------
        StoreError
            The disk refused; the journal is as it was.
        """
        if burst.eob is None:
            msg = f"run {burst.key[0]} burst {burst.key[1]} has no end; it cannot be recorded yet"
            raise StoreError(msg)
        final = burst_path(burst.path.parent.parent, burst.key)
        if not final.exists():
            try:
                frames = [self._strip(burst, seq) for seq in range(len(burst.frames))]
            except (DataError, RecordingError):
                return None
            room = sum(frame.room for frame in frames)
            pool = pack_pool([(seq, frame.removed) for seq, frame in enumerate(frames)], room)
            # the sealed file first: a recording that is in place has its own beside it
            self._write_sealed(final.with_suffix(SEALED_SUFFIX), burst, pool)
            write_public(burst.path, burst.sob, burst.eob, [(frame.n_events, frame.public) for frame in frames])
        burst.path.unlink()
        sync_folder(final.parent)
        return final

    def _strip(self, burst: SourceBurst, seq: int) -> _Split:
        if not burst.is_good(seq):
            msg = f"run {burst.key[0]} burst {burst.key[1]} seq {seq}: damaged on disk"
            raise DataError(msg)
        events = decode_frame(burst.payload(seq))
        stripped = self._reconstruction.stripped(events)
        public = encode_frame(strip_frame(events, stripped)).to_pybytes()
        room = BYTES_PER_FRAME + BYTES_PER_EVENT * int(np.count_nonzero(stripped))
        return _Split(events.n_events, public, _payload(events, stripped), room)

    def _write_sealed(self, path: Path, burst: SourceBurst, plain: bytes) -> None:
        context = struct.pack("<II", *burst.key)
        growing = path.with_suffix(".sealed.part")
        try:
            with growing.open("wb") as file:
                file.write(self._seal(context, plain))
                file.flush()
                os.fsync(file.fileno())
            growing.rename(path)
        except OSError as error:
            growing.unlink(missing_ok=True)
            msg = f"sealed file {path}: cannot be written ({error.strerror}); the journal is kept, make room"
            raise StoreError(msg) from error


def _payload(frame: EventFrame, stripped: Flags) -> bytes:
    rows = np.flatnonzero(stripped)
    return struct.pack(f"<I{len(rows)}I", len(rows), *rows) + encode_frame(take_events(frame, rows)).to_pybytes()


def pack_pool(pool: list[tuple[int, bytes]], room: int) -> bytes:
    """Lay the payloads into a block of `room` bytes; what finds no room is marked inside, and the size says nothing."""
    block, used = bytearray(room), 0
    for seq, payload in pool:
        fits = used + 2 * _ITEM.size + len(payload) <= room
        data = _ITEM.pack(seq, len(payload)) + payload if fits else _ITEM.pack(seq, _NO_ROOM)
        if used + len(data) <= room:
            block[used : used + len(data)] = data
            used += len(data)
    return bytes(block)
