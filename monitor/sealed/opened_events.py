"""Events of compartments that are open: read again from the sealed slots, and from sealed recordings where these lack.

Nothing is read of a compartment that the audited opening log does not say to be open, in no other block than the log
names, and the answer to who asks for a sealed one is the same whatever lies in it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from daq.errors import ConfigError, DataError, PolicyError
from daq.frame import EventFrame
from daq.recording.opened import PlacedEvent
from daq.records import BurstKey
from monitor.sealed.audit import Examined
from monitor.sealed.entries import Done
from monitor.sealed.incomplete import counted
from monitor.sealed.keyring import Custodian, KeyRing
from monitor.sealed.opening import OpenedCompartment, block_digest, open_compartment, private_key
from monitor.sealed.recount import Recounter
from monitor.sealed.rules import ring_of
from monitor.sealed.sealed_files import SealedFile, read_sealed
from monitor.sealed.statement import Statement
from monitor.sealed.store import SealedStore
from streaming.event_bytes import pack_event, unpack_event
from streaming.masked import SLOTS
from streaming.sealing.keys import COUNT_COMPARTMENTS, DRILL, RECORDING

SLOT, FILE = "slot", "sealed file"
"""Where an event was taken from."""


@dataclass(frozen=True, slots=True, repr=False)
class Reading:
    """What people bring to read events of an open compartment.

    recounter : has the configuration of the block
    recordings : folder with the sealed files of the bursts; None reads the slots alone
    statement : the opening that is wanted; None: every one of the compartment
    """

    custodians: tuple[Custodian, ...]
    recounter: Recounter
    recordings: Path | None = None
    statement: Statement | None = None


@dataclass(frozen=True, slots=True, repr=False)
class OpenedEvents:
    """Events of one compartment and block.

    events : in the order of run and burst; `taken_from` says of each whether it lay in a slot or in a sealed file
    counts : opened count by burst, of bursts with any
    notes : what is missing and why, in plain words
    """

    compartment: str
    done: Done
    events: tuple[PlacedEvent, ...]
    taken_from: tuple[str, ...]
    counts: dict[BurstKey, int]
    notes: tuple[str, ...]


def open_lines(seen: Examined, name: str) -> list[Done]:
    """Lines of the opening log in which a compartment was opened, one for each block.

    Raises
    ------
    ConfigError
        No compartment has this name.
    PolicyError
        The ledger does not verify, or the compartment is sealed.
    """
    if name not in COUNT_COMPARTMENTS or name == DRILL:
        names = ", ".join(one for one in COUNT_COMPARTMENTS if one != DRILL)
        msg = f"compartment '{name}': wanted one of {names}"
        raise ConfigError(msg)
    seen.check()
    bodies = [entry.body for entry in seen.entries]
    lines = [body for body in bodies if isinstance(body, Done) and name in (one.compartment for one in body.opened)]
    if not lines:
        msg = f"{name}: is sealed: no line of the opening log opens it; nothing of it is shown"
        raise PolicyError(msg)
    return lines


def read_events(
    store: SealedStore, rings: Mapping[bytes, KeyRing], seen: Examined, name: str, reading: Reading
) -> list[OpenedEvents]:
    """Events of an open compartment, block by block.

    Raises
    ------
    ConfigError, PolicyError
        As `open_lines`; a share is wrong or missing, or the configuration is not that of the block.
    RecordingError
        A sealed file is damaged.
    """
    return [
        _read_block(store, ring_of(done.statement, rings), seen, (name, done), reading)
        for done in open_lines(seen, name)
        if reading.statement in (None, done.statement)
    ]


def _read_block(
    store: SealedStore, ring: KeyRing, seen: Examined, which: tuple[str, Done], reading: Reading
) -> OpenedEvents:
    name, done = which
    reading.recounter.check(done.statement)
    opened = _open_again(store, ring, seen, which, reading.custodians)
    counts = {(record.run, record.burst): record.count for record in opened.records if record.count}
    events: _Events = {burst: {} for burst in sorted(counts)}
    for run, number, data in opened.events:
        events.setdefault((run, number), {})[data] = SLOT
    agrees = reading.recounter.agrees(name, opened.events)
    notes = [] if agrees else [f"{name}: the recount of the events in slots differs; find out why before they are used"]
    lacking = [burst for burst, n in counts.items() if n > len(events[burst])]
    if lacking and reading.recordings is not None:
        key = private_key(RECORDING, reading.custodians, ring)
        for burst in lacking:
            sealed = read_sealed(reading.recordings, key, burst)
            notes += _add(events[burst], sealed, (name, burst), reading.recounter)
    placed = _in_order(events)
    notes += _missing(name, sum(counts.values()), len(placed), reading.recordings is not None)
    taken_from = tuple(place for _, place in placed)
    return OpenedEvents(name, done, tuple(event for event, _ in placed), taken_from, counts, tuple(notes))


_Events = dict[BurstKey, dict[bytes, str]]
"""Burst -> bytes of an event -> where it was taken from."""


def _in_order(events: _Events) -> list[tuple[PlacedEvent, str]]:
    """Events that can be read, by run, burst and number."""
    placed = [(PlacedEvent(*burst, event), taken_from) for burst, found in events.items()
              for data, taken_from in found.items() if (event := _readable(data)) is not None]  # fmt: skip
    return sorted(placed, key=lambda one: (one[0].run, one[0].burst, int(one[0].event.header["event_number"][0])))


def _readable(data: bytes) -> EventFrame | None:
    with contextlib.suppress(DataError):  # the recount differs then, and a note says so
        return unpack_event(data)
    return None


def _open_again(
    store: SealedStore, ring: KeyRing, seen: Examined, which: tuple[str, Done], custodians: Sequence[Custodian]
) -> OpenedCompartment:
    """Open a compartment in the very block that the log names, and in no other."""
    name, done = which
    first, last = done.statement.first_index, done.statement.last_index
    block = counted(seen.walk.places, first, last)
    if block_digest((place.index, place.head) for place in block) != done.block:
        msg = f"{name}: the block of {done.statement.title} is not the one that was opened; see `dumpwatch blind audit`"
        raise PolicyError(msg)
    wanted = {place.index for place in block}
    rows = (row for row in store.sealed(first, last) if row.index in wanted)
    return open_compartment(name, private_key(name, custodians, ring), rows)


def _add(
    events: dict[bytes, str], sealed: SealedFile | None, which: tuple[str, BurstKey], recounter: Recounter
) -> list[str]:
    """Add the candidates of a compartment that a sealed file holds; nothing else of the file is kept."""
    name, (run, burst) = which
    if sealed is None:
        return [f"run {run} burst {burst}: has no sealed file in the folder of recordings"]
    for event in sealed.events:
        data = pack_event(event, 0)
        if recounter.agrees(name, [(run, burst, data)]):
            events.setdefault(data, FILE)
    return [f"run {run} burst {burst}: {sealed.n_no_room} frames found no room in the sealed file"] * bool(
        sealed.n_no_room
    )


def _missing(name: str, total: int, n: int, had_recordings: bool) -> list[str]:
    """Say how many candidates have no event here, and why."""
    if n == total:
        return []
    if n > total:
        return [f"{name}: {n} events for {total} opened candidates; find out why before they are used"]
    why = (
        "the sealed files do not hold them"
        if had_recordings
        else f"a spill has {SLOTS} slots; name the folder of its recordings with --recordings"
    )
    return [f"{name}: {total - n} of {total} opened candidates have no event here: {why}"]
