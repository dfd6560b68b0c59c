"""Small recordings for the tests of replay and watch: pairs, single tracks, rejected and masked events."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from daq.config import Config
from daq.frame import encode_frame
from daq.recording import Journal, burst_path, seal
from daq.recording.manifest import manifest_path
from daq.records import BeamRecord, EobRecord, MaskCounts, SobRecord
from tests.strategies import REJECT, event_of, make_frame

CONFIG = Config()


def events(n: int, *, masked: bool = True) -> list[dict]:
    """Visible pairs, single tracks, rejected events and masked ones, in turn."""
    found = []
    for i in range(n):
        visible = event_of("mm", z_tax_m=100.0 + i % 50, cda_tax_mm=400.0)
        single = {"straw": visible["straw"][:1], "chod": visible["chod"]}
        hidden = event_of("mm", z_tax_m=23.0, cda_tax_mm=3.0) if masked else REJECT
        header = {"event_number": i, "timestamp": 1000 * i, "fine_time": i % 256, "trigger_flags": 2}
        found.append({**(visible, single, REJECT, hidden)[i % 4], **header, "trigger_type": 1})
    return found


def sob(run: int = 1, burst: int = 1, **changed: object) -> SobRecord:
    """SOB record of a burst that is taken with the defaults."""
    said = {"config_digest": CONFIG.digest(), "mask_digest": CONFIG.mask_digest(), "b2_set_a": -250.0, **changed}
    return SobRecord(run=run, burst=burst, sob_time_ns=burst * 10**9, mode="EMULATED", **said)


def eob(journal: Journal, n: int, **changed: object) -> EobRecord:
    """EOB record of a journal."""
    beam = BeamRecord(
        t10_intensity=50.0, t10_stamp_ns=1, b1c_current_a=-770.0, b2_current_a=-250.0, magnet_stamp_ns=1,
        scalers={"MUV3": 200_000, "Q1_OR": 1_300_000},
    )  # fmt: skip
    key = {"run": journal.sob.run, "burst": journal.sob.burst}
    said = {
        "n_frames": len(journal.frames), "n_events": n, "frames_digest": journal.digest(), "beam": beam,
        "masks": {"H2": MaskCounts(generated=n, sent=n, downscaling=1)}, "primitives": {},
        "n_choked": 0, "dead_ticks": 0, "spill_ticks": 192_000_000,
    }  # fmt: skip
    return EobRecord(**key, end="NORMAL", **{**said, **changed})


def record(
    root: Path,
    run: int = 1,
    burst: int = 1,
    *,
    n: int = 24,
    cuts: Sequence[int] = (8, 16),
    masked: bool = True,
    sob_changed: dict | None = None,
    eob_changed: dict | None = None,
) -> Path:
    """Write one recording of `n` events, cut into frames at `cuts`."""
    journal = Journal(root, sob(run, burst, **(sob_changed or {})))
    made = events(n, masked=masked)
    edges = [0, *cuts, n]
    for first, last in pairwise(edges):
        journal.append(encode_frame(make_frame(made[first:last])), last - first)
    end = eob(journal, n, **(eob_changed or {}))
    journal.close(end)
    return seal(journal.path, journal.sob, end, journal.frames)


def record_many(root: Path, bursts: int, run: int = 1, **options: object) -> list[Path]:
    """Write a run of so many bursts."""
    return [record(root, run, burst, **options) for burst in range(1, bursts + 1)]


def copies(path: Path, bursts: int) -> None:
    """Put copies of burst 1 beside it, under the numbers that follow; quickly, without a sync."""
    text = json.loads(manifest_path(path).read_text())
    for number in range(2, bursts + 1):
        final = burst_path(path.parent.parent, (int(path.parent.name[4:]), number))
        os.link(path, final)
        for part in (text, text["sob"], text["eob"]):
            part["burst"] = number
        text["sob"]["sob_time_ns"] = number * 10**9
        manifest_path(final).write_text(json.dumps(text))


def land(path: Path, root: Path) -> Path:
    """Move a recording into another folder as a source does: the manifest first, then the file by a rename."""
    final = burst_path(root, (int(path.parent.name[4:]), int(path.stem[6:])))
    final.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(manifest_path(path), manifest_path(final))
    part = final.with_suffix(".arrows.part")
    shutil.copy(path, part)
    part.rename(final)
    return final
