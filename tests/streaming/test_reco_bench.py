"""The NumPy reference of the bench agrees with the kernels; the bench gives what it says."""

from __future__ import annotations

import numpy as np
import pytest

from streaming.reco.bench import bench_vertex, numpy_vertices, random_tracks
from streaming.reco.vertex import default_cells, find_vertices


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
