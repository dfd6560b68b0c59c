"""CUSUM: published run lengths and delays, the Wald bound, and a chart in plain Python."""

import math
import random
import statistics

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.alarms import cusum
from monitor.alarms.cusum import Chart
from tests.reference import alarms_slow

RUN_LENGTH = 2.69e6


def limit(mu: float, phi: float, factor: float, wanted: float = RUN_LENGTH) -> float:
    return cusum.limit_for(Chart(mu, phi, factor), wanted)


def delay(mu: float, sigma: float, factor: float, shift: float) -> float:
    phi = sigma**2
    return cusum.run_length(Chart(mu, phi, factor, shift=shift), limit(mu, phi, factor))


@pytest.mark.parametrize(
    ("mu", "sigma", "published"),
    [(9000, 0.01, 1.0), (9000, 0.02, 2.0), (9000, 0.05, 8.1), (1000, 0.01, 3.6), (1000, 0.02, 4.5),
     (1000, 0.05, 10.5), (100, 0.02, 28.0), (10, 0.02, 225.0), (10, 0.05, 230.0)],
)  # fmt: skip
def test_published_delay_of_a_step_of_10_percent(mu: float, sigma: float, published: float) -> None:
    assert delay(mu, sigma, 1.10, 1.10) == pytest.approx(published, rel=0.05)


def test_published_delays_downwards_and_of_small_steps() -> None:
    assert delay(9000, 0.02, 0.90, 0.90) == pytest.approx(1.8, rel=0.05)
    assert delay(1000, 0.02, 0.90, 0.90) == pytest.approx(4.2, rel=0.05)
    assert delay(9000, 0.02, 1.10, 1.05) == pytest.approx(14.6, rel=0.05)
    assert delay(9000, 0.02, 1.05, 1.05) == pytest.approx(6.3, rel=0.05)


def test_published_quantiles() -> None:
    phi = 0.02**2
    stepped = Chart(9000, phi, 1.10, shift=1.10)
    h = limit(9000, phi, 1.10)
    assert [cusum.run_length_quantile(stepped, h, part) for part in (0.95, 0.99)] == [3, 4]


@pytest.mark.parametrize(("mu", "factor", "published"), [(1.0, 2.0, 33), (0.1, 2.0, 274), (0.05, 5.0, 59)])
def test_published_delays_of_rare_counters(mu: float, factor: float, published: float) -> None:
    h = limit(mu, 0.0, factor, 2.7e6)
    assert cusum.run_length(Chart(mu, 0.0, factor, shift=factor), h) == pytest.approx(published, rel=0.05)


def test_published_run_lengths_of_wrong_assumptions() -> None:
    phi = 0.02**2
    lengths = [cusum.run_length(Chart(9000, phi, 1.10, shift=1.0 + bias), 13.2) for bias in (0.0, 0.005, 0.01, 0.02)]
    assert lengths == pytest.approx([5.2e6, 1.1e6, 2.4e5, 1.2e4], rel=0.05)
    # noise of 3 and 5 % where the chart takes 2 %: medians of about 2100 and 40 spills
    medians = [cusum.run_length_quantile(Chart(9000, phi, 1.10, true_phi=s**2), 12.6, 0.5) for s in (0.03, 0.05)]
    assert medians == pytest.approx([2400, 40], rel=0.2)


@pytest.mark.parametrize(("mu", "phi", "factor"), [(50.0, 1e-3, 1.3), (50.0, 1e-3, 0.7), (0.5, 0.05, 2.0)])
def test_the_chain_agrees_with_a_chart_in_plain_python(mu: float, phi: float, factor: float) -> None:
    rng = random.Random(5)
    h = 3.0
    for shift in (1.0, factor):
        times = [alarms_slow.run_length(rng, mu, phi, factor, h, shift * mu) for _ in range(300)]
        error = statistics.stdev(times) / math.sqrt(len(times))
        exact = cusum.run_length(Chart(mu, phi, factor, shift=shift), h)
        assert exact == pytest.approx(statistics.mean(times), abs=4.0 * error)


@pytest.mark.parametrize(("mu", "phi", "factor"), [(9000, 4e-4, 1.1), (100, 4e-4, 0.9), (10, 4e-4, 1.1), (0.05, 0, 5)])
def test_more_states_change_nothing(mu: float, phi: float, factor: float) -> None:
    chart = Chart(mu, phi, factor)
    assert cusum.run_length(chart, 11.0) == pytest.approx(cusum.run_length(chart, 11.0, 1500), rel=0.03)


def test_a_run_length_too_long_for_the_machine_is_the_largest() -> None:
    assert cusum.run_length(Chart(8178.0, 1e-6, 0.8), 9.0) == cusum.LARGEST


@settings(max_examples=15, deadline=None)
@example(9146.291015625, 1e-6, 2.0, 1.0)  # the chance of an alarm is no number above 0
@given(st.floats(5.0, 1e4), st.floats(1e-6, 0.05), st.sampled_from([0.8, 0.9, 1.1, 2.0]), st.floats(1.0, 9.0))
def test_laws(mu: float, phi: float, factor: float, h: float) -> None:
    quiet = Chart(mu, phi, factor)
    length = cusum.run_length(quiet, h, 150)
    assert length >= min(cusum.LARGEST, math.exp(h)) * 0.9  # Wald and Lorden; 0.9 for a chain of few steps
    assert cusum.run_length(quiet, h + 0.5, 150) >= length
    assert cusum.run_length(Chart(mu, phi, factor, shift=factor), h, 150) <= length


def test_the_ratio_is_that_of_the_two_distributions() -> None:
    from scipy.stats import nbinom

    mu, phi, factor = 37.0, 0.01, 1.3
    r = 1.0 / phi
    for n in (0, 30, 70):
        wanted = nbinom.logpmf(n, r, r / (r + factor * mu)) - nbinom.logpmf(n, r, r / (r + mu))
        assert cusum.llr(n, mu, phi, factor) == pytest.approx(wanted, rel=1e-9)
    assert cusum.llr(40, mu, 0.0, factor) == pytest.approx(40 * math.log(factor) - (factor - 1) * mu, rel=1e-4)


def test_the_level_is_bounded_so_that_an_alarm_can_end() -> None:
    assert cusum.advance(0.0, 10**6, 9000.0, 4e-4, 1.1, 12.0) == 13.0
    assert cusum.advance(0.0, 0, 9000.0, 4e-4, 1.1, 12.0) == 0.0


def test_a_limit_is_the_smallest_that_keeps_the_run_length() -> None:
    chart = Chart(9000, 4e-4, 1.1)
    h = cusum.limit_for(chart, RUN_LENGTH)
    assert cusum.run_length(chart, h) >= RUN_LENGTH > cusum.run_length(chart, h - 0.02)
    assert h <= math.log(RUN_LENGTH)
