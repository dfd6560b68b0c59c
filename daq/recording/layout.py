"""Names of recording files, the frame table and its digest."""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from daq.errors import RecordingError
from daq.records import BurstKey

SUFFIX = ".arrows"
PART_SUFFIX = ".arrows.part"
_NAME = re.compile(r"^burst-(\d{6,10})\.arrows(\.part)?$")
_RUN = re.compile(r"^run-(\d{6})$")


class FrameInfo(NamedTuple):
    """Where a frame lies in its file and what it should be."""

    seq: int
    n_events: int
    offset: int
    length: int
    crc32c: int


def burst_path(root: Path, key: BurstKey) -> Path:
    """Path of a finished recording."""
    return root / f"run-{key[0]:06d}" / f"burst-{key[1]:06d}{SUFFIX}"


def journal_path(root: Path, key: BurstKey) -> Path:
    """Path of a recording that is still being written."""
    return root / f"run-{key[0]:06d}" / f"burst-{key[1]:06d}{PART_SUFFIX}"


def key_of(path: Path) -> BurstKey:
    """Run and burst from a path made by `burst_path` or `journal_path`."""
    run, name = _RUN.match(path.parent.name), _NAME.match(path.name)
    if run is None or name is None:
        msg = f"recording {path}: wanted run-RRRRRR/burst-BBBBBB{SUFFIX}; rename it or give the folder above"
        raise RecordingError(msg)
    return int(run[1]), int(name[1])


def find_bursts(root: Path, *, journals: bool = False) -> list[Path]:
    """Finished recordings (or, with `journals`, unfinished ones) below a folder, ordered by run and burst."""
    suffix = PART_SUFFIX if journals else SUFFIX
    if root.is_file():
        return [root] if root.name.endswith(suffix) else []
    found = [path for path in root.rglob(f"burst-*{suffix}") if _RUN.match(path.parent.name)]
    return sorted(found, key=key_of)


def frames_digest(frames: Iterable[tuple[int, int, int, int]]) -> str:
    """SHA-256 over (seq, events, length, CRC-32C) of the frames in order of seq.

    Restricted: it changes with the content of masked events, so it is never made public.
    """
    digest = hashlib.sha256(b"dumpwatch/frames/1\0")
    for seq, n_events, length, crc in sorted(frames):
        digest.update(struct.pack("<IIQI", seq, n_events, length, crc))
    return digest.hexdigest()
