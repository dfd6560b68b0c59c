"""A ledger with a few spills, and a site that reads it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from daq.config.monitor import MonitorConfig
from monitor.api.app import Site
from monitor.api.view import LedgerView
from monitor.ledger import Ledger
from tests.monitor.databases import cluster, postgres_url, sqlite_url, url  # noqa: F401 - fixtures for all tests here
from tests.monitor.synthetic import make_spill

NOW_NS = 1_760_001_000_000_000_000
CHAIN = {
    "run": 9001,
    "burst": 4,
    "mode": "EMULATED",
    "phase": "spill",
    "frames_counted": 1,
    "events_counted": 12_000,
    "workers": 2,
    "open_bursts": 1,
    "duplicates": 3,
    "bad_frames": {"checksum": 2, "gremlins": 5},
    "refused": 0,
    "updated_ns": NOW_NS - 1_234_567_890,
    "secret": "SR=1",
}


@pytest.fixture
def ledger_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/ledger.db"


@pytest.fixture
def filled(ledger_url: str) -> Iterator[Ledger]:
    with Ledger.open(ledger_url, now_ns=lambda: NOW_NS - 7_000_000_000) as ledger:
        ledger.commit(*make_spill(burst=1, fill=True))
        ledger.commit(*make_spill(burst=2, fill=True, missing=((1, 1, "no answer"),), n_lost=12_000))
        ledger.commit(*make_spill(burst=3, fill=True, t10=None))
        yield ledger


@pytest.fixture
def site(ledger_url: str) -> Iterator[Site]:
    view = LedgerView(ledger_url)
    yield Site(view, lambda: CHAIN, MonitorConfig(), lambda: NOW_NS)
    view.close()
