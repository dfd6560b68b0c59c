"""Identity of headers: the same for any cut and order, another one for any changed bit, blind to content."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from daq.event_builder import cut_frame
from streaming.headers import add_digests, digest_headers
from tests.strategies import event_lists, make_frame
from tests.strategies_wire import small_frame

MASK = (1 << 64) - 1


def slow_digest(frame) -> bytes:
    """The same in plain Python integers."""

    def scramble(word):
        word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 & MASK
        word = (word ^ word >> 27) * 0x94D049BB133111EB & MASK
        return word ^ word >> 31

    lanes = [0, 0]
    h = {name: values.tolist() for name, values in frame.header.items()}
    for i in range(frame.n_events):
        stamp = h["event_number"][i] << 32 | h["timestamp"][i]
        rest = h["fine_time"][i] << 24 | h["trigger_flags"][i] << 8 | h["trigger_type"][i]
        for lane, constant in enumerate((0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)):
            lanes[lane] = lanes[lane] + scramble(scramble(stamp + constant & MASK) + rest & MASK) & MASK
    return b"".join(lane.to_bytes(8, "little") for lane in lanes)


@given(event_lists())
def test_against_plain_integers(events):
    frame = make_frame(events)
    assert digest_headers(frame) == slow_digest(frame)


@given(st.integers(0, 40), st.integers(0, 40))
def test_any_cut_gives_the_same_sum(n_events, at):
    frame = small_frame(n_events)
    at = min(at, n_events)
    parts = digest_headers(cut_frame(frame, 0, at)), digest_headers(cut_frame(frame, at, n_events))
    assert add_digests(*parts) == add_digests(*parts[::-1]) == digest_headers(frame)


@given(st.integers(0, 9), st.sampled_from(["event_number", "timestamp", "fine_time", "trigger_flags", "trigger_type"]))
def test_a_changed_header_changes_the_digest(row, column):
    frame, other = small_frame(10), small_frame(10)
    other.header[column][row] ^= 1
    assert digest_headers(frame) != digest_headers(other)


def test_content_does_not_enter():
    assert digest_headers(small_frame(10, per_event=0)) == digest_headers(small_frame(10, per_event=5))
    assert digest_headers(small_frame(0)) == bytes(16)
    assert np.frombuffer(digest_headers(small_frame(3)), "<u8").all()
