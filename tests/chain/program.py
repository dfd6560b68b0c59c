"""Running the real program in tests."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SMALL = """
[beam]
pot_per_spill = 3e11
[streaming]
frame_events = {frame_events}
stall_seconds = 0.5
"""


def dumpwatch(*arguments: object, timeout: float = 100) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    command = [sys.executable, "-m", "dumpwatch", "--log-level", "warning", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)


def small_config(folder: Path, frame_events: int = 2000) -> Path:
    path = folder / f"small-{frame_events}.toml"
    path.write_text(SMALL.format(frame_events=frame_events))
    return path


def live(folder: Path, name: str, *extra: object, spills: int = 2, frame_events: int = 2000) -> dict:
    """A short run into a ledger of its own; the JSON document."""
    config = small_config(folder, frame_events)
    options = ["--spills", spills, "--speed", "max", "--seed", 7, "--port", 0, "--json", "--config", config]
    done = dumpwatch("live", *options, "--ledger", f"sqlite:///{folder}/{name}.db", *extra)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def numbers(report: dict) -> list[dict]:
    """What must be equal whatever the workers, frames and times."""
    skip = {"sob_time_ns", "n_frames"}
    return [{key: value for key, value in spill.items() if key not in skip} for spill in report["spills"]]
