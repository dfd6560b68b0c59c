"""Excluded regions on a grid: areas that are known, closed curves, edges, nothing at all, overlaps."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daq.errors import DataError
from offline.statistics.contour import exclusion
from offline.statistics.grid import DECADES, Plane, excluded_couplings
from offline.statistics.overlap import overlap, region_of

LIMIT = 2.3
TRIANGLE = region_of(np.array([[1.0, 1.0], [2.0, 1.0], [2.0, 2.0]]))


def plane(n=100):
    return Plane(np.geomspace(100.0, 1000.0, n), np.geomspace(1e-8, 1e-5, n))


def coordinates(grid):
    return np.meshgrid(np.log10(grid.masses) - 2.5, np.log10(grid.couplings) + 6.5, indexing="ij")


def ellipse(grid, x0=0.0, y0=0.0, a=0.3, b=0.8):
    """Yield with the limit on an ellipse in logarithms; 10 times the limit in its centre."""
    x, y = coordinates(grid)
    return LIMIT * 10 ** (1 - ((x - x0) / a) ** 2 - ((y - y0) / b) ** 2)


def excluded(grid, n_exp, limit=LIMIT):
    return exclusion(grid, grid.exclusion_strength(n_exp, limit))


@pytest.mark.parametrize(("n", "allowed"), [(20, 0.012), (100, 5e-4), (200, 1.5e-4)])
def test_area_of_an_ellipse(n, allowed):
    found = excluded(plane(n), ellipse(plane(n)))
    assert found.area == pytest.approx(math.pi * 0.3 * 0.8, rel=allowed)
    assert len(found.pieces) == 1
    assert found.open_at == ()
    assert found.mass_range == pytest.approx((10**2.2, 10**2.8), rel=0.02)
    assert found.coupling_range == pytest.approx((10**-7.3, 10**-5.7), rel=0.05)


def test_curves_are_closed_and_on_the_limit():
    grid = plane()
    (piece,) = excluded(grid, ellipse(grid)).pieces
    assert np.array_equal(piece.border[0], piece.border[-1])
    x, y = np.log10(piece.border[:, 0]) - 2.5, np.log10(piece.border[:, 1]) + 6.5
    assert np.hypot(x / 0.3, y / 0.8) == pytest.approx(np.ones(len(x)), abs=2e-3)


def test_hole_and_island():
    """A ring, and a second region: the hole is no part of the area."""
    grid = plane(200)
    x, y = coordinates(grid)
    radius = np.hypot(x / 0.3, y / 0.8)
    ring = LIMIT * 10 ** np.where(radius > 0.75, 1 - radius, radius - 0.5)
    found = excluded(grid, np.maximum(ring, LIMIT * 10 ** (1 - 100 * np.hypot(x - 0.42, y - 1.3))))
    assert len(found.pieces) == 2
    assert [len(piece.holes) for piece in found.pieces] == [1, 0]
    assert found.pieces[0].area == pytest.approx(math.pi * 0.24 * (1 - 0.25), rel=3e-3)
    assert found.area == pytest.approx(sum(piece.area for piece in found.pieces))
    centre = region_of(np.array([[10**2.49, 10**-6.51], [10**2.51, 10**-6.51], [10**2.5, 10**-6.49]]))
    assert overlap(found, centre).intersection_over_union == 0.0  # inside the hole


@pytest.mark.parametrize(
    ("centre", "edges"),
    [
        ((-0.5, 0.0), ("lowest mass",)),
        ((0.5, 0.0), ("highest mass",)),
        ((0.0, -1.5), ("lowest coupling",)),
        ((0.5, 1.5), ("highest mass", "highest coupling")),
    ],
)
def test_a_region_that_leaves_the_grid_is_closed_and_says_so(centre, edges):
    grid = plane()
    found = excluded(grid, ellipse(grid, *centre))
    assert found.open_at == edges
    part = 0.25 if len(edges) == 2 else 0.5
    assert found.area == pytest.approx(part * math.pi * 0.24, rel=2e-3)
    for piece in found.pieces:
        assert np.array_equal(piece.border[0], piece.border[-1])


def test_everything_and_nothing():
    grid = plane(10)
    everything = excluded(grid, np.full(grid.shape, 1e300))
    assert everything.area == pytest.approx(3.0)
    assert len(everything.open_at) == 4
    for nothing in (excluded(grid, np.zeros(grid.shape)), excluded(grid, ellipse(grid), np.inf)):
        assert nothing.is_none
        assert nothing.area == 0.0
        assert nothing.mass_range is None
        assert nothing.coupling_range is None
        assert overlap(nothing, nothing).intersection_over_union is None
        assert overlap(nothing, everything).intersection_over_union == 0.0
        assert excluded_couplings(grid, grid.exclusion_strength(np.zeros(grid.shape), LIMIT), 3) == ()


def test_a_point_without_limit_is_not_excluded():
    grid = plane(11)
    limits = np.full(grid.shape, LIMIT)
    limits[5, 5] = np.inf
    strength = grid.exclusion_strength(ellipse(grid), limits)
    assert strength[5, 5] == -DECADES
    assert excluded(grid, ellipse(grid), limits).area < excluded(grid, ellipse(grid)).area


def test_intervals_of_coupling():
    """At the central mass the ellipse is crossed twice; 10^(1 - y^2/b^2) gives y = b."""
    grid = plane(201)
    strength = grid.exclusion_strength(ellipse(grid), LIMIT)
    ((low, high),) = excluded_couplings(grid, strength, 100)
    assert (math.log10(low), math.log10(high)) == pytest.approx((-7.3, -5.7), abs=1e-3)
    assert excluded_couplings(grid, strength, 0) == ()
    _, y = coordinates(grid)
    open_strength = grid.exclusion_strength(LIMIT * 10 ** (y + 0.5), LIMIT)
    ((low, high),) = excluded_couplings(grid, open_strength, 7)
    assert (low, high) == pytest.approx((1e-7, 1e-5), rel=1e-6)


@settings(max_examples=10)
@given(dx=st.floats(-0.15, 0.15), dy=st.floats(-0.6, 0.6))
def test_overlap_of_shifted_ellipses(dx, dy):
    """Two equal ellipses at a distance d of their unit circles have a known area in common."""
    grid = plane(120)
    first, second = excluded(grid, ellipse(grid)), excluded(grid, ellipse(grid, dx, dy))
    d = math.hypot(dx / 0.3, dy / 0.8)
    lens = (2 * math.acos(d / 2) - d / 2 * math.sqrt(4 - d * d)) * 0.24
    found = overlap(first, second, 200)
    assert found.common == pytest.approx(lens, rel=0.02, abs=0.003)
    back = overlap(second, first, 200)
    assert back.intersection_over_union == pytest.approx(found.intersection_over_union, abs=1e-9)
    assert found.common + found.only_first == pytest.approx(first.area, rel=0.02)


def test_overlap_with_itself_and_with_a_published_curve():
    grid = plane(60)
    found = excluded(grid, ellipse(grid))
    assert overlap(found, found).intersection_over_union == 1.0
    digitised = region_of(found.pieces[0].border[:-1])  # without the closing point
    assert digitised.area == pytest.approx(found.area)
    assert overlap(found, digitised).intersection_over_union > 0.995


def test_the_limit_of_each_point_counts():
    grid = plane(40)
    halves = np.where(np.arange(40) < 20, LIMIT, 2 * LIMIT)[:, None] * np.ones(40)
    assert excluded(grid, ellipse(grid) * halves / LIMIT, halves).area == pytest.approx(
        excluded(grid, ellipse(grid)).area
    )


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: Plane(np.array([2.0, 1.0]), np.array([1.0, 2.0])), "masses of a grid"),
        (lambda: Plane(np.array([1.0, 2.0]), np.array([0.0, 2.0])), "couplings of a grid"),
        (lambda: Plane(np.array([1.0, np.nan]), np.array([1.0, 2.0])), "masses is nan"),
        (lambda: Plane(np.array([1.0]), np.array([1.0, 2.0])), "masses of a grid"),
        (lambda: plane(5).exclusion_strength(np.zeros((5, 4)), 2.3), r"shape \(5, 4\)"),
        (lambda: plane(5).exclusion_strength(np.full((5, 5), np.nan), 2.3), "N_exp of the grid is nan"),
        (lambda: plane(5).exclusion_strength(-np.ones((5, 5)), 2.3), "N_exp of the grid is -1"),
        (lambda: plane(5).exclusion_strength(np.ones((5, 5)), np.nan), "the limit at mass 100, coupling 1e-08 is nan"),
        (lambda: plane(5).exclusion_strength(np.ones((5, 5)), 0.0), "say infinity where there is no limit"),
        (lambda: region_of(np.ones((2, 2))), "3 or more points"),
        (lambda: overlap(TRIANGLE, TRIANGLE, 1), "1 cells"),
    ],
)  # fmt: skip
def test_refused_by_name(call, name):
    with pytest.raises(DataError, match=name):
        call()
