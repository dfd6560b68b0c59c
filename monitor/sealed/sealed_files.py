"""The sealed file beside a public recording, opened: the events whose payload the recording does not hold."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from daq.errors import DataError, PolicyError, RecordingError
from daq.frame import EventFrame, decode_frame, take_events
from daq.recording import burst_path
from daq.records import BurstKey
from streaming.sealing.hpke import open_bytes
from streaming.sealing.keys import RECORDING, full_context
from streaming.services.publish import SEALED_SUFFIX

_ITEM = struct.Struct("<II")
_NO_ROOM = 0xFFFFFFFF


class SealedFile(NamedTuple):
    """Content of a sealed file.

    events : frames of one event
    n_no_room : frames of the burst whose events found no room in the file
    """

    events: list[EventFrame]
    n_no_room: int


def read_sealed(root: Path, key: X25519PrivateKey, burst: BurstKey) -> SealedFile | None:
    """Stripped events of one burst; None when there is no such file below `root`.

    Raises
    ------
    RecordingError
        The file cannot be read or is damaged.
    PolicyError
        It is sealed under another key set, or of another burst.
    """
    path = burst_path(root, burst).with_suffix(SEALED_SUFFIX)
    try:
        sealed = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        msg = f"sealed file {path}: cannot be read ({error.strerror})"
        raise RecordingError(msg) from None
    try:
        plain = open_bytes(key, full_context(RECORDING, struct.pack("<II", *burst)), sealed)
    except PolicyError as error:
        msg = f"sealed file {path}: {error}"
        raise PolicyError(msg) from None
    return unpack_pool(plain, str(path))


def unpack_pool(plain: bytes, where: str) -> SealedFile:
    """Inverse of `streaming.services.publish.pack_pool`.

    Raises
    ------
    RecordingError
    """
    events: list[EventFrame] = []
    at = n_no_room = 0
    while at + _ITEM.size <= len(plain):
        seq, length = _ITEM.unpack_from(plain, at)
        at += _ITEM.size
        if length == 0:
            break  # every frame has a payload, if it be of no event: the rest is room that was not needed
        if length == _NO_ROOM:
            n_no_room += 1
            continue
        try:
            events += _events(plain[at : at + length])
        except (DataError, struct.error):
            msg = f"sealed file {where}: frame {seq} cannot be read; the file is of another version"
            raise RecordingError(msg) from None
        at += length
    return SealedFile(events, n_no_room)


def _events(payload: bytes) -> Iterator[EventFrame]:
    (n,) = struct.unpack_from("<I", payload)
    frame = decode_frame(payload[4 + 4 * n :])
    return (take_events(frame, np.array([i])) for i in range(frame.n_events))
