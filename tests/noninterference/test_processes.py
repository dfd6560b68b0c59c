"""The real program as processes: recordings in clear that differ only in what is hidden give the same words and rows.

The other tests of this folder call the roles and commands in their own process; here is what only a process has: its
exit code, its stderr, its start.
"""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing

import pytest

from daq.config import load_config
from daq.frame import encode_frame
from daq.recording import Journal, seal
from daq.records import BeamRecord, EobRecord, MaskCounts
from tests.chain.program import dumpwatch
from tests.noninterference.contents import content
from tests.noninterference.low import is_hidden
from tests.noninterference.streams import header_of
from tests.strategies import make_frame
from tests.strategies_wire import sob_record

CONFIG = "[reco]\nresidual_field = false\n"
KINDS = {
    "nothing": ("reject",),
    "signals": ("candidate",),
    "oddities": ("crowded", "doubtful", "two pairs", "long", "photons inside", "rejected"),
}
N, FRAME = 30, 10


def slots(kind: str) -> list[tuple[str, int]]:
    """Visible pairs, single tracks, and every third event hidden."""
    families = KINDS[kind]
    return [(("shown", i), ("single", i), (families[i % len(families)], i))[i % 3] for i in range(N)]


def record(folder, kind: str) -> None:
    (folder / "c.toml").write_text(CONFIG)
    config = load_config(folder / "c.toml")
    digests = {"config_digest": config.digest(), "mask_digest": config.mask_digest()}
    journal = Journal(folder / kind, sob_record().model_copy(update=digests))
    events = [content(*slot) | header_of(i, i) for i, slot in enumerate(slots(kind))]
    for first in range(0, N, FRAME):
        journal.append(encode_frame(make_frame(events[first : first + FRAME])), FRAME)
    beam = BeamRecord(
        t10_intensity=50.0, t10_stamp_ns=1, b1c_current_a=-770.0, b2_current_a=-250.0, magnet_stamp_ns=1,
        scalers={"MUV3": 200_000, "Q1_OR": 1_300_000},
    )  # fmt: skip
    eob = EobRecord(
        run=1, burst=1, end="NORMAL", n_frames=N // FRAME, n_events=N, frames_digest=journal.digest(), beam=beam,
        masks={"H2": MaskCounts(generated=N, sent=N, downscaling=1)}, primitives={}, n_choked=0, dead_ticks=0,
        spill_ticks=192_000_000,
    )  # fmt: skip
    journal.close(eob)
    seal(journal.path, journal.sob, eob, journal.frames)


def plain(text: str, kind: str) -> str:
    """Without what differs between any two runs: times, folders."""
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}", "TIME", text).replace(kind, "KIND")


def tables(path) -> dict:
    """Every row of every table but the wall clock of the commit, and the size of the file."""
    with closing(sqlite3.connect(path)) as db:
        names = [n for (n,) in db.execute("SELECT name FROM sqlite_master WHERE type='table' ORDER BY name")]
        found = {}
        for name in names:
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({name})")]
            keep = ", ".join(c for c in columns if c not in ("booked_ns", "created_ns", "value"))
            found[name] = db.execute(f"SELECT {keep} FROM {name}").fetchall()
    return {**found, "bytes": path.stat().st_size}


def public(folder, kind: str) -> dict:
    """Everything that a replay, and two commands after it, leave behind."""
    record(folder, kind)
    url = f"sqlite:///{folder / kind}.db"
    config = ("--config", folder / "c.toml")
    done = [
        dumpwatch("replay", folder / kind, "--verify", "--ledger", url, "--json", *config),
        dumpwatch("spills", "--json", "--ledger", url),
        dumpwatch("pot", "--by", "spill", "--ledger", url),
    ]
    return {
        "exit": [one.returncode for one in done],
        "stdout": [plain(one.stdout, kind) for one in done],
        "stderr": [plain(one.stderr, kind) for one in done],
        "tables": tables(folder / f"{kind}.db"),
    }


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return public(tmp_path_factory.mktemp("nothing"), "nothing")


@pytest.mark.parametrize("kind", ["signals", "oddities"])
def test_what_is_masked_changes_no_public_byte(reference, kind, tmp_path):
    assert all(is_hidden(slot) for slot in slots(kind)[2::3])
    found = public(tmp_path, kind)
    assert found["exit"] == [0, 0, 0]
    for part, said in found.items():
        assert said == reference[part], part


def test_the_streams_do_hold_visible_and_masked_candidates(reference):
    """The test above could not fail if nothing were selected, or if nothing were different."""
    counts = json.loads(reference["stdout"][1])["spills"][0]["counts"]
    assert counts["selected"] >= 3 and counts["events"] == N and counts["two_track"] >= 20
    frames = {kind: encode_frame(make_frame([content(*slot) for slot in slots(kind)])).to_pybytes() for kind in KINDS}
    assert len(set(frames.values())) == len(KINDS)
