"""What the ledger holds beside the public row of a spill. Every field has the same size for every spill."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SealedSpill:
    """Sealed counts and event slots of one spill, and its place in the chain.

    index : place in the chain, 0 first
    records : commitment and ciphertext of every compartment (`record.RECORDS_BYTES`)
    slots : sealed block of event slots (`record.SLOTS_BYTES`)
    head : of the chain after this spill, 32 bytes
    keys_digest : SHA-256 of the public key set, 32 bytes
    row_digest : SHA-256 of the public row that was committed with it, 32 bytes
    signature : of the host, 64 bytes
    """

    run: int
    burst: int
    revision: int
    index: int
    records: bytes
    slots: bytes
    head: bytes
    keys_digest: bytes
    row_digest: bytes
    wall_ns: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class ChainHead:
    """Where the chain stands after a spill: what is published of it, so that a witness can write it down."""

    run: int
    burst: int
    revision: int
    index: int
    head: bytes


@dataclass(frozen=True, slots=True)
class OpeningRow:
    """One line of the opening log, which is a hash chain of its own.

    id : 1 first, without gaps
    kind : `approved` or `done`
    body : canonical JSON, see `monitor.sealed.entries`
    proof : opened records, each of which anybody can hold against its commitment; empty where nothing was opened
    head : of the log after this line, 32 bytes
    """

    id: int
    kind: str
    body: str
    proof: bytes
    head: bytes
    booked_ns: int
