"""Rejection factors, fractions, and errors of sums."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from daq.errors import DataError
from offline.statistics.fractions import binomial_upper, effective_entries, poisson_upper, wilson_interval
from offline.statistics.limits import upper_limit
from offline.statistics.propagation import (
    count_pull,
    counts_behind_subtraction,
    in_quadrature,
    scaled_to_count,
    sideband_subtracted,
    with_common_scale,
)
from offline.statistics.rejection import ProductToys, Rejection, product, split_toys

CONTROL = (59.9, 6.7)
FIRST, SECOND = Rejection(0.012, 0.020, 0.008), Rejection(0.008, 0.018, 0.006)


@given(seen=st.integers(0, 30), more=st.integers(1, 300), cl=st.floats(0.6, 0.99))
def test_binomial_limit_is_where_as_few_are_rare(seen, more, cl):
    upper = binomial_upper(seen, seen + more, cl)
    assert binom.cdf(seen, seen + more, upper) == pytest.approx(1.0 - cl, abs=1e-9)
    assert upper < poisson_upper(seen, seen + more, cl)


@given(part=st.floats(0.0, 1.0), entries=st.floats(1.0, 1e4), z=st.floats(0.5, 3.0))
def test_wilson_ends_solve_the_score_equation(part, entries, z):
    for end in wilson_interval(part, entries, z):
        if 1e-6 < end < 1.0 - 1e-6:
            assert abs(part - end) == pytest.approx(z * math.sqrt(end * (1 - end) / entries), rel=1e-6, abs=1e-9)


def test_wilson_gives_the_published_errors():
    """1 - eta = 0.012 +0.020 -0.008 (LAV and ANTI0), 0.008 +0.018 -0.006 (SR), from 59.9 +- 6.7."""
    entries = effective_entries(*CONTROL)
    for events, errors in ((0.72, (0.020, 0.008)), (0.47, (0.018, 0.006))):
        part = events / 59.9
        low, high = wilson_interval(part, entries)
        assert (high - part, part - low) == pytest.approx(errors, abs=0.0007)


def test_split_halves_the_probability():
    values = Rejection(5.0, 2.0, 1.0).split(np.random.default_rng(3), 400_000)
    assert np.mean(values > 5.0) == pytest.approx(0.5, abs=0.003)
    assert np.mean(values > 7.0) == pytest.approx(0.1587, abs=0.003)
    assert np.mean(values < 4.0) == pytest.approx(0.1587, abs=0.003)
    assert FIRST.split(np.random.default_rng(3), 10_000).min() > 0.0


def test_product_toys_have_their_seed():
    first, again, other = (split_toys(CONTROL, (FIRST, SECOND), seed, 1000) for seed in (1, 1, 2))
    assert np.array_equal(first.values, again.values)
    assert not np.array_equal(first.values, other.values)


def test_product_as_a_background():
    """The chance of an event is that of the mean, 0.0156, and not of the median, 0.0082; published 1.6 %."""
    toys = split_toys(CONTROL, (FIRST, SECOND), 5, 200_000)
    law = toys.law()
    assert law.mean == pytest.approx(toys.mean, rel=1e-9)
    assert float(law.at_least(np.asarray(1))) == pytest.approx(toys.p_any, rel=1e-3)
    assert round(toys.p_any, 3) in (0.015, 0.016)
    assert product(59.9, 0.012, 0.008) < toys.median < toys.mean
    assert upper_limit(0, law) == pytest.approx(math.log(10.0))
    assert upper_limit(1, law) < upper_limit(1)


@given(inside=st.integers(300, 3000), sideband=st.integers(0, 500), r=st.floats(0.05, 1.0))
def test_subtraction_and_back(inside, sideband, r):
    signal, error = sideband_subtracted(inside, sideband, r)
    if signal >= 0.0:
        assert counts_behind_subtraction(signal, error, r) == pytest.approx((inside, sideband), abs=1e-6)


def test_errors_of_sums():
    assert in_quadrature([3.0, 4.0]) == 5.0
    assert with_common_scale([1.0, 1.0], [0.5, 0.5], 0.5) == 1.0  # fully correlated
    assert with_common_scale([1.0, 1.0], [0.5, 0.5], 0.0) == pytest.approx(math.sqrt(0.5))
    assert scaled_to_count(30.9, 61, 71.6) == pytest.approx((26.3, 3.4), abs=0.05)
    assert count_pull(61, 71.6, 9.5) == pytest.approx(0.862, abs=1e-3)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: Rejection(0.0, 0.1, 0.1), "rejection: central is 0"),
        (lambda: Rejection(0.1, -0.1, 0.1), "rejection: up is -0.1"),
        (lambda: Rejection(0.1, 0.1, float("nan")), "rejection: down is nan"),
        (lambda: split_toys((0.0, 1.0), (FIRST,), 1, 10), "control sample is 0"),
        (lambda: split_toys(CONTROL, (FIRST,), 1, 0), "0 toys"),
        (lambda: ProductToys(np.ones(3)).quantile(1.5), "quantile is 1.5"),
        (lambda: binomial_upper(5, 4), "5 of 4"),
        (lambda: binomial_upper(0, 0), "0 of 0"),
        (lambda: wilson_interval(1.2, 10.0), "fraction is 1.2"),
        (lambda: wilson_interval(0.2, 0.0), "entries is 0"),
        (lambda: effective_entries(10.0, 0.0), "its error is 0"),
        (lambda: scaled_to_count(1.0, 0, 3.0), "0 counted events"),
        (lambda: with_common_scale([1.0], [0.1], 0.5), "smaller than its part"),
        (lambda: counts_behind_subtraction(100.0, 5.0, 0.3), "no sideband gives it"),
    ],
)
def test_refused_by_name(call, name):
    with pytest.raises(DataError, match=name):
        call()


def test_all_seen():
    assert binomial_upper(4, 4) == 1.0
