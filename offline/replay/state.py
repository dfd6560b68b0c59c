"""What a replay has counted, in a folder: a replay that is killed goes on from there, and nothing is counted again.

One line of JSON for each burst, synced before the next one. A line that a death tore is not read. Only public counts
are in it; the folder is for its owner alone all the same, because names and times of recordings are.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from daq.errors import ConfigError, StoreError
from daq.recording.lock import FolderLock
from offline.replay.burst import CountedBurst
from offline.replay.place import identity
from offline.replay.work import Work

FILE = "counted.jsonl"
SCHEMA = "dumpwatch.replay/1"


class Counted:
    """Bursts that were counted with one `Work`, by place and identity of their recording."""

    def __init__(self, folder: Path, work: Work) -> None:
        """Open a folder, made if need be.

        Raises
        ------
        ConfigError
            It can't be used.
        StoreError
            Another replay has it.
        """
        self._lock = FolderLock(folder, ".lock", 0.0, "replay keeps its state there")
        self._work = hashlib.sha256(work.pack().encode()).hexdigest()
        path = folder / FILE
        try:
            folder.chmod(0o700)
            self._known = _read(path, self._work)
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            if os.fstat(self._fd).st_size and os.pread(self._fd, 1, os.fstat(self._fd).st_size - 1) != b"\n":
                os.write(self._fd, b"\n")  # a torn line ends here, not in the next one
        except OSError as error:
            msg = f"--resume {folder}: can't be used ({error.strerror}); give a folder that can be written"
            raise ConfigError(msg) from None

    def find(self, place: str) -> CountedBurst | None:
        """Look up what was counted of a recording, as long as it is the same one."""
        row = self._known.get(place)
        if row is None or row["identity"] != identity(place):
            return None
        return CountedBurst.unpack(base64.b64decode(row["counted"]))

    def keep(self, place: str, counted: CountedBurst) -> None:
        """Remember what was counted of a recording.

        Raises
        ------
        StoreError
            The disk refuses.
        """
        row = {
            "schema": SCHEMA,
            "place": place,
            "identity": identity(place),
            "work": self._work,
            "counted": base64.b64encode(counted.pack()).decode(),
        }
        try:
            os.write(self._fd, json.dumps(row).encode() + b"\n")
            os.fdatasync(self._fd)
        except OSError as error:
            msg = f"--resume: cannot be written ({error.strerror}); make room and start again, it goes on from here"
            raise StoreError(msg) from error

    def close(self) -> None:
        """Let the next replay in."""
        os.close(self._fd)
        self._lock.release()


def _read(path: Path, work: str) -> dict[str, dict[str, Any]]:
    known: dict[str, dict[str, Any]] = {}
    if not path.exists():
        return known
    with path.open("rb") as file:
        for line in file:
            try:
                row = json.loads(line)
                if row["schema"] == SCHEMA and row["work"] == work:
                    known[row["place"]] = row
            except (ValueError, KeyError, TypeError):
                continue
    return known
