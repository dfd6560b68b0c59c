"""The sealed record of one compartment and spill, its commitment, and the entry that goes on the hash chain.

A record is a fixed struct of 72 bytes. Its nonce makes the commitment hide the count: without one, trying a few
counts would tell it. Source of the design: HPKE (RFC 9180) for secrecy, SHA-256 commitments for binding.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

from daq.errors import PolicyError
from streaming.masked import SLOT_BYTES, SLOTS
from streaming.sealing.hpke import OVERHEAD
from streaming.sealing.keys import COUNT_COMPARTMENTS

MAGIC = b"DWSR"
VERSION = 1
NONCE_BYTES = 32

_RECORD = struct.Struct("<4sHIIHQ16s32s")
RECORD_BYTES = _RECORD.size
CIPHER_BYTES = RECORD_BYTES + OVERHEAD
ITEM_BYTES = 32 + CIPHER_BYTES
"""Commitment and ciphertext of one compartment."""
RECORDS_BYTES = ITEM_BYTES * len(COUNT_COMPARTMENTS)
SEALED_SLOT_BYTES = SLOT_BYTES + OVERHEAD
SLOTS_BYTES = SLOTS * SEALED_SLOT_BYTES


@dataclass(frozen=True, slots=True, repr=False)
class Record:
    """What is sealed for one compartment of one spill. It has no text form: only the opener may read it."""

    run: int
    burst: int
    index: int
    """Place of the compartment in `COUNT_COMPARTMENTS`."""
    count: int
    config_digest: bytes
    """First 16 bytes of SHA-256 of the digest of the configuration, as the public row writes it."""
    nonce: bytes

    def pack(self) -> bytes:
        """`RECORD_BYTES` bytes."""
        body = (self.run, self.burst, self.index, self.count, self.config_digest, self.nonce)
        return _RECORD.pack(MAGIC, VERSION, *body)

    @classmethod
    def unpack(cls, data: bytes) -> Record:
        """Inverse of `pack`.

        Raises
        ------
        PolicyError
            No record of this version; the text says nothing of what is in it.
        """
        if len(data) != RECORD_BYTES or data[:4] != MAGIC or data[4:6] != struct.pack("<H", VERSION):
            msg = f"sealed record: wanted {RECORD_BYTES} bytes of version {VERSION}; opened with another version?"
            raise PolicyError(msg)
        return cls(*_RECORD.unpack(data)[2:])

    def commitment(self) -> bytes:
        """SHA-256 that binds to the record and, through the nonce, tells nothing of it."""
        return hashlib.sha256(b"dumpwatch/commit/1\0" + self.pack()).digest()


def seal_context(run: int, burst: int, commitment: bytes) -> bytes:
    """Say what a ciphertext belongs to: a record that is moved to another spill does not open."""
    return struct.pack("<II", run, burst) + commitment


def slots_context(run: int, burst: int, records: bytes) -> bytes:
    """Likewise for an event slot, bound to the records of its spill."""
    return struct.pack("<II", run, burst) + hashlib.sha256(records).digest()


def items_of(records: bytes) -> list[tuple[bytes, bytes]]:
    """Commitment and ciphertext of each compartment, in the order of `COUNT_COMPARTMENTS`.

    Raises
    ------
    PolicyError
        The block has another size.
    """
    if len(records) != RECORDS_BYTES:
        msg = f"sealed records: {len(records)} bytes, wanted {RECORDS_BYTES}; cut, or of another version"
        raise PolicyError(msg)
    starts = range(0, RECORDS_BYTES, ITEM_BYTES)
    return [(records[at : at + 32], records[at + 32 : at + ITEM_BYTES]) for at in starts]
