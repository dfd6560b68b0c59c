"""A scenario through the whole chain of real processes: frames sent twice, lost records, missing spills."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from tests.chain.program import dumpwatch, live, numbers, small_config

STORY = """
title = "everything that can happen to a burst on its way"
[[step]]
from = 1
to = 1
effect = "duplicates"
[[step]]
from = 2
to = 2
effect = "lost-eob"
[[step]]
from = 3
to = 3
effect = "missing-spills"
[[step]]
from = 4
to = 4
effect = "no-beam"
[[step]]
from = 5
effect = "lost-eob"
"""
CYCLE_NS = 14_400_000_000


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    """Five quiet spills, by number."""
    report = live(tmp_path_factory.mktemp("quiet"), "quiet", "--scenario", "quiet", "--workers", 1, spills=5)
    return {spill["burst"]: spill for spill in numbers(report)}


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """The scenario, recorded: folder, report, most duplicates that the page showed."""
    folder = tmp_path_factory.mktemp("played")
    (folder / "story.toml").write_text(STORY)
    command = [sys.executable, "-m", "dumpwatch", "--log-level", "warning", "live", "--spills", "5", "--speed", "max"]
    command += ["--seed", "7", "--port", "0", "--json", "--config", str(small_config(folder)), "--workers", "1"]
    command += ["--ledger", f"sqlite:///{folder}/l.db", "--scenario", str(folder / "story.toml")]
    command += ["--record", str(folder / "rec")]
    seen = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        url = process.stderr.readline().split()[3].rstrip("/")
        end = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < end:
            seen = max(seen, duplicates(url))
            time.sleep(0.02)
        process.terminate()
        output, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    return folder, json.loads(output), seen


def duplicates(url):
    """Duplicate results so far as the page shows them; 0 while it does not answer."""
    try:
        with urllib.request.urlopen(url + "/api/v1/status", timeout=5) as answer:
            return json.loads(answer.read())["chain"]["duplicates"] or 0
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return 0


def test_the_spills_of_the_scenario_are_booked_and_no_other(played):
    _, report, _ = played
    states = [(spill["burst"], spill["state"]) for spill in report["spills"]]
    assert states == [(1, "COMPLETE"), (2, "INCOMPLETE"), (4, "COMPLETE"), (5, "INCOMPLETE")]


def test_frames_that_come_twice_are_counted_once(played, quiet):
    _, report, seen = played
    assert numbers(report)[0] == quiet[1]
    assert seen >= report["spills"][0]["n_frames"] > 1


@pytest.mark.parametrize("row", [1, 3])
def test_a_lost_eob_books_the_burst_incomplete_with_its_reason(played, quiet, row):
    spill = played[1]["spills"][row]
    whole = quiet[spill["burst"]]
    reason = "the end-of-burst record never came"
    assert spill["missing"] == [{"first_seq": spill["n_frames"], "last_seq": None, "reason": reason}]
    assert {"NO_EOB", "INCOMPLETE", "NO_POT"} <= set(spill["quality"])
    assert (spill["pot"], spill["live_fraction"], spill["triggers"]) == (None, None, {})
    # everything that the journal holds is counted
    assert spill["n_events"] == spill["n_counted"] == whole["n_events"]
    assert (spill["counts"], spill["content_digest"]) == (whole["counts"], whole["content_digest"])


def test_journals_and_ledger_agree_after_lost_records(played):
    folder, report, _ = played
    assert not list(folder.rglob("*.part"))
    options = ["--ledger", f"sqlite:///{folder}/again.db", "--json", "--config", small_config(folder)]
    done = dumpwatch("replay", folder / "rec", "--verify", *options)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["spills"] == report["spills"]


def test_a_missing_spill_leaves_a_gap_and_one_without_beam_has_noise_only(played, quiet):
    first, _, dark, _ = played[1]["spills"]
    assert dark["sob_time_ns"] - first["sob_time_ns"] == 3 * CYCLE_NS
    assert (dark["pot"], dark["t10_intensity"], dark["quality"]) == (0, 0.0, [])
    assert dark["counts"]["tracks"] == 0 < quiet[4]["counts"]["tracks"]


def test_a_wrong_scenario_is_refused_before_anything_is_started(tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text(STORY + '[[step]]\nfrom = 6\neffect = "lost-eob"\n')
    for scenario, reason in ((path, f"{path}:22: step 6 (lost-eob): sets "), ("qiet", "nearest one is 'quiet'")):
        ledger = f"sqlite:///{tmp_path}/wrong.db"
        done = dumpwatch("live", "--spills", 1, "--port", 0, "--scenario", scenario, "--ledger", ledger)
        assert done.returncode == 2
        assert reason in done.stderr
        assert not (tmp_path / "wrong.db").exists()


def test_a_recording_cannot_play_a_scenario(tmp_path):
    done = dumpwatch("source", "--run", 1, "--replay", tmp_path / "list", "--scenario", "quiet")
    assert done.returncode == 2
    assert "leave one of the two out" in done.stderr


def test_scenarios_are_listed():
    done = dumpwatch("scenarios")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert len(lines) >= 12
    assert any(line.startswith("halo-x2 ") and "15  halo twice" in line for line in lines)
