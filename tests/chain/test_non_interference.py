"""Two recordings that differ only inside the mask, sent through the real chain: every public byte must be the same.

What is looked at: stdout, stderr, exit codes, ledger tables, `spills`, `pot`, every HTTP answer, the metrics.
"""

import asyncio
import re
import sqlite3
from contextlib import closing

import httpx
import pytest

from daq.config.monitor import MonitorConfig
from daq.frame import encode_frame
from daq.recording import Journal, seal
from daq.records import BeamRecord, EobRecord, MaskCounts
from monitor.api.app import Site, make_app
from monitor.api.view import LedgerView
from tests.chain.program import dumpwatch
from tests.strategies import REJECT, event_of, make_frame
from tests.strategies_wire import sob_record

PATHS = (
    "/", "/api/v1/status", "/api/v1/spills", "/api/v1/pot?by=spill", "/api/v1/pot?by=day", "/api/v1/runs",
    "/api/v1/runs/1", "/api/v1/spills/1/1", "/api/v1/spills/1/1/histograms/ztax_cda", "/api/v1/streams",
    "/api/v1/halo?run=1", "/api/v1/log", "/api/v1/alarms", "/api/v1/alerts", "/metrics",
)  # fmt: skip
HISTOGRAMS = ("time_profile", "momentum", "chod_tiles", "muv3_tiles", "z_vtx", "delta_t", "ztax_cda")
CONFIG = "[reco]\nresidual_field = false\n"


def signal(**change) -> dict:
    """A mu mu candidate in the middle of the signal region."""
    return event_of("mm", z_tax_m=23.0, cda_tax_mm=3.0, **change)


def masked_of(kind: str, i: int) -> dict:
    """Content of the i-th masked event of a stream."""
    if kind == "nothing":
        return REJECT
    if kind == "signals":
        return signal(p=(30.0 + i, 30.0))
    crowd = signal()
    crowd["straw"] = crowd["straw"] + signal(phi=1.0)["straw"]
    crowd["chod"] = crowd["chod"] * 7
    return [crowd, event_of("pp", z_tax_m=50.0, cda_tax_mm=140.0), signal(charge=(1, 1))][i % 3]


def stream(kind: str) -> list[dict]:
    """Thirty events: visible pairs, single tracks, and every third one masked."""
    events = []
    for i in range(30):
        visible = event_of("mm", z_tax_m=100.0 + i, cda_tax_mm=400.0)
        single = {"straw": visible["straw"][:1], "chod": visible["chod"]}
        content = (visible, single, masked_of(kind, i))[i % 3]
        header = {"event_number": i, "timestamp": 1000 * i, "fine_time": i, "trigger_flags": 2, "trigger_type": 1}
        events.append({**content, **header})
    return events


def record(folder, kind: str) -> None:
    journal = Journal(folder / kind, sob_record())
    events = stream(kind)
    for first in range(0, 30, 10):
        journal.append(encode_frame(make_frame(events[first : first + 10])), 10)
    beam = BeamRecord(
        t10_intensity=50.0, t10_stamp_ns=1, b1c_current_a=-770.0, b2_current_a=-250.0, magnet_stamp_ns=1,
        scalers={"MUV3": 200_000, "Q1_OR": 1_300_000},
    )  # fmt: skip
    eob = EobRecord(
        run=1, burst=1, end="NORMAL", n_frames=3, n_events=30, frames_digest=journal.digest(), beam=beam,
        masks={"H2": MaskCounts(generated=30, sent=30, downscaling=1)}, primitives={}, n_choked=0, dead_ticks=0,
        spill_ticks=192_000_000,
    )  # fmt: skip
    journal.close(eob)
    seal(journal.path, journal.sob, eob, journal.frames)
    (folder / "c.toml").write_text(CONFIG)


def plain(text: str, kind: str) -> str:
    """Without what differs between any two runs: times, folders, ports."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}", "TIME", text)
    return text.replace(kind, "KIND")


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


def answers(url: str) -> dict[str, str]:
    """Every HTTP answer, at a fixed clock."""
    site = Site(LedgerView(url), dict, MonitorConfig(), lambda: 1_700_000_000_000_000_000)
    site.instance = "fixed"

    async def ask() -> dict[str, str]:
        transport = httpx.ASGITransport(app=make_app(site))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            await asyncio.to_thread(site.view.refresh)
            paths = [*PATHS, *(f"/api/v1/histograms/{name}" for name in HISTOGRAMS)]
            return {path: _body(await client.get(path)) for path in paths}

    try:
        return asyncio.run(ask())
    finally:
        site.view.close()


def _body(answer: httpx.Response) -> str:
    headers = {k: v for k, v in answer.headers.items() if k not in ("last-modified", "etag", "date", "content-length")}
    ages = re.sub(r'"(last_spill_age_s|age_s|booked_ns|last_commit_ns|updated_ns)":[^,}]+', r'"\1":0', answer.text)
    # other programs write to this disk as well
    ages = re.sub(r"(dumpwatch_(last_\w+_timestamp_seconds|ledger_disk_free_ratio)) [0-9.e+]+", r"\1 0", ages)
    return f"{answer.status_code} {sorted(headers.items())} {ages}"


def public(folder, kind: str) -> dict:
    """Everything public that a run over one recording leaves behind."""
    record(folder, kind)
    ledger = folder / f"{kind}.db"
    url = f"sqlite:///{ledger}"
    done = dumpwatch("replay", folder / kind, "--verify", "--ledger", url, "--json", "--config", folder / "c.toml")
    spills, pot = dumpwatch("spills", "--json", "--ledger", url), dumpwatch("pot", "--by", "spill", "--ledger", url)
    return {
        "exit": (done.returncode, spills.returncode, pot.returncode),
        "stdout": [plain(d.stdout, kind) for d in (done, spills, pot)],
        "stderr": [plain(d.stderr, kind) for d in (done, spills, pot)],
        "tables": tables(ledger),
        "http": answers(url),
    }


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return public(tmp_path_factory.mktemp("nothing"), "nothing")


@pytest.mark.parametrize("kind", ["signals", "crowds"])
def test_what_is_masked_changes_no_public_byte(reference, kind, tmp_path):
    found = public(tmp_path, kind)
    assert found["exit"] == reference["exit"] == (0, 0, 0)
    for part in ("stdout", "stderr", "tables"):
        assert found[part] == reference[part], part
    for path, body in found["http"].items():
        assert body == reference["http"][path], path


def test_the_streams_do_hold_visible_and_masked_candidates(reference):
    """The test above could not fail if nothing were selected, or if nothing were different."""
    assert '"mumu_os":{"OCR1":0,"OCR2":0,"OCR3":10' in reference["http"]["/api/v1/spills"].replace(" ", "")
    assert '"not_selected":20' in reference["http"]["/api/v1/spills"].replace(" ", "")
    frames = {kind: encode_frame(make_frame(stream(kind))) for kind in ("nothing", "signals", "crowds")}
    assert len({frame.to_pybytes() for frame in frames.values()}) == 3
