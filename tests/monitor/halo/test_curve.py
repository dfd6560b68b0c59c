"""Spills gathered by setting: laws of the gathering, and the mean against plain arithmetic."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daq.config.halo import HaloFluxConfig
from monitor.halo import B2Curve, HaloSetup, b2_curve
from monitor.halo.curve import PRIOR_SPILLS
from tests.monitor.halo.scans import DUMP, point, spill_at, toy_scan

POINTS = st.builds(
    point,
    burst=st.integers(1, 30),
    current_a=st.sampled_from([-300.0, -250.0, 0.0, 770.0]),
    muv3=st.floats(1e3, 1e6),
    run=st.integers(1, 2),
    usable=st.booleans(),
)


def gathered(points, **options):
    curve = B2Curve(**options)
    for each in points:
        curve.add(each)
    return curve


@given(st.lists(POINTS, max_size=40, unique_by=lambda p: (p.run, p.burst)), st.randoms(), st.integers(0, 40))
@settings(max_examples=50)
def test_any_order_any_cut_and_any_repetition_give_the_same_bits(points, random, cut):
    want = gathered(points).points()
    shuffled = random.sample(points, len(points))
    assert gathered(shuffled + points[:5]).points() == want
    assert gathered(points[:cut]).merge(gathered(points[cut:])).points() == want
    assert [(p.run, p.burst) for p in gathered(shuffled).spills()] == sorted(
        (p.run, p.burst) for p in points if p.usable
    )
    parts = [gathered(points[k::3]) for k in range(3)]
    assert parts[0].merge(parts[1].merge(parts[2])).points() == parts[0].merge(parts[1]).merge(parts[2]).points()
    assert sum(p.n_spills for p in want if p.stream == "muv3") == sum(p.usable for p in points) == len(gathered(points))


def test_a_corrected_spill_takes_the_place_of_the_old_one():
    curve = gathered([point(1, -250.0, 5e4), point(2, -250.0, 6e4)])
    curve.add(point(2, -250.0, 4e4))
    assert curve.points() == gathered([point(1, -250.0, 5e4), point(2, -250.0, 4e4)]).points()
    curve.add(point(2, -250.0, 4e4, usable=False, reason="NO_POT"))
    assert curve.points() == gathered([point(1, -250.0, 5e4)]).points()


def test_one_point_for_each_run_setting_and_stream():
    points = [point(k, a, 5e4, run=r) for k, (a, r) in enumerate([(0.0, 1), (-250.0, 1), (-250.0, 2), (0.0, 1)], 1)]
    rows = [(p.run, p.b2_a, p.stream, p.n_spills) for p in gathered(points).points()]
    assert [row for row in rows if row[2] == "muv3"] == [
        (1, -250.0, "muv3", 1),
        (1, 0.0, "muv3", 2),
        (2, -250.0, "muv3", 1),
    ]
    together = gathered(points, per_run=False).points()
    assert [(p.run, p.n_spills) for p in together if p.stream == "q1"] == [(None, 2), (None, 2)]


def test_readings_without_a_setting_are_gathered_by_their_nearest_step():
    points = [point(1, -249.0, 5e4, b2_set_a=None), point(2, -251.5, 5e4, b2_set_a=None)]
    (muv3, _) = gathered(points).points()
    assert (muv3.b2_set_a, muv3.b2_a, muv3.n_spills) == (-250.0, -250.25, 2)


def test_mean_and_error_of_equal_spills():
    values = [4.9e4, 5.0e4, 5.2e4]
    curve = gathered([point(k, -250.0, v, muv3_error=250.0) for k, v in enumerate(values)])
    muv3 = curve.points()[0]
    assert muv3.value == pytest.approx(statistics.mean(values))
    sigma = math.hypot(250.0, curve.noise("muv3") * statistics.mean(values))
    assert muv3.error == pytest.approx(sigma / math.sqrt(3))
    assert muv3.chi2 == pytest.approx(2 * statistics.variance(values) / sigma**2)
    assert muv3.scale == 1.0


def test_spills_of_more_counts_weigh_more():
    (muv3, _) = gathered([point(1, 0.0, 100.0, muv3_error=1.0), point(2, 0.0, 130.0, muv3_error=30.0)]).points()
    assert 100.0 < muv3.value < 103.0


def test_the_noise_of_the_protons_is_measured_from_the_scatter():
    setup = HaloSetup(HaloFluxConfig(pot_error_relative=0.02))
    assert B2Curve(setup).noise("muv3") == pytest.approx(0.02)
    one_each = gathered([point(k, a, 5e4 * k) for k, a in enumerate(DUMP, 1)], setup=setup)
    assert one_each.noise("muv3") == pytest.approx(0.02)
    for true in (0.005, 0.05):
        seen = [toy_scan(seed, DUMP, each=5, noise=true).noise("muv3") ** 2 for seed in range(30)]
        want = (PRIOR_SPILLS * 0.02**2 + 44 * true**2) / (PRIOR_SPILLS + 44)
        assert np.mean(seen) == pytest.approx(want, rel=5 * math.sqrt(2 / 44 / 30))


def test_a_setting_that_scatters_badly_gets_a_larger_error():
    quiet = [point(k, a, 5e4 * (1 + 0.005 * (-1) ** k)) for k, a in enumerate((*DUMP, *DUMP, *DUMP), 1)]
    wild = [point(100, -600.0, 4e4), point(101, -600.0, 6e4)]
    rows = {p.b2_a: p for p in gathered(quiet + wild).points() if p.stream == "muv3"}
    assert rows[-600.0].scale > 2
    assert rows[-600.0].error == pytest.approx(1e4, rel=0.01)
    assert {rows[a].scale for a in DUMP} == {1.0}


def test_relative_to_the_reference():
    rows = gathered([point(1, 770.0, 2e5), point(2, -250.0, 5e4)]).points()
    assert [p.relative for p in rows if p.stream == "muv3"] == [pytest.approx(0.25), pytest.approx(1.0)]
    assert rows[0].relative_error == pytest.approx(rows[0].error / 2e5)
    given_one = gathered([point(2, -250.0, 5e4)]).points({"muv3": 1e5})
    assert [p.relative for p in given_one] == [pytest.approx(0.5), None]


def test_spills_of_the_ledger_to_curve():
    scalers = {"MUV3": 250_000, "Q1_OR": 1_300_000}
    spills = [spill_at(k, a, a, scalers) for k, a in enumerate((-250.0, -250.0, 0.0), 1)]
    spills.append(spill_at(4, 0.0, -250.0, scalers))
    assert [(p.b2_a, p.stream, p.n_spills) for p in b2_curve(spills)] == [
        (-250.0, "muv3", 2),
        (-250.0, "q1", 2),
        (0.0, "muv3", 1),
        (0.0, "q1", 1),
    ]
    assert b2_curve([]) == []
