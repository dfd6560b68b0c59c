"""Counted bursts beside the ledger: compared, and booked where that is allowed and right."""

from __future__ import annotations

import logging
from typing import Literal

from daq.errors import ContentConflict, RecordingError
from daq.recording.manifest import Manifest
from monitor.ledger import Ledger
from monitor.services.booking import is_same_burst
from monitor.spill import Spill
from offline.replay.burst import CountedBurst
from offline.replay.place import manifest_of

log = logging.getLogger(__name__)

Result = Literal["identical", "booked", "upgraded", "differs", "not booked", "not compared", "booked before"]

BAD: tuple[Result, ...] = ("differs", "not booked")
"""Results of a comparison that make `--verify` fail."""


def same_numbers(one: Spill, other: Spill) -> bool:
    """Whether two rows say the same of a burst, whatever the configuration they were counted with is called.

    A configuration that has one more key, or another beam, has another digest and may give the same numbers.
    """
    return one.model_copy(update={"config_digest": other.config_digest}).content() == other.content()


def compare(books: Ledger | None, counted: CountedBurst, who: str, *, may_book: bool) -> Result:
    """Compare one counted burst with the ledger, and book it where that is allowed and right."""
    spill = counted.spill
    if books is None:
        return "not compared"
    booked = books.measured(*spill.key)
    if booked is not None and same_numbers(booked, spill):
        return "identical"
    if not may_book:
        return "not booked" if booked is None else "differs"
    try:
        if booked is None:
            done = books.commit(spill.not_sealed(), counted.tally)
            return "booked" if done == "inserted" else "identical"  # somebody else booked it in this moment
        if booked.state == "INCOMPLETE" and (spill.state == "COMPLETE" or spill.n_counted > booked.n_counted):
            books.upgrade(spill.not_sealed(), counted.tally, who=who, why="recording replayed")
            return "upgraded"
    except ContentConflict as error:
        log.warning("%s", error)
    return "differs"


def booked_before(books: Ledger, key: tuple[int, int], place: str) -> Spill | None:
    """Give the row of a burst that is booked whole and whose recording is that burst by its records; None if not."""
    booked = books.measured(*key)
    if booked is None or booked.state != "COMPLETE":
        return None
    try:
        manifest = manifest_of(place)
    except RecordingError:
        return None  # the task that counts it says what is wrong
    return booked if manifest is not None and _is_of(manifest, booked) else None


def _is_of(manifest: Manifest, booked: Spill) -> bool:
    return manifest.sob.sob_time_ns == booked.sob_time_ns and is_same_burst(manifest.eob, booked)
