"""Decays in flight: conservation, isotropy, flat Dalitz plots, the plain-Python twin."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daq.errors import ConfigError
from daq.source.processes.decays import decay, energies, two_body_momentum
from daq.units import KAON_MASS_GEV, MUON_MASS_GEV, PION_MASS_GEV
from tests.reference.decays_slow import decay_slow

PI, MU, K = PION_MASS_GEV, MUON_MASS_GEV, KAON_MASS_GEV


def parents(rng, n, p):
    direction = rng.standard_normal((n, 3))
    return p * direction / np.linalg.norm(direction, axis=1)[:, None]


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    p=st.sampled_from([0.0, 1e-6, 0.3, 30.0, 400.0]),
    daughters=st.lists(st.sampled_from([0.0, 0.00051099895, MU, PI, 0.4]), min_size=2, max_size=6),
    free=st.floats(1e-6, 3.0),
)
def test_energy_and_momentum_are_conserved(seed, p, daughters, free):
    rng = np.random.default_rng(seed)
    mass = sum(daughters) + free
    momenta = parents(rng, 20, p)
    out = decay(rng, momenta, mass, tuple(daughters))
    total = sum(energies(out[k], m) for k, m in enumerate(daughters))
    assert np.max(np.abs(total - energies(momenta, mass))) <= 1e-9 * max(1.0, p)
    assert np.max(np.abs(out.sum(axis=0) - momenta)) <= 1e-9 * max(1.0, p)


@pytest.mark.parametrize(
    ("mass", "daughters"), [(0.5, (MU, MU)), (K, (PI, PI, PI)), (K, (PI, PI, 0.0, MU)), (1.2, (PI, PI, 0.135, 0.135))]
)
def test_kernel_agrees_with_plain_python(mass, daughters):
    momenta = parents(np.random.default_rng(1), 200, 75.0)
    fast = decay(np.random.default_rng(2), momenta, mass, daughters)
    rng = np.random.default_rng(2)
    for i, momentum in enumerate(momenta):
        assert fast[:, i] == pytest.approx(decay_slow(rng, momentum, mass, daughters), abs=1e-9)


def test_two_bodies_are_isotropic_and_monochromatic_at_rest():
    rng = np.random.default_rng(3)
    out = decay(rng, np.zeros((200_000, 3)), 0.5, (MU, MU))
    p = np.linalg.norm(out[1], axis=1)
    assert p == pytest.approx(two_body_momentum(0.5, MU, MU), abs=1e-12)
    unit = out[1] / p[:, None]
    for axis in range(3):
        counts, _ = np.histogram(unit[:, axis], np.linspace(-1, 1, 41))
        assert np.sum((counts - 5000.0) ** 2 / 5000.0) == pytest.approx(39, abs=5 * np.sqrt(78))


def test_three_bodies_fill_the_dalitz_plot_evenly():
    rng = np.random.default_rng(4)
    n = 400_000
    first, second, third = decay(rng, parents(rng, n, 20.0), K, (PI, PI, PI))

    def mass2(a, b):
        return (energies(a, PI) + energies(b, PI)) ** 2 - np.sum((a + b) ** 2, axis=1)

    s12, s23 = mass2(first, second), mass2(second, third)
    edges = np.linspace(4 * PI**2, (K - PI) ** 2, 31)
    counts, _, _ = np.histogram2d(s12, s23, (edges, edges))
    corner_inside = []
    for s in edges:
        root = np.sqrt(s)
        e2, e3 = root / 2, (K**2 - s - PI**2) / (2 * root)
        p2, p3 = np.sqrt(max(0, e2**2 - PI**2)), np.sqrt(max(0, e3**2 - PI**2))
        corner_inside.append(((e2 + e3) ** 2 - (p2 + p3) ** 2 <= edges) & (edges <= (e2 + e3) ** 2 - (p2 - p3) ** 2))
    inside = np.array(corner_inside)
    whole = inside[1:, 1:] & inside[:-1, 1:] & inside[1:, :-1] & inside[:-1, :-1]
    seen = counts[whole]
    assert len(seen) > 300
    chi2 = np.sum((seen - seen.mean()) ** 2 / seen.mean())
    assert abs(chi2 - len(seen)) < 5 * np.sqrt(2 * len(seen))


def test_four_body_mass_spectrum_is_that_of_phase_space():
    """dPhi4 / dm12 dm34 ~ p(M; m12, m34) p(m12) p(m34), integrated over m34."""
    rng = np.random.default_rng(5)
    mass, m = 1.0, PI
    out = decay(rng, np.zeros((200_000, 3)), mass, (m, m, m, m))
    pair = out[0] + out[1]
    m12 = np.sqrt((energies(out[0], m) + energies(out[1], m)) ** 2 - np.sum(pair**2, axis=1))
    edges = np.linspace(2 * m, mass - 2 * m, 21)
    grid = np.linspace(2 * m, mass - 2 * m, 801)
    middle = (grid[1:] + grid[:-1]) / 2
    density = np.array(
        [
            sum(two_body_momentum(mass, a, b) * two_body_momentum(b, m, m) for b in middle[::4] if a + b < mass)
            * two_body_momentum(a, m, m)
            for a in middle
        ]
    )
    expected = density.reshape(20, 40).sum(axis=1)
    expected *= len(m12) / expected.sum()
    seen, _ = np.histogram(m12, edges)
    full = expected > 50
    assert np.sum((seen - expected)[full] ** 2 / expected[full]) < full.sum() + 5 * np.sqrt(2 * full.sum())


@pytest.mark.parametrize(("mass", "daughters"), [(0.2, (MU, MU)), (1.0, (MU,)), (1.0, (-0.1, 0.2)), (0.0, (0.0, 0.0))])
def test_impossible_decays_are_refused(mass, daughters):
    with pytest.raises(ConfigError, match="not possible"):
        decay(np.random.default_rng(1), np.zeros((1, 3)), mass, daughters)
