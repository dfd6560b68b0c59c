"""The whole drill of the operator page, as its script does it: real chains, every refusal, counts equal the truth."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chain.warm import warm_python
from tools import drill_truth

ROOT = Path(__file__).parent.parent.parent
SCRIPT = ROOT / "docs" / "operator" / "drill.sh"

REFUSED = {
    "is sealed: no line of the opening log opens it": 3,
    "2 of 3 custodians (demonstration-1, demonstration-2); ask for more": 1,
    "spill 1 (run 1 burst 2): the head does not follow: a record was changed, swapped, moved or removed": 1,
    "another ledger, or a chain written anew": 1,
    "run 1 burst 2 compartment mumu/CR: sealed bytes do not open": 1,
    "its end was cut off, or it was written anew": 1,
    "one share is wrong": 1,
    "approval of 'demonstration-3': the signature does not hold": 1,
    "A mask may only grow": 1,
    "wanted 1000 at least: fewer would tell when a candidate came": 1,
    "is at CR_OPEN, SR wants it at CR_VALIDATED": 1,
    "is for another statement; an approval holds for one opening only": 1,
    "was carried out before; every opening needs its own": 1,
}
"""What each refusal says, and how often it comes."""


def drill(folder: Path, python: str | Path) -> str:
    """Run the script; everything it said."""
    environment = {**os.environ, "PYTHON": str(python), "SPILLS": "2"}
    done = subprocess.run(
        ["bash", str(SCRIPT), str(folder / "drill")], capture_output=True, text=True, timeout=500, check=False,
        env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check(said: str, folder: Path) -> None:
    """Hold what a drill said against what it has to say."""
    assert {words: said.count(words) for words in REFUSED} == REFUSED
    assert said.count("  exit code 1\n") == sum(REFUSED.values())
    equal = dict(re.findall(r"equal   (\S+): (\d+) opened, \2 injected", said))
    assert "DIFFERS" not in said
    assert equal.keys() == {f"{c}/{r}" for c in ("mumu", "pipi_pi0") for r in ("SR", "CR", "KS")} | {"pipi_gamma/CR"}
    assert int(equal["mumu/SR"]) > 100 and int(equal["pipi_pi0/SR"]) > 50
    assert int(equal["mumu/CR"]) + int(equal["pipi_gamma/CR"]) > 0
    assert said.count(" events by number\n") == len(equal)
    events = json.loads(next((folder / "drill" / "sr.events").glob("mumu-SR-*.json")).read_text())
    assert events["complete"] and {row["taken_from"] for row in events["events"]} == {"slot", "sealed file"}
    assert said.count("least block lowered to 2 spills") == 7 and said.count("DEMONSTRATION keys") == 1
    assert said.splitlines()[-1] == "== the drill went as it should"


@pytest.mark.timeout(400)
def test_the_drill_of_the_operator_page(tmp_path):
    with warm_python(tmp_path) as python:
        check(drill(tmp_path, python), tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_drill_with_a_process_for_each_command(tmp_path):
    check(drill(tmp_path, sys.executable), tmp_path)


def test_a_count_or_an_event_that_differs_is_seen():
    truth = {"mumu/SR": [[1, 1, 4], [1, 2, 9]]}
    opened = {"opened": [{"compartment": "mumu/SR", "count": 2}, {"compartment": "mumu/KS", "count": 0}]}
    row = {"run": 1, "burst": 1, "event_number": 4}
    events = {"compartment": "mumu/SR", "events": [row, {"run": 1, "burst": 2, "event_number": 9}]}
    right = drill_truth.compare(truth, opened, [events])
    assert [line[:7] for line in right] == ["equal  ", "equal  ", "equal  "]
    opened["opened"][0]["count"] = 3
    events["events"][1]["event_number"] = 8
    assert [line[:7] for line in drill_truth.compare(truth, opened, [events])] == ["DIFFERS", "equal  ", "DIFFERS"]
    assert drill_truth.compare({}, {"opened": [{"compartment": "ee/CR", "count": 1}]}, [])[0].startswith("DIFFERS")
