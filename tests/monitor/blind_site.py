"""A ledger of sealed spills, its keys and its custodians: for tests of openings and audits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from daq.errors import StoreError
from monitor.sealed import openlog
from monitor.sealed.audit import NOBODY, examine
from monitor.sealed.block import Limits
from monitor.sealed.chain import START, next_head, sign
from monitor.sealed.draft import Wish, draft
from monitor.sealed.keygen import SHARE_FILE, make_keys
from monitor.sealed.keyring import Custodian, KeyRing, load_host_key
from monitor.sealed.model import OpeningRow, SealedSpill
from monitor.sealed.open import Opened, Request, open_block
from monitor.sealed.seal import Link, SpillSealer
from monitor.sealed.statement import Statement, approve
from monitor.sealed.store import PublicRow
from monitor.spill import Spill
from streaming.masked import SHAPE, Masked, fill_slot
from tests.monitor.synthetic import make_spill

NAMES = ["ada", "bob", "eve", "kim", "lou"]
NOW_NS = 1_760_001_000_000_000_000
SMALL = Limits(4, 0.1)
N_SPILLS = 12


@dataclass
class MemoryStore:
    """A ledger in memory, for tampering with."""

    chain: list[SealedSpill] = field(default_factory=list)
    rows: list[PublicRow] = field(default_factory=list)
    log: list[OpeningRow] = field(default_factory=list)

    def sealed(self, first: int = 0, last: int | None = None) -> Iterator[SealedSpill]:
        end = 2**40 if last is None else last
        return iter([sealed for sealed in self.chain if first <= sealed.index <= end])

    def public_rows(self) -> Iterator[PublicRow]:
        return iter(list(self.rows))

    def openings(self) -> list[OpeningRow]:
        return list(self.log)

    def add_opening(self, after: bytes, kind: str, body: str, proof: bytes) -> OpeningRow:
        if after != (self.log[-1].head if self.log else openlog.START):
            raise StoreError("somebody else was faster")
        row = OpeningRow(len(self.log) + 1, kind, body, proof, b"", NOW_NS)
        self.log.append(replace(row, head=openlog.head_after(after, row)))
        return self.log[-1]

    def copy(self) -> MemoryStore:
        return MemoryStore(list(self.chain), list(self.rows), list(self.log))


class Ceremony:
    """A key set with five custodians, three of whom open."""

    def __init__(self, folder: Path, *, demonstration: bool = True) -> None:
        self.folder = folder
        self.public = make_keys(folder, NAMES, 3, demonstration=demonstration)
        self.ring, self.host = KeyRing.load(self.public), load_host_key(self.public)
        self.rings = {bytes.fromhex(self.ring.keys.digest): self.ring}
        self.files = [folder / f"custodian-{i}" / SHARE_FILE for i in range(1, 6)]
        self.custodians = [Custodian.load(path) for path in self.files]
        self.sealer = SpillSealer(self.ring.keys, self.host)

    def add(self, store: MemoryStore, spill: Spill, masked: Masked, revision: int = 0) -> SealedSpill:
        """Book and seal a spill."""
        link = Link(len(store.chain), store.chain[-1].head if store.chain else START)
        store.chain.append(self.sealer.seal(spill, revision, masked, link, NOW_NS))
        store.rows.append(PublicRow(*spill.key, revision, spill.model_dump_json()))
        return store.chain[-1]

    def fill(self, n: int = N_SPILLS, counts: Callable[[int], Masked] | None = None, **change: object) -> MemoryStore:
        """A ledger of `n` spills."""
        store = MemoryStore()
        for burst in range(1, n + 1):
            spill, _ = make_spill(burst=burst)
            self.add(store, spill.model_copy(update=change), (counts or usual)(burst))
        return store

    def resign(self, store: MemoryStore, first: int = 0) -> None:
        """Write the chain anew from a place on, as who has the key of the host can."""
        head = store.chain[first - 1].head if first else START
        for i in range(first, len(store.chain)):
            sealed = replace(store.chain[i], index=i)
            sealed = replace(sealed, head=next_head(head, sealed))
            store.chain[i] = replace(sealed, signature=sign(self.host, sealed))
            head = sealed.head

    def statement(self, store: MemoryStore, stage: str = "CR", channel: str = "mumu", **wish: object) -> Statement:
        """Make a statement from a ledger."""
        rule = {} if stage in ("CR_VALIDATION", "DRILL") else {"expected": "10.0", "min_p": "0.05"}
        seen = examine(store, self.rings, NOBODY)
        content = {"not_before_ns": NOW_NS - 10**9, **rule, **wish}
        return draft(Wish(channel, stage, **content), seen, self.rings)

    def request(self, statement: Statement, chosen: slice = slice(3), **change: object) -> Request:
        """A request of some custodians, who all signed."""
        people = self.custodians[chosen]
        approvals = tuple(approve(statement, one) for one in people)
        return replace(Request(statement, approvals, tuple(people), SMALL), **change)

    def open(self, store: MemoryStore, stage: str = "CR", channel: str = "mumu", **wish: object) -> Opened:
        """The whole ceremony of one stage."""
        request = self.request(self.statement(store, stage, channel, **wish))
        return open_block(store, self.rings, request, NOW_NS)


def usual(burst: int) -> Masked:
    """Candidates of a burst: `burst % 3` of mu mu in CR; in burst 7 one in SR, with its event, and one K_S."""
    counts = np.zeros(SHAPE, np.int64)
    counts[0] = (burst == 7, burst % 3, burst == 7)
    return Masked(counts, [fill_slot(b"event of 7", 0, 0)] if burst == 7 else [])


def nothing(_: int) -> Masked:
    """No candidates."""
    return Masked.zero()


def sealed_by(sealer: SpillSealer, spill: Spill, masked: Masked, revision: int, link: Link) -> SealedSpill:
    """Sealed row of a spill, as the collector makes it."""
    return sealer.seal(spill, revision, masked, link, NOW_NS)
