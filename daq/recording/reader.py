"""Reading of a recorded burst, whole or torn, with every frame as a view of the mapped file."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

import pyarrow as pa

from daq.codec import crc32c
from daq.errors import RecordingError
from daq.recording.layout import FrameInfo, frames_digest, key_of
from daq.recording.manifest import read_manifest
from daq.recording.messages import END_OF_STREAM, eob_message, read_descriptor, read_eob, read_marker, read_sob
from daq.records import EobRecord, SobRecord


class FrameFile:
    """Views of the frames of a file that may still be growing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._map: mmap.mmap | None = None

    def view(self, frame: FrameInfo) -> memoryview:
        """Bytes of one frame. The view keeps its mapping alive.

        Raises
        ------
        RecordingError
            The file ends before the frame does.
        """
        end = frame.offset + frame.length
        if self._map is None or len(self._map) < end:
            size = os.fstat(self._fd).st_size
            if size < end:
                # how long frames are is not told: that follows from what masked events hold
                msg = f"recording {self.path}: the file ends before frame {frame.seq} does; truncated"
                raise RecordingError(msg)
            self._map = mmap.mmap(self._fd, size, access=mmap.ACCESS_READ)
        return memoryview(self._map)[frame.offset : end]

    def close(self) -> None:
        """Release the file; views that are still in use stay valid."""
        self._map = None
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class RecordedBurst:
    """One recorded burst.

    sob, eob : the records; `eob` is None in a journal that was torn before its EOB
    frames : every frame that should be there (manifest) or is there (journal), by seq
    dropped_bytes : bytes after the last whole frame of a torn file
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.frames: list[FrameInfo] = []
        self.eob: EobRecord | None = None
        self.dropped_bytes = 0
        self._good_end = 0
        try:
            self._file = FrameFile(path)
        except OSError as error:
            msg = f"recording {path}: cannot be opened ({error.strerror})"
            raise RecordingError(msg) from error
        manifest = read_manifest(path)
        if manifest is None:
            self.sob = self._walk()
        else:
            self.sob, self.eob, self.frames = manifest.sob, manifest.eob, manifest.frames
            self.dropped_bytes = max(0, path.stat().st_size - manifest.file_bytes)
        if self.sob.key != key_of(path):
            msg = f"recording {path}: holds run {self.sob.run} burst {self.sob.burst}, its name says another; refused"
            raise RecordingError(msg)

    @property
    def n_events(self) -> int:
        """Events of all frames."""
        return sum(frame.n_events for frame in self.frames)

    def frame(self, seq: int) -> memoryview:
        """Payload of one frame, not checked; `check` does that."""
        return self._file.view(self.frames[seq])

    def check(self, seq: int) -> str | None:
        """Reason why a frame cannot be given, None when it is good."""
        try:
            return None if crc32c(self.frame(seq)) == self.frames[seq].crc32c else "corrupt on disk"
        except RecordingError:
            return "truncated on disk"

    def digest(self) -> str:
        """Digest of the frame table, to compare with the EOB."""
        return frames_digest((f.seq, f.n_events, f.length, f.crc32c) for f in self.frames)

    def close_torn(self, eob: EobRecord) -> None:
        """Cut a torn journal after its last whole frame and write `eob` there; it stays a journal.

        What is cut off is kept beside it, `burst-000001.torn`: nobody knows today what can be read from it.
        """
        with self.path.open("r+b") as file:
            file.seek(self._good_end)
            tail = file.read()
            if tail:
                # events in clear, as in the journal, and for the same readers
                flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
                with os.fdopen(os.open(self.path.with_suffix(".torn"), flags, 0o640), "wb") as torn:
                    torn.write(tail)
            file.truncate(self._good_end)
            file.seek(self._good_end)
            file.write(eob_message(eob) + END_OF_STREAM)
            file.flush()
            os.fsync(file.fileno())
        self.eob = eob

    def close(self) -> None:
        """Release the file."""
        self._file.close()

    def _walk(self) -> SobRecord:
        """Read message by message until the end mark or the first tear.

        A frame is found by its descriptor alone, so a damaged frame does not hide those behind it; `check` names it.
        """
        size = self.path.stat().st_size
        try:
            source = pa.memory_map(str(self.path)) if size else pa.BufferReader(b"")
            stream = pa.ipc.open_stream(source)
            sob = read_sob(stream.schema, str(self.path))
        except (pa.ArrowException, OSError, EOFError, StopIteration) as error:
            why = type(error).__name__
            msg = f"recording {self.path}: {size} B without a readable start ({why}); nothing to recover"
            raise RecordingError(msg) from None
        self._good_end = source.tell()
        while self.eob is None and self._walk_frame(source, size):
            pass
        self.dropped_bytes = 0 if self.eob is not None else size - self._good_end
        source.close()
        return sob

    def _walk_frame(self, source: pa.NativeFile, size: int) -> bool:
        """Read one descriptor and step over its frame, or read the EOB; False at a tear."""
        try:
            metadata = read_marker(source)
            self.eob = read_eob(metadata)
            said = read_descriptor(metadata)
        except (pa.ArrowException, OSError, EOFError, StopIteration, ValueError):
            return False
        if self.eob is not None or said is None:
            return False
        frame = FrameInfo(said["seq"], said["events"], source.tell(), said["length"], said["crc32c"])
        if frame.offset + frame.length > size or frame.seq != len(self.frames):
            return False
        source.seek(frame.offset + frame.length)
        self.frames.append(frame)
        self._good_end = source.tell()
        return True
