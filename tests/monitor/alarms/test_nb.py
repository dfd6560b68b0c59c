"""Tails of the negative binomial: against sums in 60 digits, and the laws of a distribution."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alarms import nb
from tests.reference.alarms_slow import tail_high, tail_low

CASES = [(0.01, 1e-11), (0.01, 1.0), (0.5, 1e-8), (0.5, 0.2), (10.0, 1e-11), (10.0, 4e-4), (10.0, 1.0),
         (9000.0, 1e-11), (9000.0, 4e-4), (9000.0, 2.5e-3), (2.0e5, 1e-8)]  # fmt: skip


@pytest.mark.parametrize(("mu", "phi"), CASES)
def test_far_tails_agree_with_the_slow_sums(mu: float, phi: float) -> None:
    width = nb.sigma(mu, phi)
    for sigmas in (2.0, 8.0, 15.0):
        n = max(1, math.ceil(mu + sigmas * width))
        assert nb.p_high(n, mu, phi) == pytest.approx(float(tail_high(n, mu, phi)), rel=1e-9)
    n = math.floor(mu - 6.0 * width)
    if n >= 0:
        assert nb.p_low(n, mu, phi) == pytest.approx(float(tail_low(n, mu, phi)), rel=1e-9)


@given(st.floats(1e-3, 1e6), st.floats(0.0, 2.0), st.integers(0, 10**6))
def test_the_two_tails_share_one_term(mu: float, phi: float, n: int) -> None:
    assert nb.p_high(n, mu, phi) + nb.p_low(n - 1, mu, phi) == pytest.approx(1.0, abs=1e-9)
    assert 0.0 <= nb.p_high(n + 1, mu, phi) <= nb.p_high(n, mu, phi) <= 1.0


@pytest.mark.parametrize("mu", [0.3, 90.0, 1e5])
def test_small_phi_goes_over_into_poisson(mu: float) -> None:
    n = math.ceil(mu + 5.0 * math.sqrt(mu) + 1)
    poisson = nb.p_high(n, mu, 0.0)
    assert poisson == nb.p_high(n, mu, 1e-30)
    # on both sides of the switch
    for phi in (0.5 * nb.POISSON_BELOW / max(mu, 1.0), 2.0 * nb.POISSON_BELOW / max(mu, 1.0)):
        assert nb.p_high(n, mu, phi) == pytest.approx(poisson, rel=1e-6)
        assert nb.p_low(n, mu, phi) == pytest.approx(nb.p_low(n, mu, 0.0), rel=1e-6)


@pytest.mark.parametrize(("mu", "phi"), [(0.01, 0.0), (1.0, 4e-4), (80.0, 4e-4), (9000.0, 4e-4), (2.3e5, 5e-4)])
def test_the_band_is_where_the_tails_are_p(mu: float, phi: float) -> None:
    p = 2.48e-7
    low, high = nb.band(mu, phi, p)
    assert nb.p_high(high, mu, phi) == pytest.approx(p, rel=1e-3)
    assert low == 0.0 if nb.p_low(0, mu, phi) >= p else nb.p_low(low, mu, phi) == pytest.approx(p, rel=1e-3)
    assert low < mu < high


# blinding-alerting-reliability.md 2.3: smallest mean for x2, x1.5, x1.2 in one spill with this power
TABLE = [
    (0.01, 2.0, 0.90, 58), (0.01, 2.0, 0.99, 77), (0.01, 1.5, 0.99, 275), (0.01, 1.2, 0.99, 1786),
    (0.02, 2.0, 0.90, 58), (0.02, 2.0, 0.99, 81), (0.02, 1.5, 0.99, 305), (0.02, 1.2, 0.99, 4100),
    (0.05, 2.0, 0.90, 68), (0.05, 2.0, 0.99, 105), (0.05, 1.5, 0.99, 1242), (0.10, 2.0, 0.90, 207),
]  # fmt: skip


def power(mu: float, sigma: float, factor: float) -> float:
    n = math.ceil(nb.band(mu, sigma**2, 2.48e-7)[1])
    return nb.p_high(n, factor * mu, sigma**2)


@pytest.mark.parametrize(("sigma", "factor", "wanted", "mu"), TABLE)
def test_published_power(sigma: float, factor: float, wanted: float, mu: float) -> None:
    # counts are whole, so power against mean is a saw: the smallest mean is known to some per cent
    assert power(1.08 * mu, sigma, factor) >= wanted - 0.002
    assert power(0.92 * mu, sigma, factor) < wanted + 0.002


@pytest.mark.parametrize(("sigma", "factor"), [(0.05, 1.2), (0.10, 2.0), (0.10, 1.5)])
def test_published_never(sigma: float, factor: float) -> None:
    assert power(1e8, sigma, factor) < 0.99
