"""What the shipped scenarios do to emulated bursts: the effect in its bursts, every other burst bit for bit quiet."""

import hashlib

import numpy as np
import pytest

from daq.config.beam import BeamConfig
from daq.config.detector import DetectorConfig
from daq.model import DETECTORS
from daq.source.conditions import QUIET
from daq.source.emulator import EmulatedDetector
from daq.source.scenario import conditions, load_scenario, shipped_scenarios

BEAM = BeamConfig(spill_seconds=0.1, pot_per_spill=2e11)
DETECTOR = EmulatedDetector(BEAM, DetectorConfig(), seed=6)


class Made:
    """Numbers of one short burst."""

    def __init__(self, burst, now):
        made = DETECTOR.burst(burst, now)
        digest = hashlib.sha256()
        self.hits = {}
        for batch in made.slices():
            for name in DETECTORS:
                block = batch.blocks[name]
                digest.update(block.time.tobytes() + b"".join(v.tobytes() for v in block.fields.values()))
                self.hits[name] = self.hits.get(name, 0) + len(block.time)
                if name in {"chod", "muv3"}:
                    setattr(self, name, np.bincount(block.fields["id"], minlength=600))
        self.protons = made.n_protons
        self.beam = made.beam_record(10**18)
        self.digest = digest.hexdigest()

    def same_hits(self, other):
        return self.digest == other.digest


def pair(name, burst):
    """A burst in the scenario, and the quiet one."""
    now = conditions(load_scenario(name, BEAM), burst, BEAM)
    return Made(burst, now), Made(burst, QUIET)


def ratio(now, quiet, detector="muv3"):
    return now.hits[detector] / quiet.hits[detector]


BURSTS = {
    "quiet": ((), (1, 5, 50)),
    "intensity-steps": ((6, 10, 11, 15), (5, 16)),
    "halo-x2": ((11, 15), (10, 16)),
    "slow-drift": ((11, 40, 70), (10, 71)),
    "b2-trip": ((8, 10, 11, 12), (7, 13)),
    "b2-scan": ((5, 12, 20, 32, 36, 60, 70), (4, 24, 28, 71)),
    "dead-tile": ((6, 9, 1000), (5,)),
    "hot-channel": ((6, 11), (5, 12)),
    "missing-spills": ((7, 8), (2, 5, 6, 9)),
    "sem-gain-jump": ((), (7, 8)),
    "lost-eob": ((), (3, 6)),
    "clock-step": ((), (5, 9)),
    "duplicates": ((), (2, 3)),
    "t10-absent": ((), (4, 7, 10)),
    "magnet-stamp": ((), (5, 7)),
}
"""Bursts whose hits differ from quiet ones, and bursts next to them whose hits do not."""


@pytest.mark.parametrize("name", shipped_scenarios())
def test_hits_change_in_the_bursts_of_the_scenario_only(name):
    changed, same = BURSTS[name]
    for burst in changed:
        now, quiet = pair(name, burst)
        assert not now.same_hits(quiet), burst
    for burst in same:
        now, quiet = pair(name, burst)
        assert now.same_hits(quiet), burst


@pytest.mark.parametrize(("burst", "factor"), [(8, 0.5), (13, 1.5), (4, 1.0)])
def test_intensity_steps_scale_protons_reading_and_hits(burst, factor):
    now, quiet = pair("intensity-steps", burst)
    assert now.protons == pytest.approx(factor * quiet.protons, rel=1e-9)
    assert now.beam.pot == pytest.approx(factor * quiet.beam.pot, rel=1e-6)
    assert ratio(now, quiet, "chod") == pytest.approx(factor, rel=0.05)


@pytest.mark.parametrize(
    ("name", "burst", "factor"),
    [("halo-x2", 12, 2.0), ("slow-drift", 70, 1.3), ("b2-trip", 9, 1.424), ("b2-scan", 60, 4.0), ("b2-scan", 12, 2.42)],
)
def test_halo_steps_scale_the_hits_and_leave_the_protons(name, burst, factor):
    now, quiet = pair(name, burst)
    assert now.protons == quiet.protons
    assert now.beam.t10_intensity == quiet.beam.t10_intensity
    for detector in ("chod", "muv3"):
        assert ratio(now, quiet, detector) == pytest.approx(factor, rel=0.08)


def test_the_reading_of_b2_follows_trip_and_scan():
    for name, burst, set_a, current in (
        ("b2-trip", 9, -250.0, 0.0),
        ("b2-trip", 11, -250.0, -100.0),
        ("b2-scan", 5, -770.0, -350.0),
        ("b2-scan", 12, -770.0, -770.0),
        ("b2-scan", 63, -250.0, 470.0),
    ):
        now, _ = pair(name, burst)
        assert now.beam.b2_current_a == pytest.approx(current, abs=0.5)
        assert conditions(load_scenario(name, BEAM), burst, BEAM).beam.b2_set_a == set_a


def test_dead_tiles_are_silent_and_their_neighbours_are_not():
    now, quiet = pair("dead-tile", 9)
    assert quiet.chod[203] + quiet.chod[253] > 0 and quiet.muv3[54] + quiet.muv3[254] > 0
    assert now.chod[203] == now.chod[253] == now.muv3[54] == now.muv3[254] == 0
    others = np.ones(600, bool)
    others[[203, 253]] = False
    assert np.array_equal(now.chod[others], quiet.chod[others])
    before, _ = pair("dead-tile", 8)
    assert before.muv3[54] > 0 and before.chod[203] == 0


def test_a_hot_channel_has_its_rate_and_all_others_stay():
    now, quiet = pair("hot-channel", 8)
    extra = now.chod - quiet.chod
    assert abs(extra[158] - 5000) < 5 * np.sqrt(5000)
    extra[158] = 0
    assert not extra.any()
    assert now.beam.scalers["Q1_OR"] > quiet.beam.scalers["Q1_OR"] + 4000


def test_a_gain_jump_is_in_the_reading_alone():
    now, quiet = pair("sem-gain-jump", 9)
    assert now.same_hits(quiet) and now.protons == quiet.protons
    assert now.beam.t10_intensity == pytest.approx(0.75 * quiet.beam.t10_intensity, rel=1e-12)
    assert pair("sem-gain-jump", 7)[0].beam == pair("sem-gain-jump", 7)[1].beam


def test_spills_without_beam_have_noise_only():
    now, quiet = pair("missing-spills", 7)
    assert (now.protons, now.beam.t10_intensity, now.beam.pot) == (0, 0.0, 0)
    assert now.hits["straw"] == 0 < quiet.hits["straw"]
    assert 0 < now.hits["chod"] < 0.1 * quiet.hits["chod"]


def test_t10_is_absent_negative_and_implausible():
    for burst, reading in ((4, None), (7, -1), (10, 10_000.0)):
        now, quiet = pair("t10-absent", burst)
        found = now.beam.t10_intensity
        assert found is None if reading is None else np.sign(found) == np.sign(reading)
        assert now.beam.pot is None and quiet.beam.pot > 1e11
        assert now.beam.model_copy(update={"t10_intensity": None}) == quiet.beam.model_copy(
            update={"t10_intensity": None}
        )


def test_magnet_stamps_differ_from_those_of_the_intensity():
    now, quiet = pair("magnet-stamp", 6)
    assert now.beam.magnet_stamp_ns == now.beam.t10_stamp_ns - 14_400_000_000
    assert quiet.beam.magnet_stamp_ns == quiet.beam.t10_stamp_ns
    assert now.beam.t10_intensity == quiet.beam.t10_intensity


def test_what_happens_behind_the_detector_is_in_the_conditions():
    def at(name, *bursts):
        story = load_scenario(name, BEAM)
        return [conditions(story, burst, BEAM) for burst in bursts]

    assert [now.wire.drop_eob for now in at("lost-eob", 2, 3, 4, 6, 7)] == [False, True, False, True, False]
    assert [now.wire.duplicate for now in at("duplicates", 1, 2, 3, 4)] == [False, True, True, False]
    assert [now.skipped for now in at("missing-spills", 2, 3, 4, 5)] == [False, True, True, False]
    assert [now.clock_step_s for now in at("clock-step", 4, 5, 9, 10)] == [0, 3600, 3600, 0]


def test_a_burst_of_a_scenario_can_be_made_alone():
    story = load_scenario("b2-scan", BEAM)
    in_order = [Made(burst, conditions(story, burst, BEAM)).digest for burst in range(4, 9)]
    other = EmulatedDetector(BEAM, DetectorConfig(), seed=6)
    alone = other.burst(7, conditions(story, 7, BEAM))
    digest = hashlib.sha256()
    for batch in alone.slices():
        for name in DETECTORS:
            block = batch.blocks[name]
            digest.update(block.time.tobytes() + b"".join(v.tobytes() for v in block.fields.values()))
    assert digest.hexdigest() == in_order[3]
