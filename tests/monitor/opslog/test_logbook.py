"""The writer of the log: no ledger is made, nothing is lost, it comes back after a failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from daq.errors import StoreError
from monitor.ledger import Ledger
from monitor.opslog.logbook import LogBook
from monitor.opslog.place import disk_free_ratio


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/ledger.db"


def test_it_makes_no_ledger_and_comes_back(url: str, tmp_path: Path) -> None:
    book = LogBook(url, lambda: 42)
    with pytest.raises(StoreError):
        book.add("comment", "ann", "hello")
    assert book.failed and not (tmp_path / "ledger.db").exists()
    Ledger.open(url).close()
    row = book.add("comment", "ann\x00", "two\r\nlines\x1b", run=1, subject="so\x7f")
    assert (row.id, row.booked_ns, row.who, row.text, row.subject) == (1, 42, "ann", "two\nlines", "so")
    assert not book.failed
    book.close()
    assert book.add("comment", "ben", "again").id == 2
    book.close()
    with Ledger.open(url, readonly=True) as ledger:
        assert [r.who for r in ledger.log()] == ["ann", "ben"]


def test_a_ledger_that_was_replaced_gets_the_next_line(url: str, tmp_path: Path) -> None:
    Ledger.open(url).close()
    book = LogBook(url)
    book.add("comment", "ann", "first")
    for path in tmp_path.glob("ledger.db*"):
        path.rename(path.with_name("old-" + path.name))
    with pytest.raises(StoreError):
        book.add("comment", "ann", "nowhere")
    Ledger.open(url).close()
    assert book.add("comment", "ann", "second").id == 1
    book.close()


def test_room_on_the_disk(url: str, tmp_path: Path) -> None:
    assert disk_free_ratio(url) is None  # not there yet
    Ledger.open(url).close()
    ratio = disk_free_ratio(url)
    assert ratio is not None and 0 <= ratio <= 1
    assert disk_free_ratio("postgresql+psycopg://host/name") is None


def test_it_has_no_way_to_a_spill(url: str) -> None:
    public = {name for name in dir(LogBook) if not name.startswith("_")}
    assert public == {"add", "close"}


@pytest.mark.parametrize(("who", "text"), [("", "x"), ("x", ""), ("\u200b", "x"), ("x", " \x00 ")])
def test_nothing_to_say(url: str, who: str, text: str) -> None:
    Ledger.open(url).close()
    book = LogBook(url)
    with pytest.raises(StoreError):
        book.add("comment", who, text)
    book.close()
