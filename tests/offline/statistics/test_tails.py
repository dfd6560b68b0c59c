"""p-values of counts: laws, an independent twin, ties, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daq.errors import DataError
from offline.statistics.counting import at_least, at_most, exactly
from offline.statistics.nuisance import Nuisance, Prior
from offline.statistics.significance import probability_of, sigma_of
from offline.statistics.tails import p_at_least, p_likelihood
from tests.reference import statistics_slow as slow

PRIORS = st.sampled_from(list(Prior))
MEANS = st.floats(0.01, 60.0)
RELATIVE = st.floats(0.0, 0.9)


@given(n=st.integers(0, 60), mean=MEANS, relative=RELATIVE, prior=PRIORS)
def test_the_two_tails_are_everything(n, mean, relative, prior):
    error = relative * mean
    assert at_least(n + 1, mean, error, prior) + at_most(n, mean, error, prior) == pytest.approx(1.0, abs=1e-9)
    between = at_least(n, mean, error, prior) - at_least(n + 1, mean, error, prior)
    assert exactly(n, mean, error, prior) == pytest.approx(float(between), abs=1e-9)


@settings(max_examples=15)
@given(n=st.integers(0, 30), mean=st.floats(0.05, 30.0), relative=st.floats(0.02, 0.6), prior=PRIORS)
def test_twin(n, mean, relative, prior):
    if prior is Prior.GAUSS and relative > 0.4:
        relative = 0.4  # the midpoint rule is coarse at a cut
    error = relative * mean
    assert p_at_least(n, mean, error, prior) == pytest.approx(slow.p_at_least(n, mean, error, prior.value), abs=1e-4)
    ours = p_likelihood(n, mean, error, prior)
    assert ours == pytest.approx(slow.p_likelihood(n, mean, error, prior.value), abs=1e-4)


@given(n=st.integers(0, 40), mean=MEANS, relative=st.floats(0.0, 0.5), prior=PRIORS)
def test_likelihood_bounds(n, mean, relative, prior):
    """The observed count is always in the sum, and at the mode nothing is left out."""
    error = relative * mean
    p = p_likelihood(n, mean, error, prior)
    assert float(exactly(n, mean, error, prior)) - 1e-12 <= p <= 1.0 + 1e-12
    assert p_likelihood(int(mean), mean, error, prior) == 1.0
    assert p_likelihood(n, mean, error, prior, "marginal") <= 1.0 + 1e-12


def test_orderings_differ_at_the_mode():
    """8 seen where 9.1 +- 1.4 are expected: the mode of the smeared law, not of the central one."""
    assert p_likelihood(8, 9.1, 1.4, "gauss", "marginal") == 1.0
    assert p_likelihood(8, 9.1, 1.4, "gauss") == pytest.approx(0.8807, abs=1e-3)


def test_a_tie_counts_on_both_sides():
    assert p_likelihood(2, 2.0, 0.3, "gauss") == 1.0
    assert p_likelihood(1, 2.0, 0.3, "gauss") == 1.0
    assert p_likelihood(2, 1.999, 0.3, "gauss") < 0.75


def test_arrays_are_broadcast():
    n, mean, error = np.array([[28], [1]]), np.array([26.3, 0.58, 2.57]), np.array([3.4, 0.07, 0.33])
    for prior in Prior:
        values = p_at_least(n, mean, error, prior)
        assert values.shape == (2, 3)
        for i, j in np.ndindex(2, 3):
            assert values[i, j] == pytest.approx(float(p_at_least(n[i, 0], mean[j], error[j], prior)), rel=1e-12)


@pytest.mark.parametrize("prior", [p for p in Prior if p is not Prior.NONE])
def test_a_small_error_is_none_and_a_tail_is_relative(prior):
    assert p_at_least(7, 0.016, 0.016 * 1e-4, prior) == pytest.approx(float(p_at_least(7, 0.016)), rel=1e-5)
    n = np.arange(9)
    for relative in (0.9e-6, 1.1e-6, 1e-5):
        assert exactly(n, 3.0, 3.0 * relative, prior) == pytest.approx(exactly(n, 3.0), rel=1e-4)
        assert p_at_least(n, 3.0, 3.0 * relative, prior) == pytest.approx(p_at_least(n, 3.0), rel=1e-4)
    assert p_at_least(7, 0.016, 1e-9, prior) == pytest.approx(float(p_at_least(7, 0.016)), rel=1e-5)
    assert p_at_least(7, 0.016) == pytest.approx(0.016**7 / 5040 * (1 - 0.016 * 7 / 8), rel=1e-3)


@pytest.mark.parametrize("prior", [p for p in Prior if p is not Prior.NONE])
@pytest.mark.parametrize("relative", [0.05, 0.2, 0.5, 0.9])
def test_moments_of_the_laws(prior, relative):
    """Mean 1 and width r where the law says so, median 1 for the others; the cut normal only near that."""
    scale, weight = Nuisance(prior, relative).nodes()
    assert weight.sum() == pytest.approx(1.0, abs=1e-12)
    mean = float(weight @ scale)
    width = float(weight @ (scale - mean) ** 2) ** 0.5
    if prior in (Prior.GAMMA, Prior.LOGNORMAL):
        assert (mean, width) == pytest.approx((1.0, relative), rel=1e-8)
    elif prior is Prior.GAUSS:
        assert (mean, width) == pytest.approx((1.0, relative), rel=0.02 if relative < 0.4 else 0.4)
    else:
        log_width = {Prior.LOGNORMAL_MEDIAN: relative, Prior.LOGNORMAL_KAPPA: np.log1p(relative)}[prior]
        assert (weight @ np.log(scale), weight @ np.log(scale) ** 2) == pytest.approx((0.0, log_width**2), abs=1e-9)


def test_negative_binomial_against_quadrature():
    scale, weight = Nuisance("gamma", 0.5).nodes()
    assert at_least(4, 0.02, 0.01, "gamma") == pytest.approx(float(weight @ at_least(4, 0.02 * scale)), rel=1e-9)


@given(sigma=st.floats(0.0, 8.0), sides=st.sampled_from([1, 2]))
def test_sigma_and_back(sigma, sides):
    if probability_of(sigma, sides) < 1.0:
        assert sigma_of(probability_of(sigma, sides), sides) == pytest.approx(sigma, abs=1e-7)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: p_at_least(1.5, 2.0), "observed count is 1.5"),
        (lambda: p_at_least(-1, 2.0), "observed count is -1"),
        (lambda: p_at_least(float("nan"), 2.0), "observed count is nan"),
        (lambda: p_at_least([1, 2], [2.0, -1.0]), "expected number is -1"),
        (lambda: p_at_least(1, float("inf")), "expected number is inf"),
        (lambda: p_at_least(1, 2.0, -0.1), "its error is -0.1"),
        (lambda: p_at_least(1, 0.0, 0.1, "gauss"), "expected number of 0 with an error"),
        (lambda: p_at_least("one", 2.0), "observed count is 'one'"),
        (lambda: p_likelihood(1.5, 2.0), "N_obs is 1.5"),
        (lambda: p_likelihood(1, float("nan")), "N_exp is nan"),
        (lambda: p_likelihood(1e9, 1.0), "N_obs is 1e\\+09"),
        (lambda: sigma_of(0.0), "p-value is 0"),
        (lambda: sigma_of(0.1, 3), "sides is 3"),
        (lambda: probability_of(-1.0), "standard deviations is -1"),
        (lambda: Nuisance("gauss", -0.2), "nuisance is -0.2"),
        (lambda: Nuisance("gamma", 1.5).nodes(), "gamma law with relative error 1.5"),
        (lambda: Nuisance("gamma", 1.5).inverse_mean(), "no mean of 1/factor"),
    ],
)
def test_refused_by_name(call, name):
    with pytest.raises(DataError, match=name):
        call()


def test_unknown_prior():
    with pytest.raises(ValueError, match="flat"):
        p_at_least(1, 2.0, 0.1, "flat")


def test_nothing_expected():
    assert p_likelihood(0, 0.0) == 1.0
    assert p_likelihood(2, 0.0) == 0.0
    assert p_at_least([0, 1], 0.0, 0.0, "gamma").tolist() == [1.0, 0.0]
