"""The whole chain as real processes: same numbers however it is cut, nothing lost, nothing overwritten."""

import json
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

from tests.chain.program import dumpwatch, live, numbers, small_config


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A recorded run of two spills, its ledger and its report."""
    folder = tmp_path_factory.mktemp("recorded")
    report = live(folder, "first", "--record", folder / "rec", "--workers", 1)
    return folder, report


def test_spills_are_complete_and_the_books_balance(recorded):
    _, report = recorded
    assert [spill["burst"] for spill in report["spills"]] == [1, 2]
    for spill in report["spills"]:
        assert spill["state"] == "COMPLETE"
        assert spill["n_events"] == spill["n_counted"] > 1000
        assert spill["n_missing"] == 0
        q1 = spill["triggers"]["Q1"]
        assert q1["sent"] == q1["generated"] // 20
        assert spill["pot"] == pytest.approx(3e11, rel=0.15)
    totals = report["totals"]
    assert totals["n_events"] == sum(spill["n_events"] for spill in report["spills"])


def test_the_same_seed_gives_the_same_numbers_for_any_workers_and_frames(recorded, tmp_path):
    _, report = recorded
    two = live(tmp_path, "two", "--workers", 2, frame_events=333)
    three = live(tmp_path, "three", "--workers", 3, frame_events=16384)
    assert numbers(report) == numbers(two) == numbers(three)
    assert {spill["n_frames"] for r in (report, two, three) for spill in r["spills"]} != {1}


def test_replay_is_identical_from_a_copy_of_the_ledger_and_from_an_empty_one(recorded, tmp_path):
    folder, report = recorded
    config = small_config(folder)
    shutil.copy(folder / "first.db", tmp_path / "copy.db")
    for name, wanted in (("copy", "identical"), ("empty", "booked"), ("empty", "identical")):
        ledger = f"sqlite:///{tmp_path}/{name}.db"
        done = dumpwatch("replay", folder / "rec", "--verify", "--ledger", ledger, "--json", "--config", config)
        assert done.returncode == 0, done.stderr
        again = json.loads(done.stdout)
        assert again["spills"] == report["spills"]
        assert [row["result"] for row in again["verify"]] == [wanted] * 2


def test_replay_against_other_numbers_fails_and_changes_nothing(recorded, tmp_path):
    folder, _ = recorded
    live(tmp_path, "other", "--seed", 8, "--run", 1)
    ledger, config = f"sqlite:///{tmp_path}/other.db", small_config(folder)
    before = dumpwatch("spills", "--json", "--ledger", ledger).stdout
    done = dumpwatch("replay", folder / "rec", "--verify", "--ledger", ledger, "--config", config)
    assert done.returncode == 1
    assert "burst 1: differs" in done.stdout
    assert dumpwatch("spills", "--json", "--ledger", ledger).stdout == before


def test_a_damaged_recording_is_counted_as_far_as_it_goes_and_a_later_one_upgrades_it(recorded, tmp_path):
    folder, report = recorded
    shutil.copytree(folder / "rec", tmp_path / "rec")
    path = next((tmp_path / "rec").rglob("burst-000001.arrows"))
    whole = path.read_bytes()
    frames = json.loads(path.with_suffix(".json").read_text())["frames"]
    _, n_events, offset, _, _ = frames[1]
    damaged = bytearray(whole)
    damaged[offset + 3000] ^= 1
    path.write_bytes(bytes(damaged))
    ledger, config = f"sqlite:///{tmp_path}/l.db", small_config(folder)
    done = dumpwatch("replay", tmp_path / "rec", "--ledger", ledger, "--json", "--config", config)
    assert done.returncode == 0, done.stderr
    spill = json.loads(done.stdout)["spills"][0]
    assert (spill["state"], spill["n_missing"]) == ("INCOMPLETE", n_events)
    assert spill["missing"] == [{"first_seq": 1, "last_seq": 1, "reason": "corrupt on disk"}]
    assert json.loads(done.stdout)["spills"][1]["state"] == "COMPLETE"
    path.write_bytes(whole)
    done = dumpwatch("replay", tmp_path / "rec", "--verify", "--ledger", ledger, "--json", "--config", config)
    assert done.returncode == 0, done.stderr
    assert [row["result"] for row in json.loads(done.stdout)["verify"]] == ["upgraded", "identical"]
    now = json.loads(dumpwatch("spills", "--json", "--ledger", ledger).stdout)
    # a replay seals nothing, and says so
    assert now["spills"] == [row | {"quality": [*row["quality"], "NOT_SEALED"]} for row in report["spills"]]


def test_a_burst_with_other_content_is_refused_and_its_recording_kept(recorded, tmp_path):
    """The number of a burst is taken in the ledger, the journal of another source has it again."""
    folder, _ = recorded
    journals = tmp_path / "rec" / "run-000001"
    journals.mkdir(parents=True)
    source = next((folder / "rec").rglob("burst-000001.arrows"))
    journal = journals / "burst-000001.arrows.part"
    shutil.copy(source, journal)
    live(tmp_path, "other", "--seed", 8, "--run", 1)
    config = small_config(tmp_path)
    options = ["--spills", 1, "--speed", "max", "--run", 1, "--port", 0, "--config", config]
    done = dumpwatch("live", *options, "--record", tmp_path / "rec", "--ledger", f"sqlite:///{tmp_path}/other.db")
    assert done.returncode == 1
    assert "refused" in done.stderr
    assert journal.with_suffix(".refused").read_bytes() == source.read_bytes()
    again = dumpwatch("live", *options, "--record", tmp_path / "rec", "--ledger", f"sqlite:///{tmp_path}/other.db")
    assert again.returncode == 0  # it was said once; later spills are not held up by it


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A chain in real time; its folder, process and address."""
    folder = tmp_path_factory.mktemp("running")
    command = [sys.executable, "-m", "dumpwatch", "live", "--cycle", "5", "--port", "0", "--workers", "1"]
    command += ["--config", str(small_config(folder)), "--ledger", f"sqlite:///{folder}/l.db"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        line = process.stdout.readline()
        yield folder, process, line.split()[3].rstrip("/")
        process.kill()


def get(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read().decode()


def test_page_and_metrics_answer_while_spills_are_taken(running):
    _, _, url = running
    assert "dumpwatch" in get(url + "/")
    assert get(url + "/healthz")
    end = time.monotonic() + 30
    while not json.loads(get(url + "/api/v1/spills"))["spills"]:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert 'dumpwatch_spills_total{state="complete"}' in get(url + "/metrics")


def test_a_second_chain_on_the_same_ledger_is_refused(running):
    folder, _, _ = running
    done = dumpwatch("live", "--spills", 1, "--speed", "max", "--port", 0, "--ledger", f"sqlite:///{folder}/l.db")
    assert done.returncode == 1
    assert "another dumpwatch is feeding this ledger" in done.stderr


def test_sigint_drains_and_exits_0(running):
    folder, process, _ = running
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    report = json.loads(dumpwatch("spills", "--json", "--ledger", f"sqlite:///{folder}/l.db").stdout)
    assert report["spills"]
    assert {spill["state"] for spill in report["spills"]} == {"COMPLETE"}
    assert not list(folder.rglob("*.part"))
    assert not list(folder.rglob("*.arrows"))
