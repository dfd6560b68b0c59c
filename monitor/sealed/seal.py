"""Sealing of a spill at its commit: 28 counts and one block of slots, the same work and sizes for every spill."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from daq.errors import PolicyError
from monitor.sealed.chain import next_head, sign
from monitor.sealed.keygen import HOST_FILE
from monitor.sealed.keyring import KeyRing, load_host_key
from monitor.sealed.model import SealedSpill
from monitor.sealed.record import NONCE_BYTES, Record, seal_context, slots_context
from monitor.spill import Spill
from streaming.masked import Counts, Masked, read_slot, slots_of
from streaming.sealing.keys import COUNT_COMPARTMENTS, DRILL, SealingKeys, compartment


@dataclass(frozen=True, slots=True)
class Link:
    """Where the chain stands: the next index and the head so far."""

    index: int
    head: bytes


def drill_count(run: int, burst: int) -> int:
    """Pseudo-count of the drill compartment, 0 to 3: public, so that an opening can be practised and checked."""
    return hashlib.sha256(b"dumpwatch/drill/1\0" + f"{run}/{burst}".encode()).digest()[0] % 4


class SpillSealer:
    """Seals spills with a key set and signs the chain with the key of this host.

    nonce : makes fresh random bytes; an argument for tests only
    """

    def __init__(
        self, keys: SealingKeys, host_key: Ed25519PrivateKey, nonce: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._keys = keys
        self._host_key = host_key
        self._nonce = nonce

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Sealer of this host, from the public part of a key set.

        Raises
        ------
        PolicyError
            Missing, wrong or unreadable keys, or a host key that others can read or that is of another set.
        """
        ring, host_key = KeyRing.load(folder), load_host_key(folder)
        if host_key.public_key() != ring.host:
            msg = f"sealing keys {folder}: {HOST_FILE} is not the host key of this key set; take both from one ceremony"
            raise PolicyError(msg)
        return cls(ring.keys, host_key)

    def seal(self, spill: Spill, revision: int, masked: Masked, link: Link, wall_ns: int) -> SealedSpill:
        """Seal what was masked in a spill. `masked` stays as it is; discard it after the commit."""
        return masked.hand_over(lambda counts, slots: self._seal(spill, revision, counts, slots, link, wall_ns))

    def _seal(self, spill: Spill, revision: int, counts: Counts, slots: bytes, link: Link, wall_ns: int) -> SealedSpill:
        run, burst = spill.key
        numbers = [int(n) for n in counts.ravel()] + [drill_count(run, burst)]
        # of its text: a record of elsewhere may say anything here, and must not stop the collector
        digest = hashlib.sha256(spill.config_digest.encode()).digest()[:16]
        items = []
        for index, (name, count) in enumerate(zip(COUNT_COMPARTMENTS, numbers, strict=True)):
            record = Record(run, burst, index, count, digest, self._nonce(NONCE_BYTES))
            commitment = record.commitment()
            items.append(commitment + self._keys.seal(name, seal_context(run, burst, commitment), record.pack()))
        records = b"".join(items)
        sealed = SealedSpill(
            run=run,
            burst=burst,
            revision=revision,
            index=link.index,
            records=records,
            slots=self._seal_slots(slots_context(run, burst, records), slots),
            head=b"",
            keys_digest=bytes.fromhex(self._keys.digest),
            row_digest=row_digest(spill),
            wall_ns=wall_ns,
            signature=b"",
        )
        sealed = replace(sealed, head=next_head(link.head, sealed))
        return replace(sealed, signature=sign(self._host_key, sealed))

    def _seal_slots(self, context: bytes, block: bytes) -> bytes:
        """Seal every slot under the key of its own compartment, an empty one under a key that nobody has.

        A custodian of one compartment opens the events of that one, and cannot tell the others from empty slots.
        """
        sealed = []
        for slot in slots_of(block):
            found = read_slot(slot)
            nobody = SealingKeys.of_nobody()
            keys, name = (nobody, DRILL) if found is None else (self._keys, compartment(found[1], found[2]))
            sealed.append(keys.seal(name, context, slot))
        return b"".join(sealed)


def row_digest(spill: Spill) -> bytes:
    """SHA-256 of a public row as the ledger keeps it."""
    return hashlib.sha256(spill.model_dump_json().encode()).digest()


if COUNT_COMPARTMENTS[-1] != DRILL:  # the counts are laid out as the compartments are
    msg = "the drill compartment has to be the last one"
    raise ImportError(msg)
