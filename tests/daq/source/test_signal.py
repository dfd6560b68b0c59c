"""Signals: production, flight, decays, weights, injection."""

from typing import get_args

import numpy as np
import pytest

from daq.config.signal import BMesonConfig, BremsConfig, FinalState, InjectionConfig, Mode, SignalConfig
from daq.errors import ConfigError
from daq.geometry.field import no_field
from daq.source.particles import Kind
from daq.source.processes.decays import energies
from daq.source.propagation import PathCurve, path_curve
from daq.source.signal.bmesons import draw_b_mesons, scalar_branching
from daq.source.signal.brems import brems_table, draw_brems
from daq.source.signal.constants import HBAR_C_GEV_MM
from daq.source.signal.final_states import FINAL_STATES, PI0, masses_of, photon_branching
from daq.source.signal.injection import draw_injected, injected_per_pot, injection
from daq.source.signal.mesons import MESON_MODES, draw_mesons, meson_branching, meson_spectra
from daq.source.signal.production import model_of, yield_per_pot
from daq.source.signal.sample import SignalSource, branching
from daq.source.signal.widths import alp_widths, scalar_widths, total_width

SIGNAL = SignalConfig()
STRAIGHT = PathCurve(no_field(), 0.0)
SOURCE = SignalSource(SIGNAL, STRAIGHT)


def momenta(particles):
    direction = np.stack((particles.tx, particles.ty, np.ones(len(particles))), axis=1)
    return particles.p[:, None] * direction / np.linalg.norm(direction, axis=1)[:, None]


def sample(n=5000, mass=0.411, coupling=1e-6, mode="brems", final_state="mumu", seed=1, source=SOURCE):
    return source.draw(np.random.default_rng(seed), n, mass, coupling, mode, final_state)


@pytest.mark.parametrize(("mass", "published"), [(0.215, 1.62e-2), (0.5, 0.99e-2)])
def test_bremsstrahlung_probability_is_that_of_the_notes(mass, published):
    """Emulator notes, section 4: P over epsilon^2 for E > 10 GeV."""
    p = np.linalg.norm(draw_brems(np.random.default_rng(1), 200_000, mass, BremsConfig()), axis=1)
    above = np.mean(np.hypot(p, mass) > 10.0)
    assert brems_table(mass, BremsConfig()).per_eps2 * above == pytest.approx(published, rel=0.03)


def test_bremsstrahlung_spectrum_is_the_formula():
    """Against the formula typed a second time and integrated on another grid."""
    mass, big_m, energy = 0.3, 0.93827208816, 400.0011
    drawn = draw_brems(np.random.default_rng(2), 300_000, mass, BremsConfig())
    z = np.hypot(np.linalg.norm(drawn, axis=1), mass) / energy

    def sigma(s):
        return 35.45 + 0.308 * np.log(s / 28.94) ** 2 + 42.53 * s**-0.458 - 33.34 * s**-0.545

    edges = np.linspace(0.02, 0.95, 32)
    fine = np.linspace(0.02, 0.95, 31 * 40 + 1)
    zz = ((fine[1:] + fine[:-1]) / 2)[:, None]
    pt2 = np.linspace(0, 1, 2001)[None, :]
    pt2 = (pt2[:, 1:] + pt2[:, :-1]) / 2
    h = pt2 + (1 - zz) * mass**2 + zz**2 * big_m**2
    f = (1 + (1 - zz) ** 2) / zz
    f = f - 2 * zz * (1 - zz) * ((2 * big_m**2 + mass**2) / h - 2 * zz**2 * big_m**4 / h**2)
    f = f + 2 * zz * (1 - zz) * (1 + (1 - zz) ** 2) * big_m**2 * mass**2 / h**2
    f = f + 2 * zz * (1 - zz) ** 2 * mass**4 / h**2
    s, rest = 2 * big_m * energy + 2 * big_m**2, 2 * big_m * energy * (1 - zz) + 2 * big_m**2
    density = (f / h).sum(axis=1) * (sigma(rest) / sigma(s))[:, 0]
    total = density.mean() * 0.93 / 2000 / (2 * np.pi * 137.035999)
    assert brems_table(mass, BremsConfig()).per_eps2 == pytest.approx(total, rel=0.01)
    expected = density.reshape(31, 40).sum(axis=1)
    expected *= len(z) / expected.sum()
    seen, _ = np.histogram(z, edges)
    assert np.sum((seen - expected) ** 2 / expected) < 31 + 6 * np.sqrt(62)
    pt = np.hypot(drawn[:, 0], drawn[:, 1])
    assert pt.max() <= 1.0


def test_the_switches_of_the_formula_make_a_difference():
    plain = brems_table(0.3, BremsConfig()).per_eps2
    assert brems_table(0.3, BremsConfig(s_prime="(M+E)2(1-z)")).per_eps2 > 1.2 * plain
    assert 0.9 * plain < brems_table(0.3, BremsConfig(mixed_term="z+(1-z)^2")).per_eps2 < plain


@pytest.mark.parametrize("final_state", get_args(FinalState))
def test_daughters_conserve_energy_momentum_and_charge(final_state):
    made = sample(2000, mass=1.6, final_state=final_state)
    charged, _ = FINAL_STATES[final_state]
    blocks = [(made.particles, charged.mass_gev), *((photons, 0.0) for photons in made.particles.companions)]
    energy, momentum, complete = np.zeros(2000), np.zeros((2000, 3)), np.ones(2000, bool)
    for block, mass in blocks:
        assert len(block) % 2000 == 0
        complete &= np.all(np.isinf(block.z_end.reshape(-1, 2000)), axis=0)  # none of them flies upstream
        for start in range(0, len(block), 2000):
            p = momenta(block)[start : start + 2000]
            energy += energies(p, mass)
            momentum += p
    assert complete.mean() > 0.9
    assert np.max(np.abs(energy - energies(made.truth.momentum, 1.6))[complete]) < 1e-9 * 400
    assert np.max(np.abs(momentum - made.truth.momentum)[complete]) < 1e-9 * 400
    assert np.all(made.particles.charge.reshape(2, 2000) == np.array([[1], [-1]]))
    assert np.all(np.concatenate([block.charge for block in made.particles.companions] or [np.zeros(1)]) == 0)


def test_photons_come_in_pairs_of_the_mass_of_the_pi0_from_the_vertex():
    made = sample(3000, mass=1.2, final_state="pipipi0pi0")
    photons = made.particles.companions[0]
    assert photons.kind is Kind.PHOTON and len(photons) == 4 * 3000
    p = momenta(photons).reshape(4, 3000, 3)
    forward = np.isinf(photons.z_end.reshape(4, 3000))
    assert forward.mean() > 0.95
    for first, second in ((0, 1), (2, 3)):
        energy = np.linalg.norm(p[first], axis=1) + np.linalg.norm(p[second], axis=1)
        m2 = energy**2 - np.sum((p[first] + p[second]) ** 2, axis=1)
        assert np.sqrt(m2[forward[first] & forward[second]]) == pytest.approx(PI0, abs=1e-6)
    assert photons.z_start == pytest.approx(np.tile(made.truth.vertex[:, 2], 4))


def test_signals_point_back_to_the_tax():
    made = sample(20_000)
    v, p = made.truth.vertex, made.truth.momentum
    daughters = momenta(made.particles)
    total = daughters[:20_000] + daughters[20_000:]
    assert total == pytest.approx(p, abs=1e-6)
    dx, dy, pt2 = v[:, 0], v[:, 1] + 22.0, total[:, 0] ** 2 + total[:, 1] ** 2
    z_tax = v[:, 2] - total[:, 2] * (dx * total[:, 0] + dy * total[:, 1]) / pt2
    cda = np.abs(dx * total[:, 1] - dy * total[:, 0]) / np.sqrt(pt2)
    weight = made.weight * (np.abs(z_tax - 23_070.0) < 40_000.0)
    assert np.average(z_tax, weights=weight) == pytest.approx(23_220.0, abs=300.0)
    assert np.sqrt(np.average(cda**2, weights=weight)) < 4.7
    assert np.average(made.truth.origin[:, 2] - 23_070.0, weights=weight) == pytest.approx(153.0, abs=10.0)


def test_decays_are_flat_in_z_and_weights_give_the_decay_probability():
    made = sample(40_000)
    counts, _ = np.histogram(made.truth.vertex[:, 2], np.linspace(102e3, 180e3, 41))
    assert np.sum((counts - 1000.0) ** 2 / 1000.0) < 40 + 5 * np.sqrt(80)
    start = 102e3 - made.truth.origin[:, 2]
    mean = made.truth.decay_length_mm
    exact = np.exp(-start / mean) - np.exp(-(start + 78e3) / mean)
    assert np.mean(made.weight * made.range_mm) == pytest.approx(exact.mean(), rel=0.03)
    assert made.expected(1.4e17) == pytest.approx(1.4e17 * made.per_pot * exact.mean(), rel=0.03)
    assert made.expected(1.4e17, np.zeros(40_000, bool)) == 0.0
    width = total_width("photon", 0.411, 1e-6)
    p = np.linalg.norm(made.truth.momentum, axis=1)
    assert mean == pytest.approx(p / 0.411 * HBAR_C_GEV_MM / width)


def test_a_short_life_time_shows_in_the_weights():
    long, short = sample(coupling=1e-8), sample(coupling=2e-6)
    near = long.truth.vertex[:, 2] < 120e3
    assert np.array_equal(long.truth.vertex, short.truth.vertex)
    assert short.weight[near].mean() / short.weight[~near].mean() > 1.5
    assert long.weight[near].mean() / long.weight[~near].mean() == pytest.approx(1.0, abs=0.2)


def test_injected_decays_are_the_weighted_ones():
    signal = SignalConfig(injection=InjectionConfig(enabled=True, mass_gev=0.3, coupling=2e-6))
    assert injection(SIGNAL, STRAIGHT) is None
    per_pot, draw = injection(signal, STRAIGHT)
    weighted = sample(200_000, mass=0.3, coupling=2e-6)
    assert per_pot == pytest.approx(weighted.expected(1.0), rel=0.03)
    assert injected_per_pot(
        signal.model_copy(update={"injection": signal.injection.model_copy(update={"yield_factor": 10.0})})
    ) == pytest.approx(10 * per_pot)
    particles = draw(np.random.default_rng(3), np.zeros(20_000))
    p = np.linalg.norm(momenta(particles)[:20_000] + momenta(particles)[20_000:], axis=1)
    w, true_p = weighted.weight * weighted.range_mm, np.linalg.norm(weighted.truth.momentum, axis=1)
    for values, reference, edges in (
        (p, true_p, np.linspace(8, 200, 17)),
        (particles.z_start[:20_000], weighted.truth.vertex[:, 2], np.linspace(102e3, 180e3, 17)),
    ):
        expected, _ = np.histogram(reference, edges, weights=w)
        variance, _ = np.histogram(reference, edges, weights=w**2)
        seen, _ = np.histogram(values, edges)
        scale = seen.sum() / expected.sum()
        chi2 = np.sum((seen - scale * expected) ** 2 / (seen + scale**2 * variance + 1.0))
        assert chi2 < 16 + 5 * np.sqrt(32)
    empty = draw_injected(np.random.default_rng(3), np.zeros(0), signal, STRAIGHT)
    assert len(empty) == 0


@pytest.mark.parametrize("mode", get_args(Mode))
def test_every_mode_makes_particles_of_its_mass(mode):
    mass = {"pi0_gamma": 0.05, "rho_eta": 0.2, "omega_eta": 0.2}.get(mode, 0.3)
    made = sample(3000, mass=mass, mode=mode, final_state="ee", coupling=1e-6)
    daughters = momenta(made.particles)
    forward = made.truth.momentum[:, 2] > 0.0
    total, each = daughters[:3000] + daughters[3000:], energies(daughters, 0.00051099895)
    m2 = (each[:3000] + each[3000:]) ** 2 - np.sum(total**2, axis=1)
    whole = forward & (made.particles.z_end.reshape(2, -1).min(axis=0) > 1e300)
    assert np.sqrt(m2[whole]) == pytest.approx(mass, rel=1e-4)
    assert np.all(made.weight[~forward] == 0.0) and np.all(made.weight >= 0.0)
    assert whole.mean() > 0.8
    assert yield_per_pot(mode, mass, 1e-6, SIGNAL) > 0.0


def test_yields_scale_with_the_coupling_as_their_models_say():
    for mode, power in (("brems", 2), ("eta_gamma", 2), ("b_k_scalar", 2), ("b_k_alp", 0)):
        ratio = yield_per_pot(mode, 0.3, 2e-6, SIGNAL) / yield_per_pot(mode, 0.3, 1e-6, SIGNAL)
        assert ratio == pytest.approx(2.0**power)
    assert total_width("alp", 0.3, 2e-5) / total_width("alp", 0.3, 1e-5) == pytest.approx(4.0)


def test_meson_table_and_draws_from_it():
    spectra = meson_spectra()
    assert set(spectra) == {"pi0", "eta", "etap", "rho", "omega", "phi"}
    # emulator notes, section 5, mesons above 10 GeV: eta .28, eta' .042, rho .38, omega .39, phi .015
    for meson, published in (("eta", 0.28), ("etap", 0.042), ("rho", 0.38), ("omega", 0.39), ("phi", 0.015)):
        drawn = draw_mesons(np.random.default_rng(1), 50_000, meson)
        p = np.linalg.norm(drawn, axis=1)
        assert spectra[meson].per_interaction * np.mean(p > 10) == pytest.approx(published, rel=0.15)
        cells = spectra[meson].cells
        content = np.diff(spectra[meson].cumulative, prepend=0.0)
        low = cells[:, 1] <= 20.0
        assert np.mean(p < cells[low, 1].max()) == pytest.approx(content[low].sum(), abs=0.01)
        slow = cells[:, 3] <= 0.3
        assert np.mean(np.hypot(drawn[:, 0], drawn[:, 1]) < 0.3) == pytest.approx(content[slow].sum(), abs=0.01)


def test_meson_branchings():
    assert meson_branching("pi0_gamma", 1e-6) == pytest.approx(2 * 0.98823)
    assert meson_branching("omega_pi0", 1e-6) == pytest.approx(8.35e-2)
    assert meson_branching("eta_gamma", 0.3) == pytest.approx(2 * 0.3936 * (1 - (0.3 / 0.547862) ** 2) ** 3)
    assert meson_branching("pi0_gamma", 0.14) == meson_branching("phi_eta", 0.5) == 0.0


def test_b_mesons_keep_to_the_collision_and_scalar_branching_to_the_literature():
    p = draw_b_mesons(np.random.default_rng(1), 50_000, BMesonConfig())
    energy = energies(p, 5.27934)
    gamma = (400.0011 + 0.93827) / np.sqrt(2 * 0.93827 * (0.93827 + 400.0011))
    along = gamma * (p[:, 2] - np.sqrt(1 - 1 / gamma**2) * energy)
    assert np.hypot(along, np.hypot(p[:, 0], p[:, 1])).max() < 12.0  # sqrt(s)/2 = 13.7, less the recoil
    assert abs(along.mean()) < 0.05
    assert 0.38 < scalar_branching("k", 0.3) < 0.50
    assert scalar_branching("k", 4.79) == scalar_branching("kstar", 4.39) == 0.0
    assert scalar_branching("k", 4.77) < scalar_branching("k", 0.3)


def test_scalar_and_alp_widths():
    assert scalar_widths(0.25, 1.0)["mumu"] == pytest.approx(2.801e-10, rel=0.01)
    assert scalar_widths(0.6, 1.0)["mumu"] == pytest.approx(3.604e-9, rel=0.01)
    assert scalar_widths(0.25, 1.0)["pipi"] == 0.0 < scalar_widths(0.3, 1.0)["pipi"]
    assert alp_widths(0.05, 1e-3)["ee"] == pytest.approx(5.1937e-16, rel=1e-3)
    assert alp_widths(0.2, 1e-3)["mumu"] == 0.0


def test_branching_of_free_final_states_and_of_photons():
    assert branching("brems", 1.5, 1e-6, "pipieta") == 1.0
    assert photon_branching("pipi") == photon_branching("pipigamma") == 1.0
    assert photon_branching("pipipi0pi0") == pytest.approx(0.98823**2)
    assert masses_of("kkpi0") == pytest.approx((0.493677, 0.493677, 0.1349768))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mode": "drell_yan"}, "no production mode 'drell_yan'"),
        ({"final_state": "gg"}, "no final state 'gg'"),
        ({"coupling": 0.0}, "both must be above 0"),
        ({"mass": -1.0}, "both must be above 0"),
        ({"mass": 0.001, "final_state": "ee"}, "decays to nothing"),
        ({"mass": 0.2}, "not possible"),
        ({"mode": "pi0_gamma", "mass": 0.3}, "pi0 of 0.1349768 GeV cannot give"),
        ({"mode": "b_kstar_scalar", "mass": 4.5}, "widths of a dark scalar are known up to 1.99 GeV"),
        ({"mode": "b_kstar_alp", "mass": 4.5}, "cannot make X of 4.5"),
        ({"n": -1}, "wanted 0 or more"),
    ],
)
def test_impossible_signals_are_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        sample(**({"n": 5} | change))
    for bad in ({"decay_z_mm": (180e3, 102e3)}, {"decay_z_mm": (20e3, 102e3)}):
        with pytest.raises(ValueError, match="decay_z_mm"):
            SignalConfig(**bad)
    with pytest.raises(ValueError, match=r"brems\.z"):
        BremsConfig(z=(0.5, 0.2))


def test_model_names_cover_all_modes_and_mesons():
    assert {model_of(mode) for mode in get_args(Mode)} == {"photon", "scalar", "alp"}
    assert set(MESON_MODES) < set(get_args(Mode))
    assert set(FINAL_STATES) == set(get_args(FinalState))


def test_times_are_taken_over_and_the_field_bends():
    time = 100.0 * np.arange(50)
    source = SignalSource(SIGNAL, path_curve(-1))
    made = source.draw(np.random.default_rng(1), 50, 0.411, 1e-6, "brems", "mumu", time)
    assert np.array_equal(made.particles.time, np.tile(time, 2))
    straight = SOURCE.draw(np.random.default_rng(1), 50, 0.411, 1e-6, "brems", "mumu", time)
    assert not np.allclose(made.particles.x, straight.particles.x, atol=1e-3)
