"""The benchmark measures what it says; no speed is asserted here."""

from __future__ import annotations

import numpy as np

from l0emu.bench import BenchStream, bench_l0, numpy_clusters


def test_bench_reports_both_versions_on_one_stream():
    result = bench_l0(BenchStream(seconds=0.02, batch_seconds=0.005), repeats=1)
    assert set(result) == {
        "l0_hits_per_second",
        "numpy_hits_per_second",
        "ratio",
        "n_hits",
        "hits_per_cluster",
        "n_triggers",
    }
    assert 2.2 < result["hits_per_cluster"] < 2.6
    assert result["ratio"] == result["l0_hits_per_second"] / result["numpy_hits_per_second"]


def test_the_numpy_version_repeats_windows_and_dead_times_until_they_stand():
    time = np.array([0, 60, 120, 180, 240, 500, 501])
    channel = np.array([0, 1, 2, 4, 4, 0, 2])
    assert numpy_clusters(time, channel, 103, 0).tolist() == [1, 2, 1, 2]
    assert numpy_clusters(np.array([0, 300, 600]), np.zeros(3, np.int64), 103, 410).tolist() == [1, 1]
