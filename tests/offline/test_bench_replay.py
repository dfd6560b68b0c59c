"""The references of the replay benchmark do what they are said to do."""

import pytest

from daq.config import Config
from offline.bench.plain_selection import plain_selection
from offline.bench.replay import _copy, bench_replay, count_all, read_plainly
from offline.replay.burst import count_burst
from offline.replay.connect import engine
from offline.replay.work import Work
from tests.offline.recorded import CONFIG, record


def test_the_plain_analysis_finds_the_pairs_that_the_selection_finds(tmp_path):
    path = record(tmp_path, n=80, cuts=(33,))
    spill = count_burst(str(path), Work.of(CONFIG)).spill
    assert plain_selection(path) == sum(spill.candidates["mumu_os"].values()) == 20
    assert read_plainly(path) == 80


def test_copies_of_a_burst_are_counted_each(tmp_path):
    path = record(tmp_path, run=999_999)
    paths = [path, *(_copy(path, number) for number in (2, 3))]
    with engine(1, None) as where:
        assert count_all(where, Work.of(CONFIG), paths) == 3 * 24


@pytest.mark.slow
def test_the_benchmark_runs():
    figures = bench_replay(Config(), 2, 2)
    assert figures["events_per_s"] > 0 and figures["ratio_arrays"] > 1
