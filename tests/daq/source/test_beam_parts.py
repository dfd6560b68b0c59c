"""Intensity profile, B2 curve, time order, scalers."""

import tomllib

import numpy as np
import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from daq.config.beam import B2Config, BeamConfig
from daq.config.detector import DetectorConfig
from daq.errors import ConfigError
from daq.geometry.chod import chod_geometry
from daq.hits import HitBatch, HitBlock, empty_block
from daq.model import DETECTORS
from daq.source.intensity import ripple, ripple_size, spill_profile
from daq.source.magnets import b2_curve, b2_factor
from daq.source.ordering import time_order
from daq.source.scalers import Scalers
from daq.units import FINE_NS


@pytest.mark.parametrize("duty", [1.0, 0.8, 0.625, 0.45])
def test_profile_has_the_duty_factor_asked_for(duty):
    profile = spill_profile(4.8, duty)
    assert profile.duty == pytest.approx(duty, abs=1e-9)
    assert profile.n_slices == 48
    assert profile.fraction.sum() == pytest.approx(1.0)
    assert profile.edges_fine[-1] * FINE_NS == pytest.approx(4.8e9, abs=1)


def test_a_duty_factor_out_of_reach_is_refused():
    with pytest.raises(ConfigError, match=r"beam.duty_factor: got 0\.35"):
        spill_profile(4.8, 0.35)


def test_times_stay_in_their_slice_and_follow_the_intensity():
    profile = spill_profile(0.4, 0.625)
    rng = np.random.default_rng(2)
    draws = [profile.draw_times(rng, k, round(400_000 * f)) for k, f in enumerate(profile.fraction)]
    for k, times in enumerate(draws):
        low, high = profile.edges_fine[k : k + 2] * FINE_NS
        assert times.min() >= low and times.max() <= high
    bins = np.linspace(0, 0.4e9, 801)
    grid = np.linspace(0, 0.4, 800 * 50 + 1)
    shape = ripple(grid, 0.4)
    rate = np.maximum(0.0, 1.0 + ripple_size(shape, 0.625) * shape)
    expected = (rate[:-1] + rate[1:]).reshape(800, 50).sum(axis=1)
    expected *= 400_000 / expected.sum()
    seen = np.histogram(np.concatenate(draws), bins)[0]
    full = expected > 20
    chi2 = np.sum((seen - expected)[full] ** 2 / expected[full])
    assert abs(chi2 - full.sum()) < 5 * np.sqrt(2 * full.sum())
    assert seen[expected < 1e-9].sum() < 400  # of 400 000, in the gaps of the beam


def test_synthetic_b2_curve_has_the_values_of_the_notes():
    currents = (-770, -500, -250, 0, 250, 500, 770)
    curve = [b2_curve(current, B2Config()) for current in currents]
    assert curve == pytest.approx([0.605, 0.356, 0.250, 0.356, 0.586, 0.813, 1.000], abs=6e-4)
    assert b2_factor(-250.0, B2Config()) == 1.0


def test_user_table_replaces_the_synthetic_curve_and_is_checked():
    table = B2Config(table=((-500, 0.5), (-250, 0.25), (0, 0.75)))
    assert b2_curve(-125.0, table) == pytest.approx(0.5)
    assert b2_factor(0.0, table) == pytest.approx(3.0)
    with pytest.raises(ConfigError, match=r"-500\.0 to 0\.0 A, got a current of 1\.0"):
        b2_curve(1.0, table)
    for bad in (((0, 1), (0, 2)), ((1, 1), (0, 2)), ((0, 1),), ((0, -1), (1, 1))):
        with pytest.raises(ValidationError, match="table"):
            B2Config(table=bad)
    with pytest.raises(ValidationError, match="differ"):
        B2Config(full_current_a=-250.0)


def test_sections_survive_toml_and_can_be_cached():
    beam = BeamConfig(b2={"table": [[-500, 0.5], [0, 1]]})
    detector = DetectorConfig(halo={"shift_x_mm": [1, -2]})
    for section in (beam, detector, BeamConfig(), DetectorConfig()):
        again = type(section).model_validate(tomllib.loads(tomlkit.dumps(section.model_dump(mode="json"))))
        assert again == section
        assert hash(again) == hash(section)


@settings(deadline=None)
@given(st.lists(st.integers(-(2**40), 2**40) | st.integers(0, 20), max_size=300))
def test_time_order_is_a_stable_sort(times):
    array = np.array(times, np.int64)
    assert np.array_equal(time_order(array), np.argsort(array, kind="stable"))


@pytest.mark.parametrize("n", [0, 1, 1000, 30_000])
def test_time_order_of_nearly_uniform_and_of_equal_times(n):
    rng = np.random.default_rng(n)
    for array in (rng.integers(0, 10**9, n), np.full(n, 7), np.concatenate((rng.integers(0, 5, n), [10**12]))):
        assert np.array_equal(time_order(array), np.argsort(array, kind="stable"))


def scaler_batch(blocks):
    return HitBatch(0, {name: empty_block(name) for name in DETECTORS} | blocks)


def plain_edges(times, gate):
    last, n = -(10**15), 0
    for t in times:
        n += t - last > gate
        last = t
    return n


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), gate=st.integers(1, 50), cut=st.integers(0, 60))
def test_scalers_agree_with_plain_counting_for_any_slicing(seed, gate, cut):
    rng = np.random.default_rng(seed)
    time = np.sort(rng.integers(0, 1500, 60))
    channel = rng.choice(chod_geometry().channel_id, 60)
    sav, detector = np.sort(rng.integers(0, 1500, 60)), rng.integers(0, 2, 60).astype(np.uint8)
    scalers = Scalers(gate)
    for part in (slice(0, cut), slice(cut, None)):
        blocks = {
            "chod": HitBlock(time[part], {"id": channel[part]}),
            "sav": HitBlock(sav[part], {"detector": detector[part]}),
        }
        scalers.add(scaler_batch(blocks))
    counts = scalers.counts()
    assert counts["Q1_OR"] == plain_edges(time, gate)
    assert counts["IRC"] == plain_edges(sav[detector == 0], gate)
    assert counts["MUV3"] == counts["NHOD"] == counts["MUV1_OR_MUV2"] == 0
    quadrant = channel // 100 - 1
    crossing = [
        t
        for i, t in enumerate(time)
        if any(t - time[k] <= gate and quadrant[k] == (quadrant[i] + 2) % 4 for k in range(i))
    ]
    assert counts["QX"] == plain_edges(crossing, gate)
