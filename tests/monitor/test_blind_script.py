"""The drill of the operator page runs as it is written, in processes of its own, on a ledger that was filled before."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from daq.config import Config
from monitor.ledger import Ledger
from monitor.sealed.books import demonstration_keys
from monitor.sealed.keyring import KeyRing, load_host_key
from monitor.sealed.seal import SpillSealer
from streaming.event_bytes import pack_event
from streaming.masked import SHAPE, Masked, fill_slot
from tests.monitor.blind_site import sealed_by
from tests.monitor.synthetic import make_spill
from tests.strategies import event_of, make_frame

ROOT = Path(__file__).parent.parent.parent


def script() -> str:
    page = (ROOT / "docs" / "operator" / "opening.md").read_text(encoding="utf-8")
    lines = page.split("```\nset -e\n")[1].split("```")[0].splitlines()
    assert lines[0].startswith("dumpwatch live ")
    program = f'cd "{Path.cwd()}"; dumpwatch() {{ "{sys.executable}" -m dumpwatch "$@"; }}'
    return "\n".join(["set -e", program, *lines[1:]])


def fill(url: str) -> None:
    """Eight spills, one candidate in the SR of the third, two in the CR of the fifth, with their events."""
    public = demonstration_keys(url)
    sealer = SpillSealer(KeyRing.load(public).keys, load_host_key(public))
    with Ledger.open(url) as books:
        for burst in range(1, 9):
            counts, slots = np.zeros(SHAPE, np.int64), []
            for cda in {3: [5.0], 5: [100.0, 120.0]}.get(burst, []):
                region = int(cda > 20.0)
                counts[0, region] += 1
                event = pack_event(make_frame([event_of("mm", z_tax_m=23.0, cda_tax_mm=cda)]), 0)
                slots.append(fill_slot(event, 0, region))
            spill, tally = make_spill(burst=burst)
            spill = spill.model_copy(update={"config_digest": Config().digest()})
            books.commit(spill, tally, partial(sealed_by, sealer, spill, Masked(counts, slots)))


@pytest.mark.timeout(300)
def test_the_script_of_the_operator_page_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fill("sqlite:///try/ledger.db")
    done = subprocess.run(
        ["bash", "-c", script()], cwd=tmp_path, capture_output=True, text=True, timeout=280, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    for words in (
        "mumu/SR        sealed", "recount agrees", "mumu/CR 2 (2 with their events) in 8 spills",
        "CR agrees: P(N >= n | 1200) = 1, rule 0.05", "mumu/SR 1 (1 with their events), mumu/KS 0", "no fault found",
    ):  # fmt: skip
        assert words in done.stdout
    refused = done.stderr.splitlines()
    assert len(refused) == 3 and "2 of 3 custodians" in refused[0] and "wants it at CR_VALIDATED" in refused[1]
    assert "was carried out before" in refused[2]
