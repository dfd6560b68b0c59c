"""Beam truth of a burst: intensity with memory, gain of the SEM, magnets; any burst alone."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from daq.config.beam import B2Config, BeamConfig
from daq.config.detector import DetectorConfig
from daq.config.l0 import L0Config
from daq.errors import ConfigError
from daq.source.beam_truth import (
    BEFORE_FIRST,
    FORGOTTEN,
    _normal,
    beam_record,
    beam_truth,
    gain_noise,
    intensity_noise,
    memory,
)
from daq.source.conditions import BeamConditions, BurstConditions
from daq.source.emulator import EmulatedDetector
from daq.source.intensity import spill_profile
from daq.source.magnets import Supply, ramped_current
from daq.source.streams import Component, stream
from l0emu import L0Setup, new_burst, step

PLAIN = BeamConditions()


def within(samples, wanted, sigmas=4.0):
    """Mean of independent samples against the wanted one, by its own error."""
    samples = np.asarray(samples)
    assert abs(samples.mean() - wanted) < sigmas * samples.std(ddof=1) / math.sqrt(len(samples))


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.7, -0.4])
def test_intensity_is_autoregressive_of_first_order(rho):
    n_seeds, n_bursts = 200, 60
    noise = np.array([[intensity_noise(seed, burst, rho) for burst in range(n_bursts)] for seed in range(n_seeds)])
    within(noise.mean(axis=1), 0.0)
    within((noise**2).mean(axis=1), 1.0)
    for lag in (1, 2, 3, 5):
        within((noise[:, lag:] * noise[:, :-lag]).mean(axis=1), rho**lag)


def test_intensity_of_one_burst_is_normal_over_seeds():
    quantile = [NormalDist().cdf(intensity_noise(seed, 5, 0.5)) for seed in range(500)]
    counts = np.histogram(quantile, bins=10, range=(0, 1))[0]
    assert np.sum((counts - 50) ** 2 / 50) < 27.9  # chi2 of 9 degrees of freedom, 1 in 1000


@pytest.mark.parametrize("rho", [0.0, 0.02, 0.3, 0.9, -0.95])
def test_memory_is_as_long_as_documented(rho):
    length = memory(rho)
    assert abs(rho) ** length <= FORGOTTEN
    assert length == 1 or abs(rho) ** (length - 1) > FORGOTTEN * (1 - 1e-9)
    assert length < BEFORE_FIRST


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("burst", [0, 3, 40, 123_456])
def test_intensity_is_the_weighted_sum_of_independent_normals(rho, burst):
    """The plain sum: weights rho^k on one number of each burst, scaled to variance 1."""
    weights = rho ** np.arange(memory(rho), dtype=float)
    normals = [stream(9, burst - k + BEFORE_FIRST, Component.BEAM, 0).standard_normal() for k in range(len(weights))]
    wanted = float(weights @ normals) / math.sqrt(float(weights @ weights))
    assert intensity_noise(9, burst, rho) == pytest.approx(wanted, rel=1e-12)


def test_a_burst_alone_is_the_one_in_sequence_bit_for_bit():
    beam = BeamConfig(pot_autocorrelation=0.8, t10_gain_spills=5)
    in_sequence = [beam_truth(beam, 3.0, 4, burst, PLAIN) for burst in range(300)]
    for burst in (299, 7, 0, 123):
        _normal.cache_clear()
        assert beam_truth(beam, 3.0, 4, burst, PLAIN) == in_sequence[burst]
    assert len({truth.n_protons for truth in in_sequence}) == 300


def test_protons_have_the_configured_mean_noise_and_correlation():
    beam = BeamConfig(pot_relative_noise=0.05, pot_autocorrelation=0.5)
    protons = np.array([[beam_truth(beam, 3.0, seed, b, PLAIN).n_protons for b in range(50)] for seed in range(100)])
    relative = protons / beam.pot_per_spill - 1.0
    within(relative.mean(axis=1), 0.0)
    within((relative**2).mean(axis=1), 0.05**2)
    within((relative[:, 1:] * relative[:, :-1]).mean(axis=1), 0.5 * 0.05**2)
    half = beam_truth(beam, 3.0, 1, 1, BeamConditions(intensity=0.5)).n_protons
    assert half == pytest.approx(0.5 * protons[1, 1], abs=1)
    assert beam_truth(beam, 3.0, 1, 1, BeamConditions(intensity=0.0)).n_protons == 0


def test_gain_drifts_slowly_with_the_configured_size():
    gains = np.array([[gain_noise(seed, burst, 100) for burst in (0, 50, 100, 130)] for seed in range(400)])
    for place in range(4):
        within(gains[:, place], 0.0)
        within(gains[:, place] ** 2, 1.0)
    within(gains[:, 0] * gains[:, 2], 0.0)
    within(gains[:, 0] * gains[:, 1], math.cos(math.pi / 4))
    steps = np.diff([gain_noise(3, burst, 100) for burst in range(500)])
    assert np.abs(steps).max() < math.pi / 2 / 100 * 6
    assert len({gain_noise(1, burst, 1) for burst in range(20)}) == 20


def test_readings_are_the_truth_with_gain_and_noise():
    beam = BeamConfig(t10_relative_noise=0.03, t10_gain_drift=0.0, current_noise_a=0.5)
    jump = BeamConditions(t10_gain=1.25, b2_current_a=100.0, magnet_stamp_s=-2.5)
    truths = [beam_truth(beam, 3.0, 8, burst, jump) for burst in range(400)]
    records = [beam_record(t, beam, 8, burst, jump, 10**18, {"QX": 1}) for burst, t in enumerate(truths)]
    ratio = np.array([r.t10_intensity * 1e11 / t.n_protons for r, t in zip(records, truths, strict=True)])
    within(ratio, 1.25)
    within((ratio / 1.25 - 1.0) ** 2, 0.03**2)
    within([r.b1c_current_a for r in records], -770.0)
    within([r.b2_current_a for r in records], 100.0)
    within([(r.b2_current_a - 100.0) ** 2 for r in records], 0.25)
    assert {(r.t10_stamp_ns, r.magnet_stamp_ns) for r in records} == {(10**18, 10**18 - 2_500_000_000)}
    drifting = beam.model_copy(update={"t10_gain_drift": 0.1, "t10_relative_noise": 0.0})
    one = beam_truth(drifting, 3.0, 8, 30, PLAIN)
    assert one.t10_gain == 1.0 + 0.1 * gain_noise(8, 30, drifting.t10_gain_spills)
    reading = beam_record(one, drifting, 8, 30, PLAIN, 0, {}).t10_intensity
    assert reading == pytest.approx(one.n_protons / 1e11 * one.t10_gain, rel=1e-12)


def test_a_t10_out_of_order_gives_no_protons():
    beam = BeamConfig()
    truth = beam_truth(beam, 3.0, 8, 1, PLAIN)

    def record(reading, truth=truth):
        return beam_record(truth, beam, 8, 1, BeamConditions(t10=reading), 0, {})

    assert record("absent").t10_intensity is None
    assert record("negative").t10_intensity < -40
    assert record("implausible").t10_intensity > 1000
    assert record("negative", beam_truth(beam, 3.0, 8, 1, BeamConditions(intensity=0.0))).t10_intensity == -1.0
    assert [record(reading).pot for reading in ("absent", "negative", "implausible")] == [None] * 3
    assert record("good").pot > 4e12
    assert record("good").b2_current_a == record("absent").b2_current_a


def test_effective_length_is_that_of_the_profile():
    assert spill_profile(4.8, 0.625).effective_seconds == pytest.approx(3.0, rel=1e-6)
    burst = EmulatedDetector(BeamConfig(spill_seconds=0.2, duty_factor=0.5), DetectorConfig(), seed=1).burst(1)
    assert burst.truth.effective_seconds == pytest.approx(0.1, rel=1e-6)


def plain_ramp(changes, burst, start, ramp):
    """One burst after the other."""
    current = target = start
    for number in range(1, burst + 1):
        for change in changes:
            if change.first_burst == number:
                target = change.target_a
                if change.jumps:
                    current = target
        current += max(-ramp, min(ramp, target - current))
    return current


@given(
    st.lists(
        st.tuples(st.integers(1, 30), st.integers(-800, 800), st.booleans()), max_size=6, unique_by=lambda c: c[0]
    ),
    st.integers(0, 60),
    st.sampled_from([1, 50, 100, 5000]),
)
def test_ramps_are_those_of_burst_after_burst(changes, burst, ramp):
    supplies = [Supply(first, float(target), jumps) for first, target, jumps in sorted(changes)]
    assert ramped_current(supplies, burst, -250.0, float(ramp)) == pytest.approx(
        plain_ramp(supplies, burst, -250.0, ramp), abs=1e-9
    )


def l0_counts(pot, b2, seed=3):
    """Generated triggers of Q1 and H2 in a short spill."""
    beam = BeamConfig(spill_seconds=0.8, pot_per_spill=pot, pot_relative_noise=0.0)
    detector = DetectorConfig(noise={"chod_hz": 0.0})
    setup = L0Setup.from_config(L0Config())
    state = new_burst(setup)
    now = BurstConditions(beam=BeamConditions(b2_current_a=b2))
    for batch in EmulatedDetector(beam, detector, seed).burst(1, now).slices():
        step(state, batch, setup)
    masks = state.counters(setup).masks
    return {name: masks[name].generated for name in ("Q1", "H2")}


def test_trigger_rates_follow_protons_and_b2():
    """At a tenth of the intensity, where dead time and accidental pairs are small: Q1 and H2 are linear."""
    base = l0_counts(8.3e10, None)
    assert base["Q1"] > 10_000 and base["H2"] > 500
    for pot, b2, factor in ((4.15e10, None, 0.5), (4.15e10, 770.0, 2.0), (8.3e10, 0.0, 0.356 / 0.25)):
        now = l0_counts(pot, b2)
        for name, tolerance in (("Q1", 0.02), ("H2", 0.05)):
            error = math.sqrt(1 / now[name] + 1 / base[name])
            assert abs(now[name] / base[name] / factor - 1.0) < tolerance + 4 * error


def test_the_halo_follows_the_true_current_not_the_set_point():
    beam = BeamConfig()
    scale = beam_truth(beam, 3.0, 1, 1, BeamConditions(b2_set_a=770.0)).halo_scale
    assert scale == 1.0
    scale = beam_truth(beam, 3.0, 1, 1, BeamConditions(b2_current_a=770.0, halo=2.0)).halo_scale
    assert scale == pytest.approx(8.0)
    table = BeamConfig(b2=B2Config(table=((-300, 1.0), (-200, 2.0))))
    assert beam_truth(table, 3.0, 1, 1, BeamConditions(b2_current_a=-200.0)).halo_scale == pytest.approx(2 / 1.5)
    with pytest.raises(ConfigError, match="table"):
        beam_truth(table, 3.0, 1, 1, BeamConditions(b2_current_a=0.0))


@pytest.mark.parametrize(
    ("key", "bad"),
    [
        ("pot_autocorrelation", 1.0),
        ("pot_autocorrelation", -1.0),
        ("pot_autocorrelation", math.nan),
        ("t10_gain_drift", -0.1),
        ("t10_gain_spills", 0),
        ("ramp_a_per_spill", 0.0),
    ],
)
def test_unphysical_beams_are_refused(key, bad):
    with pytest.raises(ValidationError, match=key):
        BeamConfig(**{key: bad})
