"""Frames on the wire: `[header][msgpack meta][payload]`. The only home of msgpack.

Header, 40 bytes, little-endian: magic, wire version, kind, run, burst, seq, length of meta, length of payload,
CRC-32C of the payload, CRC-32C of header and meta. Lengths and both CRCs are checked before anything is decoded.
Specification: docs/developer/wire.md.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import google_crc32c
import msgpack
import numpy as np

from daq.errors import BadChecksum, BadMagic, BadMeta, TruncatedFrame, UnknownVersion

MAGIC = b"DWF1"
WIRE_VERSION = 1
_HEADER = struct.Struct("<4sHHIIIIQII")
_HEAD_CRC_AT = _HEADER.size - 4
MAX_META_BYTES = 1 << 20

Buffer = bytes | bytearray | memoryview


class Kind(IntEnum):
    """What a message is."""

    FRAME = 1
    RESULT = 2
    SOB = 3
    EOB = 4
    HELLO = 5
    WELCOME = 6
    WANT = 7
    ASK_AGAIN = 8
    UNAVAILABLE = 9
    COMMITTED = 10
    REFUSED = 11
    BYE = 12
    STATUS = 13


@dataclass(frozen=True, slots=True)
class Message:
    """One decoded message; `payload` is a view of the received bytes."""

    kind: Kind
    run: int
    burst: int
    seq: int
    meta: Mapping[str, Any]
    payload: memoryview
    payload_crc: int

    @property
    def key(self) -> tuple[int, int]:
        """Run and burst."""
        return self.run, self.burst


def crc32c(data: Any) -> int:  # noqa: ANN401 - anything with the buffer protocol
    """CRC-32C (Castagnoli) of a buffer, without copying it."""
    # the library takes only objects without a release hook, which a memoryview has and an array has not
    return int(google_crc32c.value(np.frombuffer(data, np.uint8)))


def encode(
    kind: Kind,
    key: tuple[int, int] = (0, 0),
    seq: int = 0,
    meta: Mapping[str, Any] | None = None,
    payload: Any = b"",  # noqa: ANN401 - anything with the buffer protocol
    payload_crc: int | None = None,
) -> list[Any]:
    """Build the three parts of a message. `payload_crc` is given where it is known already."""
    packed = msgpack.packb(dict(meta or {}), use_bin_type=True)
    crc = crc32c(payload) if payload_crc is None else payload_crc
    size = memoryview(payload).nbytes
    head = _HEADER.pack(MAGIC, WIRE_VERSION, kind, *key, seq, len(packed), size, crc, 0)[:_HEAD_CRC_AT]
    head_crc = google_crc32c.extend(google_crc32c.value(head), packed)
    return [head + head_crc.to_bytes(4, "little"), packed, payload]


def decode(parts: Sequence[Buffer], max_payload: int) -> Message:
    """Check and decode the three parts of a message.

    Raises
    ------
    WireError
        One of its kinds, with the reason it is counted under. Nothing else is raised, whatever the bytes are.
    """
    if len(parts) != 3 or len(parts[0]) != _HEADER.size:
        msg = f"message: {len(parts)} parts, header {len(parts[0]) if parts else 0} B, wanted 3 and {_HEADER.size} B"
        raise TruncatedFrame(msg)
    head, packed, payload = bytes(parts[0]), parts[1], memoryview(parts[2])
    magic, version, kind, run, burst, seq, n_meta, n_payload, crc, head_crc = _HEADER.unpack(head)
    if magic != MAGIC:
        msg = f"message: magic {magic!r}, wanted {MAGIC!r}; not a dumpwatch frame, dropped"
        raise BadMagic(msg)
    if version != WIRE_VERSION:
        msg = f"message: wire version {version}, this program speaks {WIRE_VERSION}; use one version on all hosts"
        raise UnknownVersion(msg)
    where = f"message run {run} burst {burst} seq {seq}"
    if n_meta != len(packed) or n_payload != payload.nbytes or n_meta > MAX_META_BYTES or n_payload > max_payload:
        msg = f"{where}: meta and payload do not have the lengths that the header says, or are too long; dropped"
        raise TruncatedFrame(msg)
    if google_crc32c.extend(google_crc32c.value(head[:_HEAD_CRC_AT]), bytes(packed)) != head_crc:
        msg = f"{where}: CRC-32C of the header is wrong; dropped"
        raise BadChecksum(msg)
    if crc32c(payload) != crc:
        msg = f"{where}: CRC-32C of the payload is wrong; dropped"
        raise BadChecksum(msg)
    return Message(_kind(kind, where), run, burst, seq, _meta(packed, where), payload, crc)


def _kind(value: int, where: str) -> Kind:
    try:
        return Kind(value)
    except ValueError:
        msg = f"{where}: unknown kind {value}; dropped"
        raise BadMeta(msg) from None


def _meta(packed: Buffer, where: str) -> Mapping[str, Any]:
    try:
        meta = msgpack.unpackb(
            packed,
            raw=False,
            strict_map_key=True,
            max_array_len=65536,
            max_map_len=256,
            max_str_len=4096,
            max_bin_len=65536,
            max_ext_len=0,
            ext_hook=_no_extensions,
        )
    except (ValueError, TypeError, RecursionError, MemoryError, msgpack.UnpackException) as error:
        msg = f"{where}: envelope does not decode ({type(error).__name__}); dropped"
        raise BadMeta(msg) from None
    if not isinstance(meta, dict):
        msg = f"{where}: envelope is a {type(meta).__name__}, wanted a map; dropped"
        raise BadMeta(msg)
    return meta


def _no_extensions(code: int, _data: bytes) -> None:
    msg = f"extension type {code} is not allowed"
    raise ValueError(msg)
