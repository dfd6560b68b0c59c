"""The secret half of sealing: counts and event slots of a spill under public keys. It needs no key of the host.

So a replay can seal where it counts, on any machine, and hand on what nobody there can read; the host that has the
chain gives it its place.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass

from monitor.sealed.record import NONCE_BYTES, Record, seal_context, slots_context
from monitor.spill import Spill
from streaming.masked import Counts, Masked, read_slot, slots_of
from streaming.sealing.keys import COUNT_COMPARTMENTS, DRILL, SealingKeys, compartment


@dataclass(frozen=True, slots=True)
class SealedCounts:
    """Sealed counts and slots of one spill, without a place in the chain. Every field has one size.

    records : `record.RECORDS_BYTES`
    slots : `record.SLOTS_BYTES`
    keys_digest : SHA-256 of the public key set, 32 bytes
    """

    run: int
    burst: int
    records: bytes
    slots: bytes
    keys_digest: bytes


def drill_count(run: int, burst: int) -> int:
    """Pseudo-count of the drill compartment, 0 to 3: public, so that an opening can be practised and checked."""
    return hashlib.sha256(b"dumpwatch/drill/1\0" + f"{run}/{burst}".encode()).digest()[0] % 4


class CountSealer:
    """Seals counts with the public part of a key set.

    nonce : makes fresh random bytes; an argument for tests only
    """

    def __init__(self, keys: SealingKeys, nonce: Callable[[int], bytes] = os.urandom) -> None:
        self._keys = keys
        self._nonce = nonce

    @property
    def keys_digest(self) -> bytes:
        """SHA-256 of the public key set."""
        return bytes.fromhex(self._keys.digest)

    def seal_counts(self, spill: Spill, masked: Masked) -> SealedCounts:
        """Seal what was masked in a spill. `masked` stays as it is; discard it afterwards."""
        return masked.hand_over(lambda counts, slots: self._seal_counts(spill, counts, slots))

    def _seal_counts(self, spill: Spill, counts: Counts, slots: bytes) -> SealedCounts:
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
        sealed_slots = self._seal_slots(slots_context(run, burst, records), slots)
        return SealedCounts(run, burst, records, sealed_slots, self.keys_digest)

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


if COUNT_COMPARTMENTS[-1] != DRILL:  # the counts are laid out as the compartments are
    msg = "the drill compartment has to be the last one"
    raise ImportError(msg)
