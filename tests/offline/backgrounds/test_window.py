"""The time window of random pairs, from the pairs themselves."""

import numpy as np
import pytest

from daq.config import Config
from daq.config.analysis import AnalysisConfig
from offline.overlay.weight import h2_efficiency, time_window
from tests.offline.backgrounds.synthetic import sample
from tests.offline.overlay.synthetic import H2, Q1

CONFIG = Config()


def pairs_at(delta_t, **change):
    return sample([{"delta_t_ns": float(value), **change} for value in delta_t])


def times(reach, n=4000, seed=1):
    """Differences of two times within a trigger window: all kept up to `reach`, half of them from there to 10 ns."""
    rng = np.random.default_rng(seed)
    flat = rng.uniform(-10.0, 10.0, n)
    return flat[(np.abs(flat) < reach) | (rng.random(n) < 0.5)]


@pytest.mark.parametrize(("reach", "width"), [(10.0, 20.0), (7.0, 17.0), (5.0, 15.0)])
def test_it_is_the_width_that_all_would_need(reach, width):
    found = time_window(pairs_at(times(reach)), CONFIG)
    assert found.value == pytest.approx(width, abs=4.0 * found.error) and 0.1 < found.error < 0.6
    assert "more than 1 ns apart" in found.source


def test_prompt_pairs_and_other_triggers_do_not_count():
    flat = times(7.0)
    wanted = time_window(pairs_at(flat), CONFIG)
    prompt = np.concatenate((flat, np.random.default_rng(2).normal(0.0, 0.25, 5000).clip(-0.99, 0.99)))
    assert time_window(pairs_at(prompt), CONFIG).value == wanted.value
    assert "configuration; 0 pairs" in time_window(pairs_at(flat, trigger_flags=Q1), CONFIG).source


@pytest.mark.parametrize("n", [1000, 16_000])
def test_the_error_is_that_of_the_spread(n):
    found = [time_window(pairs_at(times(7.0, n, seed)), CONFIG) for seed in range(60)]
    spread = np.std([one.value for one in found])
    assert np.mean([one.error for one in found]) == pytest.approx(spread, rel=0.3)


def test_too_few_take_the_configuration():
    found = time_window(pairs_at(times(7.0, 100)), CONFIG)
    assert (found.value, found.error) == (CONFIG.analysis.pair_window_ns, 0.0) and "too few" in found.source


def test_the_h2_efficiency_is_of_pairs_close_in_time():
    """What is lost further apart is in the width of the window, and must not be counted twice."""
    config = CONFIG.model_copy(update={"analysis": AnalysisConfig(min_h2_pairs=10)})
    near = [{"delta_t_ns": 2.0, "trigger_flags": Q1 | H2}] * 19 + [{"delta_t_ns": 2.0, "trigger_flags": Q1}]
    far = [{"delta_t_ns": 9.0, "trigger_flags": Q1}] * 30
    found = h2_efficiency(sample([*near, *far]), config)
    assert found.value == 0.95 and found.source == "20 muon pairs under Q1"
