"""Sealed counts that lack events: told from public data, opened only when accepted by number, sealed again whole."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from daq.errors import ContentConflict, PolicyError
from monitor.ledger import Ledger
from monitor.ledger.bookrow import Note
from monitor.sealed.audit import audit, examine
from monitor.sealed.block import Limits
from monitor.sealed.counts import CountSealer
from monitor.sealed.glance import glance
from monitor.sealed.open import open_block
from monitor.sealed.record import RECORDS_BYTES, SLOTS_BYTES
from monitor.sealed.seal import SpillSealer
from monitor.sealed.statement import Statement
from monitor.sealed.status import lines, status
from monitor.services.booking import placed
from streaming.masked import SHAPE, Masked
from streaming.sealing.keys import SealingKeys
from tests.monitor.blind_site import NOW_NS, Ceremony, sealed_by
from tests.monitor.databases import cluster, postgres_url, sqlite_url, url  # noqa: F401 - fixtures
from tests.monitor.synthetic import make_spill

LOST = {"missing": ((1, 1, "no answer"),), "n_lost": 12_000}
LIMITS = {"limits": Limits(1, 0.0)}


@pytest.fixture(scope="module")
def ceremony(tmp_path_factory) -> Ceremony:
    return Ceremony(tmp_path_factory.mktemp("keys") / "set")


@pytest.fixture
def books(url):  # noqa: F811
    with Ledger.open(url, now_ns=lambda: NOW_NS) as found:
        yield found


def in_cr(count: int) -> Masked:
    counts = np.zeros(SHAPE, np.int64)
    counts[0, 1] = count
    return Masked(counts)


def commit(books, ceremony, burst: int, count: int, **odd) -> None:
    spill, tally = make_spill(burst=burst, **odd)
    books.commit(spill, tally, partial(sealed_by, ceremony.sealer, spill, in_cr(count)))


def complete(books, ceremony, burst: int, count: int | None, **odd) -> str:
    """A replay of a burst: with a count it is sealed, without one it is not."""
    spill, tally = make_spill(burst=burst, **odd)
    if count is None:
        return books.upgrade(spill.not_sealed(), tally, who="replay", why="recording replayed")
    seal = partial(sealed_by, ceremony.sealer, spill, in_cr(count))
    return books.upgrade(spill, tally, who="replay", why="recording replayed", seal=seal)


def opened(books, ceremony, **wish) -> int:
    request = ceremony.request(ceremony.statement(books, **wish), **LIMITS)
    return open_block(books, ceremony.rings, request, NOW_NS).done.opened[0].count


def told(books, ceremony) -> list[tuple[int, int]]:
    """Incomplete sealed counts, and how many of them are whole in public, as audit and quick look say it."""
    found = [audit(books, ceremony.rings).incomplete, glance(books, ceremony.rings).incomplete]
    assert found[0] == found[1]
    assert audit(books, ceremony.rings).faults == glance(books, ceremony.rings).faults == ()
    return [(one["spills"], one["whole_in_public_books"]) for one in found[0]]


def test_a_replay_without_keys_leaves_the_sealed_count_incomplete_and_everybody_says_so(books, ceremony):
    for burst in (1, 2, 3):
        commit(books, ceremony, burst, 1, **(LOST if burst > 1 else {}))
    assert told(books, ceremony) == [(2, 0)]
    complete(books, ceremony, 2, None)
    assert told(books, ceremony) == [(2, 1)]
    text = "\n".join(audit(books, ceremony.rings).lines())
    assert "chain: 2 spills with incomplete sealed counts, 1 of them whole in the public books" in text
    assert "chain: 2 spills with incomplete" in "\n".join(lines(status(glance(books, ceremony.rings), ceremony.rings)))
    assert "without sealed counts" not in text  # burst 2 has sealed counts, and was not taken without keys


def test_a_block_with_incomplete_counts_opens_only_when_they_are_accepted_by_number(books, ceremony):
    for burst in range(1, 9):
        commit(books, ceremony, burst, 1, **(LOST if burst > 1 else {}))
    for wrong in (0, 6, 8):
        with pytest.raises(PolicyError, match=r"7 spills have incomplete .*run 9001 burst 2, .*and 2 more"):
            ceremony.statement(books, accept_incomplete=wrong)
    assert opened(books, ceremony, accept_incomplete=7) == 8
    report = audit(books, ceremony.rings)
    assert report.faults == () and any("7 of them with incomplete sealed counts" in line for line in report.story)
    assert [(one["channel"], one["spills"]) for one in report.incomplete] == [("", 7), ("mumu", 7)]
    assert "accepts 7 spills whose sealed counts are incomplete" in "\n".join(
        ceremony.statement(books, channel="ee", accept_incomplete=7).describe()
    )


def test_the_opener_looks_itself_whatever_the_statement_says(books, ceremony):
    commit(books, ceremony, 1, 1)
    commit(books, ceremony, 2, 1, **LOST)
    good = ceremony.statement(books, accept_incomplete=1)
    for accepted in (0, 2):
        other = Statement.of(good.model_dump(by_alias=True) | {"accepted_incomplete": accepted})
        with pytest.raises(PolicyError, match=f"1 spills have incomplete .* accepts {accepted}"):
            open_block(books, ceremony.rings, ceremony.request(other, **LIMITS), NOW_NS)
    assert books.openings() == []


def test_a_custodian_signs_what_is_accepted_and_earlier_statements_keep_their_digest(books, ceremony):
    commit(books, ceremony, 1, 1)
    plain = ceremony.statement(books)
    content = plain.model_dump(by_alias=True)
    assert Statement.of(content | {"accepted_incomplete": 1}).digest() != plain.digest()
    del content["accepted_incomplete"]
    assert Statement.of(content).digest() == plain.digest() and b"accepted_incomplete" not in plain.canonical()


@pytest.mark.parametrize("first", ["sealed", "public replay", "another public replay", "corrected"])
def test_a_clear_recording_seals_the_whole_count_which_then_counts_once(books, ceremony, first):
    commit(books, ceremony, 1, 1)
    commit(books, ceremony, 2, 2, **LOST)
    commit(books, ceremony, 3, 4)
    if first in ("public replay", "corrected"):
        complete(books, ceremony, 2, None)
    elif first == "another public replay":
        complete(books, ceremony, 2, None, missing=((2, 2, "torn"),), n_lost=3_000)
    if first == "corrected":
        books.correct((9001, 2), Note("ann", "wrong TAX", "quality", None, "bad"))
    assert complete(books, ceremony, 2, 32) == "upgraded"
    assert complete(books, ceremony, 2, 32) == "already"
    assert [(row.burst, row.revision > 0) for row in books.sealed()] == [(1, False), (2, False), (3, False), (2, True)]
    assert told(books, ceremony) == [(0, 0)]
    assert books.history(9001, 2)[-1].good == (first != "corrected")
    assert opened(books, ceremony) == 1 + 32 + 4
    assert told(books, ceremony) == [(0, 0), (0, 0)] and books.verify().faults == []


def test_a_spill_that_was_taken_without_keys_is_sealed_from_its_clear_recording(books, ceremony):
    commit(books, ceremony, 1, 1)
    spill, tally = make_spill(burst=2)
    books.commit(spill.not_sealed(), tally)
    assert audit(books, ceremony.rings).n_without_keys == glance(books, ceremony.rings).n_without_keys == 1
    assert complete(books, ceremony, 2, 6) == "upgraded"
    assert audit(books, ceremony.rings).n_without_keys == glance(books, ceremony.rings).n_without_keys == 0
    assert opened(books, ceremony) == 7 and books.verify().faults == []


def test_what_is_sealed_and_whole_is_not_sealed_again(books, ceremony):
    commit(books, ceremony, 1, 1)
    commit(books, ceremony, 2, 2, **LOST)
    assert complete(books, ceremony, 1, 9) == "already"
    for odd in ({"t10": 51.0}, {"seed": 99}):  # another burst; other counts of this one
        with pytest.raises(ContentConflict):
            complete(books, ceremony, 1, 9, **odd)
    complete(books, ceremony, 2, None)
    for less in ({"missing": ((0, 1, "no answer"),), "n_lost": 24_000}, {"t10": 51.0}):  # or another burst
        with pytest.raises(ContentConflict):
            complete(books, ceremony, 2, 9, **less)
    assert complete(books, ceremony, 2, 9, **LOST) == "already"  # no more than what is sealed
    spill, tally = make_spill(burst=2)
    with pytest.raises(ContentConflict):  # the flag says that nothing is sealed with it
        books.upgrade(spill.not_sealed(), tally.__class__.zero(), "replay", "x", partial(sealed_by, None, None, None))
    assert books.n_sealed() == 2


def test_a_count_that_was_sealed_again_and_still_lacks_events(books, ceremony):
    commit(books, ceremony, 1, 1, **LOST)
    complete(books, ceremony, 1, 2, missing=((2, 2, "torn"),), n_lost=3_000)
    assert told(books, ceremony) == [(1, 0)]
    complete(books, ceremony, 1, None)
    assert told(books, ceremony) == [(1, 1)]
    complete(books, ceremony, 1, 3)
    assert told(books, ceremony) == [(0, 0)] and books.n_sealed() == 3


def test_a_newer_count_beyond_the_block_keeps_it_closed(books, ceremony):
    commit(books, ceremony, 1, 1, **LOST)
    commit(books, ceremony, 2, 1)
    early = ceremony.statement(books, accept_incomplete=1)
    complete(books, ceremony, 1, 7)
    with pytest.raises(PolicyError, match="is not closed: run 9001 burst 1 has a newer row, spill 2"):
        open_block(books, ceremony.rings, ceremony.request(early, **LIMITS), NOW_NS)


def test_incomplete_counts_are_told_by_public_rows_alone(ceremony):
    """Two ledgers that differ only in what is sealed say the same."""
    said = []
    for count in (0, 5):
        spill, _ = make_spill(burst=1, **LOST)
        store = ceremony.fill(2, lambda _, count=count: in_cr(count))
        ceremony.add(store, spill, in_cr(count), 1)
        said.append(examine(store, ceremony.rings).incomplete)
    assert said[0] == said[1] == ({"channel": "", "first": 0, "last": 2, "spills": 1, "whole_in_public_books": 0},)


def test_counts_are_sealed_where_they_are_counted_and_placed_where_the_ledger_is(books, ceremony, tmp_path):
    """A replay on other machines has public keys only; what it hands on has one size and cannot be read there."""
    commit(books, ceremony, 1, 1)
    commit(books, ceremony, 2, 2, **LOST)
    spill, tally = make_spill(burst=2)
    elsewhere = CountSealer(SealingKeys.load(ceremony.public))
    counts = elsewhere.seal_counts(spill, in_cr(32))
    sizes = {tuple(len(part) for part in (c.records, c.slots, c.keys_digest))
             for c in (counts, elsewhere.seal_counts(spill, Masked.zero()))}  # fmt: skip
    assert sizes == {(RECORDS_BYTES, SLOTS_BYTES, 32)}
    seal = placed(SpillSealer.load(ceremony.public), spill, counts)
    assert books.upgrade(spill, tally, who="replay", why="clear recording replayed", seal=seal) == "upgraded"
    assert opened(books, ceremony) == 33 and told(books, ceremony)[0] == (0, 0)
    other = Ceremony(tmp_path / "other")
    for sealer, row in ((other.sealer, spill), (ceremony.sealer, make_spill(burst=3)[0])):
        with pytest.raises(PolicyError, match=r"sealed counts of run 9001 burst 2 under keys .* nothing was sealed"):
            placed(sealer, row, counts)(0, books.last_sealed())
