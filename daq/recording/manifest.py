"""The manifest beside a recording: counts, digests, records and the frame table, as JSON."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from daq.errors import RecordingError
from daq.model import SCHEMA_NAME
from daq.recording.layout import FrameInfo
from daq.records import EobRecord, SobRecord
from daq.version import PROGRAM_VERSION


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a finished recording should be."""

    sob: SobRecord
    eob: EobRecord
    frames: list[FrameInfo]
    file_bytes: int


def manifest_path(recording: Path) -> Path:
    """`burst-000001.arrows` -> `burst-000001.json`."""
    return recording.with_suffix(".json")


def write_manifest(
    recording: Path,
    sob: SobRecord,
    eob: EobRecord,
    frames: list[FrameInfo],
    file_bytes: int,
    masked: Literal["clear", "sealed"] = "clear",
) -> None:
    """Write beside, sync, rename: a reader sees the whole manifest or none.

    masked : `clear`, the recording holds masked events and belongs on restricted storage; `sealed`, it holds none
    """
    path = manifest_path(recording)
    content = {
        "schema": SCHEMA_NAME,
        "program": PROGRAM_VERSION,
        "run": sob.run,
        "burst": sob.burst,
        "n_frames": eob.n_frames,
        "n_events": eob.n_events,
        "frames_digest": eob.frames_digest,
        "file_bytes": file_bytes,
        "masked": masked,
        "sob": sob.model_dump(mode="json"),
        "eob": eob.model_dump(mode="json"),
        "frames": [list(frame) for frame in frames],
    }
    temporary = path.with_suffix(".json.part")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def read_manifest(recording: Path) -> Manifest | None:
    """Manifest of a recording, None when there is none.

    Raises
    ------
    RecordingError
        Unreadable, or of another schema version.
    """
    path = manifest_path(recording)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        schema = content["schema"]
        if schema == SCHEMA_NAME:
            return _manifest(content)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"manifest {path}: unreadable ({type(error).__name__}); move it away and it is rebuilt from the recording"
        raise RecordingError(msg) from None
    msg = f"recording {recording}: schema '{schema}', this program reads '{SCHEMA_NAME}'; use the version that wrote it"
    raise RecordingError(msg)


def _manifest(content: dict[str, Any]) -> Manifest:
    frames = [FrameInfo(*map(int, row)) for row in content["frames"]]
    sob, eob = SobRecord.model_validate(content["sob"]), EobRecord.model_validate(content["eob"])
    return Manifest(sob, eob, frames, int(content["file_bytes"]))
