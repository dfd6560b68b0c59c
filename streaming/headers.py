"""Identity of the headers of a set of events, whatever the order and the cut into frames.

Every event's header is mixed into two 64-bit words, and the words of all events are added modulo 2^64. So the digest
of a burst is the sum of those of its frames. It tells two bursts apart; it is no protection against somebody who
wants two bursts to look alike. Only header columns enter, so it does not depend on masked events' content.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from daq.frame import EventFrame
from daq.jit import inline_kernel, kernel

DIGEST_BYTES = 16
LANES = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))
"""One odd constant a lane: 2^64 divided by the golden ratio, and a prime of the xxHash family."""


def digest_headers(frame: EventFrame) -> bytes:
    """Digest of the headers of a frame: two little-endian 64-bit words."""
    header = frame.header
    lanes = np.zeros(2, np.uint64)
    _mix(
        np.asarray(header["event_number"], np.uint32),
        np.asarray(header["timestamp"], np.uint32),
        np.asarray(header["fine_time"], np.uint8),
        np.asarray(header["trigger_flags"], np.uint16),
        np.asarray(header["trigger_type"], np.uint8),
        *LANES,
        lanes,
    )
    return lanes.astype("<u8").tobytes()


def add_digests(first: bytes, second: bytes) -> bytes:
    """Digest of two sets of events together."""
    lanes = np.frombuffer(first, "<u8") + np.frombuffer(second, "<u8")
    return lanes.astype("<u8").tobytes()


@inline_kernel
def _scramble(word: np.uint64) -> np.uint64:
    """Finaliser of splitmix64: every input bit reaches every output bit."""
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


@kernel
def _mix(
    number: NDArray[np.uint32],
    timestamp: NDArray[np.uint32],
    fine: NDArray[np.uint8],
    flags: NDArray[np.uint16],
    kind: NDArray[np.uint8],
    first_lane: np.uint64,
    second_lane: np.uint64,
    out: NDArray[np.uint64],
) -> None:
    for i in range(len(number)):
        stamp = (np.uint64(number[i]) << np.uint64(32)) | np.uint64(timestamp[i])
        rest = (np.uint64(fine[i]) << np.uint64(24)) | (np.uint64(flags[i]) << np.uint64(8)) | np.uint64(kind[i])
        out[0] += _scramble(_scramble(stamp + first_lane) + rest)
        out[1] += _scramble(_scramble(stamp + second_lane) + rest)
