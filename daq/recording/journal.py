"""Writing of a burst: append frames, sync, close, and move into place once it is committed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from daq.codec import crc32c
from daq.errors import RecordingError, StoreError
from daq.recording.layout import FrameInfo, burst_path, frames_digest, journal_path, key_of
from daq.recording.manifest import write_manifest
from daq.recording.messages import END_OF_STREAM, descriptor_message, eob_message, schema_message
from daq.records import EobRecord, SobRecord


class Journal:
    """The growing recording of one burst. One writer; readers map the file and use `frames`.

    A failed write or sync stops the journal for good: a later sync that succeeds would prove nothing.
    """

    def __init__(self, root: Path, sob: SobRecord) -> None:
        self.sob = sob
        self.path = journal_path(root, sob.key)
        self.frames: list[FrameInfo] = []
        final = burst_path(root, sob.key)
        if final.exists():
            msg = f"recording {final}: exists already; a burst is never overwritten, choose another run or folder"
            raise RecordingError(msg)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        except FileExistsError:
            msg = f"journal {self.path}: exists already; restart with the same options so that it is recovered first"
            raise RecordingError(msg) from None
        except OSError as error:
            msg = f"journal {self.path}: cannot be made ({error.strerror}); check the folder and its permissions"
            raise StoreError(msg) from error
        self._size = 0
        self._synced = 0
        self._write(schema_message(sob))
        sync_folder(self.path.parent)

    def append(self, payload: Any, n_events: int) -> FrameInfo:  # noqa: ANN401 - anything with the buffer protocol
        """Append one frame; it is safe against the death of this process when this returns."""
        view = memoryview(payload)
        seq, crc = len(self.frames), crc32c(payload)
        self._write(descriptor_message(seq, n_events, view.nbytes, crc))
        frame = FrameInfo(seq, n_events, self._size, view.nbytes, crc)
        self._write(view)
        self.frames.append(frame)
        return frame

    def sync(self) -> None:
        """Make what was appended safe against loss of power.

        Raises
        ------
        StoreError
            The disk refused. The journal must not be used any more.
        """
        if self._synced == self._size:
            return
        try:
            os.fdatasync(self._fd)
            self._synced = self._size
        except OSError as error:
            msg = f"journal {self.path}: fdatasync failed ({error.strerror}); stopping, the disk can't be trusted"
            raise StoreError(msg) from error

    def digest(self) -> str:
        """Digest of the frames so far."""
        return frames_digest((f.seq, f.n_events, f.length, f.crc32c) for f in self.frames)

    def close(self, eob: EobRecord) -> None:
        """Write the EOB and sync. The file stays a journal until `seal` moves it into place after the commit."""
        self._write(eob_message(eob))
        self._write(END_OF_STREAM)
        self.sync()
        os.close(self._fd)

    def _write(self, data: Any) -> None:  # noqa: ANN401
        view = memoryview(data).cast("B")
        while view.nbytes:
            try:
                n = os.write(self._fd, view)
            except OSError as error:
                msg = f"journal {self.path}: write failed ({error.strerror}); make room and restart"
                raise StoreError(msg) from error
            view = view[n:]
            self._size += n


def seal(part: Path, sob: SobRecord, eob: EobRecord, frames: list[FrameInfo]) -> Path:
    """Write the manifest of a closed journal and rename it into place, both atomically; returns the recording."""
    final = burst_path(part.parent.parent, key_of(part))
    if final.exists():
        msg = f"recording {final}: exists already; journal {part} is kept beside it, compare them and move one away"
        raise RecordingError(msg)
    # manifest first: whatever happens in between, a recording that is in place has its manifest
    write_manifest(final, sob, eob, frames, part.stat().st_size)
    part.rename(final)
    sync_folder(final.parent)
    return final


def sync_folder(folder: Path) -> None:
    """Make renames in a folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
