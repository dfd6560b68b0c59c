"""Halo muons against the figures of the emulator notes, 1.3, loosely: the notes' own model was not kept."""

import numpy as np
import pytest

from daq.config.detector import HaloConfig
from daq.errors import ConfigError
from daq.geometry.planes import STRAW_HOLE_CENTRE_X_MM, lav_stations, planes
from daq.source.acceptance import in_annulus, in_square, in_triple_acceptance
from daq.source.halo import halo_acceptance, hard_muons, soft_muons
from daq.source.propagation import path_curve, positions
from daq.source.streams import Component

N = 200_000


@pytest.fixture(scope="module")
def muons():
    curve = path_curve(-1)
    particles = hard_muons(np.random.default_rng(1), np.zeros(N), HaloConfig(), curve)
    triple = in_triple_acceptance(particles, curve)
    selected = triple & (particles.p > 10.0)
    for name, centre in zip(("STRAW1", "STRAW2", "STRAW3", "STRAW4"), STRAW_HOLE_CENTRE_X_MM, strict=True):
        selected &= in_annulus(*positions(particles, curve, planes()[name].z_mm), name, centre)
    for name in ("NA48CHOD_V", "NA48CHOD_H"):
        selected &= in_annulus(*positions(particles, curve, planes()[name].z_mm), name)
    for name in ("MUV1", "MUV2"):
        selected &= in_square(*positions(particles, curve, planes()[name].z_mm), name)
    x, y = positions(particles, curve, lav_stations()[-1][1])
    selected &= np.hypot(x, y) < lav_stations()[-1][3]
    x, y = positions(particles, curve, planes()["ANTI0"].z_mm)
    selected &= np.hypot(x, y) < 1080.0
    return particles, triple, selected


@pytest.mark.parametrize(
    ("charge", "x", "y", "tx"),
    [(1, (208, 360), (81, 380), (-0.29, 1.91)), (-1, (-256, 378), (-83, 409), (0.45, 1.57))],
)
def test_selected_muons_at_180_m(muons, charge, x, y, tx):
    particles, _, selected = muons
    rows = selected & (particles.charge == charge)
    for values, (mean, sigma), slack in (
        (particles.x, x, 35.0),
        (particles.y, y, 10.0),
        (particles.tx * 1e3, tx, 0.06),
    ):
        assert values[rows].mean() == pytest.approx(mean, abs=slack)
        assert values[rows].std() == pytest.approx(sigma, rel=0.05)


def test_momentum_charge_ratio_and_fraction_of_selected_muons(muons):
    particles, triple, selected = muons
    p = particles.p[selected]
    assert p.mean() == pytest.approx(42.0, rel=0.03)
    assert np.percentile(p, [5, 50, 95]) == pytest.approx([13, 35, 96], rel=0.08)
    positive = np.count_nonzero(particles.charge[selected] > 0)
    assert positive / (selected.sum() - positive) == pytest.approx(2.55, rel=0.10)
    assert selected.sum() / triple.sum() == pytest.approx(0.648, abs=0.035)


def test_muons_pass_through_their_origin_and_carry_their_charge(muons):
    particles, _, _ = muons
    assert np.all((particles.z_start >= 92000.0) & (particles.z_start <= 102400.0))
    assert np.mean(particles.charge == 1) == pytest.approx(0.707, abs=4 * np.sqrt(0.2 / N))
    shifted = particles.charge == -1
    x, _ = positions(particles, path_curve(-1), 102400.0)
    # focusing has acted for 5 m on average, so the shift is read to a few per cent
    assert x[shifted].mean() == pytest.approx(-480.0, abs=15.0)
    assert x[~shifted].mean() == pytest.approx(403.6, abs=15.0)


def test_soft_muons_are_below_the_cut():
    soft = soft_muons(np.random.default_rng(1), np.zeros(10_000), HaloConfig(), path_curve(-1))
    assert 3.5 <= soft.p.min() < 3.6 and 9.9 < soft.p.max() <= 10.0


def test_acceptance_turns_published_muons_into_muons_at_the_origin(muons):
    _, triple, _ = muons
    assert halo_acceptance(Component.HALO_HARD, HaloConfig(), -1) == pytest.approx(triple.mean(), abs=0.006)
    assert 0.08 < halo_acceptance(Component.HALO_SOFT, HaloConfig(), -1) < 0.15


def test_a_halo_that_never_arrives_is_refused():
    lost = HaloConfig(shift_x_mm=(1e5, -1e5))
    with pytest.raises(ConfigError, match="none of"):
        halo_acceptance(Component.HALO_HARD, lost, -1)
