"""The writing half of the ledger: commit, upgrade, correct. Nothing is ever changed or removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import sqlalchemy as sa

from daq.errors import ContentConflict, StoreError
from monitor.accounting.corrected import correct
from monitor.accounting.judge import Judgement, judge
from monitor.ledger import pack, read, write
from monitor.ledger.bookrow import BookRow, Note
from monitor.ledger.derived import judge_again, judgement_of_row, previous_spill
from monitor.ledger.sealed import add_sealed, last_sealed, sealed_revisions
from monitor.ledger.store import Store
from monitor.sealed.model import SealedSpill
from monitor.sealed.seal import Link
from monitor.spill import Quality, Spill
from streaming.tally import Tally

Seal = Callable[[int, Link], SealedSpill]
"""Makes the sealed row of a spill from the revision of its public row and the place in the chain."""


class Booking(Store):
    """Adds rows to the books, one transaction each."""

    def commit(self, spill: Spill, tally: Tally, seal: Seal | None = None) -> Literal["inserted", "already"]:
        """Book a spill and everything that belongs to it in one transaction, its sealed counts included.

        seal : makes the sealed row from the revision and the place in the chain; None: nothing is sealed

        Raises
        ------
        ContentConflict
            The ledger has this run and burst with other content.
        """
        with self._transaction(write_lock=True) as connection:
            entry = write.lock_and_next_entry(connection)
            rows = write.revisions_of(connection, *spill.key)
            if not rows:
                judgement = judge(spill, previous_spill(connection, *spill.key, is_new=True), self._rules)
                write.append(connection, [self._new(spill, tally, judgement)], entry)
                if seal is not None:
                    add_sealed(connection, seal(0, last_sealed(connection)))
                return "inserted"
            is_same = any(write.is_same(row, spill, tally) for row in rows)
            write.count_repeat(connection, spill, "already" if is_same else "refused", self._now_ns())
        if is_same:
            return "already"
        msg = (
            f"ledger {self._name}: run {spill.run} burst {spill.burst} is booked with other content "
            f"(booked {rows[-1]['state']}, got {spill.state}); nothing was changed: take another run number"
        )
        raise ContentConflict(msg)

    def upgrade(
        self, spill: Spill, tally: Tally, who: str, why: str, seal: Seal | None = None
    ) -> Literal["upgraded", "already"]:
        """Add a correction to a burst that was INCOMPLETE and of which more is known now, or that can be sealed now.

        What a person corrected before holds for the new row as well.

        Parameters
        ----------
        spill, tally : the new row, without the flag NOT_SEALED when it is sealed
        who, why : signature of the correction
        seal : makes the sealed row from the revision and the place in the chain; None: nothing is sealed. With it a
            row that is flagged NOT_SEALED is replaced even when nothing else is new: the newest sealed row counts

        Raises
        ------
        ContentConflict
            The burst was complete, or the new row knows no more than the old one.
        StoreError
            The burst is not in the ledger, or `who` or `why` is empty.
        """
        self._check_signed(spill.key, who, why)
        with self._transaction(write_lock=True) as connection:
            entry = write.lock_and_next_entry(connection)
            rows = write.revisions_of(connection, *spill.key)
            known = rows if seal is None else _sealed(connection, rows, spill)
            if any(write.is_same(row, spill, tally) for row in known):
                write.count_repeat(connection, spill, "already", self._now_ns())
                return "already"
            self._check_upgrade(rows, spill, seals=seal is not None)
            newest = int(rows[-1]["revision"])
            old = judgement_of_row(connection, *spill.key, newest)
            judgement = judge_again(connection, spill, old, self._rules)
            new = [replace(self._new(spill, tally, judgement), revision=newest + 1, note=Note(who, why))]
            for note in read.last_notes(connection, *spill.key):
                new.append(self._changed(new[-1], note))
            write.append(connection, new, entry)
            if seal is not None:
                add_sealed(connection, seal(newest + 1, last_sealed(connection)))
        return "upgraded"

    def correct(self, key: tuple[int, int], note: Note) -> BookRow:
        """Add a person's correction of one field of a burst; the old row stays.

        Parameters
        ----------
        key : run and burst
        note : who, why, field and new value, see `monitor.accounting.corrected.correct`

        Raises
        ------
        StoreError
            Unknown burst, field or value, nothing signed, or nothing that would change.
        """
        self._check_signed(key, note.who, note.why)
        with self._transaction(write_lock=True) as connection:
            entry = write.lock_and_next_entry(connection)
            rows = write.revisions_of(connection, *key)
            if not rows:
                msg = f"ledger {self._name}: run {key[0]} burst {key[1]} is not booked, so it cannot be corrected"
                raise StoreError(msg)
            now = booked_row(rows[-1], judgement_of_row(connection, *key, rows[-1]["revision"]))
            row = self._changed(now, note)
            if (row.document, row.judgement) == (now.document, now.judgement):
                msg = f"ledger {self._name}: run {key[0]} burst {key[1]}: {note.field} is {note.new} already"
                raise StoreError(msg)
            write.append(connection, [row], entry)
        return row

    def _new(self, spill: Spill, tally: Tally, judgement: Judgement) -> BookRow:
        row = BookRow(spill, spill.model_dump_json(), pack.pack_tally(tally), judgement, self._now_ns())
        return replace(row, tally_layout=pack.tally_layout())

    def _changed(self, row: BookRow, note: Note) -> BookRow:
        """Build the row after `row` in which a person's value stands."""
        done = correct(row.spill, row.judgement, str(note.field), str(note.new))
        return BookRow(
            spill=done.spill,
            document=done.spill.model_dump_json(),
            tally=row.tally,
            judgement=done.judgement,
            booked_ns=self._now_ns(),
            revision=row.revision + 1,
            note=replace(note, old=done.old, new=done.new),
            tally_layout=row.tally_layout,
        )

    def _check_signed(self, key: tuple[int, int], who: str, why: str) -> None:
        if not who.strip() or not why.strip():
            msg = f"ledger {self._name}: a correction of run {key[0]} burst {key[1]} needs who and why"
            raise StoreError(msg)

    def _check_upgrade(self, rows: Sequence[Mapping[str, Any]], spill: Spill, *, seals: bool) -> None:
        where = f"ledger {self._name}: run {spill.run} burst {spill.burst}"
        if not rows:
            msg = f"{where} is not booked, so it cannot be corrected; commit it instead"
            raise StoreError(msg)
        old = Spill.model_validate_json(rows[-1]["document"])
        better = old.state != "COMPLETE" and is_better(old, spill)
        if not better and not (seals and is_sealed_at_last(old, spill)):
            msg = (
                f"{where} is booked {old.state} with {old.n_missing} events missing, got {spill.state} with "
                f"{spill.n_missing}: not the same burst with less missing; nothing was changed"
            )
            raise ContentConflict(msg)


def booked_row(row: Mapping[str, Any], judgement: Judgement) -> BookRow:
    """Take a row of the books out again."""
    spill = Spill.model_validate_json(row["document"])
    kept = {name: row[name] for name in ("document", "tally", "booked_ns", "revision", "tally_layout", "program")}
    return BookRow(spill=spill, judgement=judgement, **kept)


def is_better(old: Spill, new: Spill) -> bool:
    """Whether a row is the same burst with less missing."""
    return _is_same_burst(old, new) and (new.state == "COMPLETE" or new.n_missing < old.n_missing)


def is_sealed_at_last(old: Spill, new: Spill) -> bool:
    """Whether a row is the same burst with no more missing, was not sealed before, and is now."""
    seals = Quality.NOT_SEALED in old.quality and Quality.NOT_SEALED not in new.quality
    no_less = new.n_missing <= old.n_missing and (new.state == "COMPLETE" or old.state != "COMPLETE")
    return seals and no_less and _is_same_burst(old, new)


def _is_same_burst(old: Spill, new: Spill) -> bool:
    fixed = ["run", "burst", "mode", "config_digest", "mask_digest"]
    if Quality.NO_EOB not in old.quality:
        fixed += ["n_frames", "n_events", "triggers", "t10_intensity", "b2_current_a"]
    return all(getattr(old, name) == getattr(new, name) for name in fixed)


def _sealed(connection: sa.Connection, rows: Sequence[Mapping[str, Any]], spill: Spill) -> list[Mapping[str, Any]]:
    """Rows of a burst that are sealed."""
    there = sealed_revisions(connection, *spill.key)
    return [row for row in rows if row["revision"] in there]
