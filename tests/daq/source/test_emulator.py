"""The emulated detector as a whole: reproducible, promised order, rates of the emulator notes."""

import itertools

import numpy as np
import pytest

from daq.config.beam import BeamConfig
from daq.config.detector import DetectorConfig
from daq.errors import ConfigError, DataError
from daq.geometry.chod import chod_geometry
from daq.geometry.muv3 import muv3_geometry
from daq.hits import END_OF_BURST
from daq.model import DETECTORS
from daq.source.acceptance import in_triple_acceptance
from daq.source.emulator import EmulatedDetector
from daq.source.streams import Component, stream
from daq.units import FINE_NS, seconds_to_fine

SHORT = BeamConfig(spill_seconds=0.4, pot_per_spill=4.2e11, pot_relative_noise=0.0)


def whole(burst):
    """All slices of a burst joined: detector -> (time, fields)."""
    batches = list(burst.slices())
    joined = {}
    for name, columns in DETECTORS.items():
        fields = {
            c.name: np.concatenate([b.blocks[name].fields[c.name] for b in batches])
            for c in columns
            if c.name != "time"
        }
        joined[name] = np.concatenate([b.blocks[name].time for b in batches]), fields
    return joined


def same(first, second):
    return all(
        np.array_equal(first[name][0], second[name][0])
        and all(np.array_equal(values, second[name][1][key]) for key, values in first[name][1].items())
        for name in DETECTORS
    )


def chod_clusters(time, channel, gap_ns=5.0):
    """Plain coincidence: a gap begins a cluster. Number of clusters, and of clusters with two tiles or more."""
    tile = chod_geometry().index_of_channel[channel] // 2
    cluster = np.cumsum(np.diff(time, prepend=time[0]) * FINE_NS > gap_ns)
    tiles = np.bincount(np.unique(cluster.astype(np.int64) * 256 + tile) // 256)
    return len(tiles), int(np.count_nonzero(tiles >= 2))


@pytest.fixture(scope="module")
def default_burst():
    burst = EmulatedDetector(BeamConfig(pot_relative_noise=0.0), DetectorConfig(), seed=11).burst(3)
    return burst, whole(burst)


def test_any_burst_can_be_made_alone_in_any_order():
    first = EmulatedDetector(SHORT, DetectorConfig(), seed=5)
    in_order = [whole(first.burst(k)) for k in range(3)]
    backwards = [whole(EmulatedDetector(SHORT, DetectorConfig(), seed=5).burst(k)) for k in (2, 1, 0)][::-1]
    assert all(same(a, b) for a, b in zip(in_order, backwards, strict=True))
    assert not same(in_order[0], in_order[1])
    assert not same(in_order[0], whole(EmulatedDetector(SHORT, DetectorConfig(), seed=6).burst(0)))


def test_two_readers_of_one_burst_do_not_disturb_each_other():
    burst = EmulatedDetector(SHORT, DetectorConfig(), seed=5).burst(1)
    for one, other in zip(burst.slices(), burst.slices(), strict=True):
        assert np.array_equal(one.blocks["chod"].time, other.blocks["chod"].time)


def test_slices_keep_their_watermarks_and_have_the_columns_of_the_model(monkeypatch):
    monkeypatch.setattr("daq.source.emulator.JITTER_NS", 1e5)  # a wide edge, so that there are hits in it
    burst = EmulatedDetector(SHORT, DetectorConfig(), seed=5).burst(0)
    before = 0
    last = dict.fromkeys(DETECTORS, 0)
    batches = list(burst.slices())
    for batch in batches:
        assert batch.watermark > before
        for name, columns in DETECTORS.items():
            block = batch.blocks[name]
            assert {c.name: np.dtype(c.dtype) for c in columns if c.name != "time"} == {
                key: values.dtype for key, values in block.fields.items()
            }
            assert np.all(np.diff(block.time) >= 0)
            assert all(len(values) == len(block.time) for values in block.fields.values())
            if len(block.time):
                assert block.time[0] >= max(before, last[name])
                assert block.time[-1] < min(batch.watermark, seconds_to_fine(SHORT.spill_seconds))
                last[name] = block.time[-1]
        before = batch.watermark
    assert [b.watermark == END_OF_BURST for b in batches] == [False] * 3 + [True]


def test_hits_behind_the_watermark_are_carried_over_and_none_is_lost(monkeypatch):
    monkeypatch.setattr("daq.source.emulator.JITTER_NS", 1e5)
    burst = EmulatedDetector(SHORT, DetectorConfig(), seed=2).burst(0)
    end = seconds_to_fine(SHORT.spill_seconds)
    made = [burst._hits(k) for k in range(4)]
    for name, (time, _) in whole(burst).items():
        wanted = np.sort(np.concatenate([block.time for parts in made for block in parts[name]]))
        assert np.array_equal(time, np.maximum(wanted[wanted < end], 0))


def test_every_slice_of_every_component_has_its_own_stream(monkeypatch):
    keys = []

    def spy(*key):
        keys.append(key)
        return stream(*key)

    monkeypatch.setattr("daq.source.emulator.stream", spy)
    whole(EmulatedDetector(SHORT, DetectorConfig(), seed=2).burst(6))
    assert len(keys) == 4 * 5  # four components and the noise in each of four slices
    assert len(set(keys)) == len(keys)
    assert {(seed, burst) for seed, burst, *_ in keys} == {(2, 6)}


def test_rates_of_a_default_burst(default_burst):
    burst, hits = default_burst
    assert burst.n_protons == 5_000_000_000_000
    q1, h2 = chod_clusters(hits["chod"][0], hits["chod"][1]["id"])
    assert q1 == pytest.approx(1.29e6, rel=0.02)
    assert h2 == pytest.approx(88e3, rel=0.03)
    assert np.count_nonzero(hits["lkr"][1]["energy"] > 1.0) == pytest.approx(19.2e3, rel=0.04)
    assert sum(len(time) for time, _ in hits.values()) == pytest.approx(5.0e6, rel=0.05)
    muv3 = burst.beam_record(1).scalers["MUV3"]
    assert muv3 == pytest.approx(44e3 * 4.8, rel=0.15)  # notes: 44 kHz; noise adds 14 k here


def test_triple_acceptance_muons(default_burst):
    burst, _ = default_burst
    source = burst._source
    n = 0
    for arrivals in source.components[:2]:
        for k in range(0, source.profile.n_slices):
            rng = stream(11, 3, arrivals.component, k)
            n_drawn = int(rng.poisson(arrivals.per_pot * burst.n_protons * source.profile.fraction[k]))
            muons = arrivals.draw(rng, source.profile.draw_times(rng, k, n_drawn))
            n += int(np.count_nonzero(in_triple_acceptance(muons, source.curve)))
    assert n == pytest.approx(178_571, rel=0.01)


def test_channels_exist(default_burst):
    _, hits = default_burst
    assert np.all(chod_geometry().index_of_channel[hits["chod"][1]["id"]] >= 0)
    assert len(np.unique(hits["chod"][1]["id"])) == 304
    muv3 = hits["muv3"][1]["id"] % 200
    assert np.all(muv3_geometry().exists[muv3])
    assert set(np.unique(hits["na48chod"][1]["id"])) == set(range(128))
    assert set(np.unique(hits["lav"][1]["station"])) == set(range(1, 13))
    assert set(np.unique(hits["sav"][1]["detector"])) == {0, 1}
    assert set(np.unique(hits["muv12"][1]["detector"])) == {1, 2}
    assert np.all(np.isin(hits["straw"][1]["charge"], [-1, 1])) and np.all(hits["straw"][1]["p"] > 0)


def test_accidental_pairs_come_from_the_time_profile_alone():
    profile = EmulatedDetector(BeamConfig(), DetectorConfig(halo={"per_pot": 0.0}), seed=0).profile
    n, width_ns, n_spills = 178_571, 5.0, 25
    rng = np.random.default_rng(4)
    pairs = 0
    for _ in range(n_spills):
        slices = [profile.draw_times(rng, k, int(rng.poisson(n * f))) for k, f in enumerate(profile.fraction)]
        time = np.sort(np.concatenate(slices))
        pairs += sum(int(np.count_nonzero(time[k:] - time[:-k] < width_ns)) for k in (1, 2, 3))
    wanted = n_spills * n**2 * width_ns * 1e-9 / (4.8 * 0.625)
    assert wanted / n_spills == pytest.approx(53.15, rel=1e-3)
    assert abs(pairs - wanted) < 4 * np.sqrt(wanted)


@pytest.mark.parametrize(
    ("pot", "b2", "factor"), [(2.0, -250.0, 2.0), (1.0, 770.0, 4.0), (0.0625, 0.0, 0.0625 * 0.356 / 0.25)]
)
def test_rates_follow_pot_and_b2_but_noise_does_not(pot, b2, factor):
    def count(beam, name):
        return len(whole(EmulatedDetector(beam, detector, seed=8).burst(0))[name][0])

    detector = DetectorConfig(noise={"chod_hz": 0.0, "muv3_hz": 0.0})
    scaled = SHORT.model_copy(update={"pot_per_spill": SHORT.pot_per_spill * pot, "b2_current_a": b2})
    for name in ("chod", "muv3"):
        low, high = count(SHORT, name), count(scaled, name)
        # hits come about four to a particle, so the spread is twice the Poisson one
        sigma = 2.0 * np.sqrt(high + factor**2 * low)
        assert abs(high - factor * low) < 4 * sigma + 0.01 * high
    low, high = count(SHORT, "sav"), count(scaled, "sav")
    assert abs(high - low) < 5 * np.sqrt(high + low)


def test_protons_and_beam_record():
    source = EmulatedDetector(BeamConfig(spill_seconds=0.1, pot_per_spill=1e9), DetectorConfig(), seed=3)
    bursts = [source.burst(k) for k in range(150)]
    pot = np.array([b.n_protons for b in bursts]) / 1e9
    assert abs(pot.mean() - 1.0) < 4 * 0.02 / np.sqrt(150)
    assert pot.std() == pytest.approx(0.02, rel=0.25)
    records = []
    for burst in bursts[:40]:
        for _ in burst.slices():
            pass
        records.append(burst.beam_record(77))
    ratio = np.array([r.t10_intensity * 1e11 / b.n_protons for r, b in zip(records, bursts[:40], strict=True)])
    assert abs(ratio.mean() - 1.0) < 5 * 0.01 / np.sqrt(40) and ratio.std() == pytest.approx(0.01, rel=0.5)
    assert np.mean([r.b2_current_a for r in records]) == pytest.approx(-250.0, abs=0.1)
    assert np.mean([r.b1c_current_a for r in records]) == pytest.approx(-770.0, abs=0.1)
    assert len({r.b2_current_a for r in records}) == 40
    assert {r.t10_stamp_ns for r in records} == {77}
    assert set(records[0].scalers) == {"Q1_OR", "MUV3", "NHOD", "MUV1_OR_MUV2", "QX", "IRC", "LAV", "ANTI0"}
    assert records[0].scalers["Q1_OR"] > 0
    with pytest.raises(DataError, match="last slice"):
        source.burst(1).beam_record(1)


def test_burst_length_in_ticks():
    assert (
        EmulatedDetector(BeamConfig(), DetectorConfig(), seed=1).burst(0).spill_ticks == 192_376_601
    )  # 4.8 s / 24.951059536 ns, rounded up


def test_components_do_not_share_random_numbers():
    draws = [
        stream(*key).random(1000)
        for key in itertools.product((1, 2), (1, 2), (Component.HALO_HARD, Component.CHOD_FILLER), (0, 1))
    ]
    correlation = np.corrcoef(draws)
    assert np.all(np.abs(correlation[~np.eye(len(draws), dtype=bool)]) < 0.16)
    assert len({float(d[0]) for d in draws}) == len(draws)


def test_a_component_keeps_its_hits_when_another_changes():
    """Streams are per component: without filler the MUV3 hits, which it never touches, stay bit for bit."""
    without = DetectorConfig(filler={"chod_per_pot": 0.0})
    first = whole(EmulatedDetector(SHORT, DetectorConfig(), seed=5).burst(0))
    second = whole(EmulatedDetector(SHORT, without, seed=5).burst(0))
    assert len(second["chod"][0]) < len(first["chod"][0])
    for name in ("muv3", "straw", "na48chod", "lkr"):
        assert np.array_equal(first[name][0], second[name][0])


def test_silence_is_allowed():
    beam = BeamConfig(spill_seconds=0.2)
    detector = DetectorConfig(
        halo={"per_pot": 0.0},
        filler={"chod_per_pot": 0.0, "lkr_per_pot": 0.0},
        noise={"chod_hz": 0.0, "na48chod_hz": 0.0, "muv3_hz": 0.0, "lav_hz": 0.0, "sav_hz": 0.0},
    )
    burst = EmulatedDetector(beam, detector, seed=1).burst(0)
    assert all(len(time) == 0 for time, _ in whole(burst).values())
    assert set(burst.beam_record(1).scalers.values()) == {0}


def test_a_negative_seed_is_refused():
    with pytest.raises(ConfigError, match="seed -1"):
        EmulatedDetector(BeamConfig(), DetectorConfig(), seed=-1)
