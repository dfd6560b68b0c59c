import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daq.errors import DataError
from daq.event_builder import EventBuilder, FrameCutter, cut_frame, join_frames
from daq.frame import decode_frame, encode_frame
from daq.hits import END_OF_BURST, HitBatch, HitBlock, cut_block, empty_block
from daq.model import DETECTORS, HEADER
from tests.reference.event_builder_slow import build_events, frame_events

SPAN = 4000
LATENCY = 300


def random_burst(rng, n_hits, n_triggers, span=SPAN):
    blocks = {}
    for name, columns in DETECTORS.items():
        n = int(rng.integers(0, n_hits + 1))
        fields = {c.name: rng.integers(0, 100, n).astype(np.dtype(c.dtype)) for c in columns if c.name != "time"}
        blocks[name] = HitBlock(np.sort(rng.integers(0, span, n)), fields)
    time = np.sort(rng.integers(0, span, n_triggers))
    flags, kind = (
        rng.integers(0, 1 << 16, n_triggers).astype(np.uint16),
        rng.integers(0, 256, n_triggers).astype(np.uint8),
    )
    return blocks, (time, flags, kind)


def feed(builder, blocks, triggers, edges, latency):
    """Hits cut at the edges; triggers as late as they may come: just before they are `latency` behind."""
    chunks = []
    low = 0
    taken = 0
    time = triggers[0]
    for edge in [*edges, END_OF_BURST]:
        cut = {name: cut_block(b, *np.searchsorted(b.time, [low, edge]).tolist()) for name, b in blocks.items()}
        stop = len(time) if edge == END_OF_BURST else int(np.searchsorted(time, edge - latency))
        stop = max(stop, taken)
        chunks += builder.add(HitBatch(edge, cut), *(column[taken:stop] for column in triggers))
        low, taken = edge, stop
    return chunks


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    edges=st.lists(st.integers(0, SPAN), max_size=12),
    window=st.sampled_from([0, 1, 7, 100, 1000]),
    delay=st.integers(0, LATENCY),
    frame_size=st.integers(1, 40),
)
def test_events_agree_with_the_slow_builder_for_any_slicing_delay_and_frame_size(
    seed, edges, window, delay, frame_size
):
    blocks, triggers = random_burst(np.random.default_rng(seed), 60, 40)
    chunks = feed(EventBuilder(window, LATENCY), blocks, triggers, sorted(set(edges)), delay)
    cutter = FrameCutter(frame_size)
    frames = cutter.add(chunks)
    frames += cutter.finish()
    assert [f.n_events for f in frames[:-1]] == [frame_size] * (len(frames) - 1)
    assert all(1 <= f.n_events <= frame_size for f in frames)
    events = [event for frame in frames for event in frame_events(frame)]
    assert events == build_events(blocks, *triggers, window)


def test_frames_travel_through_arrow_unchanged():
    blocks, triggers = random_burst(np.random.default_rng(5), 200, 100)
    cutter = FrameCutter(33)
    frames = cutter.add(feed(EventBuilder(50), blocks, triggers, [500, 900, 2500], 0)) + cutter.finish()
    for frame in frames:
        assert frame_events(decode_frame(encode_frame(frame))) == frame_events(frame)
        assert frame.detectors["chod"].offsets[0] == 0
        for column in HEADER:
            assert frame.header[column.name].dtype == np.dtype(column.dtype)


def empty_batch(watermark):
    return HitBatch(watermark, {name: empty_block(name) for name in DETECTORS})


def triggers_at(*times):
    return np.array(times, np.int64), np.ones(len(times), np.uint16), np.ones(len(times), np.uint8)


def test_window_is_closed_on_both_sides_and_a_hit_may_be_in_two_events():
    block = HitBlock(np.array([89, 90, 110, 130, 131]), {"id": np.arange(5, dtype=np.uint16)})
    batch = HitBatch(END_OF_BURST, empty_batch(0).blocks | {"chod": block})
    [frame] = EventBuilder(20).add(batch, *triggers_at(110, 111))
    assert [[row[1] for row in event["chod"]] for event in frame_events(frame)] == [[1, 2, 3], [2, 3, 4]]


def test_events_wait_until_no_hit_can_come_any_more():
    builder = EventBuilder(20)
    assert builder.add(empty_batch(1020), *triggers_at(999, 1000, 1019))[0].n_events == 1  # a hit at 1020 may come
    assert builder.add(empty_batch(1039), *triggers_at())[0].n_events == 1
    [last] = builder.add(empty_batch(END_OF_BURST), *triggers_at())
    assert last.header["event_number"].tolist() == [2]


def test_an_empty_burst_gives_no_events_and_no_frames():
    builder, cutter = EventBuilder(20), FrameCutter(4)
    assert cutter.add(builder.add(empty_batch(END_OF_BURST), *triggers_at())) + cutter.finish() == []


def test_old_hits_are_forgotten():
    builder, rng = EventBuilder(20, 1000), np.random.default_rng(1)
    for k in range(50):
        times = np.sort(rng.integers(k * 10000, (k + 1) * 10000, 1000))
        block = HitBlock(times, {"id": np.zeros(1000, np.uint16)})
        builder.add(HitBatch((k + 1) * 10000, empty_batch(0).blocks | {"chod": block}), *triggers_at())
        assert len(builder._hits["chod"].time) < 200


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([(END_OF_BURST, ()), (END_OF_BURST, ())], "after the end of the burst"),
        ([(100, ()), (99, ())], "watermark 99 after 100"),
        ([(100, (50, 40))], "ascending"),
        ([(100, (50,)), (200, (49,))], "ascending"),
        ([(100, (-1,))], "ascending"),
        ([(5000, ()), (6000, (3000,))], "behind the watermark"),
    ],
)
def test_broken_promises_are_refused(steps, words):
    builder = EventBuilder(20, 1000)
    with pytest.raises(DataError, match=words):
        for watermark, times in steps:
            builder.add(empty_batch(watermark), *triggers_at(*times))


def test_a_hit_before_the_watermark_is_refused():
    builder = EventBuilder(20)
    builder.add(empty_batch(1000), *triggers_at())
    block = HitBlock(np.array([999]), {"id": np.zeros(1, np.uint16)})
    with pytest.raises(DataError, match="chod"):
        builder.add(HitBatch(2000, empty_batch(0).blocks | {"chod": block}), *triggers_at())


def test_too_many_events_for_their_numbers(monkeypatch):
    monkeypatch.setattr("daq.event_builder.MAX_EVENTS", 2)
    builder = EventBuilder(20)
    builder.add(empty_batch(100), *triggers_at(1, 2))
    with pytest.raises(DataError, match="24 bits"):
        builder.add(empty_batch(200), *triggers_at(150))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), cuts=st.lists(st.integers(0, 30), max_size=5))
def test_join_undoes_cut(seed, cuts):
    blocks, triggers = random_burst(np.random.default_rng(seed), 60, 30)
    [frame] = EventBuilder(100).add(HitBatch(END_OF_BURST, blocks), *triggers)
    edges = [0, *sorted(cuts), 30]
    parts = [cut_frame(frame, a, b) for a, b in itertools.pairwise(edges)]
    assert frame_events(join_frames(parts)) == frame_events(frame)
