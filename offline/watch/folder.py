"""What lies in a folder of recordings, and what has been dealt with of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from daq.errors import RecordingError
from daq.recording.layout import SUFFIX, key_of
from daq.recording.manifest import read_manifest
from daq.records import BurstKey
from offline.replay.order import Job
from offline.replay.place import identity


@dataclass(slots=True)
class Folder:
    """A folder that recordings land in; journals are not looked at.

    A recording that is put in place by a rename is whole at once. One that is being copied grows under its own name:
    it is left alone until it is as long as its manifest says, or has not changed for `settle_s`.
    """

    root: Path
    settle_s: float
    _dealt: dict[Path, str] = field(default_factory=dict)
    """Recording -> its identity when it was dealt with."""
    _growing: dict[Path, tuple[str, float]] = field(default_factory=dict)
    """Recording that is not whole -> identity, and when it was first seen so [s]."""

    def fresh(self, now_s: float) -> tuple[list[Job], list[tuple[Path, str]]]:
        """Recordings that were not dealt with as they are now, and names that cannot be taken, with the reason.

        now_s : monotonic clock [s]
        """
        jobs: dict[BurstKey, Job] = {}
        wrong: list[tuple[Path, str]] = []
        for path, said in self._changed():
            try:
                key = key_of(path)
                if key in jobs:
                    wrong.append((path, f"recording {path}: {jobs[key].place} holds the same run and burst"))
                elif self._is_settled(path, said, now_s):
                    jobs[key] = Job(key, str(path))
                    continue
                else:
                    continue
            except RecordingError as error:
                wrong.append((path, str(error)))
            self._dealt[path] = said
        return [jobs[key] for key in sorted(jobs)], wrong

    @property
    def has_growing(self) -> bool:
        """Whether a recording is waited for."""
        return bool(self._growing)

    def dealt(self, place: str, said: str) -> None:
        """Take note that a recording was counted, or refused, as it was then: until it changes it is not looked at."""
        self._dealt[Path(place)] = said

    def _changed(self) -> Iterator[tuple[Path, str]]:
        there = set()
        for path in sorted(self.root.rglob(f"burst-*{SUFFIX}")):
            there.add(path)
            try:
                said = identity(str(path))
            except RecordingError:
                continue  # it was moved away in this moment
            if self._dealt.get(path) != said:
                yield path, said
        for gone in [path for path in self._growing if path not in there]:
            del self._growing[gone]

    def _is_settled(self, path: Path, said: str, now_s: float) -> bool:
        if _is_whole(path):
            self._growing.pop(path, None)
            return True
        before, since = self._growing.get(path, ("", now_s))
        if before != said:
            self._growing[path] = (said, now_s)
            return False
        if now_s - since < self.settle_s:
            return False
        del self._growing[path]
        return True


def _is_whole(path: Path) -> bool:
    try:
        manifest = read_manifest(path)
        return manifest is not None and path.stat().st_size >= manifest.file_bytes
    except (RecordingError, OSError):
        return False
