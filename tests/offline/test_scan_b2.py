"""`dumpwatch scan-b2`: options, the emulated scan against the real chain, recorded scans, files, Ctrl-C."""

import csv
import json
import signal
import subprocess
import sys

import numpy as np
import pytest

from daq.config import Config, load_config
from daq.config.beam import BeamConfig
from daq.errors import ConfigError, StoreError
from daq.source.emulator import EmulatedDetector
from monitor.halo import halo_view
from monitor.ledger import Ledger
from offline.scan_b2.emulated import emulated_spill, emulated_spills
from offline.scan_b2.options import Span, read_span
from offline.scan_b2.recorded import recorded_spills
from offline.scan_b2.report import CURVE, DOCUMENT, PLOT, SPILLS
from offline.scan_b2.scan import collect
from tests.chain.program import dumpwatch, live, small_config
from tests.monitor.halo.scans import DUMP, given, spill_at
from tests.monitor.synthetic import make_tally

SCENARIO = """
title = "a short scan"
[[step]]
from = 2
effect = "b2-scan"
currents_a = [-450.0, -350.0, -250.0, -150.0, -50.0]
spills_each = 2
"""
FILES = {CURVE, SPILLS, DOCUMENT, PLOT}
FIVE = ("--from", -450, "--to", -50, "--step", 100)


def commit(ledger, burst, read_a, set_a, run=9001, **records):
    scalers = {"MUV3": round(2.3e5 * given(read_a)), "Q1_OR": round(1.3e6 * given(read_a))}
    spill = spill_at(burst, read_a, set_a, scalers, run=run, **records)
    ledger.commit(spill, make_tally(spill.n_events, burst, fill=False))


def quick_config(folder):
    """Spills of few protons, short ones, so that there are few slices."""
    path = folder / "quick.toml"
    path.write_text("[beam]\npot_per_spill = 3e11\nspill_seconds = 0.3\n")
    return path


@pytest.fixture(scope="module")
def booked(tmp_path_factory):
    """A ledger: run 9001 without a scan, run 9002 with one from 0 to -500 A and back to +770 A over a ramp."""
    url = f"sqlite:///{tmp_path_factory.mktemp('scan')}/l.db"
    with Ledger.open(url) as ledger:
        commit(ledger, 1, -250.0, -250.0)
        for burst, current in enumerate(DUMP, 1):
            commit(ledger, burst, current, current, run=9002)
        commit(ledger, 20, -400.0, 770.0, run=9002)
        commit(ledger, 21, 770.0, 770.0, run=9002)
    return url


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A scan through the whole chain of processes: folder, and the URL of its ledger."""
    folder = tmp_path_factory.mktemp("played")
    (folder / "scan.toml").write_text(SCENARIO)
    live(folder, "scan", "--scenario", folder / "scan.toml", "--workers", 1, "--run", 31, spills=11)
    return folder, f"sqlite:///{folder}/scan.db"


def test_spans():
    assert read_span(None, None, None) is None
    assert read_span(0, -500, -50).currents_a == DUMP
    assert read_span(-770, 770, 110).currents_a[-1] == 770
    assert read_span(0, -499, -50).currents_a[-1] == -450
    assert len(read_span(0.0, 0.3, 0.1).currents_a) == 4  # 0.3 / 0.1 is less than 3
    assert read_span(0, -500, None) == Span(0, -500, None)
    assert [Span(0, -500, None).holds(a, 2) for a in (1.9, -502.1, -33)] == [True, False, True]
    assert [Span(0, -500, -50).holds(a, 2) for a in (1.9, -33, -48.5)] == [True, False, True]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ((0, -500, 50), "wanted a negative step"),
        ((-500, 0, -50), "wanted a positive step"),
        ((0, -500, 0), "got 0 A"),
        ((0, -100, -50), "3 settings, wanted 4"),
        ((0, -500, -0.1), "5001 settings"),
        ((0, None, -50), "give both"),
        ((None, None, -50), "give both"),
        ((0, float("nan"), -50), "--to: got nan A"),
        ((0, -1e6, -50), "--to"),
        ((0, -500, float("inf")), "--step"),
    ],
)
def test_bad_spans_are_refused(options, why):
    with pytest.raises(ConfigError, match=why):
        read_span(*options)


def test_the_scan_and_the_chain_take_the_same_spills(played):
    folder, url = played
    config = load_config(small_config(folder))
    detector = EmulatedDetector(config.beam, config.detector, 7, config.processes, config.signal)
    with Ledger.open(url, readonly=True) as ledger:
        spills = ledger.spills(31)
    assert [s.b2_set_a for s in spills] == [-250, -450, -450, -350, -350, -250, -250, -150, -150, -50, -50]
    same = (
        "burst",
        "mode",
        "scalers",
        "halo",
        "t10_intensity",
        "pot",
        "b1c_current_a",
        "b2_current_a",
        "spill_seconds",
    )
    steady = [spill for spill in spills if spill.burst != 2]
    for spill in steady:
        scanned = emulated_spill(config, detector, spill.burst, spill.b2_set_a)
        assert scanned.model_dump(include=same) == spill.model_dump(include=same)
        assert scanned.quality == spill.quality == []
    assert len(steady[0].scalers) == 8


def test_a_recorded_scan_of_the_chain_is_selected_and_fitted(played, tmp_path):
    _, url = played
    done = dumpwatch("scan-b2", "--ledger", url, "--run", 31, "-o", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said == json.loads((tmp_path / "out" / DOCUMENT).read_text())
    assert (said["run"], said["n_spills"], said["n_usable"], said["synthetic"]) == (31, 11, 10, True)
    assert abs(said["fit"]["minimum_a"] + 250.0) < 4 * said["fit"]["error_a"]
    ramp = next(p for p in said["points"] if not p["usable"])
    assert (ramp["burst"], ramp["reason"]) == (2, f"B2 ramps: read {ramp['b2_current_a']:.1f} A, set to -450.0 A")
    with (tmp_path / "out" / CURVE).open() as file:
        rows = list(csv.DictReader(file))
    assert [float(r["b2_set_a"]) for r in rows if r["stream"] == "muv3"] == [-450, -350, -250, -150, -50]
    assert [int(r["n_spills"]) for r in rows if r["stream"] == "q1"] == [1, 2, 3, 2, 2]


def test_an_emulated_scan_writes_everything_and_the_same_again(tmp_path):
    arguments = ("scan-b2", *FIVE, "--spills-per-step", 2, "--seed", 3, "--config", quick_config(tmp_path))
    first = dumpwatch(*arguments, "-o", tmp_path / "a")
    again = dumpwatch(*arguments, "-o", tmp_path / "b", "--json")
    assert first.returncode == again.returncode == 0, first.stderr
    (verdict,) = first.stdout.splitlines()
    said = json.loads(again.stdout)
    assert verdict == said["verdict"] == said["fit"]["sentence"]
    assert verdict.startswith("minimum of MUV3 at -2")
    assert {path.name for path in (tmp_path / "a").iterdir()} == FILES
    for name in FILES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert (tmp_path / "a" / PLOT).read_bytes().startswith(b"\x89PNG")


def test_ctrl_c_keeps_what_was_taken(tmp_path):
    command = [sys.executable, "-m", "dumpwatch", "scan-b2", "--from", "-450", "--to", "-50", "--step", "25"]
    command += [
        "--config",
        str(quick_config(tmp_path)),
        "--spills-per-step",
        "2",
        "-o",
        str(tmp_path / "out"),
        "--json",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if line.startswith("spill 12 of 34"):
                process.send_signal(signal.SIGINT)
                break
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in stderr
    assert "stopped after" in stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    said = json.loads(stdout)
    assert said["interrupted"]
    assert 12 <= said["n_spills"] < 34


def test_ctrl_c_in_the_middle_of_a_spill():
    def spills():
        yield spill_at(1, 0.0, 0.0)
        raise KeyboardInterrupt

    taken, interrupted = collect(spills(), 9)
    assert (len(taken), interrupted) == (1, True)
    assert collect(iter(taken), 1) == (taken, False)


def test_recorded_spills_are_selected_by_run_and_setting(booked):
    cfg = Config().halo
    newest = recorded_spills(booked, (), None, cfg)
    assert {spill.run for spill in newest} == {9002}
    assert len(newest) == 13
    assert [s.b2_set_a for s in recorded_spills(booked, (9002,), Span(-100, -300, -100), cfg)] == [-100, -200, -300]
    assert len(recorded_spills(booked, (9001, 9002), Span(-250, -250, None), cfg)) == 2
    with pytest.raises(StoreError, match="no spill of run 7; the ledger holds 9001, 9002"):
        recorded_spills(booked, (9002, 7), None, cfg)
    with pytest.raises(StoreError, match="found -250 A"):
        recorded_spills(booked, (9001,), Span(100, 200, None), cfg)


def test_what_is_wrong_is_said_in_one_line(booked, tmp_path):
    nowhere = tmp_path / "file"
    nowhere.write_text("")
    cases = [
        (("--from", 0, "--to", -500, "--step", 50), 2, "wanted a negative step"),
        ((*FIVE, "-o", nowhere), 2, "cannot be made"),
        (("--ledger", booked, "--run", 7), 1, "no spill of run 7"),
    ]
    for options, code, why in cases:
        done = dumpwatch("scan-b2", "-o", tmp_path / "no", *options)
        assert (done.returncode, done.stdout) == (code, "")
        (line,) = done.stderr.splitlines()
        assert why in line
    assert not (tmp_path / "no").exists()


def test_too_few_recorded_settings_are_written_without_a_minimum(booked, tmp_path):
    done = dumpwatch("scan-b2", "--ledger", booked, "--run", 9001, "-o", tmp_path / "out")
    assert done.returncode == 1
    assert done.stdout == "no minimum: muv3: 1 setting of B2 with usable spills, wanted 4 or more; scan more settings\n"
    said = json.loads((tmp_path / "out" / DOCUMENT).read_text())
    assert (said["fit"], set(said["refused"])) == (None, {"muv3", "q1"})
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES


def emulated_pulls(n_scans, first_seed=1, pot=3e11):
    """Pulls of MUV3 of true emulated scans, 0 to -500 A in steps of 100 A."""
    # a short spill has as many muons and fewer slices
    config = Config(beam=BeamConfig(pot_per_spill=pot, spill_seconds=0.3))
    pulls = []
    for seed in range(first_seed, first_seed + n_scans):
        fit = halo_view(list(emulated_spills(config, DUMP[::2], 3, seed))).fit
        pulls.append((fit.minimum_a + 250.0) / fit.error_a)
    return np.array(pulls)


def test_emulated_scans_find_the_minimum_they_were_given():
    assert np.sqrt(np.mean(emulated_pulls(2) ** 2)) < 2.0


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_pulls_of_many_emulated_scans():
    pulls = emulated_pulls(100)
    assert abs(pulls.mean()) < 0.3
    assert abs(pulls.std() - 1.0) < 0.25
