"""The validation sees what the chain sees: selection, regions, mixing, against the chain's own and slow versions."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daq.config import Config
from daq.config.processes import ProcessesConfig
from daq.config.reco import RegionsConfig
from daq.frame import EventFrame, Jagged
from daq.geometry.planes import Z_REFERENCE_MM
from daq.source.emulator import EmulatedDetector
from daq.source.modes import RunMode
from daq.units import KSHORT_MASS_GEV, MM_PER_M
from offline.overlay.mix import mix
from offline.validation.candidates import GoodPairs
from offline.validation.chain import Burst
from offline.validation.halo import hard_halo, pool_of
from offline.validation.pairs import find
from offline.validation.regions import Family, Places, family_table
from streaming.reco.channels import Pid
from streaming.reco.pipeline import Reconstruction
from streaming.reco.vertex import default_cells, find_vertices
from streaming.reco.vetoes import lav_near
from streaming.regions import region_table
from streaming.tally import CHANNELS, OPEN_REGIONS, Tally

CONFIG = Config()


@pytest.fixture(scope="module")
def frames():
    """Pairs of hard muons, and many prompt ones, so that every channel and region has some."""
    prompt = {"selected_per_pot": 2e-14, "lav_survival": 0.5}
    processes = ProcessesConfig(prompt_mumu=prompt)
    config = hard_halo(CONFIG)
    source = EmulatedDetector(config.beam, config.detector, 21, processes, CONFIG.signal, RunMode.TWO_TRACK)
    return [at_most_two_tracks(frame) for frame in Burst(source, 0, CONFIG)]


def at_most_two_tracks(frame):
    """Without the few events in which a decaying pion leaves a third track: one pair decides what is masked."""
    kept = np.diff(frame.detectors["straw"].offsets) <= 2
    lists = {}
    for name, part in frame.detectors.items():
        sizes = np.diff(part.offsets)
        rows = np.repeat(kept, sizes)
        used = {key: values[part.offsets[0] : part.offsets[-1]][rows] for key, values in part.fields.items()}
        lists[name] = Jagged(np.concatenate(([0], np.cumsum(sizes[kept]))).astype(np.int32), used)
    return EventFrame({name: values[kept] for name, values in frame.header.items()}, lists)


@pytest.fixture(scope="module")
def found(frames):
    return find(frames, CONFIG.reco, upstream=True)


def test_counts_are_those_of_the_chain(frames, found):
    """What the chain may show is counted as the chain counts it: channels, regions, vertices."""
    reconstruction, tally = Reconstruction(CONFIG.reco, CONFIG.regions, CONFIG.gate), Tally.zero()
    for frame in frames:
        tally.add(reconstruction.analyse(frame).tally)
    pairs, gate = found.candidates, CONFIG.gate
    outside = (pairs.z_tax_m < -7.0 - gate.guard_z_m) | (pairs.z_tax_m > 53.0 + gate.guard_z_m)
    outside |= pairs.cda_tax_mm > 150.0 + gate.guard_cda_mm
    visible = outside & (np.abs(pairs.mass_pipi_gev - KSHORT_MASS_GEV) > gate.ks_half_width_gev)
    assert visible.sum() > 150 and (~visible).sum() > 5
    assert tally.count("vertices") == visible.sum()
    places = Places(CONFIG.regions, Family.MUMU, pairs.z_tax_m, pairs.cda_tax_mm, pairs.mass_pipi_gev)
    mine = np.zeros_like(tally.candidates)
    for row in range(len(CHANNELS)):
        of = visible & (pairs.channel == row)
        rings = [of & places.ring(number) for number in (1, 2, 3)]
        further = of & places.outside & ~np.any(rings, axis=0)
        for column, mask in zip(("OCR1", "OCR2", "OCR3", "OUTSIDE"), (*rings, further), strict=True):
            mine[row, OPEN_REGIONS.index(column)] = mask.sum()
    assert np.array_equal(mine, tally.candidates)
    assert tally.candidates.sum() > 100
    delta_t, _ = np.histogram(pairs.delta_t_ns[visible], 60, (-6.0, 6.0))
    assert np.array_equal(delta_t, tally.histograms["delta_t"][1:-1])


def test_the_lav_flag_is_the_veto_of_the_selection(found):
    pairs = found.candidates
    muons = pairs.of(Pid.MUON, Pid.MUON) & pairs.h2
    muons &= pairs.z_vertex_m > CONFIG.reco.vertex_min_z_m
    assert np.array_equal(muons & ~pairs.lav, (pairs.channel >= 0) & (pairs.channel < 3))
    inverted = pairs.channel == CHANNELS.index("lav_inverted")
    assert np.array_equal(muons & pairs.lav & (pairs.total_charge == 0), inverted)
    assert (muons & pairs.lav).sum() > 10


def test_the_lav_window_is_open_at_its_ends_and_a_bad_time_vetoes():
    """As `select` has it: a hit vetoes unless it is proven to be the window away or more."""
    times = np.array([14.99, -4.99, 15.0, -5.0, np.nan, 400.0], np.float32)
    lists = {"lav": Jagged(np.array([0, 1, 2, 3, 4, 5, 5, 6], np.int32), {"time": times})}
    frame = EventFrame({}, lists)
    active = lav_near(frame, np.arange(7), np.full(7, 5.0), 10.0)
    assert active.tolist() == [True, True, False, False, True, False, False]
    assert lav_near(frame, np.array([5, 1]), np.array([5.0, np.nan]), 10.0).tolist() == [False, True]


def test_good_pairs_are_more_than_those_with_a_vertex(found):
    assert len(found.good) > 10 * (found.candidates.channel >= 0).sum()
    assert found.good.state.shape == (len(found.good), 2, 7)
    assert np.all(found.good.state[:, :, 5] > CONFIG.reco.min_momentum_gev)


def test_regions_of_muons_are_those_of_the_chain():
    mine, chain = family_table(CONFIG.regions), region_table(CONFIG.regions)
    assert np.array_equal(mine.signal[Family.MUMU], chain.signal[CHANNELS.index("mumu_os")])
    assert np.array_equal(mine.control[Family.MUMU], chain.control[CHANNELS.index("mumu_os")])
    assert np.array_equal(mine.side, chain.side)


@settings(max_examples=200)
@given(st.floats(-20.0, 70.0), st.floats(0.0, 200.0), st.sampled_from(list(Family)))
def test_regions_from_the_publications(z, cda, family):
    r = RegionsConfig()
    places = Places(r, family, np.array([z]), np.array([cda]), np.array([0.3]))
    if family is Family.MUMU:
        sr, cr = 6.0 < z < 40.0 and cda < 20.0, -4.0 < z < 50.0 and cda < 150.0
    else:
        sr = ((z - 23.0) / 23.0) ** 2 + (cda / 40.0) ** 2 < 1.0
        cr = -7.0 < z < 53.0 and cda < 150.0
    edges = [abs(z - edge) for edge in (6, 40, -4, 50, -7, 53)] + [abs(cda - 20.0), abs(cda - 150.0)]
    if min(*edges, abs(((z - 23.0) / 23.0) ** 2 + (cda / 40.0) ** 2 - 1.0)) > 1e-9:
        assert (bool(places.sr[0]), bool(places.cr[0])) == (sr, cr and not sr)
        assert bool(places.outside[0]) == (not cr and not sr)


def slow_pairs(good, cuts):
    """Z of the vertices of all pairs of different events by the vertex finder alone, and number of all pairs."""
    state = good.state.reshape(-1, 7)
    rows = [(a, b) for a, b in itertools.combinations(range(len(state)), 2) if a >> 1 != b >> 1]
    a, b = np.array(rows).T
    vertices = find_vertices(state[a], state[b], default_cells())
    z = vertices.vertex[:, 2] / MM_PER_M
    kept = (vertices.vertex[:, 3] < cuts.vertex_max_cda_mm) & (z > cuts.vertex_min_z_m) & (z < cuts.vertex_max_z_m)
    for plane, least in ((good.straw1_mm, cuts.straw1_isolation_mm), (good.lkr_mm, cuts.lkr_isolation_mm)):
        xy = plane.reshape(-1, 2)
        kept &= np.hypot(*(xy[a] - xy[b]).T) > least
    return z[kept], len(a)


def test_mixing_finds_what_all_pairs_have(found):
    """The shortcut before the vertex finder loses nothing: few muons, drawn until every pair has come, against all."""
    size, n_groups = 120, 20
    few = GoodPairs(*(getattr(found.good, name)[: size * n_groups] for name in ("state", "straw1_mm", "lkr_mm")))
    mixed = mix(pool_of(few), CONFIG.reco, np.random.default_rng(1), 20_000_000)
    part = 0.0
    for group in range(n_groups):
        own = slice(group * size, (group + 1) * size)
        z, n_pairs = slow_pairs(GoodPairs(few.state[own], few.straw1_mm[own], few.lkr_mm[own]), CONFIG.reco)
        drawn = mixed.z_vertex_m[mixed.group == group]
        assert np.array_equal(np.unique(np.round(drawn, 4)), np.unique(np.round(z, 4)))
        part += len(z) / n_pairs / n_groups
    value, error = mixed.part(np.ones(len(mixed.group), bool))
    assert value == pytest.approx(part, rel=0.02)
    assert 0 < error < 0.2 * value


def test_mixing_of_a_pattern_that_can_be_computed(found):
    """Muons of two sorts that meet in one point of the tank, or never: a quarter of the pairs, twice one half of it."""
    n, rng = 4000, np.random.default_rng(4)
    state = np.zeros((n, 2, 7))
    sort = rng.integers(0, 2, (n, 2))
    angle = rng.uniform(0.0, 2.0 * np.pi, (n, 2))
    slope = 5e-3
    state[:, :, 3], state[:, :, 4] = slope * np.cos(angle), slope * np.sin(angle)
    state[:, :, 2], state[:, :, 5], state[:, :, 6] = Z_REFERENCE_MM, 1e6, 1.0
    state[:, :, 0] = 40_000.0 * state[:, :, 3] + 1e5 * sort
    state[:, :, 1] = 40_000.0 * state[:, :, 4]
    apart = np.arange(2.0 * n * 2).reshape(n, 2, 2) * 1e4
    cuts = CONFIG.reco
    mixed = mix(pool_of(GoodPairs(state, apart, apart)), cuts, rng, 200_000)
    value, error = mixed.part(np.ones(len(mixed.group), bool))
    assert value == pytest.approx(0.5, abs=5.0 * error + 5.0 / n) and 0 < error < 1.0 / 50
    assert np.allclose(mixed.z_vertex_m, 140.0, atol=0.1)
