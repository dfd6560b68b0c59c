"""Line of a candidate: the exact table for its two tracks, and 40 digits for tracks and photons together."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daq.config.reco import GateConfig, RegionsConfig
from streaming.reco.candidate import candidate_lines
from streaming.reco.photons import pair_mass2
from streaming.reco.tax import point_back
from streaming.reco.vertex import find_vertices
from streaming.regions import classify, mask_bounds, mask_pairs, region_table
from tests.reference import vertex_slow

TABLE = list(csv.DictReader((Path(__file__).parents[1] / "data" / "kinematics_visible.csv").read_text().splitlines()))
CLEAR = 1e-8
"""Below this opening the position of the vertex itself is worse than 1e-6 mm, whatever the formula (see the table)."""


def column(name: str) -> np.ndarray:
    return np.array([float(row[name]) for row in TABLE])


def states(i: int) -> np.ndarray:
    names = (f"x_mm_{i}", f"y_mm_{i}", f"z_mm_{i}", f"slope_x_{i}", f"slope_y_{i}")
    p = column(f"p_GeV_{i}") * column(f"dir_z_{i}")
    return np.stack([*map(column, names), p, np.ones(len(TABLE))], axis=1)


@pytest.fixture(scope="module")
def lines():
    """Lines of all pairs of the table as candidates without photons."""
    first, second = states(1), states(2)
    found = find_vertices(first, second, None)
    args = (found.vertex, found.slopes, first[:, 5].copy(), second[:, 5].copy())
    got = candidate_lines(np.arange(len(TABLE)), *args, np.zeros((len(TABLE), 3)))
    assert np.array_equal(got, point_back(*args), equal_nan=True)
    return got


def test_every_row_of_the_table_is_as_it_says(lines):
    for i, row in enumerate(TABLE):
        if row["tax_status"] == "no_vertex":
            assert np.isnan(lines[i, 0]), row["id"]
        elif float(row["sin_opening"]) > CLEAR:
            assert abs(lines[i, 1] - float(row["cda_tax_mm"])) < 1e-6, row["id"]
            same = abs(lines[i, 0] - float(row["z_tax_mm"])) < 1e-6
            assert same or (row["tax_status"] == "parallel_to_beam" and np.isnan(lines[i, 0])), row["id"]
    assert {row["tax_status"] for row in TABLE} == {"ok", "no_vertex", "parallel_to_beam"}
    near = [row for row in TABLE if row["class"] == "nearly_parallel" and float(row["sin_opening"]) > CLEAR]
    assert len(near) >= 5


def test_nearly_parallel_pairs_keep_what_the_condition_leaves(lines):
    """Error of the vertex is separation over opening in the last digit; the line through it is off by no more."""
    separation = np.hypot(column("x_mm_1") - column("x_mm_2"), column("y_mm_1") - column("y_mm_2"))
    limit = 1e-15 * (separation + 2e5) / np.maximum(column("sin_opening"), 1e-300) + 1e-9
    for i in np.flatnonzero((column("sin_opening") <= CLEAR) & np.isfinite(column("z_tax_mm"))):
        assert abs(lines[i, 0] - column("z_tax_mm")[i]) < 1e3 * limit[i]


def test_signal_and_control_region_of_the_table(lines):
    clear = np.flatnonzero(column("sin_opening") > CLEAR)
    inside, side = np.full(len(clear), -1), np.full(len(clear), -1)
    channel, mass = np.zeros(len(clear), np.int64), np.full(len(clear), 1.0)
    classify(lines[clear], mass, channel, region_table(RegionsConfig()), inside, side)
    assert np.array_equal(inside == 0, column("in_SR")[clear] == 1)
    assert np.array_equal(inside == 1, column("in_VR")[clear] == 1)
    hidden = np.zeros(len(clear), np.bool_)
    tracks = np.zeros(len(clear), np.int64)
    bounds = mask_bounds(RegionsConfig(), GateConfig())
    mask_pairs(lines[clear], mass, tracks, tracks, np.ones(1), np.ones(1, np.int8), bounds, hidden)
    assert np.all(hidden[inside >= 0])


SLOPE = st.floats(-0.01, 0.01)
PHOTON = st.tuples(st.floats(-0.01, 0.01), st.floats(-0.01, 0.01), st.floats(1.0, 60.0))


def momentum(tx, ty, p):
    scale = mp.mpf(p) / mp.sqrt(1 + mp.mpf(tx) ** 2 + mp.mpf(ty) ** 2)
    return scale * tx, scale * ty, scale


@settings(max_examples=150, deadline=None)
@given(
    st.tuples(SLOPE, SLOPE, st.floats(5, 200)), st.tuples(SLOPE, SLOPE, st.floats(5, 200)), st.lists(PHOTON, max_size=4)
)
def test_tracks_and_photons_together(one, two, photons):
    vertex = np.array([[210.0, -35.0, 143000.0, 0.0]])
    with mp.workdps(vertex_slow.DIGITS):
        k = [sum(parts) for parts in zip(*(momentum(*g) for g in photons), strict=True)] if photons else [0, 0, 0]
        total = [a + b + c for a, b, c in zip(momentum(*one), momentum(*two), k, strict=True)]
        pt2 = total[0] ** 2 + total[1] ** 2
        if pt2 < 1e-4:
            return
        dx, dy = mp.mpf(210), mp.mpf(-35) + 22
        step = -(dx * total[0] + dy * total[1]) / pt2
        z, cda = 143000 + step * total[2], mp.hypot(dx + step * total[0], dy + step * total[1])
        spread = float(abs(step * total[2])) * 1e-13 / float(mp.sqrt(pt2)) + 1e-7
    slopes = np.array([[one[0], one[1], two[0], two[1]]])
    got = candidate_lines(
        np.array([0]), vertex, slopes, np.array([one[2]]), np.array([two[2]]), np.array([[float(v) for v in k]])
    )
    assert got[0, 0] == pytest.approx(float(z), abs=max(spread, 1e-6))
    assert got[0, 1] == pytest.approx(float(cda), abs=max(spread, 1e-6))


def test_no_pair_has_no_line():
    got = candidate_lines(
        np.array([-1]), np.empty((0, 4)), np.empty((0, 4)), np.empty(0), np.empty(0), np.zeros((1, 3))
    )
    assert np.isnan(got).all()


@settings(max_examples=150, deadline=None)
@given(PHOTON, PHOTON)
def test_mass_of_two_photons_keeps_its_digits(one, two):
    rows = np.zeros((2, 4))
    with mp.workdps(vertex_slow.DIGITS):
        directions = []
        for i, (tx, ty, energy) in enumerate((one, two)):
            norm = math.sqrt(1 + tx * tx + ty * ty)
            rows[i] = tx / norm, ty / norm, 1 / norm, energy
            length = mp.sqrt(1 + mp.mpf(tx) ** 2 + mp.mpf(ty) ** 2)
            directions.append([mp.mpf(tx) / length, mp.mpf(ty) / length, 1 / length])
        cosine = mp.fdot(*directions)
        wanted = mp.sqrt(2 * mp.mpf(one[2]) * two[2] * max(mp.mpf(0), 1 - cosine))
    assert math.sqrt(pair_mass2.py_func(rows, 0, 1)) == pytest.approx(float(wanted), abs=1e-9)
