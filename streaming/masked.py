"""Counts that nobody may look at.

They exist for sealing: they are added, moved between our own processes as a block of constant size, handed over to
the sealer at commit, and thrown away. Everything else that could turn a count into something readable raises, with a
text that is always the same.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import NoReturn, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from daq.errors import PolicyError

T = TypeVar("T")

SEALED_CHANNELS = ("mumu", "ee", "pipi", "pipi_gamma", "pipi_pi0", "pipi_2pi0", "pipi_eta", "kk", "kk_pi0")
"""The nine final states that are searched for."""

COMPARTMENTS = ("SR", "CR", "KS")
"""Masked regions of every channel; the mu mu paper calls the CR 'VR'."""

SHAPE = (len(SEALED_CHANNELS), len(COMPARTMENTS))

SLOTS = 4
"""Masked candidates of a spill that are sealed with their content; of more, only the number is sealed."""

SLOT_BYTES = 2048
"""Room for one event; one that needs more is only counted."""

_SLOT = struct.Struct("<HBB")
"""Length of the event, row of `SEALED_CHANNELS`, index of `COMPARTMENTS`. Length 0: the slot is empty."""

COUNT_BYTES = 8 * SHAPE[0] * SHAPE[1]
BLOCK_BYTES = SLOTS * SLOT_BYTES

PACKED_BYTES = COUNT_BYTES + BLOCK_BYTES
"""Size of `Masked.pack()`, whatever is in it."""

Counts = NDArray[np.int64]


def fits_slot(event: bytes) -> bool:
    """Whether there is room for an event in a slot."""
    return 0 < len(event) <= SLOT_BYTES - _SLOT.size


def fill_slot(event: bytes, channel: int, region: int) -> bytes:
    """One slot with an event in it; `SLOT_BYTES`, all zero when the event does not fit."""
    content = _SLOT.pack(len(event), channel, region) + event if fits_slot(event) else b""
    return content.ljust(SLOT_BYTES, b"\0")


def read_slot(slot: bytes) -> tuple[bytes, str, str] | None:
    """Event, channel and region of a slot, None for an empty one; for the opener."""
    length, channel, region = _SLOT.unpack_from(slot)
    if length == 0:
        return None
    return slot[_SLOT.size : _SLOT.size + length], SEALED_CHANNELS[channel], COMPARTMENTS[region]


class Masked:
    """Masked candidates by channel and compartment, and the first `SLOTS` of them as events.

    Only `add`, `pack`, `unpack`, `hand_over` and `discard` touch what is inside; `pack` is for our own wire.
    """

    __slots__ = ("__counts", "__slots")

    def __init__(self, counts: Counts, slots: Sequence[bytes] = ()) -> None:
        wrong = len(slots) > SLOTS or any(len(slot) != SLOT_BYTES for slot in slots)
        if counts.shape != SHAPE or counts.dtype != np.int64 or wrong:
            msg = f"masked counts: wanted an int64 array of shape {SHAPE} and slots; peers run different versions"
            raise ValueError(msg)
        self.__counts = counts
        self.__slots = b"".join(slots).ljust(BLOCK_BYTES, b"\0")

    @classmethod
    def zero(cls) -> Self:
        """Counts of nothing."""
        return cls(np.zeros(SHAPE, np.int64))

    def add(self, other: Masked) -> None:
        """Add other counts to these, in place; events beyond the last slot are only counted."""
        self.__counts += other.__counts
        used = [slot for block in (self.__slots, other.__slots) for slot in slots_of(block) if any(slot[:2])]
        self.__slots = b"".join(used[:SLOTS]).ljust(BLOCK_BYTES, b"\0")

    def pack(self) -> bytes:
        """Little-endian int64 words and the slots; the size is the same whatever is in it."""
        return np.ascontiguousarray(self.__counts, "<i8").tobytes() + self.__slots

    @classmethod
    def unpack(cls, data: bytes | memoryview) -> Self:
        """Inverse of `pack`."""
        if len(data) != PACKED_BYTES:
            msg = f"masked counts: {len(data)} bytes, wanted {PACKED_BYTES}; peers run different versions"
            raise ValueError(msg)
        counts = np.frombuffer(data[:COUNT_BYTES], "<i8").astype(np.int64).reshape(SHAPE)
        return cls(counts, slots_of(bytes(data[COUNT_BYTES:])))

    def hand_over(self, take: Callable[[Counts, bytes], T]) -> T:
        """Give a copy of the counts, shape `SHAPE`, and the block of slots to the sealer; to nobody else."""
        return take(self.__counts.copy(), self.__slots)

    def discard(self) -> None:
        """Throw everything away."""
        self.__counts[...] = 0
        self.__slots = bytes(BLOCK_BYTES)

    def _refuse(self, *_: object) -> NoReturn:
        msg = "masked counts cannot be shown, compared or converted; they can be added, packed, sealed and discarded"
        raise PolicyError(msg)

    __repr__ = __str__ = __format__ = __bytes__ = _refuse
    __int__ = __float__ = __complex__ = __index__ = __bool__ = __round__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = _refuse
    __len__ = __iter__ = __contains__ = __getitem__ = __reversed__ = __array__ = _refuse
    __reduce__ = __reduce_ex__ = __getstate__ = __copy__ = __deepcopy__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __neg__ = __abs__ = _refuse


def slots_of(block: bytes) -> list[bytes]:
    """Cut a block into its slots."""
    return [block[i * SLOT_BYTES : (i + 1) * SLOT_BYTES] for i in range(SLOTS)]
