"""Geometry and field against the numbers that the sources print."""

import numpy as np
import pytest

from daq.geometry.chod import INNER_TILE_IDS, OUTER_RADIUS_MM, chod_geometry
from daq.geometry.field import GRID_CELLS, GRID_START_MM, GRID_STEP_MM, on_axis_field, residual_field
from daq.geometry.muv3 import muv3_geometry
from daq.geometry.planes import MAGNET_KICK_GEV, lav_stations, planes
from daq.units import CURVATURE_GEV_PER_T_MM, FINE_NS, TICK_NS, ns_to_fine


def test_on_axis_integrals_of_the_residual_field():
    z, bx, by = on_axis_field()
    assert np.trapezoid(bx, z) * 1e-3 == pytest.approx(3.47e-4, rel=2e-3)
    assert np.trapezoid(by, z) * 1e-3 == pytest.approx(-1.12e-3, rel=2e-3)


def test_magnet_kick():
    assert 0.6928 * 1300 * CURVATURE_GEV_PER_T_MM == pytest.approx(MAGNET_KICK_GEV, abs=5e-5)


def test_numbers_of_tiles():
    chod, muv3 = chod_geometry(), muv3_geometry()
    assert len(np.unique(chod.tile_id)) == 152
    assert muv3.exists.sum() == 148
    assert chod.inner.sum() == len(INNER_TILE_IDS) == 18
    assert np.bincount(chod.quadrant).tolist() == [38] * 4


def test_chod_channels_go_there_and_back():
    chod = chod_geometry()
    assert (chod.index_of_channel[chod.channel_id] == np.arange(304)).all()
    assert (chod.channel_id[1::2] - chod.channel_id[::2] == 50).all()
    assert (chod.index_of_channel >= 0).sum() == 304


def test_quadrant_2_is_right_and_below():
    chod = chod_geometry()
    x_lo, x_hi, y_lo, y_hi = np.nanmean(chod.bricks[chod.quadrant == 1], axis=(0, 1))
    assert 0 < x_lo < x_hi
    assert y_lo < y_hi < 0


def test_bricks_of_a_quadrant_do_not_overlap_and_reach_the_rim():
    bricks = chod_geometry().bricks[:38].reshape(-1, 4)
    bricks = bricks[np.isfinite(bricks[:, 0])]
    corners = {(x, y) for x, _, y, _ in bricks}
    assert len(corners) == len(bricks)
    assert np.hypot(bricks[:, 1], bricks[:, 3]).max() > OUTER_RADIUS_MM


def test_lav_cones_of_the_e_e_talk():
    stations = {int(row[0]): row for row in lav_stations()}
    assert (stations[5][2], stations[5][3]) == (152393.0, 536.5)
    assert (stations[8][2], stations[8][3]) == (180923.0, 767.5)


def test_planes_are_in_order_along_the_beam():
    z = planes()
    names = ["P0_TAX", "GTK3", "STRAW1", "STRAW4", "NA48CHOD_V", "LKr_front", "MUV3"]
    assert sorted(names, key=lambda name: z[name].z_mm) == names


def test_displacement_is_zero_at_the_reference_plane_and_its_slope_is_its_difference():
    field = residual_field()
    at = round((180000.0 - GRID_START_MM) / GRID_STEP_MM)
    assert field.displacement[at].tolist() == [0.0, 0.0]
    assert field.displacement.shape == (GRID_CELLS + 1, 2)
    assert np.allclose(np.diff(field.displacement, axis=0), field.slope * GRID_STEP_MM, rtol=0, atol=1e-12)


def test_the_kick_through_the_tank_is_the_integral():
    slope = residual_field().slope
    first, last = round((104458 - GRID_START_MM) / GRID_STEP_MM), round((181175 - GRID_START_MM) / GRID_STEP_MM)
    kick = slope[last] - slope[first]
    assert kick[0] == pytest.approx(-1.12e-3 * 0.29979, rel=0.01)
    assert kick[1] == pytest.approx(-3.47e-4 * 0.29979, rel=0.04)  # the first cell begins 42 mm off the plane


def test_ten_gev_at_the_vertex_is_displaced_by_millimetres():
    field = residual_field()
    at = round((105000.0 - GRID_START_MM) / GRID_STEP_MM)
    assert 0.5 < np.abs(field.displacement[at] / 10.0).max() < 3.0


def test_fine_time_is_one_constant():
    assert FINE_NS * 256 == TICK_NS
    assert ns_to_fine(TICK_NS) == 256
