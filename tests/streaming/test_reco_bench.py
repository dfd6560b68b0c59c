"""The NumPy reference of the bench agrees with the kernels; the bench gives what it says."""

from __future__ import annotations

import numpy as np
import pytest

from daq.frame import encode_frame
from offline.bench.reco import copy_columns, only_several
from streaming.reco.bench import bench_vertex, numpy_vertices, random_tracks
from streaming.reco.vertex import default_cells, find_vertices
from tests.strategies import event_of, make_frame


@pytest.mark.parametrize("cells", [None, default_cells()], ids=["straight", "field"])
def test_reference_of_the_bench_computes_the_same(cells):
    first, second = random_tracks(500, 3), random_tracks(500, 4)
    wanted = find_vertices(first, second, cells).vertex
    assert np.allclose(numpy_vertices(first, second, cells), wanted, rtol=1e-8, atol=1e-6)


def test_bench_reports_rates_and_ratios():
    found = bench_vertex(n_pairs=8192)
    assert set(found) == {
        f"{prefix}{kind}_{unit}"
        for kind in ("field", "straight")
        for prefix, unit in (("", "pairs_per_s"), ("numpy_", "pairs_per_s"), ("", "ratio"))
    }  # fmt: skip
    assert found["field_ratio"] == found["field_pairs_per_s"] / found["numpy_field_pairs_per_s"]
    assert all(value > 0 for value in found.values())


def test_frame_of_events_with_several_tracks_alone():
    one, two = event_of(), event_of(z_tax_m=50.0)
    frames = [make_frame([{}, one]), make_frame([{}, one, {"straw": one["straw"][:1]}, two])]
    crowd = only_several(frames, 5)
    assert encode_frame(crowd).equals(encode_frame(make_frame([one, two, one, two, one])))


def test_reference_touches_every_byte():
    frame = make_frame([event_of(), {}])
    lists = sum(part.offsets.nbytes + sum(v.nbytes for v in part.fields.values()) for part in frame.detectors.values())
    assert copy_columns(frame) == sum(v.nbytes for v in frame.header.values()) + lists
