"""What the collaboration has opened: from the opening log of a ledger that passes its audit, and from nowhere else.

An opened count is of a block of spills. It stands beside the expected numbers of a report only when the report is of
exactly these spills; otherwise it is told as what it is, with its own spills and protons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from daq.records import BurstKey
from monitor.ledger import Ledger
from monitor.sealed.audit import Examined, examine
from monitor.sealed.books import load_rings
from monitor.sealed.entries import Done
from monitor.sealed.statement import utc
from streaming.sealing.keys import COUNT_COMPARTMENTS, DRILL

STAGES = ("CR", "SR")


@dataclass(frozen=True, slots=True)
class OpenedBlock:
    """Counts of one channel in one block: region -> number, for the bursts of the block."""

    channel: str
    counts: dict[str, int]
    bursts: frozenset[BurstKey]
    pot: int
    when: str


@dataclass(frozen=True, slots=True)
class Opened:
    """All that was opened, in the order of the log, and the heads that prove it."""

    blocks: tuple[OpenedBlock, ...] = ()
    chain_head: str = ""
    log_head: str = ""

    def counts(self, bursts: frozenset[BurstKey]) -> dict[tuple[str, str], int]:
        """(channel, region) -> count, of the blocks that are these bursts and no other."""
        found: dict[tuple[str, str], int] = {}
        for block in self.blocks:
            if block.bursts == bursts:
                found |= {(block.channel, region): n for region, n in block.counts.items()}
        return found


NOTHING = Opened()


def read_opened(url: str, keys: Sequence[Path]) -> Opened:
    """Read what was opened from a ledger, after its whole audit.

    Raises
    ------
    PolicyError
        The audit finds a fault: then nothing counts as opened.
    StoreError
        The ledger can't be read.
    """
    with Ledger.open(url, readonly=True) as books:
        return opened_of(examine(books, load_rings(list(keys))))


def opened_of(seen: Examined) -> Opened:
    """Collect what an examined ledger has opened.

    Raises
    ------
    PolicyError
        As `read_opened`.
    """
    seen.check()
    blocks: dict[tuple[str, int, int], OpenedBlock] = {}
    for entry in seen.entries:
        body = entry.body
        if not isinstance(body, Done) or body.statement.stage not in STAGES or body.statement.channel == DRILL:
            continue
        said = body.statement
        place = (said.channel, said.first_index, said.last_index)
        counts = {c.compartment.split("/")[1]: c.count for c in body.opened if c.compartment in COUNT_COMPARTMENTS}
        before = blocks.get(place)
        bursts = frozenset(p.burst for p in seen.walk.places[said.first_index : said.last_index + 1])
        blocks[place] = OpenedBlock(
            said.channel, (before.counts if before else {}) | counts, bursts, body.pot, utc(entry.row.booked_ns)
        )
    return Opened(tuple(blocks.values()), seen.head.hex(), seen.openings_head.hex())
