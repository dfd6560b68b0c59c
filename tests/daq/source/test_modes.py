"""Biased bursts: exact thinning, one weight a burst, reproducible."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from daq.config.beam import BeamConfig
from daq.config.detector import DetectorConfig, ModesConfig
from daq.config.processes import ProcessesConfig
from daq.config.signal import SignalConfig
from daq.errors import ConfigError
from daq.hits import END_OF_BURST
from daq.model import DETECTORS
from daq.records import EobRecord, SobRecord
from daq.source.acceptance import in_triple_acceptance
from daq.source.emulator import EmulatedDetector
from daq.source.intensity import ripple, ripple_size, spill_profile
from daq.source.modes import RunMode
from daq.source.modes.times import check_room, pair_times, spaced
from daq.source.streams import Component, stream
from daq.units import FINE_NS

SILENT = {"chod_hz": 0.0, "na48chod_hz": 0.0, "muv3_hz": 0.0, "lav_hz": 0.0, "sav_hz": 0.0}
MODES = (RunMode.TWO_TRACK, RunMode.CONTROL, RunMode.SIGNAL)
SHORT = BeamConfig(spill_seconds=0.4, pot_per_spill=4.2e11)
PROFILE = spill_profile(4.8, 0.625)


def detector(soft=0.5, noise=None, **modes):
    halo = {"soft_fraction": soft}
    return DetectorConfig(halo=halo, noise=noise or {}, modes={"spills_per_burst": 50, "signal_decays": 500, **modes})


def source(mode, beam=SHORT, seed=4, **settings_):
    return EmulatedDetector(beam, detector(**settings_), seed, ProcessesConfig(), SignalConfig(), mode)


def drawn(burst_source, number=0):
    """What the first part of a biased burst draws, slice by slice."""
    part = burst_source.recipe.parts[0]
    n_slices = burst_source.profile.n_slices
    return [part.draw(stream(burst_source.seed, number, part.component, k), k) for k in range(n_slices)]


def pairs_in_full_beam(seed, beam, config, window_ns):
    """Pairs of muons in CHOD, LKr and MUV3 less than a window apart, in unbiased bursts of every muon."""
    full = EmulatedDetector(beam, config, seed)
    n = 0
    burst = full.burst(0)
    for k in range(full.profile.n_slices):
        times = []
        for arrivals in full.components[:2]:
            rng = stream(seed, 0, arrivals.component, k)
            mean = arrivals.per_pot * burst.n_protons * full.profile.fraction[k]
            muons = arrivals.draw(rng, full.profile.draw_times(rng, k, int(rng.poisson(mean))))
            times.append(muons.time[in_triple_acceptance(muons, full.curve)])
        time = np.sort(np.concatenate(times))
        n += sum(int(np.count_nonzero(time[step:] - time[:-step] < window_ns)) for step in range(1, 6))
    return n


def test_pairs_of_thinned_and_of_full_bursts_agree():
    """Many protons in a short spill, so that a full burst holds 1500 pairs; chi2 over eight seeds."""
    beam = BeamConfig(spill_seconds=0.4, pot_per_spill=5e12, pot_relative_noise=0.0)
    config = detector(soft=0.0, spills_per_burst=1)
    part_mean = 5.0e12**2 * (5.0e9 / 1.4e17) ** 2 * 12.0
    full = np.array([pairs_in_full_beam(seed, beam, config, 12.0) for seed in range(8)])
    thinned = np.array(
        [
            sum(len(p) for p in drawn(EmulatedDetector(beam, config, seed, mode=RunMode.TWO_TRACK))) // 2
            for seed in range(8)
        ]
    )
    profile = EmulatedDetector(beam, config, 0).profile
    assert part_mean / (profile.effective_seconds * 1e9) == pytest.approx(thinned.mean(), rel=0.04)
    chi2 = float(np.sum((full - thinned) ** 2 / (full + thinned)))
    assert chi2 < 24.0  # 0.2 % of chi2 with 8 degrees of freedom are above
    # the acceptance that scales the rate of the full beam is known to 0.2 %, pairs go as its square
    total, sigma = full.sum() / thinned.sum(), np.sqrt(1.0 / full.sum() + 1.0 / thinned.sum())
    assert abs(total - 1.0) < 3.5 * sigma + 0.005


def test_numbers_of_pairs_scatter_as_poisson():
    counts = []
    for seed in range(200):
        part = POISSON.recipe.parts[0]
        counts.append(len(part.draw(stream(seed, 0, part.component, 1), 1)) // 2)
    mean, expected = np.mean(counts), float(pair_times(POISSON.profile).per_pair[1]) * POISSON_SQUARES
    assert abs(mean - expected) < 4.0 * np.sqrt(expected / 200)
    assert np.var(counts) / mean == pytest.approx(1.0, abs=0.4)  # 4 sigma of 200 draws


POISSON = source(RunMode.TWO_TRACK, soft=0.0, spills_per_burst=200)
POISSON_SQUARES = (4.2e11 * 5.0e9 / 1.4e17) ** 2 * 200 * 12.0


def test_muons_of_pairs_are_in_acceptance_of_both_components_and_less_than_a_window_apart():
    made = source(RunMode.TWO_TRACK, spills_per_burst=400)
    muons = drawn(made)
    assert all(np.all(in_triple_acceptance(m, made.curve)) for m in muons)
    p = np.concatenate([m.p for m in muons])
    # half of them are of the soft component, all below 10 GeV/c; so are 1 % of the others
    assert np.mean(p < 10.0) == pytest.approx(0.505, abs=4.0 * 0.5 / np.sqrt(len(p)))
    charge = np.concatenate([m.charge for m in muons])
    assert set(np.unique(charge)) == {-1, 1}
    time = np.sort(np.concatenate([m.time for m in muons])).reshape(-1, 2)
    apart = time[:, 1] - time[:, 0]
    assert apart.max() < 12.0 and np.mean(apart) == pytest.approx(6.0, abs=4.0 * 3.5 / np.sqrt(len(apart)))
    assert np.min(time[1:, 0] - time[:-1, 1]) > 250.0 - 12.0
    # a muon of a pair knows nothing of the other: momenta do not correlate
    every = [m.p[np.argsort(m.time)].reshape(-1, 2) for m in muons]
    first, second = np.concatenate(every).T
    assert abs(np.corrcoef(first, second)[0, 1]) < 4.0 / np.sqrt(len(first))


def test_times_of_pairs_follow_the_square_of_the_intensity():
    times = pair_times(PROFILE)
    rng, n = np.random.default_rng(1), 400_000
    share = times.per_pair / times.per_pair.sum()
    drawn_times = np.concatenate([times.draw(rng, PROFILE, k, int(n * share[k])) for k in range(PROFILE.n_slices)])
    seconds = (np.arange(480_000) + 0.5) * 1e-5
    shape = ripple(seconds, 4.8)
    rate = np.maximum(0.0, 1.0 + ripple_size(shape[None, :], 0.625) * shape) ** 2
    edges = np.linspace(0.0, 0.02, 21)
    found, _ = np.histogram((drawn_times * 1e-9) % 0.02, edges)
    wanted, _ = np.histogram(seconds % 0.02, edges, weights=rate)
    wanted *= found.sum() / wanted.sum()
    assert np.sum((found - wanted) ** 2 / wanted) < 44.0  # 1 in 1000 of chi2 with 19 degrees of freedom is above
    slow, _ = np.histogram(drawn_times * 1e-9, np.linspace(0.0, 4.8, 9))
    expected, _ = np.histogram(seconds, np.linspace(0.0, 4.8, 9), weights=rate)
    assert slow / slow.sum() == pytest.approx(expected / expected.sum(), abs=0.004)


@pytest.mark.parametrize("duty", [1.0, 0.7, 0.625])
def test_mean_number_of_pairs_is_that_of_the_effective_length(duty):
    profile = spill_profile(4.8, duty)
    wanted = 178_571.0**2 * 5.0 / (4.8e9 * duty)
    got = float(pair_times(profile).per_pair.sum()) * 178_571.0**2 * 5.0
    assert got == pytest.approx(wanted, rel=0.01)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.0, 1.0), max_size=300), st.integers(0, 47))
def test_spaced_times_are_apart_inside_the_slice_and_in_order(places, k):
    start, stop = PROFILE.edges_fine[k : k + 2] * FINE_NS
    time = start + np.array(places) * (stop - start)
    got = spaced(time, PROFILE, k, 250.0)
    assert len(got) == len(time)
    assert np.all(np.diff(got) >= 250.0 - 1e-3)
    if len(got):
        assert got[0] >= start + 125.0 - 1e-3 and got[-1] <= stop - 125.0 + 1e-3


def test_times_that_are_apart_already_stay():
    start = PROFILE.edges_fine[3] * FINE_NS
    time = start + np.array([9e5, 1e3, 4e4, 4.1e4])
    assert np.allclose(spaced(time, PROFILE, 3, 250.0), np.sort(time), atol=1e-5)
    assert np.allclose(np.diff(spaced(np.full(3, start + 5e4), PROFILE, 3, 250.0)), 250.0, atol=1e-5)


def test_more_than_fits_is_refused():
    check_room(np.array([100.0] * 48), PROFILE, 250.0)
    with pytest.raises(ConfigError, match="spills_per_burst"):
        check_room(np.array([3e5] * 48), PROFILE, 250.0)
    with pytest.raises(ConfigError, match="of a slice"):
        source(RunMode.TWO_TRACK, beam=BeamConfig(), spills_per_burst=100_000)
    with pytest.raises(ConfigError, match="of a slice"):
        source(RunMode.CONTROL, beam=BeamConfig(), spills_per_burst=1000, control_fraction=0.5)


def test_control_muons_times_weight_are_all_of_them_and_never_two_together():
    made = source(RunMode.CONTROL, control_fraction=0.01, spills_per_burst=50)
    muons = drawn(made)
    n = sum(len(m) for m in muons)
    all_of_them = sum(arrivals.per_pot for arrivals in made.components[:2]) * 50 * 4.2e11
    assert made.bias.weight == 100.0
    assert abs(n - all_of_them / 100.0) < 4.0 * np.sqrt(n)
    time = np.sort(np.concatenate([m.time for m in muons]))
    assert np.diff(time).min() > 249.999


def test_signal_decays_are_of_one_kind_and_their_number_is_asked_for():
    made = source(RunMode.SIGNAL)
    muons = drawn(made)
    n = sum(len(m) for m in muons) / 2
    assert abs(n - 500) < 4.0 * np.sqrt(500)
    assert made.bias.equivalent_pot == pytest.approx(500 / 1.17e-16, rel=0.05)
    assert "brems to mumu" in made.bias.text
    never = SignalConfig(injection={"yield_factor": 0.0})
    with pytest.raises(ConfigError, match="no decays"):
        EmulatedDetector(SHORT, detector(), 1, None, never, RunMode.SIGNAL)


def whole(burst):
    batches = list(burst.slices())
    assert batches[-1].watermark == END_OF_BURST
    columns = {}
    for name in DETECTORS:
        columns[name, "time"] = np.concatenate([b.blocks[name].time for b in batches])
        for field in batches[0].blocks[name].fields:
            columns[name, field] = np.concatenate([b.blocks[name].fields[field] for b in batches])
    return columns


@pytest.mark.parametrize("mode", MODES)
def test_any_biased_burst_can_be_made_alone_in_any_order(mode):
    first = [whole(source(mode).burst(k)) for k in (1, 2)]
    one = source(mode)
    again = [whole(one.burst(k)) for k in (2, 1)][::-1]
    for a, b in zip(first, again, strict=True):
        assert all(np.array_equal(a[key], b[key]) for key in a)
    assert not np.array_equal(first[0]["straw", "x"], first[1]["straw", "x"])
    assert not np.array_equal(first[0]["straw", "x"], whole(source(mode, seed=5).burst(1))["straw", "x"])
    assert len(first[0]["straw", "x"]) > 20


@pytest.mark.parametrize("mode", MODES)
def test_every_component_of_a_mode_has_a_stream_of_its_own(mode):
    components = [part.component for part in source(mode).recipe.parts]
    assert len(set(components)) == len(components)
    assert not {Component.HALO_HARD, Component.HALO_SOFT, Component.CHOD_FILLER} & set(components)


@pytest.mark.parametrize("mode", MODES)
def test_a_biased_burst_has_one_weight_and_no_beam(mode):
    made = source(mode)
    burst = made.burst(1)
    for _ in burst.slices():
        pass
    assert burst.beam_record(1) is None
    assert made.bias.equivalent_pot > 0
    assert made.bias.weight == (1000.0 if mode is RunMode.CONTROL else 1.0)
    if mode is not RunMode.SIGNAL:
        assert made.bias.equivalent_pot == pytest.approx(50 * 4.2e11)


def test_weighted_and_unweighted_particles_are_never_in_one_recipe():
    two_track, control = source(RunMode.TWO_TRACK).recipe, source(RunMode.CONTROL).recipe
    assert {part.component for part in control.parts} == {Component.CONTROL}
    assert Component.CONTROL not in {part.component for part in two_track.parts}
    assert Component.PROMPT_MUMU in {part.component for part in two_track.parts}


def test_beam_is_not_biased():
    made = EmulatedDetector(SHORT, DetectorConfig(), 1)
    assert made.bias is None and made.recipe is None


def test_modes_by_name():
    assert RunMode.named("two-track") is RunMode.TWO_TRACK
    with pytest.raises(ConfigError, match="got 'three-track', wanted one of beam, two-track"):
        RunMode.named("three-track")
    with pytest.raises(ConfigError, match="a scenario is of beam"):
        RunMode.named("control", "b2-trip")
    assert RunMode.named("beam", "b2-trip") is RunMode.BEAM


SOB = {"run": 1, "burst": 1, "sob_time_ns": 0, "config_digest": "", "mask_digest": ""}


@pytest.mark.parametrize("field", [{"equivalent_pot": 5e15}, {"weight": 2.0}, {"bias": "half of it"}])
def test_only_biased_bursts_may_say_that_they_are_biased(field):
    assert SobRecord(**SOB, mode="BIASED", **field)
    for mode in ("BEAM_DUMP", "KAON", "EMULATED"):
        with pytest.raises(ValidationError, match="only a BIASED burst"):
            SobRecord(**SOB, mode=mode, **field)


def test_records_without_the_new_fields_are_still_read():
    sob = SobRecord(**SOB, mode="EMULATED")
    old = {key: value for key, value in sob.model_dump().items() if key not in ("equivalent_pot", "weight", "bias")}
    assert SobRecord.model_validate(old) == sob
    assert EobRecord.model_fields["equivalent_pot"].default is None


def test_mode_settings_have_bounds():
    for bad in ({"spills_per_burst": 0}, {"pair_window_ns": 0.0}, {"spacing_ns": 10.0}, {"control_fraction": 0.0}):
        with pytest.raises(ValidationError):
            ModesConfig(**bad)
