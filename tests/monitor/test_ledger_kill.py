"""Kill -9 in the middle of commits: each burst is there whole or not at all."""

from __future__ import annotations

import os
import random
import select
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.ledger import Ledger

WRITER = """
import sys
from monitor.ledger import Ledger
from tests.monitor.synthetic import make_spill
spill, tally = make_spill(fill=True)
with Ledger.open(sys.argv[1]) as ledger:
    burst = (ledger.last_burst(9001) or 0) + 1
    while burst < 100_000:
        ledger.commit(spill.model_copy(update={"burst": burst}), tally)
        print(burst, flush=True)
        burst += 1
"""


def _booked_before_death(url: str, wait_for: int, delay_s: float) -> int:
    """Start a writer, let it commit a few, kill it; the last burst that it said was booked."""
    root = Path(__file__).parents[2]
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, cwd=root, text=True, env={**os.environ}
    )
    said = [int(writer.stdout.readline()) for _ in range(wait_for)]
    select.select([], [], [], delay_s)  # an instant that nothing is in step with
    writer.send_signal(signal.SIGKILL)
    said += [int(line) for line in writer.stdout.read().splitlines() if line.strip()]
    writer.stdout.close()
    assert writer.wait() == -signal.SIGKILL
    return said[-1]


@pytest.mark.parametrize("seed", range(4))
def test_all_or_nothing(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    url = f"sqlite:///{tmp_path}/ledger.db"
    said = 0
    for _ in range(2):
        said = max(said, _booked_before_death(url, dice.randint(1, 6), dice.uniform(0, 0.02)))
        with Ledger.open(url) as ledger:
            bursts = sorted(ledger.committed(9001))
            assert bursts == list(range(1, len(bursts) + 1))
            assert said <= len(bursts) <= said + 1  # booked but not yet said is allowed, said but lost is not
            assert ledger.totals().n_events == 36_000 * len(bursts)
    raw = sqlite3.connect(tmp_path / "ledger.db")
    assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    n_spills = raw.execute("SELECT count(*) FROM spill").fetchone()[0]
    for table in ("standing", "judgement"):
        assert raw.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == n_spills
    raw.close()
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        assert ledger.verify().faults == []
