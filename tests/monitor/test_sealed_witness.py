"""What is published of the chain, and what a witness can show with it."""

from __future__ import annotations

import json
import sqlite3
import time
from functools import partial

import httpx
import pytest

from daq.errors import PolicyError
from monitor.ledger import Ledger
from monitor.ledger.bookrow import Note
from monitor.sealed.audit import audit
from monitor.sealed.chain import START
from monitor.sealed.checkpoint import Checkpoint, make, verify
from streaming.masked import Masked
from tests.monitor.blind_site import NOW_NS, Ceremony, nothing, sealed_by, usual
from tests.monitor.databases import cluster, postgres_url, sqlite_url, url  # noqa: F401 - fixtures
from tests.monitor.serving import Feed, serving
from tests.monitor.synthetic import make_spill
from tests.monitor.test_service import events


@pytest.fixture(scope="module")
def ceremony(tmp_path_factory) -> Ceremony:
    return Ceremony(tmp_path_factory.mktemp("keys") / "set")


@pytest.fixture
def books(url):  # noqa: F811
    with Ledger.open(url, now_ns=lambda: NOW_NS) as found:
        yield found


def book(books, ceremony, burst: int, masked: Masked | None = None) -> None:
    spill, tally = make_spill(burst=burst)
    books.commit(spill, tally, partial(sealed_by, ceremony.sealer, spill, usual(burst) if masked is None else masked))


def test_length_and_head_are_on_every_public_surface(sqlite_url, ceremony):  # noqa: F811
    with Ledger.open(sqlite_url) as ledger, serving(sqlite_url, Feed()) as port:
        where = f"http://127.0.0.1:{port}"
        empty = httpx.get(f"{where}/api/v1/status").json()["sealed"]
        assert empty == {"spills": 0, "head": START.hex()}
        book(ledger, ceremony, 1)
        with httpx.stream("GET", f"{where}/api/v1/stream", timeout=10) as response:
            stream = events(response)
            next(stream)
            spill, tally = make_spill(burst=2)
            ledger.commit(spill.not_sealed(), tally)  # it has no place in the chain
            for burst in (3, 4):
                book(ledger, ceremony, burst)
            seen, last, end = [], {}, time.monotonic() + 20
            for name, data in stream:
                if name == "witness" and data["burst"] > 1:  # the first one may come before this viewer or after
                    seen.append(data)
                if name == "status":
                    last = data["sealed"]
                if (len(seen) >= 2 and last.get("spills") == 3) or time.monotonic() > end:
                    break
        heads = [row.head.hex() for row in ledger.sealed()]
        assert seen == [
            {"run": 9001, "burst": burst, "revision": 0, "spills": burst - 1, "head": heads[burst - 2]}
            for burst in (3, 4)
        ]
        assert last == httpx.get(f"{where}/api/v1/status").json()["sealed"] == {"spills": 3, "head": heads[-1]}
        assert "\ndumpwatch_sealed_chain_spills 3.0\n" in httpx.get(f"{where}/metrics").text


def test_what_is_published_has_one_size_whatever_is_sealed(tmp_path, ceremony):
    said = []
    for counts in (nothing, usual):
        where = f"sqlite:///{tmp_path}/{counts.__name__}.db"
        with Ledger.open(where, now_ns=lambda: NOW_NS) as ledger:
            for burst in range(1, 8):
                book(ledger, ceremony, burst, counts(burst))
            one = make(ledger, ceremony.ring, ceremony.host, NOW_NS)
            said.append(one)
            with serving(where, Feed()) as port:
                said.append(httpx.get(f"http://127.0.0.1:{port}/api/v1/status").json()["sealed"])
    lengths = [len(one.model_dump_json()) if isinstance(one, Checkpoint) else len(json.dumps(one)) for one in said]
    assert lengths[:2] == lengths[2:]
    hidden = {"head", "signature"}
    assert said[0].model_dump(exclude=hidden) == said[2].model_dump(exclude=hidden)


def test_a_checkpoint_holds_for_the_ledger_as_it_grows(books, ceremony):
    for burst in range(5):
        if burst:
            book(books, ceremony, burst)
        made = make(books, ceremony.ring, ceremony.host, NOW_NS)
        assert made == Checkpoint.read(made.model_dump_json(by_alias=True)) and made.spills == burst
        assert verify(made, books, ceremony.rings) == ()
    ceremony.open(books)
    spill, tally = make_spill(burst=5)
    books.commit(spill.not_sealed(), tally)
    books.correct((9001, 1), Note("ann", "read", "pot", None, "17"))
    full = make(books, ceremony.ring, ceremony.host, NOW_NS + 1)
    book(books, ceremony, 6)
    ceremony.open(books, channel="ee")
    for one in (made, full):
        assert verify(one, books, ceremony.rings) == ()
        assert audit(books, ceremony.rings, one.witness()).faults == ()
    assert (full.spills, full.openings, full.rows) == (4, 2, 6)
    assert full.describe()[1] == f"4 sealed spills, head {full.head}"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("DELETE FROM sealed_spill WHERE idx = 4", "here it is missing: spills were cut off"),
        ("UPDATE sealed_spill SET head = zeroblob(32) WHERE idx = 4", "after 5 sealed spills the head was"),
        ("DELETE FROM opening WHERE id = 2", "the opening log had 2 lines that are not those"),
        ("UPDATE opening SET head = zeroblob(32) WHERE id = 2", "the opening log had 2 lines that are not those"),
        ("UPDATE spill SET document = replace(document, '36000', '36001') WHERE burst = 6", "the first 6 public rows"),
        ("DELETE FROM spill WHERE burst = 6", "the first 6 public rows are not those of then"),
    ],
)
def test_a_checkpoint_shows_what_the_chain_alone_does_not(sqlite_url, ceremony, change, words):  # noqa: F811
    with Ledger.open(sqlite_url, now_ns=lambda: NOW_NS) as ledger:
        for burst in range(1, 6):
            book(ledger, ceremony, burst)
        spill, tally = make_spill(burst=6)
        ledger.commit(spill.not_sealed(), tally)  # nothing of it is on the chain
        ceremony.open(ledger)
        made = make(ledger, ceremony.ring, ceremony.host, NOW_NS)
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as raw:
        for (trigger,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {trigger}")
        raw.execute(change)
    raw.close()
    with Ledger.open(sqlite_url, readonly=True) as ledger:
        (fault,) = verify(made, ledger, ceremony.rings)
        assert words in fault


def test_a_checkpoint_that_was_changed_or_made_up_is_refused(books, ceremony, tmp_path):
    book(books, ceremony, 1)
    made = make(books, ceremony.ring, ceremony.host, NOW_NS)
    for name, value in (("wall_ns", 1), ("spills", 0), ("head", "0" * 64), ("signature", "AAAA"), ("signature", "?")):
        faults = verify(made.model_copy(update={name: value}), books, ceremony.rings)
        assert any("checkpoint: the signature of the host does not hold" in fault for fault in faults), name
    other = Ceremony(tmp_path / "other")
    assert "key set" in verify(made, books, other.rings)[0]
    assert "does not hold" in verify(made, books, {next(iter(ceremony.rings)): other.ring})[0]
    with pytest.raises(PolicyError, match="is not that of the host of this key set"):
        make(books, ceremony.ring, other.host, NOW_NS)
    for text in ("{}", "[]", "x", made.model_copy(update={"head": "xyz"}).model_dump_json(by_alias=True)):
        with pytest.raises(PolicyError, match="checkpoint: does not fit in"):
            Checkpoint.read(text)
