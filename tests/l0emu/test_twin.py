"""Level 0 agrees bit for bit with its slow twin, however the stream is cut."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daq.config.l0 import L0Config
from tests.l0emu.streams import batches, configs, counts, cuts, hit_streams, run, run_whole
from tests.reference.l0_slow import slow_level0

RELAXED = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@RELAXED
@given(hits=hit_streams(), config=configs(), data=st.data())
def test_any_cut_of_any_stream_equals_the_slow_twin(hits, config, data):
    wanted_triggers, wanted = slow_level0(hits, config)
    marks, extra = data.draw(cuts(hits))
    triggers, counters = run(batches(hits, marks, extra), config)
    assert triggers == wanted_triggers
    assert counts(counters) == wanted


@RELAXED
@given(hits=hit_streams(), data=st.data())
def test_the_default_menu_equals_the_slow_twin(hits, data):
    wanted_triggers, wanted = slow_level0(hits, L0Config())
    marks, extra = data.draw(cuts(hits))
    triggers, counters = run(batches(hits, marks, extra), L0Config())
    assert triggers == wanted_triggers
    assert counts(counters) == wanted


def dense_stream(seed: int, n: int = 3000) -> dict:
    """Hits so dense that clusters, slots and stamps collide all the time."""
    rng = np.random.default_rng(seed)
    channels = np.array([100 * q + t + pmt for q in (1, 2, 3, 4) for t in range(1, 39) for pmt in (0, 50)])
    chod = sorted(zip(rng.integers(0, 250 * n, n).tolist(), rng.choice(channels, n).tolist(), strict=True))
    lkr = sorted(zip(rng.integers(0, 250 * n, n // 4).tolist(), (rng.integers(0, 9, n // 4) / 4).tolist(), strict=True))
    muv3 = sorted(zip(rng.integers(0, 250 * n, n // 3).tolist(), rng.integers(0, 60, n // 3).tolist(), strict=True))
    return {"chod": chod, "lkr": lkr, "muv3": muv3}


def test_a_dense_stream_cut_at_every_tenth_hit():
    config = L0Config.model_validate(
        {
            "masks": [
                {"name": "Q1", "bit": 0, "downscaling": 20, "require": ["chod.Q1"]},
                {"name": "H2", "bit": 1, "require": ["chod.H2"]},
                {"name": "MU", "bit": 4, "downscaling": 3, "require": ["chod.Q1", "muv3.M1"]},
                {"name": "NOMU", "bit": 15, "downscaling": 2, "require": ["chod.Q1"], "veto": ["muv3.M1"]},
            ],
            "choke": {"on_words": 400, "off_words": 200, "drain_words_per_second": 8e6},
        }
    )
    hits = dense_stream(5)
    wanted_triggers, wanted = slow_level0(hits, config)
    assert wanted["n_choked"] > 10 and wanted["overwritten"]["chod"] > 10  # the stream reaches what it should
    assert {kind for _, _, kind in wanted_triggers} == {1, 16, 17}
    marks = [time for time, _ in hits["chod"][::10]]
    for extra in (0, 3):
        triggers, counters = run(batches(hits, marks, [extra] * len(marks)), config)
        assert triggers == wanted_triggers
        assert counts(counters) == wanted


def test_q1_sent_is_floor_of_generated_over_twenty_in_each_burst():
    for seed, n in enumerate((10, 19, 20, 41, 1000, 3000)):
        _, counters = run_whole(dense_stream(seed, n), L0Config())
        for line in counters.masks.values():
            assert line.sent == line.generated // line.downscaling
        assert counters.masks["Q1"].generated >= counters.masks["H2"].generated
