"""Background processes: yields, kinematics, acceptance, vetoes, independence."""

import itertools
from collections import Counter

import numpy as np
import pytest

from daq.config.beam import BeamConfig
from daq.config.detector import DetectorConfig
from daq.config.processes import InteractionConfig, KPlusConfig, KShortConfig, ProcessesConfig, PromptMuMuConfig
from daq.config.signal import SignalConfig
from daq.errors import ConfigError
from daq.geometry.field import no_field
from daq.source.components import process_components
from daq.source.emulator import EmulatedDetector
from daq.source.particles import Kind
from daq.source.processes.births import born, joined, respond_event
from daq.source.processes.pairs import selected
from daq.source.processes.rejection import keep_drawing
from daq.source.processes.table import backgrounds, fraction, pair_draws
from daq.source.propagation import PathCurve, path_curve, positions
from daq.source.streams import Component, stream
from daq.units import FINE_NS, KAON_MASS_GEV, KSHORT_MASS_GEV, PION_MASS_GEV

CURVE = path_curve(-1)
STRAIGHT = PathCurve(no_field(), 0.0)
PROCESSES, DETECTOR = ProcessesConfig(), DetectorConfig()
SURE = DETECTOR.model_copy(
    update={
        "straw": DETECTOR.straw.model_copy(update={"efficiency": 1.0}),
        "chod": DETECTOR.chod.model_copy(update={"pmt_efficiency": 1.0}),
    }
)
ANTI0 = DETECTOR.veto.anti0_outer_mm
PROCESS_LIST = [c for c in Component if Component.PROMPT_MUMU <= c <= Component.K_PLUS_MU4]


def draw(component, n, curve=CURVE, processes=PROCESSES, seed=1):
    times = 1000.0 * np.arange(n)
    return pair_draws(processes, DETECTOR.halo, curve)[component](np.random.default_rng(seed), times)


def momenta_at_birth(particles):
    """Momenta on straight lines, shape (n, 3)."""
    direction = np.stack((particles.tx, particles.ty, np.ones(len(particles))), axis=1)
    return particles.p[:, None] * direction / np.linalg.norm(direction, axis=1)[:, None]


def mass(first, second, m1=PION_MASS_GEV, m2=PION_MASS_GEV):
    p1, p2 = momenta_at_birth(first), momenta_at_birth(second)
    energy = np.sqrt(first.p**2 + m1**2) + np.sqrt(second.p**2 + m2**2)
    return np.sqrt(energy**2 - np.sum((p1 + p2) ** 2, axis=1))


@pytest.mark.parametrize("component", PROCESS_LIST)
def test_both_tracks_start_at_the_vertex_and_exist_only_behind_it(component):
    pair = draw(component, 300)
    for track in pair.tracks:
        assert track[0].z_start == pytest.approx(pair.z_vertex)
        for before, after in itertools.pairwise(track):
            assert after.z_start == pytest.approx(before.z_end)
    first, second = pair.tracks[0][0], pair.tracks[1][0]
    for row in range(40):
        z = pair.z_vertex[row]
        points = [np.array(positions(track, CURVE, z))[:, row] for track in (first, second)]
        assert points[0] == pytest.approx(points[1], abs=1e-6)


def test_a_pion_and_the_muon_of_its_decay_are_one_broken_line():
    pair = draw(Component.PROMPT_MUMU, 2000)
    pion, muon = pair.tracks[1]
    assert np.any(muon.z_start > 200_000.0), "no decay behind the magnet to look at"
    for row in np.argsort(muon.z_start)[::50]:
        z = muon.z_start[row]
        where = [np.array(positions(p, CURVE, z))[:, row] for p in (pion, muon)]
        assert where[0] == pytest.approx(where[1], abs=1e-6)
        ahead = [np.array(positions(p, CURVE, z + step))[:, row] for p, step in ((pion, -1.0), (muon, 1.0))]
        kink = np.hypot(*(ahead[1] - where[1] - (where[0] - ahead[0])))
        assert kink < 0.0305 / min(pion.p[row], muon.p[row]) * 1.05
    # the slowest muon of a decay has m_mu^2 / m_pi^2 of the energy
    assert np.all(muon.p <= pion.p) and np.all(muon.p > 0.57 * pion.p - 0.02)


@pytest.mark.parametrize("component", PROCESS_LIST)
def test_selected_pairs_are_seen_by_the_detectors(component):
    n = 20_000
    pair = draw(component, n)
    muons = component is Component.PROMPT_MUMU
    chosen = np.flatnonzero(selected(pair, CURVE, ANTI0, (0.0, 180e3), muons=muons))
    assert len(chosen) > 100
    seen = {name: np.zeros(n, int) for name in ("straw", "chod", "na48chod", "muv3", "lkr")}
    charge = np.zeros(n)
    for name, block in respond_event(np.random.default_rng(2), pair.particles(), SURE, CURVE):
        event = np.rint(block.time * FINE_NS / 1000.0).astype(int)
        if name in seen:
            seen[name] += np.bincount(event, minlength=n)
        if name == "straw":
            charge += np.bincount(event, weights=block.fields["charge"], minlength=n)
    assert np.all(seen["straw"][chosen] == 2)
    assert np.mean(charge[chosen] == 0) > 0.99  # charge confusion
    # two PMTs of one tile or more; rings have corners that bricks have not
    assert np.mean(seen["chod"][chosen] >= 2) > 0.995
    assert seen["na48chod"][chosen].mean() > 3.8
    if component is Component.PROMPT_EE:
        assert np.mean(seen["lkr"][chosen] >= 2) > 0.99
    if muons:
        # two PMTs of two tiles, each seen with its efficiency; some scatter out
        assert seen["muv3"][chosen].mean() > 3.4


def test_yields_are_those_published():
    rates = {row.component: row.per_pot * 1.4e17 for row in backgrounds(PROCESSES, DETECTOR, CURVE)}
    seen = DETECTOR.straw.efficiency**2 * 0.98
    published = {
        Component.PROMPT_MUMU: 270.0,
        Component.PROMPT_EE: 59.9,
        Component.UPSTREAM: 19.0,
        Component.K_SHORT: 2.0,
        Component.K_PLUS_3PI: 8.0,
    }
    found = {
        Component.PROMPT_MUMU: PROCESSES.prompt_mumu.found_fraction,
        Component.PROMPT_EE: PROCESSES.prompt_ee.found_fraction,
        Component.UPSTREAM: PROCESSES.upstream.found_fraction,
        Component.K_SHORT: PROCESSES.k_short.found_fraction,
        Component.K_PLUS_3PI: PROCESSES.k_plus.found_fraction,
    }
    ranges = {Component.UPSTREAM: (0.0, 105e3), Component.K_SHORT: (0.0, 180e3)}
    for component, wanted in published.items():
        pair = draw(component, 40_000, seed=7)
        muons = component is Component.PROMPT_MUMU
        chosen = selected(pair, CURVE, ANTI0, ranges.get(component, (105e3, 180e3)), muons)
        # calibration and this sample have errors of 4 and 5 per cent
        assert rates[component] * chosen.mean() * seen * found[component] == pytest.approx(wanted, rel=0.2)
    assert rates[Component.K_PLUS_E4] / rates[Component.K_PLUS_3PI] == pytest.approx(4.247e-5 / 0.05583)
    assert rates[Component.K_PLUS_MU4] < rates[Component.K_PLUS_E4] < 0.1


def test_lav_survival_is_the_input():
    n = 200_000
    pair = draw(Component.PROMPT_EE, n)
    survived = n - len(pair.others[0])
    assert survived == pytest.approx(0.012 * n, abs=5 * np.sqrt(0.012 * n))
    hits = [block for name, block in respond_event(np.random.default_rng(1), pair.others[0], DETECTOR, CURVE)]
    assert len(hits) == 1 and len(hits[0].time) == len(pair.others[0])
    late = hits[0].time * FINE_NS - pair.others[0].time
    assert np.std(late) == pytest.approx(DETECTOR.veto.lav_time_ns, rel=0.03)
    assert set(np.unique(hits[0].fields["station"])) == set(range(1, 13))


def test_k_short_has_its_mass_and_life_time():
    origin = KShortConfig(z_mm=(101_000.0, 101_000.001), momentum_gev=(50.0, 1e-9), divergence_rad=0.0)
    pair = draw(Component.K_SHORT, 20_000, STRAIGHT, ProcessesConfig(k_short=origin))
    assert mass(*(track[0] for track in pair.tracks)) == pytest.approx(KSHORT_MASS_GEV, abs=1e-6)
    path = pair.z_vertex - 101_000.0
    assert path.mean() == pytest.approx(50.0 / KSHORT_MASS_GEV * 26.844, rel=0.04)
    assert path.std() == pytest.approx(path.mean(), rel=0.04)


def test_kaon_decays_stay_inside_their_dalitz_plots():
    for component, lost in ((Component.K_PLUS_3PI, PION_MASS_GEV), (Component.K_PLUS_E4, 0.000511)):
        pair = draw(component, 20_000, STRAIGHT)
        m = mass(*(track[0] for track in pair.tracks))
        assert m.min() > 2 * PION_MASS_GEV - 1e-6
        assert m.max() < KAON_MASS_GEV - lost
        assert m.max() > KAON_MASS_GEV - lost - 0.01
    photons = draw(Component.K_PLUS_3PI, 20_000).others[0]
    assert photons.kind is Kind.PHOTON
    assert len(photons) == pytest.approx(5000, abs=5 * np.sqrt(20_000 * 0.25 * 0.75))


def test_upstream_vertices_are_upstream_and_ke4_lies_in_the_tank():
    assert np.all(draw(Component.UPSTREAM, 2000).z_vertex < 105_000.0)
    z = draw(Component.K_PLUS_E4, 2000).z_vertex
    assert z.min() > 105_000.0 and z.max() < 180_000.0 and z.std() == pytest.approx(75_000 / np.sqrt(12), rel=0.05)


@pytest.mark.parametrize("component", PROCESS_LIST)
def test_numbers_of_200_seeds_are_poisson(component):
    rows = {row.component: row for row in backgrounds(PROCESSES, DETECTOR, CURVE)}
    row, mean = rows[component], 4.0
    pot = mean / row.per_pot
    counts = []
    for seed in range(200):
        rng = stream(seed, 0, component)
        n = int(rng.poisson(row.per_pot * pot))
        particles = row.draw(rng, np.zeros(n))
        assert len(particles) == 2 * n
        counts.append(len(particles) // 2)
    expected = 200 * np.array([np.exp(-mean) * mean**k / np.prod(np.arange(1, k + 1), initial=1.0) for k in range(10)])
    seen = np.bincount(counts, minlength=11)
    table = np.append(seen[:10], seen[10:].sum())
    expected = np.append(expected, 200 - expected.sum())
    assert np.sum((table - expected) ** 2 / expected) < 10 + 5 * np.sqrt(20)


def test_components_share_no_random_numbers():
    rows = backgrounds(PROCESSES, DETECTOR, CURVE)
    first = {row.component: row.draw(stream(3, 1, row.component, 2), np.zeros(2000)) for row in rows}
    k3, ke4, kmu4 = (first[c].p[:2000] for c in PROCESS_LIST[-3:])
    for a, b in ((k3, ke4), (k3, kmu4), (ke4, kmu4)):
        assert abs(np.corrcoef(a, b)[0, 1]) < 5 / np.sqrt(2000)
    for row in reversed(rows):
        again = row.draw(stream(3, 1, row.component, 2), np.zeros(2000))
        assert np.array_equal(again.x, first[row.component].x)


def test_adding_a_process_changes_no_other_hits():
    beam = BeamConfig(spill_seconds=0.1, pot_per_spill=5e10, pot_relative_noise=0.0)
    many = PROCESSES.model_copy(
        update={"k_plus": KPlusConfig(selected_per_pot=2e-9), "prompt_mumu": PromptMuMuConfig(selected_per_pot=0.0)}
    )
    more = many.model_copy(update={"prompt_mumu": PromptMuMuConfig(selected_per_pot=2e-10)})
    found = []
    for processes in (None, many, more):
        source = EmulatedDetector(beam, DETECTOR, 5, processes)
        hits = Counter()
        for batch in source.burst(0).slices():
            block = batch.blocks["straw"]
            hits.update(zip(block.time.tolist(), block.fields["x"].tolist(), block.fields["p"].tolist(), strict=True))
        found.append(hits)
    assert not found[0] - found[1] and not found[1] - found[2]
    assert sum(found[0].values()) < sum(found[1].values()) < sum(found[2].values())


def test_processes_of_halo_muons_follow_b2_and_the_others_do_not():
    at = {}
    for current in (-250.0, 0.0):
        beam = BeamConfig(b2_current_a=current)
        rows = process_components(beam, DETECTOR, CURVE, PROCESSES, SignalConfig())
        at[current] = {row.component: row.per_pot for row in rows}
    for component in PROCESS_LIST:
        ratio = at[0.0][component] / at[-250.0][component]
        assert ratio > 1.2 if component in (Component.PROMPT_MUMU, Component.PROMPT_EE) else ratio == 1.0


def test_a_particle_that_flies_upstream_exists_nowhere():
    vertex, momenta = np.array([[0.0, 0.0, 150e3]] * 2), np.array([[0.1, 0.0, 5.0], [0.1, 0.0, -5.0]])
    both = born(Kind.PION, np.zeros(2), vertex, momenta, 1, CURVE)
    twice = joined((both, both))
    assert len(twice) == 4 and twice.kind is Kind.PION
    for z in (102_400.0, 150_000.0, 183_508.0):
        x, _ = positions(both, CURVE, z)
        assert np.isnan(x[1]) and np.isnan(x[0]) == (z < 150_000.0)


def test_yields_out_of_reach_and_bad_numbers_are_refused():
    lost = ProcessesConfig(k_plus=KPlusConfig(slope_x_rad=(0.5, 1e-3)))
    with pytest.raises(ConfigError, match="none of 400000 K_PLUS_3PI events"):
        fraction(Component.K_PLUS_3PI, lost, DETECTOR.halo, -1, ANTI0)
    off = lost.model_copy(update={"k_plus": lost.k_plus.model_copy(update={"selected_per_pot": 0.0})})
    assert {r.component: r.per_pot for r in backgrounds(off, DETECTOR, CURVE)}[Component.K_PLUS_3PI] == 0.0
    for bad in (
        {"upstream_z_mm": (2.0, 1.0)},
        {"transfer": (0.0, 0.5)},
        {"transfer": (0.1, 1.5)},
        {"z_mm": (105e3, 190e3)},
        {"share_shape": (0.0, 1.0)},
    ):
        with pytest.raises(
            ValueError, match=r"wanted low|wanted, got|not emulated|less than or equal to 1|greater than or equal"
        ):
            InteractionConfig(**bad)
    with pytest.raises(ValueError, match="less than or equal to 0"):
        ProcessesConfig(neutrino_per_pot=1e-20)
    with pytest.raises(ConfigError, match="next to nothing"):
        keep_drawing(5, lambda m: (np.empty(0),), "a test")
