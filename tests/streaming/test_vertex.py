"""Vertex, TAX point and masses: exact table, slow twin with and without field, degenerate input."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daq.geometry.field import no_field, residual_field
from daq.units import ELECTRON_MASS_GEV, KAON_MASS_GEV, MUON_MASS_GEV, PION_MASS_GEV
from streaming.reco.tax import pair_mass, point_back
from streaming.reco.vertex import VertexStatus, default_cells, field_cells, find_vertices
from tests.reference import vertex_slow

TABLE = list(csv.DictReader((Path(__file__).parents[1] / "data" / "kinematics_visible.csv").read_text().splitlines()))
MASSES = {"mumu": MUON_MASS_GEV, "ee": ELECTRON_MASS_GEV, "pipi": PION_MASS_GEV, "KK": KAON_MASS_GEV}


def column(name: str) -> np.ndarray:
    return np.array([float(row[name]) for row in TABLE])


def table_states(i: int) -> np.ndarray:
    names = (f"x_mm_{i}", f"y_mm_{i}", f"z_mm_{i}", f"slope_x_{i}", f"slope_y_{i}")
    p = column(f"p_GeV_{i}") * column(f"dir_z_{i}")
    return np.stack([*map(column, names), p, np.ones(len(TABLE))], axis=1)


@pytest.fixture(scope="module")
def solved():
    first, second = table_states(1), table_states(2)
    found = find_vertices(first, second, None)
    return first, second, found, point_back(found.vertex, found.slopes, first[:, 5].copy(), second[:, 5].copy())


def test_table_vertex_is_exact_to_the_condition_limit(solved):
    first, second, found, _ = solved
    separation = np.linalg.norm(first[:, :3] - second[:, :3], axis=1)
    limit = 1e-15 * separation / np.maximum(column("sin_opening"), 1e-300) + 1e-9
    for name, i in (("vx_mm", 0), ("vy_mm", 1), ("vz_mm", 2)):
        wanted = column(name)
        ok = np.isfinite(wanted)
        assert np.all(np.abs(found.vertex[ok, i] - wanted[ok]) < limit[ok]), name
        assert np.all(np.isnan(found.vertex[~ok, i]))
    assert np.all(np.abs(found.vertex[:, 3] - column("cda_mm")) < 1e-9)


def test_table_status(solved):
    codes = {"ok": VertexStatus.OK, "parallel": VertexStatus.PARALLEL, "identical": VertexStatus.IDENTICAL}
    assert [codes[row["vertex_status"]] for row in TABLE] == solved[2].status.tolist()


def test_table_tax_point_and_regions(solved):
    tax, wanted_z, wanted_cda = solved[3], column("z_tax_mm"), column("cda_tax_mm")
    clear = column("sin_opening") > 1e-8
    ok = np.isfinite(wanted_z) & clear
    assert np.all(np.abs(tax[ok, 0] - wanted_z[ok]) < 1e-6)
    assert np.all(np.isnan(tax[~np.isfinite(wanted_z), 0]))
    known = np.isfinite(wanted_cda) & clear
    assert np.all(np.abs(tax[known, 1] - wanted_cda[known]) < 1e-6)
    signal = (tax[:, 0] > 6000) & (tax[:, 0] < 40000) & (tax[:, 1] < 20)
    assert np.array_equal(signal[clear], (column("in_SR") == 1)[clear])


@pytest.mark.parametrize("name", MASSES)
def test_table_mass(solved, name):
    first, second, found, _ = solved
    got = pair_mass(found.slopes, first[:, 5].copy(), second[:, 5].copy(), MASSES[name], MASSES[name])
    ok = found.status == VertexStatus.OK
    assert np.all(np.abs(got[ok] - column(f"m_{name}_GeV")[ok]) < 1e-9)
    assert np.all(np.isnan(got[~ok]))


SLOPE = st.floats(-0.02, 0.02)
TRACK = st.tuples(
    st.floats(-1000, 1000), st.floats(-1000, 1000), st.just(180000.0), SLOPE, SLOPE, st.floats(3.0, 250.0),
    st.sampled_from([-1.0, 1.0]),
)  # fmt: skip
SPECIAL = st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 1e300, -1e300, 5e-324])


def both(first, second, cells):
    """Kernel result of one pair."""
    return find_vertices(np.array([first], float), np.array([second], float), cells)


def sine(first, second) -> float:
    u, v = np.array([*first[3:5], 1.0]), np.array([*second[3:5], 1.0])
    return float(np.linalg.norm(np.cross(u, v)))


def check_against_twin(first, second, field):
    if sine(first, second) < 1e-7:
        return  # the condition limit is metres there; the exact table covers such pairs
    got = both(first, second, None if field is None else field_cells(field))
    wanted = vertex_slow.vertex(first, second, field)
    if wanted.status != 0 or wanted.edge_mm < 1e-3:
        return
    assert got.status[0] == 0
    scale = 1e-9 + 1e-15 * 2e5 / sine(first, second)
    for i in range(3):
        assert math.isclose(got.vertex[0, i], wanted.point[i], rel_tol=1e-9, abs_tol=scale), i
    assert math.isclose(got.vertex[0, 3], wanted.cda, rel_tol=1e-9, abs_tol=scale)
    assert got.slopes[0] == pytest.approx([float(s) for s in wanted.slopes], rel=1e-9, abs=1e-15)
    tax = point_back(got.vertex, got.slopes, np.array([first[5]]), np.array([second[5]]))[0]
    slow_tax = vertex_slow.tax_point(wanted, first[5], second[5])
    if mp_transverse(got.slopes[0], first[5], second[5]) > 1e-4:
        assert tax[0] == pytest.approx(float(slow_tax[0]), rel=1e-9, abs=scale * 1e3)
        assert tax[1] == pytest.approx(float(slow_tax[1]), rel=1e-9, abs=scale)
    m = pair_mass(got.slopes, np.array([first[5]]), np.array([second[5]]), PION_MASS_GEV, MUON_MASS_GEV)[0]
    assert m == pytest.approx(
        float(vertex_slow.mass(wanted, first[5], second[5], PION_MASS_GEV, MUON_MASS_GEV)), rel=1e-9
    )


def mp_transverse(slopes, p1, p2) -> float:
    return math.hypot(p1 * slopes[0] + p2 * slopes[2], p1 * slopes[1] + p2 * slopes[3]) / (p1 + p2)


@settings(max_examples=150, deadline=None)
@given(TRACK, TRACK)
def test_twin_without_field(first, second):
    check_against_twin(first, second, None)


@settings(max_examples=150, deadline=None)
@given(TRACK, TRACK)
def test_twin_with_field(first, second):
    check_against_twin(first, second, residual_field())


@settings(max_examples=100, deadline=None)
@given(st.floats(104010, 179010), st.floats(-300, 300), st.floats(-300, 300), TRACK, TRACK)
def test_twin_of_tracks_that_cross_in_the_tank(z, x, y, first, second):
    """Both tracks through one point, so that the vertex is inside the grid and every cell is met."""
    first, second = ((x + t[3] * (180000 - z), y + t[4] * (180000 - z), *t[2:]) for t in (first, second))
    check_against_twin(first, second, residual_field())


def test_field_moves_the_vertex_of_soft_tracks_by_millimetres():
    """The vertex of two 10 GeV tracks of opposite charge that leave one point is found again, and not without field."""
    z, field = 110000.0, residual_field()
    states = []
    for slope, charge in ((2e-3, 1.0), (-1e-3, -1.0)):
        cell = int((z - 95000.0) / 250.0)
        kx, ky = charge / 10.0 * field.displacement[cell]
        sx, sy = charge / 10.0 * field.slope[cell]
        states.append(
            (-kx + (slope - sx) * (180000 - z), -ky - sy * (180000 - z), 180000.0, slope - sx, -sy, 10.0, charge)
        )
    found = both(*states, field_cells(field))
    assert found.vertex[0] == pytest.approx([0.0, 0.0, z, 0.0], abs=1e-6)
    assert abs(both(*states, None).vertex[0, 2] - z) > 100.0


@settings(max_examples=200, deadline=None)
@given(TRACK, TRACK, st.lists(st.tuples(st.integers(0, 1), st.integers(0, 6), SPECIAL), min_size=1, max_size=4))
@pytest.mark.parametrize("cells", [None, default_cells()], ids=["straight", "field"])
def test_bad_numbers_never_give_half_a_vertex(cells, first, second, faults):
    tracks = [list(first), list(second)]
    for track, i, value in faults:
        tracks[track][i] = value
    found = both(*tracks, cells)
    finite = np.isfinite(found.vertex[0]).all() and np.isfinite(found.slopes[0]).all()
    assert finite == (found.status[0] == VertexStatus.OK)
    used = [v for t in tracks for v in t[: 5 if cells is None else 7]]
    if not np.isfinite(used).all():
        assert found.status[0] == VertexStatus.INVALID
        assert np.isnan(found.vertex[0]).all()
    tax = point_back(found.vertex, found.slopes, np.array([tracks[0][5]]), np.array([tracks[1][5]]))
    assert found.status[0] == VertexStatus.OK or np.isnan(tax[0, 0])


@pytest.mark.parametrize("i", [0, 1])
@pytest.mark.parametrize("p", [math.inf, -math.inf, math.nan, 0.0])
def test_momentum_that_bends_nothing_is_no_straight_track(i, p):
    tracks = [[0.0, 0.0, 180000.0, 2e-3, 0.0, 20.0, 1.0], [9.0, 1.0, 180000.0, -2e-3, 1e-3, 20.0, -1.0]]
    assert both(*tracks, default_cells()).status[0] == VertexStatus.OK
    tracks[i][5] = p
    assert both(*tracks, default_cells()).status[0] == VertexStatus.INVALID


@settings(max_examples=50, deadline=None)
@given(TRACK, st.sampled_from([0.0, -50.0, 1e-3, 7.25]))
def test_parallel_and_identical(track, shift):
    other = (track[0] + shift, *track[1:])
    for cells in (None, field_cells(no_field()), default_cells()):
        found = both(track, other, cells)
        assert found.status[0] == (VertexStatus.IDENTICAL if other[0] == track[0] else VertexStatus.PARALLEL)
        assert np.isnan(found.vertex[0, :3]).all()
        assert np.isnan(found.slopes[0]).all()
        assert found.vertex[0, 3] == pytest.approx(float(vertex_slow.vertex(track, other).cda), abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(TRACK, TRACK)
def test_exchange_of_the_tracks_changes_nothing(first, second):
    one, two = both(first, second, default_cells()), both(second, first, default_cells())
    scale = 1e-9 + 1e-9 / max(sine(first, second), 1e-12)
    assert one.status[0] == two.status[0]
    assert one.vertex[0] == pytest.approx(two.vertex[0], rel=1e-9, abs=scale, nan_ok=True)


def test_any_cut_of_the_batch_gives_the_same():
    rng = np.random.default_rng(3)
    first, second = (rng.normal(0, 1, (100, 7)) * [300, 300, 0, 2e-3, 2e-3, 1, 0] for _ in range(2))
    for states in (first, second):
        states[:, 2], states[:, 5], states[:, 6] = 180000.0, rng.uniform(5, 90, 100), rng.choice([-1, 1], 100)
    whole = find_vertices(first, second, default_cells())
    parts = [find_vertices(first[i : i + 7], second[i : i + 7], default_cells()).vertex for i in range(0, 100, 7)]
    assert np.array_equal(whole.vertex, np.concatenate(parts))
