"""Recorded bursts: Arrow IPC streams that are journal while they grow and recording when they are whole.

File: schema message (SOB in its metadata), then for each frame a descriptor (a batch of no rows whose metadata
give seq, events, length and CRC-32C) and the frame itself, then a batch of no rows with the EOB, then the end mark.
Any Arrow reader sees one table of events. The descriptor stands before its frame, so that a frame that is whole
can always be checked. Specification: docs/developer/recording.md.
"""

from daq.recording.journal import Journal, seal
from daq.recording.layout import FrameInfo, burst_path, find_bursts, frames_digest, journal_path
from daq.recording.reader import FrameFile, RecordedBurst

__all__ = [
    "FrameFile",
    "FrameInfo",
    "Journal",
    "RecordedBurst",
    "burst_path",
    "find_bursts",
    "frames_digest",
    "journal_path",
    "seal",
]
