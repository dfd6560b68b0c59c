"""What a scaler loses, and what is put back."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daq.config import Config
from daq.source.intensity import spill_profile
from daq.source.scalers import LONG_AGO, _edges
from daq.units import FINE_NS, ns_to_fine
from monitor.halo.dead_time import DeadTime
from monitor.halo.setup import HaloSetup

GATE = 12.5
LOADS = st.floats(1e-6, 0.15)


@given(LOADS, st.booleans())
def test_the_correction_inverts_the_loss(load, extending):
    seconds, true = 4.8, load * 0.625 * 4.8 / (GATE * 1e-9)
    read = true * math.exp(-load) if extending else true / (1.0 + load)
    put_back, slope = DeadTime(GATE, 0.625, extending).true_counts(read, seconds)
    assert put_back == pytest.approx(true, rel=1e-9)
    step = read * 1e-6
    shifted, _ = DeadTime(GATE, 0.625, extending).true_counts(read + step, seconds)
    assert slope == pytest.approx((shifted - put_back) / step, rel=1e-4)


def test_nothing_is_lost_of_nothing_and_nothing_is_put_back_when_switched_off():
    assert DeadTime(GATE, 0.6).true_counts(0, 4.8) == (0, 1.0)
    assert DeadTime(GATE, 0.6, enabled=False).true_counts(10**9, 4.8) == (10**9, 1.0)


def test_a_scaler_that_is_too_loaded_gives_no_count():
    assert DeadTime(GATE, 1.0).true_counts(0.21 * 4.8 / (GATE * 1e-9), 4.8) is None
    assert DeadTime(GATE, 1.0).true_counts(0.19 * 4.8 / (GATE * 1e-9), 4.8) is not None


@pytest.mark.parametrize("rate_hz", [1e5, 1e6, 5e6])
def test_the_emulated_scaler_is_corrected_to_the_pulses_it_was_given(rate_hz):
    rng = np.random.default_rng(3)
    seconds, gate = 0.5, ns_to_fine(GATE)
    n = rng.poisson(rate_hz * seconds)
    time = np.sort(rng.integers(0, round(seconds * 1e9 / FINE_NS), n))
    read = _edges(time, gate, np.full(1, LONG_AGO))
    put_back, _ = DeadTime(gate * FINE_NS, 1.0).true_counts(read, seconds)
    lost = n - read
    assert lost > 50
    # what is lost is a Poisson number, and to that the correction is right
    assert abs(put_back - n) < 4.0 * math.sqrt(lost) + 1e-3 * lost


def test_an_uneven_spill_is_taken_into_account_by_its_effective_length():
    config = Config()
    dead_time = HaloSetup.from_config(config).dead_time
    profile = spill_profile(config.beam.spill_seconds, config.beam.duty_factor)
    rng = np.random.default_rng(5)
    numbers = rng.poisson(3_000_000 * profile.fraction)
    times = np.concatenate([profile.draw_times(rng, k, int(n)) for k, n in enumerate(numbers)])
    time = np.sort(np.round(times / FINE_NS).astype(np.int64))
    read = _edges(time, ns_to_fine(dead_time.gate_ns), np.full(1, LONG_AGO))
    put_back, _ = dead_time.true_counts(read, config.beam.spill_seconds)
    lost = len(time) - read
    assert lost > 10_000
    assert abs(put_back - len(time)) < 0.1 * lost
