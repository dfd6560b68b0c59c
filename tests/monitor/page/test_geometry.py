"""The tiles of the page lie where the detector has them."""

from __future__ import annotations

import math
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daq.geometry.chod import INNER_RADIUS_MM, OUTER_RADIUS_MM, chod_geometry
from daq.geometry.muv3 import HOLE_RADIUS_MM, muv3_geometry
from monitor.page.geometry import Detector, clipped_area_mm2, tile_map
from streaming.tally import HISTOGRAMS


@pytest.mark.parametrize(("detector", "n_tiles"), [("chod", 152), ("muv3", 148)])
def test_every_tile_has_a_place_a_number_and_a_bin(detector: Detector, n_tiles: int) -> None:
    tiles = tile_map(detector).tiles
    assert len({tile.id for tile in tiles}) == len({tile.bin for tile in tiles}) == n_tiles
    axis = HISTOGRAMS[f"{detector}_tiles"][0]
    assert all(axis.low <= tile.bin < axis.high for tile in tiles)
    assert all(tile.w > 0 and tile.h > 0 and tile.area_cm2 > 0 for tile in tiles)


def test_chod_covers_its_ring_once() -> None:
    areas = {tile.id: tile.area_cm2 for tile in tile_map("chod").tiles}
    ring = math.pi * (OUTER_RADIUS_MM**2 - INNER_RADIUS_MM**2) / 100
    assert sum(areas.values()) == pytest.approx(ring, rel=1e-4)


def test_chod_numbers_are_those_of_the_histogram() -> None:
    ids = chod_geometry().tile_id
    assert all(int(ids[tile.bin]) == tile.id for tile in tile_map("chod").tiles)


def test_chod_has_four_equal_quadrants_and_one_l_shaped_tile_in_each() -> None:
    pieces = defaultdict(list)
    for tile in tile_map("chod").tiles:
        pieces[tile.id].append(tile)
    several = {number % 100 for number, parts in pieces.items() if len(parts) > 1 and len({p.w for p in parts}) > 1}
    assert several == {35}  # rows 7 and 8 hold 2 and 1 bricks of it. Source: NewCHODGeometry
    areas = {number: parts[0].area_cm2 for number, parts in pieces.items()}
    for number in range(1, 39):
        assert len({areas[100 * quadrant + number] for quadrant in (1, 2, 3, 4)}) == 1


def test_muv3_pieces_do_not_overlap_and_leave_the_hole() -> None:
    found = tile_map("muv3")
    geometry = muv3_geometry()
    for tile in found.tiles:
        assert (tile.x + tile.w / 2, tile.y + tile.h / 2) == pytest.approx(
            (geometry.x_mm[tile.id], geometry.y_mm[tile.id])
        )
    boxes = [(t.x, t.x + t.w, t.y, t.y + t.h) for t in found.tiles]
    for i, (a0, a1, b0, b1) in enumerate(boxes):
        for c0, c1, d0, d1 in boxes[:i]:
            assert min(a1, c1) - max(a0, c0) < 0.9 or min(b1, d1) - max(b0, d0) < 0.9
    assert found.hole_radius_mm == HOLE_RADIUS_MM


@given(st.floats(-1500, 1500), st.floats(-1500, 1500), st.floats(20, 400), st.floats(20, 400))
def test_area_is_that_of_a_plain_count_of_points(x: float, y: float, w: float, h: float) -> None:
    n, inside = 60, 0
    for i in range(n):
        for j in range(n):
            r = math.hypot(x + w * (i + 0.5) / n, y + h * (j + 0.5) / n)
            inside += 140 <= r < 1070
    assert clipped_area_mm2((x, x + w, y, y + h), 140, 1070) == pytest.approx(inside / n**2 * w * h, abs=0.03 * w * h)


def test_area_without_a_rim() -> None:
    assert clipped_area_mm2((-500, 500, -500, 500), 100, None) == pytest.approx(1e6 - math.pi * 1e4, rel=1e-4)
