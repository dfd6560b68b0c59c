"""The hash chain over all sealed spills of a ledger, in the order of their commits, signed by the host."""

from __future__ import annotations

import hashlib
import struct

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from monitor.sealed.model import SealedSpill
from monitor.sealed.record import items_of

START = hashlib.sha256(b"dumpwatch/chain/1").digest()
"""Head of an empty chain."""


def next_head(head: bytes, sealed: SealedSpill) -> bytes:
    """Head after one more spill: each compartment is an entry of its own, the slots are the last."""
    place = struct.pack("<III", sealed.run, sealed.burst, sealed.revision)
    entries = [
        place + struct.pack("<H", i) + commitment + cipher
        for i, (commitment, cipher) in enumerate(items_of(sealed.records))
    ]
    for entry in (*entries, place + b"\xff\xff" + sealed.slots):
        head = hashlib.sha256(b"\x01" + head + entry).digest()
    return head


def signed_text(sealed: SealedSpill) -> bytes:
    """What the host signs: place in the chain, head, time, keys, and the public row that was committed with it."""
    place = struct.pack("<QIIIq", sealed.index, sealed.run, sealed.burst, sealed.revision, sealed.wall_ns)
    return b"dumpwatch/spill/1\0" + place + sealed.head + sealed.keys_digest + sealed.row_digest


def sign(key: Ed25519PrivateKey, sealed: SealedSpill) -> bytes:
    """Signature of the host, 64 bytes."""
    return key.sign(signed_text(sealed))


def is_signed(key: Ed25519PublicKey, sealed: SealedSpill) -> bool:
    """Whether the host of this key signed it."""
    try:
        key.verify(sealed.signature, signed_text(sealed))
    except InvalidSignature:
        return False
    return True
