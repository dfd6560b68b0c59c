"""Every decay that the emulator makes conserves energy and momentum; daughters are where they claim to be."""

import importlib

import numpy as np
import pytest

from daq.config.beam import BeamConfig
from daq.config.detector import DetectorConfig
from daq.config.processes import KPlusConfig, ProcessesConfig
from daq.config.signal import InjectionConfig, SignalConfig
from daq.geometry.field import residual_field
from daq.geometry.planes import MAGNET_CENTRE_MM, Z_REFERENCE_MM, planes
from daq.source.emulator import EmulatedDetector
from daq.source.modes import RunMode
from daq.source.particles import Kind
from daq.source.processes.births import born
from daq.source.processes.decays import energies
from daq.source.processes.pairs import selected
from daq.source.processes.table import pair_draws
from daq.source.propagation import path_curve, positions
from daq.source.signal.final_states import FINAL_STATES
from daq.source.signal.injection import draw_injected
from daq.source.signal.sample import SignalSource
from daq.source.streams import Component, stream

CURVE = path_curve(-1)
DETECTOR = DetectorConfig()
PROCESSES = ProcessesConfig(k_plus=KPlusConfig(photon_fraction=0.5))
PROCESS_LIST = [c for c in Component if Component.PROMPT_MUMU <= c <= Component.K_PLUS_MU4]
MODULES = (
    "processes.prompt",
    "processes.hadrons",
    "processes.kaons",
    "signal.final_states",
    "signal.mesons",
    "signal.bmesons",
)


@pytest.fixture
def decays(monkeypatch):
    """(parents, mass, daughter masses, daughters) of every decay that is made from here on."""
    seen = []
    for name in MODULES:
        module = importlib.import_module(f"daq.source.{name}")

        def spy(rng, momenta, mass, daughters, original=module.decay):
            out = original(rng, momenta, mass, daughters)
            seen.append((np.array(momenta), mass, daughters, out.copy()))
            return out

        monkeypatch.setattr(module, "decay", spy)
    return seen


def worst(decays_):
    """Largest violation of energy and momentum over the energy of the parent."""
    found = 0.0
    for momenta, mass, daughters, out in decays_:
        before = energies(momenta, mass)
        after = sum(energies(out[k], m) for k, m in enumerate(daughters))
        lost = np.linalg.norm(out.sum(axis=0) - momenta, axis=1)
        found = max(found, float(np.max(np.maximum(abs(after - before), lost) / before, initial=0.0)))
    return found


BODIES = {
    Component.PROMPT_MUMU: {2},
    Component.PROMPT_EE: set(),
    Component.UPSTREAM: set(),
    Component.K_SHORT: {2},
    Component.K_PLUS_3PI: {3, 4},
    Component.K_PLUS_E4: {4},
    Component.K_PLUS_MU4: {4},
}


@pytest.mark.parametrize("component", PROCESS_LIST)
def test_decays_of_the_processes_conserve_energy_and_momentum(component, decays):
    pair = pair_draws(PROCESSES, DETECTOR.halo, CURVE)[component](np.random.default_rng(1), np.zeros(2000))
    assert {len(daughters) for _, _, daughters, _ in decays} == BODIES[component]
    assert worst(decays) < 1e-9
    # the tracks have the momenta of the daughters, and nothing else has
    if component >= Component.K_SHORT:
        drawn = np.concatenate([out[:2].reshape(-1, 3) for *_, out in decays])
        tracks = np.concatenate([track[0].p for track in pair.tracks])
        assert np.sort(tracks) == pytest.approx(np.sort(np.linalg.norm(drawn, axis=1)), rel=1e-12)


@pytest.mark.parametrize(
    ("mode", "mass", "parents"),
    [("brems", 1.6, 0), ("phi_eta", 0.3, 1), ("eta_gamma", 0.3, 1), ("b_k_scalar", 1.4, 1), ("b_kstar_alp", 1.4, 1)],
)
def test_decays_of_signals_conserve_energy_and_momentum(mode, mass, parents, decays):
    """Production by meson and B decays, and all nine final states with their pi0 and eta: a chain of decays."""
    source = SignalSource(SignalConfig(), CURVE)
    states = [name for name, (charged, neutrals) in FINAL_STATES.items() if 2 * charged.mass_gev + sum(neutrals) < mass]
    assert len(states) == 9 or mass < 1.0
    for final in states:
        decays.clear()
        made = source.draw(np.random.default_rng(2), 1000, mass, 1e-6, mode, final)
        neutral = [m for m in FINAL_STATES[final][1] if m > 0.0]
        assert len(decays) == 1 + parents + len(neutral), final
        assert worst(decays) < 1e-9, final
        # each decays what the one before made: nothing is lost in between
        final_decay = decays[parents]
        assert np.array_equal(final_decay[0], made.truth.momentum)
        if parents:
            assert np.array_equal(decays[0][3][0], made.truth.momentum)
        for photons, k in zip(decays[parents + 1 :], range(len(neutral)), strict=True):
            assert np.array_equal(photons[0], final_decay[3][2 + k])


def test_a_decay_that_loses_energy_is_seen(decays):
    rng = np.random.default_rng(1)
    pair_draws(PROCESSES, DETECTOR.halo, CURVE)[Component.K_PLUS_E4](rng, np.zeros(50))
    momenta, mass, daughters, out = decays[0]
    assert worst([(momenta, mass, daughters, out * (1.0 + 1e-8))]) > 1e-9
    assert worst([(momenta, mass, (*daughters[:3], 0.01), out)]) > 1e-9


def test_particles_are_born_with_their_momentum_in_the_field():
    """State at 180 m taken back to the vertex through the field: the direction there is that of the momentum."""
    rng = np.random.default_rng(3)
    n = 500
    vertex = np.stack((rng.normal(0, 100, n), rng.normal(0, 100, n), rng.uniform(105e3, 180e3, n)), axis=1)
    momenta = np.stack((rng.normal(0, 0.1, n), rng.normal(0, 0.1, n), rng.uniform(5, 80, n)), axis=1)
    charge = rng.choice([-1, 1], n).astype(np.int8)
    made = born(Kind.PION, np.zeros(n), vertex, momenta, charge, CURVE)
    for row in range(0, n, 10):
        x, y = slow_path(made, row, vertex[row, 2])
        assert (x, y) == pytest.approx(tuple(vertex[row, :2]), abs=1e-6)
        beyond, _ = slow_path(made, row, vertex[row, 2] + 1e-3)
        # between two grid points of the field the path is straight
        assert (beyond - x) / 1e-3 == pytest.approx(momenta[row, 0] / momenta[row, 2], abs=1e-6 / made.p[row] + 2e-6)


def slow_path(particles, row, z):
    """Position at Z: field of the tank from its table, thin kick of MNP33; written a second time."""
    field, p = residual_field(), particles
    k = p.charge[row] / p.p[row]
    grid = 95_000.0 + 250.0 * np.arange(351)
    inside = min(z, grid[-1])
    bend = [
        np.interp(inside, grid, field.displacement[:, axis]) + (z - inside) * field.slope[-1, axis] for axis in (0, 1)
    ]
    kick = -0.27 * max(0.0, z - MAGNET_CENTRE_MM)
    step = z - Z_REFERENCE_MM
    return p.x[row] + p.tx[row] * step + k * (bend[0] + kick), p.y[row] + p.ty[row] * step + k * bend[1]


def in_triple_acceptance_slow(particles, row):
    """CHOD, LKr and MUV3, particle by particle."""
    x, y = slow_path(particles, row, planes()["CHOD_tiles_centre"].z_mm)
    chod = 140.0 < np.hypot(x, y) < 1070.0
    x, y = slow_path(particles, row, planes()["LKr_front"].z_mm)
    lkr = np.hypot(x, y) > 150.0 and max(abs(x), abs(y)) < 1130.0 and abs(x) + abs(y) < 1130.0 * np.sqrt(2.0)
    x, y = slow_path(particles, row, planes()["MUV3"].z_mm)
    return bool(chod and lkr and np.hypot(x, y) > 103.0 and max(abs(x), abs(y)) < 1320.0)


def test_muons_of_two_track_bursts_cross_the_triple_acceptance():
    beam = BeamConfig(spill_seconds=0.4, pot_per_spill=4.2e11)
    source = EmulatedDetector(beam, DetectorConfig(modes={"spills_per_burst": 60}), 3, mode=RunMode.TWO_TRACK)
    part = source.recipe.parts[0]
    muons = part.draw(stream(3, 0, part.component, 1), 1)
    assert len(muons) > 80
    assert all(in_triple_acceptance_slow(muons, row) for row in range(len(muons)))


@pytest.mark.parametrize("component", PROCESS_LIST)
def test_selected_pairs_cross_every_plane_of_the_selection(component):
    """Plane by plane with the slow path; a pion that became a muon is looked at on its own two pieces."""
    pair = pair_draws(PROCESSES, DETECTOR.halo, CURVE)[component](np.random.default_rng(5), np.zeros(6000))
    muons = component is Component.PROMPT_MUMU
    chosen = np.flatnonzero(selected(pair, CURVE, 1080.0, (0.0, 180e3), muons))
    assert len(chosen) > 20
    limits = [("CHOD_tiles_centre", 140.0, 1070.0), ("NA48CHOD_V", 130.0, 1100.0), ("NA48CHOD_H", 130.0, 1100.0)]
    for row in chosen[:100]:
        for pieces in pair.tracks:
            for plane, inner, outer in limits:
                z = planes()[plane].z_mm
                piece = next(p for p in pieces if p.z_start[row] <= z <= p.z_end[row])
                assert inner < np.hypot(*slow_path(piece, row, z)) < outer, plane
            assert max(piece.p[row] for piece in pieces) > 10.0
            z = planes()["ANTI0"].z_mm
            assert min(np.hypot(*slow_path(piece, row, z)) for piece in pieces) < 1080.0


def test_vertices_are_in_the_ranges_that_they_claim():
    signal = SignalConfig(injection=InjectionConfig(enabled=True, mass_gev=0.3, coupling=2e-6))
    made = draw_injected(np.random.default_rng(1), np.zeros(5000), signal, CURVE)
    assert 102_000.0 <= made.z_start.min() and made.z_start.max() <= 180_000.0
    draws = pair_draws(PROCESSES, DETECTOR.halo, CURVE)
    claims = {
        Component.PROMPT_MUMU: (101_000.0, 182_000.0),
        Component.PROMPT_EE: (101_000.0, 182_000.0),
        Component.UPSTREAM: (101_000.0, 104_500.0),
        Component.K_PLUS_3PI: (105_000.0, 180_000.0),
        Component.K_PLUS_E4: (105_000.0, 180_000.0),
        Component.K_PLUS_MU4: (105_000.0, 180_000.0),
    }
    for component, (low, high) in claims.items():
        z = draws[component](np.random.default_rng(2), np.zeros(3000)).z_vertex
        assert low <= z.min() and z.max() <= high, component
        x, _ = positions(draws[component](np.random.default_rng(2), np.zeros(50)).tracks[0][0], CURVE, low - 1.0)
        assert np.all(np.isnan(x)), component
