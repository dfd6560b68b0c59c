"""CL_s of several channels: exact sums against plain ones and against pyhf; where the asymptotic formula fails."""

import math
import warnings
from dataclasses import replace

import numpy as np
import pyhf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daq.errors import DataError
from offline.statistics.background import Background
from offline.statistics.channels import Channel
from offline.statistics.combination import combined_cls
from offline.statistics.combined_grid import GridChannel, grid_cls, strength_of_cls
from offline.statistics.combined_limit import combined_limit
from offline.statistics.grid import Plane
from offline.statistics.histfactory import asymptotic_limit, exact_cls, specification
from offline.statistics.limits import POT, upper_limit
from offline.statistics.nuisance import Nuisance, Prior
from tests.reference import statistics_slow as slow

KNOWN = Nuisance()
KAPPA = Nuisance(Prior.LOGNORMAL_KAPPA, 0.2)
MUMU = Channel("mumu", 1, Background(0.016, 0.002), {"brems": 0.6, "pi0": 0.1})
EE = Channel("ee", 0, Background(0.0156, 0.016), {"brems": 0.3})
SQUARE = Plane(np.array([1.0, 2.0]), np.array([1.0, 2.0]))
PIPI = Channel("pipi", 0, Background(0.007, 0.005), {"brems": 0.2})


def one(n, b, error, signal=1.0):
    return Channel("one", n, Background(b, error), {"all": signal})


@settings(max_examples=25)
@given(
    n=st.integers(0, 6),
    b=st.floats(0.01, 5.0),
    error=st.floats(0.0, 0.8),
    signal=st.floats(0.05, 5.0),
    pot=st.sampled_from([KNOWN, POT, KAPPA]),
)
def test_one_channel_is_the_limit_of_a_count(n, b, error, signal, pot):
    wanted = upper_limit(n, Background(b, error * b), pot) / signal
    assert combined_limit([one(n, b, error * b, signal)], pot) == pytest.approx(wanted, rel=1e-6)


@settings(max_examples=15)
@given(parts=st.lists(st.floats(0.01, 3.0), min_size=1, max_size=6), pot=st.sampled_from([KNOWN, POT]))
def test_nothing_seen_anywhere_is_the_sum(parts, pot):
    """Whatever the backgrounds: with no event the limit is on the total signal."""
    channels = [Channel(f"c{i}", 0, Background(0.1 * i, 0.02 * i), {"m": part}) for i, part in enumerate(parts)]
    assert combined_limit(channels, pot) == pytest.approx(upper_limit(0, scale=pot) / sum(parts), rel=1e-6)


@settings(max_examples=8)
@given(
    n=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    s=st.tuples(st.floats(0.2, 3.0), st.floats(0.2, 3.0)),
    b=st.tuples(st.floats(0.05, 1.0), st.floats(0.05, 1.0)),
    pot=st.sampled_from([KNOWN, KAPPA]),
)
def test_two_channels_against_plain_sums(n, s, b, pot):
    channels = [Channel(f"c{i}", n[i], Background(b[i]), {"m": s[i]}) for i in range(2)]
    wanted = slow.combined_cls(n, s, b, pot.relative, "lognormal_kappa", top=18)
    assert combined_cls(channels, 1.0, pot) == pytest.approx(wanted, abs=2e-4)


@settings(max_examples=40)
@given(counts=st.tuples(*[st.integers(0, 3)] * 3), s=st.tuples(*[st.floats(0.0, 2.0)] * 3), mu=st.floats(0.1, 5.0))
def test_laws(counts, s, mu):
    channels = [Channel(f"c{i}", counts[i], Background(0.1 + i, 0.05), {"a": s[i], "b": 0.1 * s[i]}) for i in range(3)]
    cls = combined_cls(channels, mu)
    assert 0.0 <= cls <= 1.0
    assert combined_cls(channels[::-1], mu) == pytest.approx(cls, rel=1e-9)  # order of the channels
    merged = [Channel(c.name, c.n_obs, c.background, {"both": c.total}) for c in channels]
    assert combined_cls(merged, mu) == pytest.approx(cls, rel=1e-9)  # modes add up
    scaled = [Channel(c.name, c.n_obs, c.background, {"both": c.total * mu}) for c in channels]
    assert combined_cls(scaled, 1.0) == pytest.approx(cls, rel=1e-9)  # strength is a factor
    blind = [*channels, Channel("blind", 5, Background(4.0, 1.0), {"a": 0.0})]
    assert combined_cls(blind, mu) == pytest.approx(cls, rel=1e-9)  # a channel without signal


def test_a_common_error_costs_more_than_independent_ones():
    """Two halves with one factor are one channel; a weaker limit than if each half had its own factor."""
    halves = [Channel(name, 0, Background(0.01), {"m": 0.5}) for name in "ab"]
    whole = combined_cls([one(0, 0.02, 0.0)], 2.4, POT)
    assert combined_cls(halves, 2.4, POT) == pytest.approx(whole, rel=1e-9)
    assert whole > combined_cls(halves[:1], 2.4, POT) ** 2


def test_published_channels():
    """One event in mumu, none elsewhere: adding channels lowers the limit, and the event raises it."""
    alone, all_three = combined_limit([MUMU]), combined_limit([MUMU, EE, PIPI])
    assert all_three < alone
    assert combined_limit([replace(MUMU, n_obs=0), EE, PIPI]) < all_three
    assert combined_limit([EE]) == pytest.approx(upper_limit(0, scale=POT) / 0.3, rel=1e-6)


def test_nine_channels_are_quick():
    few = [Channel(f"h{i}", 0, Background(1e-7 * 3**i, 2e-7 * 3**i), {"m": 0.05}) for i in range(6)]
    assert 0.0 < combined_cls([MUMU, EE, PIPI, *few], 3.0) < 0.2


def test_no_signal_is_no_limit():
    assert combined_limit([Channel("a", 2, Background(1.0), {"m": 0.0})]) is None
    assert combined_cls([Channel("a", 2, Background(1.0), {"m": 0.0})]) == 1.0
    assert combined_cls([MUMU], 0.0) == 1.0


# --- against pyhf -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 3])
def test_pyhf_statistic_with_its_exact_law_is_the_count(n):
    """One channel: every statistic orders the counts alike."""
    channel = one(n, 0.5, 0.1)
    limit = combined_limit([channel], KAPPA)
    assert exact_cls([channel], limit, KAPPA) == pytest.approx(0.1, abs=1e-6)


@pytest.mark.parametrize(("counts", "pot"), [((0, 0), KNOWN), ((1, 0), KNOWN), ((1, 0), KAPPA)])
def test_two_channels_with_the_statistic_of_pyhf(counts, pot):
    """Near the limit the profile likelihood orders these counts like the ratio at the nominal values."""
    error = 0.0 if pot.is_known else 0.002
    channels = [
        Channel("mumu", counts[0], Background(0.016, error), {"brems": 0.6, "pi0": 0.1}),
        Channel("ee", counts[1], Background(0.0156, error), {"brems": 0.3}),
    ]
    assert exact_cls(channels, 4.0, pot) == pytest.approx(combined_cls(channels, 4.0, pot), abs=1e-4)


def test_statistic_of_pyhf_is_none_below_the_best_strength():
    """Three seen over 0.5: a strength of 1 is too small to be excluded, whatever the count."""
    assert exact_cls([one(3, 0.5, 0.0)], 1.0, KNOWN) == 1.0


def test_asymptotic_formula_fails_for_few_events():
    """b = 0.016, nothing seen: 1.38 instead of 2.30, so 40 % too much would be excluded; it is refused."""
    channel = one(0, 0.016, 0.0)
    with pytest.raises(DataError, match="'one' expects less than 5 background events"):
        asymptotic_limit([channel], KNOWN)
    assert asymptotic_limit([channel], KNOWN, even_if_few=True) == pytest.approx(1.38, abs=0.02)
    assert combined_limit([channel], KNOWN) == pytest.approx(math.log(10.0), rel=1e-6)


@pytest.mark.parametrize(("n", "b"), [(100, 100.0), (120, 100.0), (85, 100.0)])
def test_asymptotic_formula_holds_for_many_events(n, b):
    """Against the exact sum, within what a whole count weighs: half a count is 5 % of the limit."""
    channels = [one(n, b, 0.0)]
    assert asymptotic_limit(channels, KNOWN) == pytest.approx(combined_limit(channels, KNOWN), rel=0.05)


def test_asymptotic_formula_with_nuisances():
    """Two channels, 10 % background errors, 20 % protons: profiled against integrated out."""
    channels = [
        Channel("a", 55, Background(50.0, 5.0), {"x": 1.0}),
        Channel("b", 18, Background(20.0, 2.0), {"x": 0.5}),
    ]
    ours = combined_limit(channels, KAPPA)
    assert asymptotic_limit(channels, KAPPA) == pytest.approx(ours, rel=0.06)
    assert ours > combined_limit(channels, KNOWN)


def test_specification_is_histfactory():
    """The JSON is valid, and one normsys is common to all signals."""
    spec = specification([MUMU, EE], POT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of pyhf's own use of jsonschema
        model = pyhf.Model(spec, poi_name="mu")
    assert sorted(model.config.channels) == ["ee", "mumu"]
    assert sorted(model.config.parameters) == ["background_ee", "background_mumu", "mu", "protons"]
    assert sorted(model.config.samples) == ["background", "signal_brems", "signal_pi0"]


# --- grids ------------------------------------------------------------------------------------------------------------


def test_grid_of_one_channel_is_its_limit():
    plane = Plane(np.geomspace(200, 700, 4), np.geomspace(1e-7, 1e-5, 5))
    yields = np.geomspace(0.1, 100.0, 20).reshape(4, 5)
    cls = grid_cls(plane, [GridChannel("mumu", 0, Background(0.016, 0.002), yields)], KNOWN)
    assert strength_of_cls(cls) == pytest.approx(plane.exclusion_strength(yields, math.log(10.0)), abs=1e-9)
    assert ((cls <= 0.1) == (strength_of_cls(cls) >= 0.0)).all()
    assert strength_of_cls(np.array([1.0, 0.0])).tolist() == [-6.0, 6.0]


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: combined_cls([]), "no channel to combine"),
        (lambda: combined_cls([MUMU, MUMU]), "channel 'mumu' is given twice"),
        (lambda: Channel("mumu", 1.5, Background(0.1), {"m": 1.0}), "N_obs of mumu is 1.5"),
        (lambda: Channel("mumu", 0, Background(0.1), {"brems": float("nan")}), "signal of mumu from brems is nan"),
        (lambda: Channel("mumu", 0, Background(0.1), {"brems": -1.0}), "signal of mumu from brems is -1"),
        (lambda: Channel("mumu", 1, Background(0.0), {"brems": 1.0}), "mumu has 1 events over a background of exact"),
        (lambda: combined_cls([MUMU], -1.0), "signal strength is -1"),
        (lambda: combined_limit([MUMU], cl=2.0), "confidence level is 2"),
        (lambda: specification([Channel("a", 0, Background(1.0), {"m": 0.0})]), "no signal in any channel"),
        (lambda: exact_cls([one(50, 50.0, 0.0), replace(one(50, 50.0, 0.0), name="b")]), "more than 5000 fits"),
        (lambda: combined_cls([replace(one(60, 50.0, 0.0), name=f"c{i}") for i in range(5)]), "more than 50000 comb"),
        (lambda: strength_of_cls(np.array([1.2])), "CL_s is 1.2"),
        (lambda: grid_cls(SQUARE, [GridChannel("a", 0, Background(1.0), np.ones(3))]), "signal of a has not the shape"),
    ],
)  # fmt: skip
def test_refused_by_name(call, name):
    with pytest.raises(DataError, match=name):
        call()
