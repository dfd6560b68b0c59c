"""Opening of a block: the sealed counts of its compartments, each proved to be the one that was committed live."""

from __future__ import annotations

import contextlib
import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from daq.errors import PolicyError
from monitor.sealed.keyring import Custodian, KeyRing
from monitor.sealed.model import SealedSpill
from monitor.sealed.record import (
    RECORD_BYTES,
    SEALED_SLOT_BYTES,
    Record,
    items_of,
    seal_context,
    slots_context,
)
from monitor.sealed.shares import join
from streaming.masked import SLOTS, read_slot
from streaming.sealing.hpke import open_bytes
from streaming.sealing.keys import COUNT_COMPARTMENTS, compartment, full_context


@dataclass(frozen=True, slots=True, repr=False)
class OpenedCompartment:
    """One compartment of a block, opened. It has no text form, so that no traceback shows it before it is booked.

    records : of every spill of the block, in the order of the chain; anybody can recompute their commitments
    events : (run, burst, bytes of the event) of the slots of this compartment
    """

    name: str
    records: tuple[Record, ...]
    events: tuple[tuple[int, int, bytes], ...]

    @property
    def total(self) -> int:
        """Masked candidates of the block."""
        return sum(record.count for record in self.records)

    def proof(self) -> bytes:
        """All records, for the log."""
        return b"".join(record.pack() for record in self.records)


def private_key(name: str, custodians: Sequence[Custodian], ring: KeyRing) -> X25519PrivateKey:
    """Join the shares of a compartment.

    Raises
    ------
    PolicyError
        Too few custodians, or a wrong share.
    """
    pads = [c.pads.get(name, {}) for c in custodians]
    secret = join(pads, ring.threshold, len(ring.custodians), ring.checks[name])
    return X25519PrivateKey.from_private_bytes(secret)


def open_compartment(name: str, key: X25519PrivateKey, block: Iterable[SealedSpill]) -> OpenedCompartment:
    """Open every record of a compartment; the block is gone through once.

    Raises
    ------
    PolicyError
        A record does not open, or is not what was committed; nothing is returned then.
    """
    records: list[Record] = []
    events: list[tuple[int, int, bytes]] = []
    for sealed in block:
        records.append(_open_record(name, key, sealed))
        events += [(sealed.run, sealed.burst, event) for event in _open_slots(name, key, sealed)]
    return OpenedCompartment(name, tuple(records), tuple(events))


def _open_record(name: str, key: X25519PrivateKey, sealed: SealedSpill) -> Record:
    index = COUNT_COMPARTMENTS.index(name)
    commitment, cipher = items_of(sealed.records)[index]
    where = f"run {sealed.run} burst {sealed.burst} compartment {name}"
    try:
        plain = open_bytes(key, full_context(name, seal_context(sealed.run, sealed.burst, commitment)), cipher)
    except PolicyError as error:
        msg = f"{where}: {error}"
        raise PolicyError(msg) from None
    record = Record.unpack(plain)
    if (record.run, record.burst, record.index) != (sealed.run, sealed.burst, index):
        msg = f"{where}: the record inside is of another place; nothing is opened"
        raise PolicyError(msg)
    if record.commitment() != commitment:
        msg = f"{where}: the record is not the one that was committed to; nothing is opened"
        raise PolicyError(msg)
    return record


def _open_slots(name: str, key: X25519PrivateKey, sealed: SealedSpill) -> list[bytes]:
    context = full_context(name, slots_context(sealed.run, sealed.burst, sealed.records))
    found = []
    for i in range(SLOTS):
        # a slot that does not open is empty or of another compartment; which one cannot be told
        with contextlib.suppress(PolicyError):
            plain = open_bytes(key, context, sealed.slots[i * SEALED_SLOT_BYTES : (i + 1) * SEALED_SLOT_BYTES])
            slot = read_slot(plain)
            found += [slot[0]] if slot is not None and compartment(slot[1], slot[2]) == name else []
    return found


def check_proof(name: str, proof: bytes, block: Iterable[SealedSpill]) -> int:
    """Sum of published records, each held against its commitment; needs no private key.

    Raises
    ------
    PolicyError
        A record is missing, too many, of another place, or not the committed one.
    """
    index, total, n = COUNT_COMPARTMENTS.index(name), 0, 0
    for sealed in block:
        n += 1
        data = proof[(n - 1) * RECORD_BYTES : n * RECORD_BYTES]
        if len(data) < RECORD_BYTES:
            break
        record = Record.unpack(data)
        if record.index != index or record.commitment() != items_of(sealed.records)[index][0]:
            msg = f"proof of {name}: the record of run {sealed.run} burst {sealed.burst} is not the committed one"
            raise PolicyError(msg)
        total += record.count
    if len(proof) != RECORD_BYTES * n:
        msg = f"proof of {name}: {len(proof)} bytes, wanted {RECORD_BYTES} for each spill of the block"
        raise PolicyError(msg)
    return total


def block_digest(places: Iterable[tuple[int, bytes]]) -> str:
    """Digest of the places and heads of the spills that count in a block, for the log."""
    digest = hashlib.sha256(b"dumpwatch/block/1\0")
    for index, head in places:
        digest.update(struct.pack("<Q", index) + head)
    return digest.hexdigest()
