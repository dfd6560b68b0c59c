"""Injected signals come back: pulls of 200 toys with fixed seeds, coverage, and the exact moments behind them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daq.errors import DataError
from offline.statistics.background import Background
from offline.statistics.closure import N_TOYS, closure
from offline.statistics.coverage import total_counts
from offline.statistics.limits import POT, Method
from offline.statistics.nuisance import Nuisance, Prior
from offline.statistics.pulls import LEAST, MANY, Pull, pulls
from offline.statistics.toys import Injection, draw, injected_counts

KNOWN = Nuisance()
CASES = {
    "few, published background": Injection(5.0, Background(0.016, 0.002)),
    "few, protons 20 %": Injection(5.0, Background(0.016, 0.002), POT),
    "some, background as large": Injection(10.0, Background(10.0, 1.5)),
    "some, everything uncertain": Injection(10.0, Background(3.0, 0.45), POT),
    "many": Injection(150.0, Background(20.0, 3.0)),
    "many, uncertain background": Injection(150.0, Background(100.0, 20.0)),
    "many, protons 20 %": Injection(40.0, Background(3.0, 0.45), POT),
}
SEEDS = (20211, 20212)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", CASES)
def test_200_toys(name, seed):
    found = closure(CASES[name], seed)
    assert found.n_toys == N_TOYS == 200
    assert abs(found.pull_mean) < 0.2
    assert abs(found.pull_width - 1.0) < 0.15
    assert found.expected_coverage >= 0.9
    assert abs(found.covered - found.expected_coverage) < 3.5 * found.coverage_error + 1e-12


@pytest.mark.parametrize("method", list(Method))
def test_limits_of_the_published_counting_cover(method):
    """A signal of 2.3 events is covered always, one of 4 by every count but 0: Poisson forces more than 90 %."""
    for signal, wanted in ((2.3, 1.0), (4.0, 0.95)):
        found = closure(Injection(signal, Background(0.016, 0.002), POT), 7, method=method)
        assert found.covered >= 0.9
        assert found.expected_coverage == pytest.approx(wanted, abs=0.04)


def moments(injection, kind=None):
    """Exact mean and width of the pulls: the sum over counts."""
    p = total_counts(injection.signal, 600, injection.background, injection.scale)
    values = pulls(np.arange(600), injection, kind)
    mean = float(p @ values)
    return mean, float(p @ (values - mean) ** 2) ** 0.5


@pytest.mark.parametrize("name", CASES)
def test_exact_moments(name):
    """What the 200 toys show is no luck of a seed."""
    mean, width = moments(CASES[name])
    assert abs(mean) < 0.1
    assert abs(width - 1.0) < 0.1


@settings(max_examples=40)
@given(signal=st.floats(2.5, 60.0), b=st.floats(0.0, 20.0), error=st.floats(0.0, 0.3), r=st.floats(0.0, 0.25))
def test_likelihood_pulls_everywhere(signal, b, error, r):
    injection = Injection(signal, Background(b, error * b), Nuisance(Prior.LOGNORMAL, r))
    mean, width = moments(injection, Pull.LIKELIHOOD)
    assert abs(mean) < 0.2
    assert abs(width - 1.0) < 0.15


def test_why_the_plain_pull_waits_for_many():
    """(n - b - s) over root n is biased: -1/(2 root mu) as the notes in the module say."""
    assert moments(Injection(10.0, Background(0.0)), Pull.YIELD)[0] == pytest.approx(-0.16, abs=0.06)
    assert abs(moments(Injection(MANY, Background(0.0)), Pull.YIELD)[0]) < 0.06
    assert moments(Injection(150.0, Background(0.0), POT), Pull.YIELD)[0] < -0.15


def test_a_wrong_analysis_is_seen():
    """A yield 20 % higher than assumed moves the pulls out of their bounds."""
    assumed, true = Injection(40.0, Background(3.0, 0.45)), Injection(48.0, Background(3.0, 0.45))
    values = pulls(injected_counts(true, N_TOYS, SEEDS[0]), assumed)
    assert values.mean() > 0.2


@pytest.mark.parametrize("prior", [p for p in Prior if p is not Prior.NONE])
def test_toys_follow_the_law(prior):
    """The sampler and the quadrature are the same law."""
    nuisance = Nuisance(prior, 0.3)
    scale, weight = nuisance.nodes()
    values = draw(np.random.default_rng(11), nuisance, 200_000)
    assert values.mean() == pytest.approx(weight @ scale, abs=0.004)
    assert np.mean(values**2) == pytest.approx(weight @ scale**2, abs=0.01)


def test_toys_have_their_seed_and_their_mean():
    injection = CASES["some, everything uncertain"]
    first, again = injected_counts(injection, 500, 3), injected_counts(injection, 500, 3)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, injected_counts(injection, 500, 4))
    assert injected_counts(injection, 50_000, 5).mean() == pytest.approx(13.0, abs=0.1)


def test_no_pull_of_almost_nothing():
    injection = Injection(1.0, Background(0.016, 0.002))
    with pytest.raises(DataError, match="test the coverage"):
        pulls(np.array([0, 1]), injection)
    found = closure(injection, 1)
    assert (found.pull_mean, found.pull_width) == (None, None)
    assert found.covered == found.expected_coverage == 1.0
    assert LEAST == 2.0


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: closure(CASES["many"], 1, 1), "1 toys; wanted 2"),
        (lambda: injected_counts(Injection(-1.0, Background(0.1)), 10, 1), "injected signal is -1"),
        (lambda: pulls(np.array([1.5]), CASES["many"]), "counts of the toys is 1.5"),
    ],
)
def test_refused_by_name(call, name):
    with pytest.raises(DataError, match=name):
        call()
