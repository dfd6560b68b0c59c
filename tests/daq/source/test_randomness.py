"""Random numbers: nobody shares them, every count is Poisson or binomial, and any burst can be made anywhere."""

import hashlib
import itertools
import subprocess
import sys
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import daq.source.emulator as emulator_module
from daq.config.beam import BeamConfig
from daq.config.detector import DetectorConfig
from daq.config.processes import ProcessesConfig
from daq.config.signal import SignalConfig
from daq.hits import HitBatch
from daq.source.conditions import Conditions
from daq.source.emulator import EmulatedDetector
from daq.source.modes import RunMode
from daq.source.noise import noise_hits
from daq.source.particles import Kind, Particles
from daq.source.processes.births import respond_event
from daq.source.processes.table import pair_draws
from daq.source.propagation import path_curve
from daq.source.response.channels import ChannelEffects, channels_of
from daq.source.streams import Component, stream
from daq.units import seconds_to_fine

TINY = BeamConfig(spill_seconds=0.2, pot_per_spill=4e9)
PHYSICS = (
    ProcessesConfig(
        prompt_mumu={"selected_per_pot": 4e-10},
        prompt_ee={"selected_per_pot": 4e-10},
        upstream={"selected_per_pot": 4e-10},
        k_short={"selected_per_pot": 4e-10},
        k_plus={"selected_per_pot": 4e-10, "branching_ke4": 0.05, "branching_kmu4": 0.05},
    ),
    SignalConfig(injection={"enabled": True, "mass_gev": 0.3, "yield_factor": 3e6}),
)
CURVE = path_curve(-1)
SEEDS = 200
OWNERS = [c for c in Component if c not in (Component.TWO_TRACK, Component.CONTROL)]


def full(seed=1, beam=TINY, detector=None):
    return EmulatedDetector(beam, detector or DetectorConfig(), seed, *PHYSICS)


# -- nobody shares a stream


def sharing(make, n_slices=2, n=400):
    """Pairs of (component, slice) whose streams have a number in common, at whatever place."""
    keys = list(itertools.product(Component, range(n_slices)))
    owner, pairs = {}, set()
    for key in keys:
        for number in make(7, 3, *key).bit_generator.random_raw(n).tolist():
            if owner.setdefault(number, key) != key:
                pairs.add(frozenset((owner[number], key)))
    return pairs


def correlated(make, n=20_000):
    """Pairs of components whose uniform numbers correlate by more than 5 sigma."""
    draws = np.array([make(7, 3, component).random(n) for component in Component])
    table = np.abs(np.corrcoef(draws)) > 5.0 / np.sqrt(n)
    rows, columns = np.nonzero(np.triu(table, 1))
    names = list(Component)
    return {frozenset((names[i], names[j])) for i, j in zip(rows, columns, strict=True)}


def shared_by(first, second, skip=0):
    """`stream` of a wrong emulator, in which `second` uses the numbers of `first`, from place `skip` on."""

    def make(seed, burst, component, slice_number=0):
        made = stream(seed, burst, first if component is second else component, slice_number)
        if component is second and skip:
            made.bit_generator.random_raw(skip)
        return made

    return make


def test_no_two_streams_have_a_number_in_common_or_correlate():
    assert sharing(stream) == set() == correlated(stream)


@pytest.mark.parametrize("skip", [0, 37])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Component.K_PLUS_3PI, Component.K_PLUS_E4),
        (Component.HALO_HARD, Component.NOISE),
        (Component.BEAM, Component.SIGNAL),
    ],
)
def test_two_components_on_one_stream_are_caught(first, second, skip):
    wrong = shared_by(first, second, skip)
    assert {frozenset(key[0] for key in pair) for pair in sharing(wrong)} == {frozenset((first, second))}
    if skip == 0:
        assert correlated(wrong) == {frozenset((first, second))}


def counts_of_bursts(n_seeds, monkeypatch=None, make=None):
    """Particles of each component in n bursts of different seed, shape (n, components), and their means."""
    if make:
        monkeypatch.setattr(emulator_module, "stream", make)
    source = full()
    empty = EMPTY
    seen = defaultdict(int)

    def counting(component):
        def draw(rng, time):
            seen[component] += len(time)
            return empty

        return draw

    source.components = tuple(replace(a, draw=counting(a.component)) for a in source.components)
    names, rows = [a.component for a in source.components], []
    for seed in range(n_seeds):
        source.seed = seed
        seen.clear()
        burst = source.burst(0)
        burst.truth = replace(burst.truth, n_protons=int(TINY.pot_per_spill))
        for k in range(source.profile.n_slices):
            burst._hits(k)
        rows.append([seen[name] for name in names])
    means = [burst.mean_arrivals(a) for a in source.components]
    return names, np.array(rows), np.array(means)


EMPTY = Particles(Kind.MUON, *(np.empty(0) for _ in range(6)), np.empty(0, np.int8), np.empty(0), np.empty(0))


def poisson_p_value(counts, mean):
    """Probability of a worse chi2 of counts against Poisson, in bins of at least eight expected."""
    counts = np.asarray(counts)
    edges, last = [-1], -1
    top = int(mean + 8 * np.sqrt(mean) + 10)
    for k in range(top):
        if len(counts) * (stats.poisson.cdf(k, mean) - stats.poisson.cdf(last, mean)) >= 8:
            edges.append(k)
            last = k
    edges[-1] = 10**9
    expected = len(counts) * np.diff(stats.poisson.cdf(edges, mean))
    seen, _ = np.histogram(counts, np.array(edges) + 0.5)
    chi2 = float(np.sum((seen - expected) ** 2 / expected))
    return float(stats.chi2.sf(chi2, len(expected) - 1))


def test_counts_of_every_component_are_poisson_and_independent(monkeypatch):
    """200 seeds, 12 components; a common proton number, so that nothing but their own streams varies."""
    names, counts, means = counts_of_bursts(SEEDS)
    assert set(names) == {c for c in OWNERS if Component.HALO_HARD <= c <= Component.SIGNAL}
    assert np.all(means > 4.0)
    for name, column, mean in zip(names, counts.T, means, strict=True):
        assert poisson_p_value(column, mean) > 1e-4, name
        assert abs(column.mean() - mean) < 4.0 * np.sqrt(mean / SEEDS), name
        assert np.var(column, ddof=1) / mean == pytest.approx(1.0, abs=4.0 * np.sqrt(2.0 / SEEDS)), name
    off_diagonal = np.corrcoef(counts.T)[np.triu_indices(len(names), 1)]
    assert np.abs(off_diagonal).max() < 4.5 / np.sqrt(SEEDS)
    # the same test of an emulator in which two processes share their numbers, as large as one another
    wrong = shared_by(Component.K_PLUS_E4, Component.K_PLUS_MU4)
    names, counts, _ = counts_of_bursts(SEEDS, monkeypatch, wrong)
    table = np.corrcoef(counts.T)
    assert table[names.index(Component.K_PLUS_E4), names.index(Component.K_PLUS_MU4)] > 0.99


def test_the_goodness_of_fit_sees_counts_that_are_not_poisson():
    rng = np.random.default_rng(1)
    for mean in (3.0, 40.0):
        assert poisson_p_value(rng.poisson(mean, SEEDS), mean) > 1e-3
        assert poisson_p_value(rng.poisson(mean * 1.15, SEEDS), mean) < 1e-2
        assert poisson_p_value(np.full(SEEDS, int(mean)), mean) < 1e-6
        assert poisson_p_value(2 * rng.poisson(mean / 2.0, SEEDS), mean) < 1e-3


def test_noise_of_every_detector_is_poisson_over_200_seeds():
    detector = DetectorConfig(channels={"noisy": [["muv3", 3, 5000.0]]})
    effects = ChannelEffects(detector.channels, Conditions())
    stop, counts = seconds_to_fine(0.01), defaultdict(list)
    for seed in range(SEEDS):
        hits = noise_hits(stream(seed, 0, Component.NOISE, 1), 0, stop, detector.noise, effects)
        for place, (name, block) in enumerate(hits):
            counts[place, name].append(len(block.time))
    rates = {name: getattr(detector.noise, f"{name}_hz") * len(channels_of(name)) for _, name in list(counts)[:5]}
    for (place, name), column in counts.items():
        assert poisson_p_value(column, (rates[name] if place < 5 else 5000.0) * 0.01) > 1e-4, name
    assert len(counts) == 6


@pytest.mark.parametrize("mode", [RunMode.TWO_TRACK, RunMode.CONTROL, RunMode.SIGNAL])
def test_numbers_in_biased_bursts_are_poisson_over_200_seeds(mode):
    modes = {"spills_per_burst": 40, "control_fraction": 2e-5, "signal_decays": 60}
    beam = BeamConfig(spill_seconds=0.4, pot_per_spill=4.2e11)
    source = EmulatedDetector(beam, DetectorConfig(modes=modes, halo={"soft_fraction": 0.0}), 0, None, None, mode)
    part = source.recipe.parts[0]
    each = 1 if mode is RunMode.CONTROL else 2
    counts = [len(part.draw(stream(seed, 0, part.component, 1), 1)) // each for seed in range(SEEDS)]
    if mode is RunMode.SIGNAL:
        mean = 60 * source.profile.fraction[1]
    elif mode is RunMode.CONTROL:
        mean = source.components[0].per_pot * 4.2e11 * 40 * 2e-5 * source.profile.fraction[1]
    else:
        mean = np.mean(counts)  # its value has a test of its own
    assert mean > 3.0
    assert poisson_p_value(counts, mean) > 1e-4


# -- binomial: every efficiency and fraction of the response


def muons(n, kind=Kind.MUON, charge=1, x=300.0, p=30.0, tx=1e-3):
    full_ = np.full
    line = (full_(n, x), full_(n, 200.0), full_(n, tx), np.zeros(n))
    return Particles(
        kind, 1000.0 * np.arange(n), *line, full_(n, p), full_(n, charge, np.int8), full_(n, -np.inf), full_(n, np.inf)
    )


def sure(detector, **changes):
    """Detector without losses except those in `changes`."""
    tree = {
        "chod": {"efficiency": 1.0, "pmt_efficiency": 1.0, "delta_ray_probability": 0.0},
        "na48chod": {"efficiency": 1.0},
        "muv3": {"pmt_efficiency": 1.0, "scattering_mm_gev": 0.0},
        "straw": {"efficiency": 1.0, "charge_confusion": 0.0},
        "calorimeter": {"muon_efficiency": 1.0},
        "veto": {"lav_tag": 0.0, "anti0_efficiency": 1.0},
    }
    for key, value in changes.items():
        section, name = key.split("__")
        tree.setdefault(section, {})[name] = value
    return detector.model_validate(tree)


N = 300
CASES = [
    ("straw", {"straw__efficiency": 0.8}, 0.8, {}, None),
    ("straw", {"straw__charge_confusion": 0.1}, 0.1, {}, lambda f: f["charge"] == -1),
    ("straw", {"rich__misidentification": 0.07}, 0.07, {}, lambda f: f["kaon"] == 1),
    ("straw", {"rich__kaon_efficiency": 0.9}, 0.9, {"kind": Kind.KAON}, lambda f: f["kaon"] == 1),
    ("anti0", {"veto__anti0_efficiency": 0.9}, 0.9, {}, None),
    ("lav", {"veto__lav_tag": 0.03}, 0.03, {}, None),
    ("lkr", {"calorimeter__muon_efficiency": 0.95}, 0.95, {}, None),
    ("muv12", {"calorimeter__muon_efficiency": 0.95}, 0.95, {}, lambda f: f["detector"] == 1),
    ("muv3", {"muv3__pmt_efficiency": 0.9}, 0.9, {}, lambda f: f["id"] < 200),
    ("muv3", {"muv3__punch_through": 0.2}, 0.2, {"kind": Kind.PION}, lambda f: f["id"] < 200),
    ("chod", {"chod__pmt_efficiency": 0.9}, 0.9, {}, lambda f: f["id"] % 100 <= 38),
    ("na48chod", {"na48chod__efficiency": 0.85}, 0.85, {}, lambda f: f["id"] < 64),
    ("chod", {"chod__efficiency": 0.9}, 0.9, {}, lambda f: f["id"] % 100 <= 38),
]


@pytest.mark.parametrize(("name", "changes", "probability", "particles", "choose"), CASES)
def test_efficiencies_are_binomial_over_200_seeds(name, changes, probability, particles, choose):
    detector, made, counts = sure(DetectorConfig, **changes), muons(N, **particles), []
    for seed in range(SEEDS):
        n = 0
        for found, block in respond_event(stream(seed, 0, Component.HALO_HARD), made, detector, CURVE):
            if found == name:
                n += len(block.time) if choose is None else int(np.count_nonzero(choose(block.fields)))
        counts.append(n)
    assert binomial_p_value(np.array(counts), N, probability) > 1e-4
    assert binomial_p_value(np.array(counts), N, probability * 0.97) < 1e-2 or probability < 0.15


def binomial_p_value(counts, n, probability):
    """Smaller one of the probabilities of mean and of spread; both are exact enough at 200 x n trials."""
    total = stats.binomtest(int(counts.sum()), n * len(counts), probability).pvalue
    variance = n * probability * (1.0 - probability)
    spread = np.sum((counts - n * probability) ** 2) / variance
    return min(total, 2.0 * min(stats.chi2.sf(spread, len(counts)), stats.chi2.cdf(spread, len(counts))))


def test_fractions_of_the_processes_are_binomial_over_200_seeds():
    processes = ProcessesConfig(k_plus={"photon_fraction": 0.25}, prompt_ee={"lav_survival": 0.3})
    draws = pair_draws(processes, DetectorConfig().halo, CURVE)
    radiative, vetoed = [], []
    for seed in range(SEEDS):
        pair = draws[Component.K_PLUS_3PI](stream(seed, 0, Component.K_PLUS_3PI), np.zeros(50))
        radiative.append(len(pair.others[0]))
        pair = draws[Component.PROMPT_EE](stream(seed, 0, Component.PROMPT_EE), np.zeros(20))
        vetoed.append(len(pair.others[0]))
    assert binomial_p_value(np.array(radiative), 50, 0.25) > 1e-4
    assert binomial_p_value(np.array(vetoed), 20, 0.7) > 1e-4


# -- the same burst anywhere


def digest_of(batches):
    """Identity of everything in a burst."""
    sha = hashlib.sha256()
    for batch in batches:
        sha.update(str(batch.watermark).encode())
        for name in sorted(batch.blocks):
            block = batch.blocks[name]
            sha.update(name.encode() + block.time.tobytes())
            for key in sorted(block.fields):
                sha.update(key.encode() + block.fields[key].tobytes())
    return sha.hexdigest()


ONE_AFTER_THE_OTHER = {burst: digest_of(full().burst(burst).slices()) for burst in range(3)}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 2), min_size=1, max_size=8), st.booleans())
def test_bursts_are_the_same_in_any_order_and_any_interleaving(order, fresh):
    """One slice of this burst, one of that: what is made in between changes nothing."""
    source = full()
    readers = {burst: iter((full() if fresh else source).burst(burst).slices()) for burst in dict.fromkeys(order)}
    got = defaultdict(list)
    for burst in order:
        batch = next(readers[burst], None)
        if isinstance(batch, HitBatch):
            got[burst].append(batch)
    for burst, reader in readers.items():
        got[burst] += list(reader)
        assert digest_of(got[burst]) == ONE_AFTER_THE_OTHER[burst]


PROGRAM = """
import sys
from tests.daq.source import test_randomness as t
for burst in map(int, sys.argv[1:]):
    print(burst, t.digest_of(t.full().burst(burst).slices()))
"""


def test_two_processes_make_the_same_bursts():
    """Each makes all bursts in an order of its own, with another hash seed; all digests agree with this process."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *order],
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
        )
        for order, seed in ((("0", "1", "2"), "1"), (("2", "0", "1"), "2"))
    ]
    for process in running:
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        assert {int(a): b for a, b in (line.split() for line in out.splitlines())} == ONE_AFTER_THE_OTHER
