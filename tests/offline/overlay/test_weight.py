"""The absolute weight of the overlay: formula, form factor, what is left out and why."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daq.config import Config
from daq.config.analysis import AnalysisConfig
from daq.errors import DataError
from offline.overlay.form_factor import measure_duty
from offline.overlay.weight import h2_efficiency, self_firing, usable_spills, weigh
from streaming.reco.channels import Pid
from tests.offline.overlay.synthetic import H2, Q1, records, singles, spill

CONFIG = Config()


def uneven(rng, n, seconds, size):
    """Times of a rate 1 + size sin(2 pi 50 Hz t): duty 1 / (1 + size^2 / 2)."""
    out = np.empty(0)
    while len(out) < n:
        t = rng.random(4 * n) * seconds
        kept = rng.random(4 * n) * (1.0 + size) < 1.0 + size * np.sin(2.0 * np.pi * 50.0 * t)
        out = np.concatenate((out, t[kept]))
    return out[:n]


@pytest.mark.parametrize("size", [0.0, 0.5, 1.0])
def test_the_form_factor_comes_back(size):
    rng = np.random.default_rng(2)
    time = np.concatenate([uneven(rng, 4000, 4.0, size) for _ in range(10)])
    number = np.repeat(np.arange(10), 4000)
    found = measure_duty(number, time, np.full(len(time), 4.0), (300e-6, 800e-6))
    assert found.duty == pytest.approx(1.0 / (1.0 + size**2 / 2.0), abs=4.0 * found.relative_error)
    assert found.n_pairs > 5000 and found.relative_error == pytest.approx(1.0 / math.sqrt(found.n_pairs))


def test_a_downscaled_trigger_does_not_bias_the_form_factor():
    """Every 20th of the firings has regular gaps: pairs closer than these are missing, those further apart are not."""
    rng = np.random.default_rng(3)
    time = [np.sort(uneven(rng, 250_000, 4.0, 0.8))[::20] for _ in range(6)]
    # what is looked at is a part of all that triggers
    time = [t[rng.random(len(t)) < 0.5] for t in time]
    number = np.repeat(np.arange(6), [len(t) for t in time])
    length = np.full(len(number), 4.0)
    duty = 1.0 / (1.0 + 0.8**2 / 2.0)
    found = measure_duty(number, np.concatenate(time), length, (350e-6, 900e-6))
    assert found.duty == pytest.approx(duty, rel=4.0 * found.relative_error)
    close = measure_duty(number, np.concatenate(time), length, (1e-9, 100e-6))
    assert close.duty > 1.15 * duty


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 60))
def test_pairs_are_counted_as_by_hand(seed, n):
    rng = np.random.default_rng(seed)
    number, time = rng.integers(0, 3, n), rng.random(n)
    low, high = 0.05, 0.3
    by_hand = 0
    for i in range(n):
        for j in range(i):
            by_hand += number[i] == number[j] and low <= abs(time[i] - time[j]) < high
    if by_hand == 0:
        with pytest.raises(DataError, match="apart; give more spills"):
            measure_duty(number, time, np.ones(n), (low, high))
        return
    assert measure_duty(number, time, np.ones(n), (low, high)).n_pairs == by_hand


def test_the_weight_is_the_formula():
    rng, n = np.random.default_rng(4), 3000
    blocks = [(burst, singles(rng.random(n) * 4.0)) for burst in (1, 2)]
    alone = (1, singles(rng.random(300) * 4.0, flags=Q1 | H2))
    others = (2, singles(rng.random(500) * 4.0, pid=Pid.UNKNOWN))
    sample = records([*blocks, alone, others], [spill(1), spill(2, q1_generated=4000, pot=6 * 10**12)])
    weight, control = weigh(sample, CONFIG)
    assert weight.n_singles == len(control) == 2 * n and weight.n_spills == 2 and weight.pot == 11e12
    f = 300 / 6300
    assert weight.self_firing.value == pytest.approx(f)
    squares = (20.0**2 + 40.0**2) * n * (n - 1) / (1.0 - f) ** 2
    per_ns = squares / (2.0 * 4.0 * weight.form_factor.duty) * 1e-9
    assert weight.pairs == pytest.approx(per_ns * CONFIG.analysis.pair_window_ns * CONFIG.analysis.h2_efficiency)
    assert "configuration" in weight.h2_efficiency.source and weight.form_factor.duty == pytest.approx(1.0, abs=0.1)
    assert 0.01 < weight.relative_error < 0.2


def test_pairs_go_with_the_window_and_the_square_of_the_muons():
    rng = np.random.default_rng(5)
    times = rng.random(4000) * 4.0
    config = Config(analysis=AnalysisConfig(pair_window_ns=2.0 * CONFIG.analysis.pair_window_ns))
    whole = weigh(records([(1, singles(times))], [spill()]), CONFIG)[0]
    twice = weigh(records([(1, singles(times))], [spill()]), config)[0]
    half = weigh(records([(1, singles(times[::2]))], [spill()]), CONFIG)[0]
    assert twice.pairs == pytest.approx(2.0 * whole.pairs)
    ratio = whole.pairs * whole.form_factor.duty / (half.pairs * half.form_factor.duty)
    assert ratio == pytest.approx(4.0, rel=1e-3)


def test_the_h2_efficiency_is_measured_where_it_can_be():
    flags = [Q1 | H2] * 90 + [Q1] * 10 + [H2] * 500
    sample = records([(1, singles(np.linspace(0, 4, 2000)))], [spill()], flags)
    part = h2_efficiency(sample, CONFIG)
    assert part.value == pytest.approx(0.9) and part.error == pytest.approx(0.03) and "100 muon pairs" in part.source


def test_a_part_of_nothing_or_all_still_has_an_error():
    every = records([(1, singles(np.linspace(0, 4, 100)))], [spill()], [Q1 | H2] * 60)
    assert h2_efficiency(every, CONFIG).value == 1.0 and h2_efficiency(every, CONFIG).error > 0.01
    assert self_firing(every, CONFIG).value == 0.0 and self_firing(every, CONFIG).error == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"mode": "BIASED", "equivalent_pot": 1e15, "pot": None}, "biased, no beam"),
        ({"state": "INCOMPLETE"}, "incomplete"),
        ({"pot": None}, "no protons on target"),
        ({"spill_s": None}, "no length"),
        ({"q1_generated": None, "q1_sent": None}, "no Q1 counts"),
        ({"q1_sent": 0}, "no Q1 counts"),
    ],
)
def test_spills_that_give_no_weight_are_left_out_by_reason(change, reason):
    rng = np.random.default_rng(6)
    blocks = [(burst, singles(rng.random(2000) * 4.0)) for burst in (1, 2)]
    sample = records(blocks, [spill(1), spill(2, **change)])
    good, left_out = usable_spills(sample)
    assert good.tolist() == [True, False] and left_out == {reason: 1}
    weight, control = weigh(sample, CONFIG)
    assert len(control) == 2000 and weight.left_out == {reason: 1}
    with pytest.raises(DataError, match=reason):
        weigh(records(blocks[1:], [spill(2, **change)]), CONFIG)


def test_no_muon_is_said():
    with pytest.raises(DataError):
        weigh(records([(1, singles(np.array([1.0]), pid=Pid.HADRON))], [spill()]), CONFIG)
