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
from monitor.sealed.counts import CountSealer, SealedCounts
from monitor.sealed.counts import drill_count as drill_count
from monitor.sealed.keygen import HOST_FILE
from monitor.sealed.keyring import KeyRing, load_host_key
from monitor.sealed.model import SealedSpill
from monitor.spill import Spill
from streaming.masked import Masked
from streaming.sealing.keys import SealingKeys


@dataclass(frozen=True, slots=True)
class Link:
    """Where the chain stands: the next index and the head so far."""

    index: int
    head: bytes


class SpillSealer(CountSealer):
    """Seals spills with a key set and signs the chain with the key of this host.

    nonce : makes fresh random bytes; an argument for tests only
    """

    def __init__(
        self, keys: SealingKeys, host_key: Ed25519PrivateKey, nonce: Callable[[int], bytes] = os.urandom
    ) -> None:
        super().__init__(keys, nonce)
        self._host_key = host_key

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
        return self.place(spill, revision, self.seal_counts(spill, masked), link, wall_ns)

    def place(self, spill: Spill, revision: int, counts: SealedCounts, link: Link, wall_ns: int) -> SealedSpill:
        """Give sealed counts their place in the chain, beside the public row that is committed with them.

        Raises
        ------
        PolicyError
            They are of another spill, or sealed under another key set.
        """
        if (counts.run, counts.burst) != spill.key or counts.keys_digest != self.keys_digest:
            msg = (
                f"sealed counts of run {counts.run} burst {counts.burst} under keys {counts.keys_digest.hex()[:16]}: "
                f"wanted run {spill.run} burst {spill.burst} under {self.keys_digest.hex()[:16]}; nothing was sealed"
            )
            raise PolicyError(msg)
        sealed = SealedSpill(
            run=spill.run,
            burst=spill.burst,
            revision=revision,
            index=link.index,
            records=counts.records,
            slots=counts.slots,
            head=b"",
            keys_digest=self.keys_digest,
            row_digest=row_digest(spill),
            wall_ns=wall_ns,
            signature=b"",
        )
        sealed = replace(sealed, head=next_head(link.head, sealed))
        return replace(sealed, signature=sign(self._host_key, sealed))


def row_digest(spill: Spill) -> bytes:
    """SHA-256 of a public row as the ledger keeps it."""
    return hashlib.sha256(spill.model_dump_json().encode()).digest()
