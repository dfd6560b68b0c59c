"""Upper limits: the published and the recomputed table, laws, bands, coverage."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, poisson

from daq.errors import DataError
from offline.statistics.background import NOTHING, Background
from offline.statistics.bands import SIGMAS, count_quantile, expected_band, mean_limit, scale_band
from offline.statistics.coverage import coverage, total_counts
from offline.statistics.feldman_cousins import feldman_cousins
from offline.statistics.limits import POT, Method, limit_table, upper_limit
from offline.statistics.nuisance import Nuisance, Prior
from tests.reference import statistics_slow as slow

KNOWN = Nuisance()
GAUSS, KAPPA = Nuisance(Prior.GAUSS, 0.2), Nuisance(Prior.LOGNORMAL_KAPPA, 0.2)
CUT = Nuisance(Prior.GAUSS, 0.2, low=0.02)
PRIORS = [p for p in Prior if p is not Prior.NONE]

NOTES = {  # n_obs, b: CL_s without nuisance, CL_s Gaussian, CL_s log-normal, Bayes Gaussian, Bayes log-normal
    (0, 0.0): (2.30, 2.42, 2.35, 2.56, 2.44),
    (0, 0.016): (2.30, 2.42, 2.35, 2.56, 2.44),
    (1, 0.0): (3.89, 4.14, 4.01, 4.38, 4.16),
    (1, 0.016): (3.87, 4.12, 4.00, 4.36, 4.14),
}
COLUMNS = (
    (KNOWN, "cls", 0.006),
    (GAUSS, "cls", 0.006),
    (KAPPA, "cls", 0.006),
    (CUT, "bayes", 0.02),
    (KAPPA, "bayes", 0.02),
)


@pytest.mark.parametrize("column", range(5))
@pytest.mark.parametrize("case", NOTES, ids=str)
def test_table_of_the_notes(case, column):
    """Printed to 0.01, the Bayesian columns good to 0.02; the log-normal one is that with kappa = 1.2."""
    scale, method, allowed = COLUMNS[column]
    limit = upper_limit(case[0], Background(case[1]), scale, method=method)
    assert limit == pytest.approx(NOTES[case][column], abs=allowed)


def test_published_contour():
    """2.3 events at 90 % CL (CERN-EP-2023-032, fig. 13)."""
    assert upper_limit(0) == pytest.approx(math.log(10.0), rel=1e-10)
    assert round(upper_limit(0, Background(0.016, 0.002)), 1) == 2.3


@given(n=st.integers(0, 60), cl=st.floats(0.5, 0.999))
def test_without_nuisance_it_is_a_chi2_and_bayes_agrees(n, cl):
    wanted = chi2.ppf(cl, 2 * n + 2) / 2.0
    assert upper_limit(n, cl=cl) == pytest.approx(wanted, rel=1e-7)
    assert upper_limit(n, cl=cl, method="bayes") == pytest.approx(wanted, rel=1e-7)


@given(n=st.integers(0, 20), b=st.floats(0.0, 10.0), cl=st.floats(0.6, 0.99))
def test_known_background_bayes_is_cls(n, b, cl):
    """Helene's formula and CL_s are the same function for a known background."""
    assert upper_limit(n, Background(b), cl=cl) == pytest.approx(
        upper_limit(n, Background(b), cl=cl, method="bayes"), rel=1e-7
    )


@settings(max_examples=40)
@given(
    n=st.integers(0, 15),
    b=st.floats(0.0, 8.0),
    error=st.floats(0.0, 0.9),
    prior=st.sampled_from(PRIORS),
    r=st.floats(0.0, 0.4),
)
def test_laws(n, b, error, prior, r):
    """Grows with the count and the level, falls with the background, is not below that of nothing seen."""
    scale = Nuisance(prior, r)
    law = Background(b, error * b)
    limit = upper_limit(n, law, scale)
    assert limit < upper_limit(n + 1, law, scale)
    assert limit < upper_limit(n, law, scale, cl=0.95)
    assert limit >= upper_limit(n, Background(b + 0.5, error * b), scale) - 1e-9
    if n == 0:  # nothing seen: the background plays no part
        assert limit == pytest.approx(upper_limit(0, NOTHING, scale), rel=1e-9)
    if prior in (Prior.LOGNORMAL, Prior.GAMMA) and n == 0:
        assert limit >= math.log(10.0) - 1e-9


@settings(max_examples=6)
@given(
    n=st.integers(0, 4),
    b=st.floats(0.1, 3.0),
    prior_b=st.sampled_from(["gamma", "lognormal"]),
    prior=st.sampled_from(["gamma", "gauss", "lognormal_kappa"]),
)
def test_cls_against_plain_sums(n, b, prior_b, prior):
    limit = upper_limit(n, Background(b, 0.3 * b, Prior(prior_b)), Nuisance(prior, 0.2))
    assert slow.cls(n, limit, b, 0.3 * b, prior_b, 0.2, prior) == pytest.approx(0.1, abs=3e-4)


@pytest.mark.parametrize("scale", [KAPPA, POT, Nuisance("gamma", 0.2), CUT])
def test_bayes_against_plain_posterior(scale):
    """Likelihood on a fine grid of the signal, summed."""
    law, n = Background(0.5, 0.2), 2
    factor, weight = scale.nodes()
    signal = (np.arange(12_000) + 0.5) * 0.01
    likelihood = np.zeros_like(signal)
    for k in range(n + 1):
        likelihood += float(law.exactly(np.asarray(n - k))) * (poisson.pmf(k, np.outer(signal, factor)) @ weight)
    held = np.cumsum(likelihood) / likelihood.sum()
    assert upper_limit(n, law, scale, method="bayes") == pytest.approx(np.interp(0.9, held, signal + 0.005), abs=2e-3)


def test_the_cut_of_the_normal_law_hardly_matters():
    """Without a cut there is no Bayesian limit, and it is refused; 0.001 to 0.1 move it by 3e-4."""
    limits = [upper_limit(0, NOTHING, Nuisance("gauss", 0.2, low), method="bayes") for low in (0.001, 0.01, 0.1)]
    assert np.ptp(limits) / limits[0] < 3e-4
    with pytest.raises(DataError, match="give `low`"):
        upper_limit(0, NOTHING, GAUSS, method="bayes")


def test_band_of_no_background_is_one_count():
    band = expected_band(Background(0.016, 0.002), POT)
    assert band.is_degenerate
    assert band.counts == (0, 0, 0, 0, 0)
    assert set(band.limits) == {upper_limit(0, NOTHING, POT)}


@settings(max_examples=25)
@given(mean=st.floats(0.01, 30.0), relative=st.floats(0.0, 0.5))
def test_band_holds_its_probability(mean, relative):
    """By enumeration: at least Phi(q) of all experiments are at the edge or below, and fewer below the count."""
    law = Background(mean, relative * mean)
    for part in (0.02275, 0.15866, 0.5, 0.84134, 0.97725):
        n = count_quantile(law, part)
        assert float(law.at_most(np.asarray(n))) >= part
        assert n == 0 or float(law.at_most(np.asarray(n - 1))) < part


def test_band_in_order():
    band = expected_band(Background(3.0, 0.5), POT)
    assert band.counts == (0, 1, 3, 5, 7)
    assert list(band.limits) == sorted(band.limits)
    assert band.median == band.limits[2] == upper_limit(3, Background(3.0, 0.5), POT)
    table = limit_table(30, Background(3.0, 0.5), POT)
    assert band.limits[1] < mean_limit(table, Background(3.0, 0.5)) < band.limits[3]


def test_band_of_the_protons_alone():
    low, _, middle, _, high = scale_band(KAPPA)
    assert (low, middle, high) == pytest.approx((1.2**-2, 1.0, 1.2**2), rel=2e-3)
    assert scale_band(KNOWN) == (1.0,) * len(SIGMAS)


@settings(max_examples=20)
@given(
    signal=st.floats(0.0, 25.0),
    b=st.floats(0.0, 5.0),
    error=st.floats(0.0, 0.5),
    r=st.floats(0.0, 0.3),
    prior=st.sampled_from(PRIORS),
)
def test_cls_covers_on_average_over_its_priors(signal, b, error, r, prior):
    law, scale = Background(b, error * b), Nuisance(prior, r)
    assert coverage(signal, limit_table(60, law, scale), law, scale) >= 0.9 - 1e-9


def test_coverage_is_a_sum_over_counts():
    limits = limit_table(20)
    assert coverage(2.30, limits, NOTHING) == 1.0
    assert coverage(2.31, limits, NOTHING) == pytest.approx(1 - math.exp(-2.31))
    assert coverage(4.0, limits, NOTHING) == pytest.approx(1 - poisson.cdf(1, 4.0))
    with pytest.raises(DataError, match="wanted a longer one"):
        coverage(100.0, limits, NOTHING)


def test_a_fixed_wrong_scale_is_another_signal():
    """20 % fewer protons than thought: the limits with the nuisance cover in 90 % all the same, or nearly."""
    limits = limit_table(60, NOTHING, POT)
    worst = min(coverage(0.8 * s, limits * 0.8, NOTHING) for s in np.linspace(0.1, 20, 200))
    known = limit_table(60)
    assert worst > min(coverage(0.8 * s, known * 0.8, NOTHING) for s in np.linspace(0.1, 20, 200))


def test_total_counts_sum_to_one():
    assert total_counts(3.0, 60, Background(2.0, 1.0), POT).sum() == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize(
    ("n", "b", "ends"),
    [
        (0, 0.0, (0.0, 2.44)),
        (1, 0.0, (0.11, 4.36)),
        (3, 0.0, (1.10, 7.42)),
        (4, 3.0, (0.0, 5.60)),
        (2, 0.5, (0.03, 5.41)),
    ],
)
def test_feldman_cousins_table(n, b, ends):
    """Tables IV and V of the paper, 90 % CL."""
    assert feldman_cousins(n, b) == pytest.approx(ends, abs=0.0051)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: upper_limit(1.5), "N_obs is 1.5"),
        (lambda: upper_limit(-1), "N_obs is -1"),
        (lambda: upper_limit(0, cl=1.0), "confidence level is 1"),
        (lambda: upper_limit(0, cl=90), "confidence level is 90"),
        (lambda: upper_limit(0, Background(float("nan"))), "background is nan"),
        (lambda: coverage(-1.0, limit_table(2), NOTHING), "true signal is -1"),
        (lambda: limit_table(-1), "n_max is -1"),
        (lambda: count_quantile(Background(1.0), 1.0), "quantile is 1"),
        (lambda: feldman_cousins(0, -1.0), "background is -1"),
    ],
)
def test_refused_by_name(call, name):
    with pytest.raises(DataError, match=name):
        call()


def test_unknown_method():
    with pytest.raises(ValueError, match="frequentist"):
        upper_limit(0, method="frequentist")
    assert [m.value for m in Method] == ["cls", "bayes"]
