"""Errors, projections, gaps and the K3pi cross-check, from hand-made numbers."""

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daq.config.accounting import AccountingConfig
from daq.errors import DataError
from monitor.accounting.errors import pot_square, spill_error
from monitor.accounting.gaps import find_gaps
from monitor.accounting.k3pi import K3piRow, check
from monitor.accounting.projection import project
from monitor.k3pi_file import read_k3pi
from monitor.totals import add_totals, sum_spills
from tests.monitor.synthetic import make_spill


@given(st.lists(st.one_of(st.none(), st.integers(10**11, 10**14)), max_size=50))
def test_noise_adds_in_quadrature(pots):
    expected = 0.02 * sqrt(sum(pot**2 for pot in pots if pot is not None))
    assert spill_error(sum(map(pot_square, pots)), 0.02) == pytest.approx(expected, rel=1e-3)


def test_noise_and_scale_are_two_errors():
    squares = sum(pot_square(5 * 10**12) for _ in range(28_000))
    assert spill_error(squares, 0.02) / 1.4e17 == pytest.approx(0.02 / sqrt(28_000), rel=1e-4)  # 0.012 %, not 20 %


DAYS = {"2026-05-01": 10**16, "2026-05-02": 2 * 10**16, "2026-05-03": 3 * 10**16, "2026-05-04": 10**15}


def test_projection():
    answer = project(DAYS, 1.4e17, "2026-05-04", 7)
    assert (answer.pot, answer.n_days, answer.pot_per_day) == (61 * 10**15, 3, 2e16)  # today is not over
    assert answer.pot_per_day_error == pytest.approx(1e16 / sqrt(3))
    assert answer.date == "2026-05-07"  # 7.9e16 at 2e16 a day: 3.95 days
    assert (answer.earliest, answer.latest) == ("2026-05-07", "2026-05-09")  # 3.06 and 5.55 days
    assert answer.earliest_scale < answer.latest_scale
    assert project(DAYS, 1.4e17, "2026-05-04", 2).pot_per_day == 2.5e16


def test_days_without_beam_count():
    assert project(DAYS, 1e18, "2026-05-07", 4).pot_per_day == (3 + 0.1) * 1e16 / 4
    assert project(DAYS, 1e18, "2026-05-20", 7).reason == "no beam to speak of in the last 7 days"


@pytest.mark.parametrize(
    ("days", "goal", "reason"),
    [
        ({}, 1e17, "0 whole days"),
        ({"2026-05-04": 10**16}, 1e17, "0 whole days"),
        ({"2026-05-03": 10**16}, 1e17, "1 whole days"),
        ({"unknown": 10**16}, 1e17, "0 whole days"),
        ({"2026-05-03": 10**17}, 1e17, "reached"),
        (DAYS, 1e16, "reached"),
        ({"2026-05-02": 10, "2026-05-03": 10}, 1e17, "no beam"),
    ],
)
def test_no_date_without_data(days, goal, reason):
    answer = project(days, goal, "2026-05-04", 7)
    assert answer.date is None and answer.earliest is None and answer.reason.startswith(reason)


def test_gaps():
    booked = [(1, 3, 0), (1, 4, 15_000_000_000), (1, 9, 90_000_000_000), (1, 10, 300_000_000_000), (2, 50, 10**15)]
    absent, pauses = find_gaps(booked, 120.0)
    assert [(g.run, g.first, g.last, g.n) for g in absent] == [(1, 5, 8, 4)]
    assert [(p.run, p.before, p.after, p.seconds) for p in pauses] == [(1, 9, 10, 210.0)]
    assert find_gaps([], 1.0) == ([], [])


def test_k3pi_by_hand():
    rules = AccountingConfig()
    rows = [(K3piRow(run=1, burst=burst, n_k3pi=2000, downscaling=100), 3 * 10**12) for burst in (1, 2)]
    found = check("1", rows, rules)
    assert found.n_kaons == pytest.approx(100 * 4000 / (0.05583 * 0.1536))
    assert found.n_expected == pytest.approx(6e12 / 2.4e4 * 0.125)
    assert found.ratio == pytest.approx(46_644_576 / 31_250_000, rel=1e-5) and not found.agrees
    assert found.ratio_error / found.ratio == pytest.approx(1 / sqrt(4000))
    good = check("1", [(rows[0][0], round(3e12 * found.ratio / 1.19))], rules)
    assert good.agrees and good.ratio == pytest.approx(1.19)
    assert check("1", [], rules) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("run,burst\n", "line 1: got columns run,burst"),
        ("", "line 1: got columns none"),
        ("run,burst,n_k3pi,downscaling\n1,1,5\n", "line 2: got 3 values"),
        ("run,burst,n_k3pi,downscaling\n1,1,5,1\n1,2,-5,1\n", "line 3: n_k3pi is '-5'"),
        ("run,burst,n_k3pi,downscaling\n1,1,5,0\n", "line 2: downscaling is '0'"),
        ("run,burst,n_k3pi,downscaling\n1,1,5,1\n1,1,6,1\n", "line 3: run 1 burst 1 is there twice"),
        ("run,burst,n_k3pi,downscaling\n1,1,nan,1\n", "line 2: n_k3pi is 'nan'"),
    ],
)
def test_bad_k3pi_files(tmp_path, text, message):
    path = tmp_path / "k.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_k3pi(path)


def biased(burst, weight=1.0, equivalent=8e14, **more):
    spill = make_spill(burst=burst, mode="BIASED", **more)[0]
    return spill.model_copy(update={"equivalent_pot": equivalent, "bias": "two-track", "weight": weight})


def test_biased_and_beam_spills_are_never_in_one_sum():
    beam, first, second = make_spill(burst=1)[0], biased(2), biased(3, weight=1000.0, equivalent=None)
    total = sum_spills([beam, first, second])
    assert total.triggers == sum_spills([beam]).triggers and total.candidates == sum_spills([beam]).candidates
    assert (total.n_spills, total.pot, total.n_events) == (3, beam.pot, 3 * beam.n_events)
    assert list(total.biased) == ["two-track", "two-track, weight 1000"]
    one = total.biased["two-track"]
    assert (one.n_spills, one.equivalent_pot, one.candidates) == (1, 8 * 10**14, first.candidates)
    other = total.biased["two-track, weight 1000"]
    assert (other.equivalent_pot, other.n_without_equivalent_pot) == (0, 1)
    assert add_totals(sum_spills([second]), sum_spills([first, beam])) == total
    assert add_totals(sum_spills([first]), sum_spills([first])).biased["two-track"].equivalent_pot == 16 * 10**14
