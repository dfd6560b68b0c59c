"""A burst on the source's side: its records, its frames, and the file they lie in."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from daq.codec import crc32c
from daq.recording import FrameFile, FrameInfo, RecordedBurst
from daq.records import BurstKey, EobRecord, SobRecord
from daq.source.conditions import WireFaults


@dataclass(slots=True)
class SourceBurst:
    """One burst that the ledger does not have yet."""

    sob: SobRecord
    path: Path
    eob: EobRecord | None = None
    frames: list[FrameInfo] = field(default_factory=list)
    is_journal: bool = True
    sob_sent: bool = False
    eob_sent: bool = False
    file: FrameFile | None = None
    eob_sent_ns: int = 0
    faults: WireFaults = field(default_factory=WireFaults)
    """What the scenario lets go wrong with this burst on its way."""

    @classmethod
    def from_recording(cls, recorded: RecordedBurst, eob: EobRecord) -> SourceBurst:
        """Burst of a closed journal or of a recording."""
        journal = recorded.path.suffix == ".part"
        return cls(recorded.sob, recorded.path, eob, list(recorded.frames), journal)

    @property
    def key(self) -> BurstKey:
        """Run and burst."""
        return self.sob.key

    def payload(self, seq: int) -> memoryview:
        """Bytes of one frame, mapped from the file."""
        if self.file is None:
            self.file = FrameFile(self.path)
        return self.file.view(self.frames[seq])

    def is_good(self, seq: int) -> bool:
        """Whether the bytes on disk still have their checksum."""
        return crc32c(self.payload(seq)) == self.frames[seq].crc32c

    def forget_sent(self) -> None:
        """Announce again: the collector is another one."""
        self.sob_sent = self.eob_sent = False

    def close(self) -> None:
        """Release the file."""
        if self.file is not None:
            self.file.close()
            self.file = None
