"""Halo rates of single spills."""

import math

import pytest

from daq.config.halo import HaloFluxConfig
from monitor.halo import HaloSetup, halo_points
from monitor.halo.dead_time import DeadTime
from tests.monitor.halo.scans import spill_at

SCALERS = {"MUV3": 230_000, "Q1_OR": 1_280_000}
RAW = HaloSetup(dead_time=DeadTime(12.5, 0.625, enabled=False))


def only(spill, setup=None):
    (point,) = halo_points([spill], setup)
    return point


def test_a_quiet_spill():
    point = only(spill_at(1, -250.05, -250.0, SCALERS), RAW)
    assert point.usable
    assert point.reason is None
    assert (point.b2_current_a, point.b2_set_a) == (-250.05, -250.0)
    assert point.muv3 == 230_000 / 5.0
    assert point.muv3_error == pytest.approx(math.sqrt(230_000) / 5.0)
    assert point.q1 == 1_280_000 / 5.0
    assert point.pot_error_relative == 0.02
    assert point.muv3_relative is None


def test_dead_time_is_put_back_by_default_and_stated():
    spill = spill_at(1, -250.0, -250.0, SCALERS)
    raw, point = only(spill, RAW), only(spill)
    # 1.28 million pulses in an effective 3 s, 12.5 ns each
    assert point.q1_dead_fraction == pytest.approx(1_280_000 * 12.5e-9 / 3.0, rel=0.02)
    assert point.q1 == pytest.approx(raw.q1 / (1.0 - point.q1_dead_fraction))
    assert 0 < point.muv3_dead_fraction < point.q1_dead_fraction
    assert point.q1_error > raw.q1_error
    assert raw.q1_dead_fraction == 0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"read": 0.0}, "B2 off its setting: read 0.0 A, set to -250.0 A"),
        ({"read": None}, "NO_MAGNET"),
        ({"t10": None}, "NO_POT"),
        ({"t10": -3.0}, "NEGATIVE_POT"),
        ({"t10": 5000.0}, "IMPLAUSIBLE_POT"),
        ({"t10": 0.0}, "no beam: fewer than 1e+11 protons"),
        ({"t10": 0.9}, "no beam: fewer than 1e+11 protons"),
        ({"mode": "KAON"}, "KAON burst, not beam on the dump"),
        ({"beam": {"magnet_stamp_ns": 0}}, "MAGNET_STAMP"),
        ({"scalers": {"MUV3": -5, "Q1_OR": 1}}, "BAD_SCALER"),
        ({"scalers": {"QX": 5}}, "no rate of MUV3 or Q1_OR: scaler absent or too loaded"),
        ({"scalers": {"MUV3": 10**9, "Q1_OR": 10**9}}, "no rate of MUV3 or Q1_OR: scaler absent or too loaded"),
    ],
)
def test_a_spill_that_is_not_usable_is_kept_with_the_reason(changes, reason):
    changes = {"read": -250.0, "scalers": SCALERS} | changes
    point = only(spill_at(1, changes.pop("read"), -250.0, changes.pop("scalers"), **changes))
    assert not point.usable
    assert point.reason == reason


def test_missing_frames_do_no_harm_and_one_scaler_is_enough():
    whole = spill_at(1, -250.0, -250.0, SCALERS)
    torn = whole.model_copy(update={"quality": ["INCOMPLETE"], "state": "INCOMPLETE"})
    assert only(torn) == only(whole)
    alone = only(spill_at(1, -250.0, -250.0, {"MUV3": 230_000}))
    assert alone.usable
    assert (alone.q1, alone.q1_error) == (None, None)


def test_a_ramp_is_called_one():
    way = [(-250.0, -250.0), (-350.0, -770.0), (-450.0, -770.0), (-770.0, -770.0)]
    points = halo_points([spill_at(k, read, set_a, SCALERS) for k, (read, set_a) in enumerate(way, 1)])
    assert [point.usable for point in points] == [True, False, False, True]
    assert points[1].reason == "B2 ramps: read -350.0 A, set to -770.0 A"


def test_no_counts_have_an_error():
    point = only(spill_at(1, -250.0, -250.0, {"MUV3": 0, "Q1_OR": 4}))
    assert (point.muv3, point.muv3_error) == (0.0, 1 / 5.0)


def test_relative_to_the_reference_setting():
    there = [spill_at(k, 770.0, 770.0, {"MUV3": n, "Q1_OR": 10 * n}) for k, n in ((1, 900_000), (2, 1_100_000))]
    here = spill_at(3, -250.0, -250.0, {"MUV3": 250_000, "Q1_OR": 5_000_000})
    bad = spill_at(4, 770.0, 770.0, {"MUV3": 9, "Q1_OR": 9}, t10=None)
    points = halo_points([*there, here, bad], RAW)
    assert [round(p.muv3_relative, 9) if p.muv3_relative else None for p in points] == [0.9, 1.1, 0.25, None]
    assert points[2].q1_relative == pytest.approx(0.5)
    # a configured reference goes before a measured one, stream by stream; a given one before both
    configured = HaloSetup(HaloFluxConfig(reference_muv3=1e5), RAW.dead_time)
    points = halo_points([*there, here], configured)
    assert (points[2].muv3_relative, points[2].q1_relative) == (pytest.approx(0.5), pytest.approx(0.5))
    assert halo_points([here], configured, {"muv3": 2e5})[0].muv3_relative == pytest.approx(0.25)
    assert halo_points([here], RAW)[0].muv3_relative is None
