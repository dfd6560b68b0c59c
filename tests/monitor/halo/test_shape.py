"""The fitted curves: their derivatives, their minimum, exact points."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from monitor.halo.shape import MODELS, Points, Shape, _derivatives, _hump, _is_minimum, _skew_and_plateau, fit_shape

CURRENTS = np.arange(-500.0, 1.0, 50.0)
CENTRE = st.floats(-1.5, 1.5)


def log_value(p, x):
    h, _ = _hump(x - p[0], *_skew_and_plateau(p))
    return p[1] + np.log(1.0 + p[2] * h)


@pytest.mark.parametrize("model", MODELS)
@given(CENTRE, st.floats(0.05, 2.0), st.floats(-0.3, 0.3), st.floats(0.05, 0.6))
def test_derivatives(model, centre, strength, skew, plateau):
    p = np.array([centre, 10.0, strength, *{3: (), 4: (plateau,), 5: (skew, plateau)}[MODELS[model]]])
    x = np.linspace(-2.0, 2.0, 9)
    h, denominator = _hump(x - p[0], *_skew_and_plateau(p))
    assume(denominator.min() > 0.2)
    analytic = _derivatives(p, x - p[0], h, denominator)
    for column in range(len(p)):
        step = np.zeros(len(p))
        step[column] = 1e-6
        numeric = (log_value(p + step, x) - log_value(p - step, x)) / 2e-6
        np.testing.assert_allclose(analytic[:, column], numeric, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("model", MODELS)
@given(st.floats(-330, -170), st.floats(0.2, 1.5), st.floats(-0.2, 0.2), st.floats(0.05, 0.4))
def test_exact_points_give_back_the_curve(model, minimum, strength, skew, plateau):
    extra = {3: (), 4: (plateau,), 5: (skew, plateau)}[MODELS[model]]
    truth = Shape(model, np.array([minimum / 125.0, np.log(5e4), strength, *extra]), np.eye(3 + len(extra)), 0.0, 125.0)
    values = truth.at(CURRENTS)
    found = fit_shape(model, Points(CURRENTS, values, np.full(len(CURRENTS), 0.01)))
    assert found is not None
    assert found.minimum_a == pytest.approx(minimum, abs=0.01)
    assert found.value == pytest.approx(5e4, rel=1e-5)
    assert found.chi2 < 1e-6
    assert found.curvature == pytest.approx(truth.curvature, rel=1e-2)
    fine = np.linspace(-500, 0, 4001)
    assert (found.at(fine) >= found.value * (1 - 1e-12)).all()
    # the second difference at the minimum is the curvature
    left, here, right = found.at(found.minimum_a + np.array([-1.0, 0.0, 1.0]))
    assert left - 2 * here + right == pytest.approx(found.curvature, rel=1e-2)


@pytest.mark.parametrize("model", MODELS)
def test_as_many_points_as_parameters_are_not_fitted(model):
    currents = np.linspace(-500, 0, MODELS[model])
    values = 5e4 * (1 + 3e-6 * (currents + 250) ** 2)
    assert fit_shape(model, Points(currents, values, np.full(len(currents), 0.01))) is None


def test_a_hill_has_no_minimum():
    hill = 5e4 * np.exp(-((CURRENTS + 250) ** 2) / 4e5)
    errors = np.full(len(CURRENTS), 0.001)
    assert fit_shape("parabola", Points(CURRENTS, hill, errors)) is None


def test_a_curve_with_a_pole_and_a_dip_that_no_point_has_seen_are_no_minimum():
    points = Points(CURRENTS, np.full(len(CURRENTS), 5e4), np.full(len(CURRENTS), 0.01))

    def dip(plateau):
        return Shape("dip", np.array([-2.0, 10.0, 0.5, plateau]), np.eye(4), 1.0, 125.0)

    assert _is_minimum(dip(0.1), points)
    assert not _is_minimum(dip(-0.3), points)  # 1 - 0.3 x^2 is 0 at x = 1.8, the scan goes to 2
    assert _is_minimum(dip(-0.2), points)
    assert not _is_minimum(dip(10.0), points)  # 125 A / sqrt(10) is less than the step of 50 A
