"""The wire: what is encoded comes back, and no bytes whatever raise anything but WireError."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daq.codec import Kind, decode, encode
from daq.errors import BadChecksum, BadMagic, BadMeta, TruncatedFrame, UnknownVersion, WireError

MAX = 1 << 20
metas = st.dictionaries(st.text(max_size=10), st.one_of(st.integers(-(2**63), 2**63), st.text(max_size=20)), max_size=5)


def message(payload: bytes = b"payload", **meta: object) -> list[bytes]:
    return [bytes(part) for part in encode(Kind.FRAME, (7, 3), 5, meta, payload)]


@given(
    st.sampled_from(list(Kind)),
    st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
    st.integers(0, 2**32 - 1),
    metas,
    st.binary(max_size=300),
)
def test_decode_of_encode_is_identity(kind, key, seq, meta, payload):
    back = decode(encode(kind, key, seq, meta, payload), MAX)
    assert (back.kind, back.key, back.seq, back.meta, bytes(back.payload)) == (kind, key, seq, meta, payload)


@given(st.lists(st.binary(max_size=80), max_size=4))
def test_any_bytes_raise_only_wire_errors(parts):
    with pytest.raises(WireError):
        decode(parts, MAX)


@given(st.integers(0, 2), st.data())
def test_one_flipped_bit_anywhere_is_refused(part, data):
    parts = message(b"some payload", a=1)
    at = data.draw(st.integers(0, len(parts[part]) * 8 - 1))
    broken = bytearray(parts[part])
    broken[at // 8] ^= 1 << at % 8
    parts[part] = bytes(broken)
    with pytest.raises(WireError):
        decode(parts, MAX)


@given(st.integers(0, 2), st.integers(0, 39))
def test_a_cut_part_is_refused(part, keep):
    parts = message(b"x" * 50, a="b" * 50)
    parts[part] = parts[part][:keep]
    with pytest.raises(WireError):
        decode(parts, MAX)


def test_reasons():
    good = message()
    cases = {
        BadMagic: [b"XXXX" + good[0][4:], *good[1:]],
        UnknownVersion: [good[0][:4] + b"\x09\x00" + good[0][6:], *good[1:]],
        BadChecksum: [*good[:2], b"pAyload"],
        TruncatedFrame: [*good[:2], b"pay"],
    }
    for error, parts in cases.items():
        with pytest.raises(error):
            decode(parts, MAX)
    with pytest.raises(TruncatedFrame):
        decode(good, 3)


def test_extension_types_and_lists_as_envelope_are_refused():
    import google_crc32c
    import msgpack

    for packed in (msgpack.packb(msgpack.ExtType(5, b"abc")), msgpack.packb([1, 2]), b"\x81\xa1a", b"\xc1"):
        head = bytearray(message(b"")[0])
        head[20:24] = len(packed).to_bytes(4, "little")
        head[-4:] = google_crc32c.extend(google_crc32c.value(bytes(head[:-4])), packed).to_bytes(4, "little")
        with pytest.raises(BadMeta):
            decode([bytes(head), packed, b""], MAX)


def test_no_value_of_the_payload_in_an_error_text():
    parts = message(b"SECRET-NUMBER-17")
    parts[2] = b"SECRET-NUMBER-18"
    with pytest.raises(WireError) as error:
        decode(parts, MAX)
    assert "SECRET" not in str(error.value)
