"""The rule of the tolerance, and the table of published numbers."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from daq.errors import DataError
from offline.validation.measured import (
    CUT_AT_TWO_SIGMAS,
    Value,
    average,
    checked,
    core_width,
    count_error,
    counted,
    fraction,
    ratio,
    spread,
)
from offline.validation.published import WANTED
from offline.validation.row import Kind, Verdict, Wanted, judged

NUMBERS = st.floats(-1e3, 1e3)
ERRORS = st.floats(0.0, 1e3)


def wanted(kind=Kind.PREDICTED, **changes):
    fields = {"id": "a", "group": "halo", "observable": "o", "value": 10.0, "error": 1.0, "source": "s", "reason": "r"}
    return Wanted(kind=kind, **fields | changes)


@given(NUMBERS, ERRORS, ERRORS, NUMBERS, ERRORS, st.sampled_from(list(Kind)))
def test_a_line_is_in_exactly_when_the_difference_is_allowed(value, error, slack, emulator, statistics, kind):
    line = wanted(kind, value=value, error=error, slack=slack)
    row = judged(line, emulator, statistics)
    k = 3.0 if kind is Kind.PREDICTED else 2.0
    squares = (k * slack) ** 2 + (0.0 if kind is Kind.INPUT else (k * error) ** 2) + (4.0 * statistics) ** 2
    difference2 = (emulator - value) ** 2
    assume(not math.isclose(difference2, squares, rel_tol=1e-9))
    assert (row.verdict is Verdict.IN) == (difference2 <= squares)
    assert row.allowed == pytest.approx(math.sqrt(squares))


@given(NUMBERS, ERRORS)
def test_more_statistics_never_rescue_a_line(emulator, statistics):
    few, many = judged(wanted(), emulator, statistics), judged(wanted(), emulator, statistics / 2.0)
    assert many.allowed <= few.allowed
    if few.verdict is Verdict.OUT:
        assert many.verdict is Verdict.OUT


def test_kinds_differ_in_what_is_allowed():
    assert judged(wanted(Kind.PREDICTED), 12.9, 0.0).verdict is Verdict.IN
    assert judged(wanted(Kind.FITTED), 12.9, 0.0).verdict is Verdict.OUT
    # what was put in must come out, however badly it is known
    assert judged(wanted(Kind.INPUT), 10.5, 0.0).verdict is Verdict.OUT
    assert judged(wanted(Kind.INPUT, slack=0.3), 10.5, 0.0).verdict is Verdict.IN


def test_a_limit_is_passed_from_below_only():
    limit = wanted(sense="below", error=0.0)
    assert judged(limit, -1e6, 0.0).verdict is Verdict.IN
    assert judged(limit, 10.1, 0.0).verdict is Verdict.OUT
    assert judged(limit, 10.1, 0.1).verdict is Verdict.IN


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_number_is_out(value):
    assert judged(wanted(), value, 0.1).verdict is Verdict.OUT
    assert judged(wanted(), 10.0, math.nan).verdict is Verdict.OUT
    assert judged(wanted(known_value=12.0, known="why"), value, 0.1).verdict is Verdict.OUT


def test_a_known_disagreement_is_known_only_where_it_was():
    line = wanted(Kind.FITTED, known_value=14.0, known="why")
    assert judged(line, 14.5, 0.0).verdict is Verdict.KNOWN
    assert judged(line, 16.5, 0.0).verdict is Verdict.OUT
    assert judged(line, 10.5, 0.0).verdict is Verdict.IN


def test_a_line_says_when_it_tests_nothing():
    assert judged(wanted(), 10.0, 2.6).powerless
    assert not judged(wanted(), 10.0, 2.4).powerless


def test_pull():
    row = judged(wanted(error=3.0), 15.0, 4.0)
    assert row.pull == pytest.approx(1.0)
    assert judged(wanted(error=0.0), 10.0, 0.0).pull == 0.0


def test_every_line_says_where_its_number_is_from_and_why_so_much_is_allowed():
    ids = [line.id for line in WANTED]
    assert len(set(ids)) == len(ids) > 60
    for line in WANTED:
        assert line.source and line.reason and line.observable, line.id
        # a line without any tolerance but the statistical one is a key that is passed on, or a limit
        exact = line.id == "pot_per_spill" or line.sense == "below"
        assert line.slack > 0 or (line.error > 0 and line.kind is not Kind.INPUT) or exact, line.id
        assert (line.known_value is None) == (not line.known), line.id


def test_every_number_of_the_table_of_the_notes_has_a_line():
    """Section 4 of the emulator notes, row by row: published numbers, or those of the prototype where none is."""
    table = {
        "mu+mu+": (62.5, 0.46, 0.040), "mu-mu-": (9.1, 0.050, 0.0050), "mu+mu-": (30.9, 0.20, 0.019),
        "OS over SS": (0.648,), "CR1-3": (0.34, 0.68, 2.00), "pseudo-experiments": (62.5, 9.1, 30.9),
        "overlaps": (33.22, 47.45, 53.15), "halo": (5.0,), "prompt": (270.0, 0.016, 0.45),
        "brems": (0.010,), "excluded": (215.0, 550.0, 1.0), "yields": (23.8, 7.9, 4.5), "Z_TAX": (23.0, 5.5),
        "CDA_TAX": (7.0,), "efficiency": (0.17, 0.36, 0.57, 2.0), "mass resolution": (0.7, 6.4), "K_S": (1.90,),
        "K3pi": (0.121, 0.013, 0.007), "rates": (14.0, 18.0), "ee": (59.9, 0.72), "hadronic": (19.0, 2.0, 8.0),
        "B2": (0.25, -250.0),
    }  # fmt: skip
    values = [line.value for line in WANTED]
    assert [(row, n) for row, numbers in table.items() for n in numbers if n not in values] == []


def test_a_validation_with_a_line_left_out_is_refused():
    checked({"a": Value(1.0)}, {"a"})
    with pytest.raises(DataError, match=r"without a number \['b'\], numbers without a line \['a'\]"):
        checked({"a": Value(1.0)}, {"b"})


def test_core_width_is_that_of_a_gaussian_with_or_without_tails():
    from scipy.stats import truncnorm

    assert truncnorm(-2, 2).std() == pytest.approx(CUT_AT_TWO_SIGMAS, abs=1e-5)
    rng = np.random.default_rng(3)
    sample = 5.0 + 2.0 * rng.standard_normal(100_000)
    width = core_width(sample)
    assert width.error == pytest.approx(2.0 / math.sqrt(95_450), rel=0.01)
    assert abs(width.value - 2.0) < 5.0 * width.error
    tails = np.concatenate((sample, 5.0 + 20.0 * rng.standard_normal(5_000)))
    assert core_width(tails).value == pytest.approx(2.0, rel=0.05)
    assert spread(tails).value > 4.0


def test_errors_have_the_width_they_say():
    rng = np.random.default_rng(8)
    samples = rng.standard_t(8, (400, 500))
    for measure, truth in ((spread, math.sqrt(8.0 / 6.0)), (average, 0.0)):
        pulls = [(v.value - truth) / v.error for v in map(measure, samples)]
        assert 0.85 < np.std(pulls) < 1.25
    assert all(math.isnan(measure(np.zeros(1)).value) for measure in (spread, average, core_width))


@given(st.integers(0, 3000))
def test_a_count_far_below_its_mean_is_rarer_than_one_in_a_thousand(n):
    """What `4 x statistical error` rests on: the largest mean that is allowed hardly ever gives so small a count."""
    from scipy.stats import poisson

    assert poisson.cdf(n, n + 4.0 * count_error(n)) < 1e-3
    assert counted(n, 2.0) == Value(2.0 * n, 2.0 * count_error(n))


def test_ratios_and_fractions():
    assert ratio(Value(8.0, 0.4), Value(4.0, 0.0)) == Value(2.0, pytest.approx(0.1))
    assert ratio(Value(0.0, 0.4), Value(4.0, 0.4)) == Value(0.0, pytest.approx(0.1))
    assert math.isnan(ratio(Value(1.0), Value(0.0)).value)
    assert fraction(250, 1000).value == 0.25
    assert fraction(250, 1000).error == pytest.approx(math.sqrt(0.25 * 0.75 / 1000), rel=0.1)
    assert fraction(1000, 1000).error > 0 and math.isnan(fraction(0, 0).value)
