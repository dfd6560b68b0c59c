"""The small parts of the desk: ratio tails, budget, states, magnet, fallback chart, noise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.stats import betabinom

from daq.config.alarms import RATIOS, STREAMS, AlarmsConfig
from monitor.alarms import ewma, noise, ratio
from monitor.alarms.budget import divide, factors
from monitor.alarms.magnet import Magnet, follow
from monitor.alarms.model import Inhibit, State
from monitor.alarms.rules import make_rules, shipped_reference
from monitor.alarms.states import Held, advance

CFG = AlarmsConfig()
STATES = [State.OK, State.WARN, State.ALARM, None]


# ratio ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n1", "n2", "expected", "phi"),
    [(10, 30, 0.5, 1e-3), (0, 10, 0.5, 0.1), (900, 500, 1.0, 1e-2), (17_900, 258_000, 0.0693, 2.8e-5),
     (20_000, 258_000, 0.0693, 1e-4), (16_000, 258_000, 0.0693, 1e-4), (95_000, 1_281_638, 0.0695, 1e-4)],
)  # fmt: skip
def test_ratio_tails_agree_with_the_sum_of_all_terms(n1: int, n2: int, expected: float, phi: float) -> None:
    pi = expected / (1.0 + expected)
    strength = 1.0 / (pi * (1.0 - pi) * phi) - 1.0
    terms = np.exp(betabinom(n1 + n2, pi * strength, (1.0 - pi) * strength).logpmf(np.arange(n1 + n2 + 1)))
    high, low = ratio.tails(n1, n2, expected, phi)
    assert high == pytest.approx(float(terms[n1:].sum()), rel=1e-3, abs=1e-12)
    assert low == pytest.approx(float(terms[: n1 + 1].sum()), rel=1e-3, abs=1e-12)


def test_ratio_of_nothing_is_no_excursion() -> None:
    assert ratio.tails(0, 0, 0.07, 1e-4) == (1.0, 1.0)


# budget -----------------------------------------------------------------------------------------------------------


def test_published_thresholds() -> None:
    assert divide(CFG, 10, 20).p_page == pytest.approx(2.48e-7, rel=0.001)
    assert divide(CFG, 10, 20).run_length == pytest.approx(2.69e6, rel=0.001)
    assert divide(AlarmsConfig(cadence_seconds=30.0), 10, 20).p_page == pytest.approx(4.96e-7, rel=0.001)


@given(st.integers(1, 40), st.integers(1, 80), st.floats(0.01, 10.0), st.floats(0.05, 0.95))
def test_the_budget_is_never_overspent(streams: int, charts: int, pages: float, share: float) -> None:
    cfg = AlarmsConfig(pages_per_week=pages, shewhart_share=share)
    budget = divide(cfg, streams, charts)
    spent = streams * budget.weekly(()) + charts * budget.spills / budget.run_length
    assert spent == pytest.approx(pages)
    more = divide(cfg, streams + 1, charts + 2)
    assert more.p_page < budget.p_page and more.run_length > budget.run_length


@pytest.mark.parametrize("streams", [STREAMS, STREAMS[:1], STREAMS[2:5]])
@pytest.mark.parametrize("pages", [0.5, 0.1, 3.0])
def test_predicted_false_alarms_of_the_shipped_reference_stay_in_the_budget(streams, pages) -> None:
    cfg = AlarmsConfig(streams=streams, ratios=RATIOS, pages_per_week=pages)
    rules = make_rules(cfg, shipped_reference(), "")
    assert 0.0 < rules.predicted_sum() <= pages * 1.001
    assert make_rules(cfg, None, "").predicted_sum() <= max(pages, 0.5)


def test_a_smaller_budget_raises_the_limits_of_a_reference() -> None:
    wide, tight = (
        make_rules(AlarmsConfig(pages_per_week=p), shipped_reference(), "").charts["q1"] for p in (0.5, 0.05)
    )
    assert [t.limit - w.limit for t, w in zip(tight, wide, strict=True)] == pytest.approx([np.log(10)] * 2, abs=0.01)


def test_charts_by_mean() -> None:
    found = [factors(CFG, mean) for mean in (9000, 10, 9, 0.05, 0.01, 0.001)]
    assert found == [(1.10, 0.90), (1.10, 0.90), (2.0,), (5.0,), (10.0,), ()]


# states -----------------------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(STATES), max_size=60), st.integers(1, 6))
def test_an_alarm_comes_at_once_and_ends_after_quiet_spills_only(seen: list[State | None], clear: int) -> None:
    held, quiet = Held(), 0
    for burst, one in enumerate(seen, start=1):
        before, held = held, advance(held, one, (1, burst), clear)
        quiet = 0 if one in (State.WARN, State.ALARM) else quiet + (one is State.OK)
        if one is State.ALARM:
            assert held.state is State.ALARM
        if one is None:
            assert held.state is (before.state if before.is_raised else State.UNKNOWN)
        if before.is_raised and held.state is State.OK:
            assert quiet >= clear
        if before.is_raised and one is State.OK and quiet < clear:
            assert held.state is before.state
        if held.state is not before.state:
            assert held.since == (1, burst)


def test_silence_never_ends_an_alarm() -> None:
    held = advance(Held(), State.ALARM, (1, 1), 3)
    for burst in range(2, 2000):
        held = advance(held, None, (1, burst), 3)
    assert held.state is State.ALARM and held.since == (1, 1) and held.calm == 0


# magnet -----------------------------------------------------------------------------------------------------------


def regimes(readings: list[tuple[float | None, float | None]]) -> list[Inhibit | None]:
    magnet, found = Magnet(), []
    for current, setting in readings:
        magnet = follow(magnet, current, setting, CFG)
        found.append(magnet.off)
    return found


def test_a_planned_ramp_is_a_ramp_and_a_trip_is_off() -> None:
    ramp, off, bad = Inhibit.MAGNET_RAMP, Inhibit.MAGNET_OFF, Inhibit.BAD_SPILL
    planned = [(-250.0, -250.0), (-150.0, 0.0), (-50.0, 0.0), (0.5, 0.0), (0.0, 0.0)]
    assert regimes(planned) == [None, ramp, ramp, None, None]
    assert regimes([(-250.0, -250.0), (0.0, -250.0), (-100.0, -250.0), (-250.0, -250.0)]) == [None, off, off, None]
    assert regimes([(-250.0, -250.0), (None, -250.0), (-250.0, -250.0)]) == [None, bad, None]
    assert regimes([(100.0, -250.0)]) == [off]
    assert regimes([(100.0, None)]) == [None]


def test_a_ramp_that_never_arrives_is_a_magnet_off_its_setting() -> None:
    found = regimes([(0.0, 0.0)] + [(50.0, 500.0)] * (CFG.ramp_spills + 2))
    assert found[CFG.ramp_spills] is Inhibit.MAGNET_RAMP and found[-2:] == [Inhibit.MAGNET_OFF] * 2


def test_a_setting_that_changes_while_the_magnet_ramps_begins_a_new_ramp() -> None:
    found = regimes([(0.0, 0.0)] + [(50.0, 500.0)] * CFG.ramp_spills + [(50.0, -500.0)] * 2)
    assert found[-2:] == [Inhibit.MAGNET_RAMP] * 2


# fallback ---------------------------------------------------------------------------------------------------------


def test_the_newest_spills_are_not_in_the_window() -> None:
    values = tuple(float(v) for v in range(300))
    kept = ()
    for value in values:
        kept = ewma.keep(kept, value, CFG)
    assert len(kept) == CFG.ewma_window + CFG.ewma_gap
    median, sigma = ewma.trailing(kept, CFG)
    assert median == pytest.approx(300 - CFG.ewma_gap - CFG.ewma_window / 2 - 0.5)
    assert sigma == pytest.approx(1.4826 * 50.0)
    assert ewma.trailing(kept[:10], CFG) is None


def test_one_outlier_cannot_move_the_fallback_beyond_its_limit_for_long() -> None:
    level = ewma.step(0.0, 1e6, CFG)
    assert level > ewma.limit(CFG)
    for _ in range(4):
        level = ewma.step(level, 0.0, CFG)
    assert level < ewma.limit(CFG)


# noise ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sigma", "rho"), [(0.02, 0.0), (0.02, 0.6), (0.05, 0.3)])
def test_noise_is_measured(sigma: float, rho: float) -> None:
    rng, n, mu = np.random.default_rng(3), 4000, 90_000.0
    x = np.zeros(n)
    for t in range(1, n):
        x[t] = rho * x[t - 1] + np.sqrt(1 - rho**2) * rng.standard_normal()
    counts = rng.poisson(mu * (1.0 + sigma * x))
    found = noise.measure(counts / mu - 1.0, np.full(n, 1 / mu), np.ones(n, bool), 1.5, 0.01)
    assert found.phi == pytest.approx(sigma**2, rel=0.15)
    assert found.rho == pytest.approx(rho, abs=0.06)
    assert found.phi_eff == pytest.approx(2.25 * found.phi * (1 + found.rho) / (1 - found.rho))
    assert found.overdispersion == pytest.approx(1.0 + mu * sigma**2, rel=0.15)


def test_pure_counting_noise_is_not_taken_for_more() -> None:
    rng, n, mu = np.random.default_rng(4), 4000, 80.0
    found = noise.measure(rng.poisson(mu, n) / mu - 1.0, np.full(n, 1 / mu), np.ones(n, bool), 1.5, 0.01)
    assert found.phi < 0.03**2 and found.phi_eff >= 0.01**2 and found.overdispersion == pytest.approx(1.0, abs=0.1)


def test_gaps_between_runs_do_not_enter_the_autocorrelation() -> None:
    residual = np.array([0.01, 0.01, -0.01, -0.01] * 50)
    follows = np.array([i % 2 == 1 for i in range(200)])
    flat = np.full(200, 1e-9)
    assert noise.measure(residual, flat, follows, 1.5, 0.01).rho == noise.LARGEST_RHO
    assert noise.measure(residual, flat, ~follows, 1.5, 0.01).rho == 0.0


# configuration ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    [
        {"streams": ("muv3", "muv9")},
        {"streams": ("muv3", "muv3")},
        {"ratios": ("q1/h2",)},
        {"rare_factors": ((0.01, 10.0), (0.1, 2.0))},
        {"history_spills": 250, "ewma_window": 300},
        {"pages_per_week": 0.0},
    ],
)
def test_bad_configuration_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        AlarmsConfig(**bad)
