"""From a closed burst to its row in the ledger."""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import replace
from functools import partial

from daq.errors import StoreError
from daq.records import EobRecord
from monitor.ledger import Ledger
from monitor.ledger.booking import Seal
from monitor.sealed.counts import SealedCounts
from monitor.sealed.model import SealedSpill
from monitor.sealed.seal import Link, SpillSealer
from monitor.spill import Spill, close_spill
from streaming.closure import Commit
from streaming.masked import Masked
from streaming.messages import NO_KEYS

log = logging.getLogger(__name__)


def agree(burst: Commit, sealer: SpillSealer | None) -> tuple[Commit, SpillSealer | None]:
    """Seal only what every worker looked at under the key set of this collector.

    When hosts differ nothing is sealed, for a sealed 0 of events that nobody looked at would be believed. And nothing
    of the events with several tracks that some worker did look at is counted: what is open of them would stand
    without what is masked.

    Returns
    -------
    Commit, SpillSealer or None
        What is to be booked, and what seals it.
    """
    mine = NO_KEYS if sealer is None else sealer.keys_digest
    if burst.keys <= {mine}:
        return burst, sealer
    theirs = ", ".join(sorted("none" if keys == NO_KEYS else keys.hex()[:16] for keys in burst.keys))
    log.error(
        "run %d burst %d: sealing keys of the workers (%s) and of the collector (%s) differ; events with several "
        "tracks are not counted and nothing is sealed: give all hosts one key set and restart them",
        *burst.sob.key,
        theirs,
        "none" if sealer is None else mine.hex()[:16],
    )
    return replace(burst, tally=burst.tally.without_pairs(), masked=Masked.zero()), None


def make_spill(burst: Commit, *, sealed: bool = False) -> Spill:
    """Make the public row of a closed burst; one that is not sealed says so.

    Raises
    ------
    StoreError
        Its numbers contradict each other.
    """
    content = hashlib.sha256(burst.headers_digest + burst.tally.pack()).hexdigest()
    set_a = burst.sob.b2_set_a
    spill = close_spill(burst.sob, burst.eob, burst.tally, burst.n_counted, burst.missing, content, set_a)
    return spill if sealed else spill.not_sealed()


def book(ledger: Ledger, burst: Commit, spill: Spill, sealer: SpillSealer | None = None) -> Spill:
    """Commit a row with what is sealed for it, and return the row that the ledger has now.

    A burst that is booked INCOMPLETE is upgraded when more of it was counted; when less was, the row stays.

    Raises
    ------
    ContentConflict
        The ledger has other content under this run and burst.
    StoreError
        The ledger can't be written now.
    """
    seal = None
    if sealer is not None:
        seal = partial(_seal, sealer, spill, burst.masked)
    booked = ledger.spill(*spill.key)
    if booked is not None and booked.state == "INCOMPLETE" and is_same_burst(burst.eob, booked):
        if spill.state == "INCOMPLETE" and spill.n_missing >= booked.n_missing:
            return booked
        ledger.upgrade(spill, burst.tally, who="collector", why="frames that were missing were found", seal=seal)
    else:
        ledger.commit(spill, burst.tally, seal)
    return spill


def placed(sealer: SpillSealer, spill: Spill, counts: SealedCounts) -> Seal:
    """Make what `Ledger.commit` and `Ledger.upgrade` want as `seal`, of counts that were sealed elsewhere.

    Where a replay counts: `CountSealer(SealingKeys.load(folder)).seal_counts(spill, masked)`; where the ledger is:
    `ledger.upgrade(spill, tally, who=..., why=..., seal=placed(SpillSealer.load(folder), spill, counts))`.
    """
    return lambda revision, link: sealer.place(spill, revision, counts, link, time.time_ns())


def _seal(sealer: SpillSealer, spill: Spill, masked: Masked, revision: int, link: Link) -> SealedSpill:
    return sealer.seal(spill, revision, masked, link, time.time_ns())


def is_same_burst(eob: EobRecord, booked: Spill) -> bool:
    """Whether an announced burst is the one in the ledger, as far as its records tell."""
    masks = {name: (m.generated, m.sent) for name, m in eob.masks.items()}
    theirs = {name: (m.generated, m.sent) for name, m in booked.triggers.items()}
    intensity = eob.beam.t10_intensity if eob.beam else None
    return (eob.n_frames, eob.n_events, masks, intensity) == (
        booked.n_frames,
        booked.n_events,
        theirs,
        booked.t10_intensity,
    )


def check_books(ledger: Ledger) -> None:
    """Refuse to start on a ledger whose identity does not hold.

    Raises
    ------
    StoreError
    """
    imbalance = ledger.imbalance()
    if imbalance:
        msg = f"ledger: {imbalance} events are neither counted nor missing; run `dumpwatch spills` and restore a copy"
        raise StoreError(msg)
