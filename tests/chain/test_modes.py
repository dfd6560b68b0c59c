"""Biased modes through the whole chain: what they stand for is booked, and never as beam."""

import json

import pytest

from daq.errors import StoreError
from daq.records import BeamRecord, EobRecord, SobRecord
from monitor.ledger import Ledger
from monitor.spill import Quality, close_spill
from streaming.tally import Tally
from tests.chain.program import dumpwatch

SETTINGS = """
[beam]
pot_per_spill = 1e12
[detector.modes]
spills_per_burst = {spills}
[streaming]
frame_events = 500
stall_seconds = 0.5
"""


def biased_run(folder, mode, *extra, spills=2, per_burst=400):
    config = folder / f"{mode}.toml"
    config.write_text(SETTINGS.format(spills=per_burst))
    options = ["--spills", spills, "--speed", "max", "--seed", 7, "--port", 0, "--mode", mode, "--config", config]
    done = dumpwatch("live", *options, "--ledger", f"sqlite:///{folder}/{mode}.db", *extra)
    assert done.returncode == 0, done.stderr
    return done, config


@pytest.fixture(scope="module")
def two_track(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two-track")
    done, config = biased_run(folder, "two-track", "--json", "--workers", 1, "--record", folder / "rec")
    return folder, config, json.loads(done.stdout)


def test_two_track_bursts_say_what_they_are_and_have_no_beam_pot(two_track):
    folder, _, report = two_track
    for spill in report["spills"]:
        assert (spill["mode"], spill["pot"], spill["pot_error"], spill["t10_intensity"]) == ("BIASED", None, None, None)
        assert spill["equivalent_pot"] == 4e14 and spill["weight"] == 1.0
        assert spill["bias"].startswith("two-track: muon pairs within 12 ns")
        assert spill["quality"] == ["BIASED"]
        assert spill["state"] == "COMPLETE"
        assert spill["triggers"]["H2"]["sent"] > 800
        assert spill["halo"] == {"muv3_per_1e12_pot": None, "q1_per_1e12_pot": None}
    assert report["totals"]["pot"] == 0 and report["totals"]["n_without_pot"] == 2
    with Ledger.open(f"sqlite:///{folder}/two-track.db", readonly=True) as ledger:
        for by in ("spill", "run", "day", "b2"):
            assert sum(row.pot for row in ledger.pot(by)) == 0
        assert ledger.totals().quality == {"BIASED": 2}


def test_two_track_recording_replays_to_the_same_rows(two_track, tmp_path):
    folder, config, report = two_track
    ledger = f"sqlite:///{folder}/two-track.db"
    done = dumpwatch("replay", folder / "rec", "--verify", "--ledger", ledger, "--json", "--config", config)
    assert done.returncode == 0, done.stderr
    again = json.loads(done.stdout)
    assert again["spills"] == report["spills"]
    assert [row["result"] for row in again["verify"]] == ["identical"] * 2


def test_two_track_numbers_do_not_depend_on_workers_and_what_they_stand_for_is_said(two_track, tmp_path):
    _, _, report = two_track
    done, _ = biased_run(tmp_path, "two-track", "--workers", 2)
    assert "2 spills booked" in done.stdout and ", 0 POT" in done.stdout
    assert "biased bursts that stand for 8e+14 POT; nothing of it was on target" in done.stdout
    with Ledger.open(f"sqlite:///{tmp_path}/two-track.db", readonly=True) as ledger:
        others = [spill.model_dump(mode="json") for spill in ledger.spills()]
    for one, other in zip(report["spills"], others, strict=True):
        assert {**one, "sob_time_ns": 0} == {**other, "sob_time_ns": 0}


def test_a_control_burst_has_its_weight_in_the_ledger(tmp_path):
    done, _ = biased_run(tmp_path, "control", "--json", spills=1)
    (spill,) = json.loads(done.stdout)["spills"]
    assert (spill["mode"], spill["pot"], spill["weight"], spill["equivalent_pot"]) == ("BIASED", None, 1000.0, 4e14)
    assert spill["bias"] == "control: 0.001 of the halo muons, one at a time"
    assert spill["n_counted"] > 100


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--mode", "three-track"), "wanted one of beam, two-track, signal, control"),
        (("--mode", "control", "--scenario", "b2-trip"), "a scenario is of beam"),
    ],
)
def test_wrong_modes_are_refused_before_anything_starts(tmp_path, options, text):
    done = dumpwatch("live", *options, "--ledger", f"sqlite:///{tmp_path}/no.db")
    assert done.returncode == 2
    assert text in " ".join(done.stderr.split())
    assert not (tmp_path / "no.db").exists()


BEAM = BeamRecord(
    t10_intensity=50.0,
    t10_stamp_ns=0,
    b1c_current_a=-770.0,
    b2_current_a=-250.0,
    magnet_stamp_ns=0,
    scalers={"MUV3": 1000},
)
BIAS = {"equivalent_pot": 5e15, "weight": 1.0, "bias": "two-track"}


def records(sob_bias, eob_bias, *, mode="BIASED", end="NORMAL", beam=None):
    key = {"run": 1, "burst": 1}
    sob = SobRecord(**key, sob_time_ns=0, mode=mode, config_digest="", mask_digest="", **sob_bias)
    counts = {"n_frames": 0, "n_events": 0, "frames_digest": "", "n_choked": 0, "dead_ticks": 0, "spill_ticks": 10}
    return sob, EobRecord(**key, end=end, beam=beam, masks={}, primitives={}, **counts, **eob_bias)


def closed(*arguments, **keys):
    return close_spill(*records(*arguments, **keys), Tally.zero(), 0, [], "")


def test_a_biased_burst_books_no_pot_even_if_its_eob_has_a_beam_reading():
    spill = closed(BIAS, BIAS, beam=BEAM)
    assert spill.pot is None and spill.pot_error is None
    assert spill.equivalent_pot == 5e15
    assert spill.halo.muv3_per_1e12_pot is None
    assert spill.quality == [Quality.BIASED]


def test_a_burst_of_beam_says_nothing_of_a_bias():
    spill = closed({}, {}, mode="EMULATED", beam=BEAM)
    assert (spill.pot, spill.equivalent_pot, spill.weight, spill.bias) == (5_000_000_000_000, None, 1.0, None)
    assert spill.quality == []


def test_a_burst_whose_records_disagree_about_their_weight_is_refused():
    for other in ({**BIAS, "weight": 2.0}, {**BIAS, "equivalent_pot": 1.0}, {**BIAS, "bias": "other"}, {}):
        with pytest.raises(StoreError, match="SOB says"):
            closed(BIAS, other)
    with pytest.raises(StoreError, match="SOB says"):
        closed({}, BIAS, mode="EMULATED", beam=BEAM)


@pytest.mark.parametrize("end", ["TORN", "LOST"])
def test_a_biased_burst_without_an_end_does_not_say_how_much_it_stands_for(end):
    spill = closed(BIAS, {}, end=end)
    assert spill.equivalent_pot is None and spill.pot is None
    assert spill.bias == "two-track"
    assert spill.quality == [Quality.BIASED, Quality.NO_EOB, Quality.INCOMPLETE]
