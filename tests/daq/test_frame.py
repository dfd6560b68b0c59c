"""Frames: columns there and back, and nothing but DataError for what is no frame."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daq.errors import DataError
from daq.frame import decode_frame, encode_frame, event_schema, frame_batch
from daq.model import DETECTORS, HEADER, SCHEMA_NAME
from tests.strategies import event_lists, make_frame
from tests.strategies_wire import small_frame


@given(event_lists())
def test_decode_of_encode_is_identity_to_the_bit(events):
    frame = make_frame(events)
    back = decode_frame(encode_frame(frame))
    assert back.n_events == frame.n_events
    for column in HEADER:
        assert back.header[column.name].tobytes() == frame.header[column.name].tobytes()
    for name, columns in DETECTORS.items():
        assert (back.detectors[name].offsets == frame.detectors[name].offsets).all()
        for column in columns:
            got, wanted = back.detectors[name].fields[column.name], frame.detectors[name].fields[column.name]
            assert got.tobytes() == wanted.tobytes()


def test_decoded_arrays_are_views():
    payload = encode_frame(small_frame(100))
    low, high = payload.address, payload.address + payload.size
    array = decode_frame(payload).detectors["straw"].fields["p"]
    assert low <= array.ctypes.data < high


def test_schema_says_what_it_is():
    assert event_schema().metadata[b"schema"].decode() == SCHEMA_NAME == "dumpwatch.event/1"
    assert event_schema().names == [c.name for c in HEADER] + list(DETECTORS)


@given(st.binary(max_size=200))
def test_any_bytes_raise_only_data_errors(data):
    with pytest.raises(DataError):
        decode_frame(data)


@given(st.data())
def test_a_changed_byte_gives_a_frame_or_a_data_error(data):
    payload = bytearray(encode_frame(small_frame(3)).to_pybytes())
    payload[data.draw(st.integers(0, len(payload) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        decode_frame(bytes(payload))
    except DataError:
        return


def test_nulls_are_refused_and_kill_nobody():
    batch = frame_batch(small_frame(3))
    nullable = pa.schema([pa.field("event_number", pa.uint32()), *list(batch.schema)[1:]])
    columns = [pa.array([1, None, 3], pa.uint32()), *batch.columns[1:]]
    with pytest.raises(DataError):
        decode_frame(pa.RecordBatch.from_arrays(columns, schema=nullable).serialize())


def test_lists_that_overlap_are_refused():
    frame = small_frame(3)
    lists = frame.detectors["chod"]
    object.__setattr__(lists, "offsets", np.array([0, 4, 2, 6], np.int32))
    with pytest.raises(DataError, match="offsets of 'chod'"):
        decode_frame(encode_frame(frame))
