"""Counts that nobody may look at.

They exist for sealing: they are added, moved between our own processes as a block of constant size, handed over to
the sealer at commit, and thrown away. Everything else that could turn a count into something readable raises, with a
text that is always the same.
"""

from __future__ import annotations

from collections.abc import Callable
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

PACKED_BYTES = 8 * SHAPE[0] * SHAPE[1]
"""Size of `Masked.pack()`, whatever the counts are."""


class Masked:
    """Masked candidates by channel and compartment.

    Only `add`, `pack`, `unpack`, `hand_over` and `discard` touch the counts; `pack` is for the wire inside the gate.
    """

    __slots__ = ("__counts",)

    def __init__(self, counts: NDArray[np.int64]) -> None:
        if counts.shape != SHAPE or counts.dtype != np.int64:
            msg = f"masked counts: wanted an int64 array of shape {SHAPE}; peers run different versions"
            raise ValueError(msg)
        self.__counts = counts

    @classmethod
    def zero(cls) -> Self:
        """Counts of nothing."""
        return cls(np.zeros(SHAPE, np.int64))

    def add(self, other: Masked) -> None:
        """Add other counts to these, in place."""
        self.__counts += other.__counts

    def pack(self) -> bytes:
        """Little-endian int64 words; the size is the same for all counts."""
        return np.ascontiguousarray(self.__counts, "<i8").tobytes()

    @classmethod
    def unpack(cls, data: bytes | memoryview) -> Self:
        """Inverse of `pack`."""
        if len(data) != PACKED_BYTES:
            msg = f"masked counts: {len(data)} bytes, wanted {PACKED_BYTES}; peers run different versions"
            raise ValueError(msg)
        return cls(np.frombuffer(data, "<i8").astype(np.int64).reshape(SHAPE))

    def hand_over(self, take: Callable[[NDArray[np.int64]], T]) -> T:
        """Give a copy of the counts, shape `SHAPE`, to the sealer; only `monitor.sealed` may call this."""
        return take(self.__counts.copy())

    def discard(self) -> None:
        """Throw the counts away."""
        self.__counts[...] = 0

    def _refuse(self, *_: object) -> NoReturn:
        msg = "masked counts cannot be shown, compared or converted; they can be added, packed, sealed and discarded"
        raise PolicyError(msg)

    __repr__ = __str__ = __format__ = __bytes__ = _refuse
    __int__ = __float__ = __complex__ = __index__ = __bool__ = __round__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = _refuse
    __len__ = __iter__ = __contains__ = __getitem__ = __reversed__ = __array__ = _refuse
    __reduce__ = __reduce_ex__ = __getstate__ = __copy__ = __deepcopy__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __neg__ = __abs__ = _refuse
