"""The sealed part of an export: the audit says the same of the copy, byte for byte, and finds what was changed."""

from __future__ import annotations

import base64
import json
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet
from typer.testing import CliRunner

from daq.errors import ContentConflict, DataError, StoreError
from dumpwatch import build_app
from monitor.ledger import Ledger, Note, schema
from monitor.ledger import sealed as sealed_tables
from monitor.ledger.sealed_shelf import Brought
from monitor.sealed.audit import audit
from offline.ledger_files import Exported, export_books, import_books, openings_file, sealed_file
from offline.ledger_sealed import SEALED
from tests.monitor.blind_site import NOW_NS, Ceremony, nothing, sealed_by, usual
from tests.monitor.databases import cluster, postgres_url, url  # noqa: F401 - fixtures
from tests.monitor.synthetic import make_spill

FORMATS = ("csv", "json", "parquet")
LOST = {"missing": ((1, 1, "no answer"),), "n_lost": 12_000}


@pytest.fixture(scope="module")
def ceremony(tmp_path_factory) -> Ceremony:
    return Ceremony(tmp_path_factory.mktemp("keys") / "set")


def book(books: Ledger, ceremony: Ceremony, bursts, counts=usual, **odd) -> None:
    for burst in bursts:
        spill, tally = make_spill(burst=burst, **odd)
        books.commit(spill, tally, partial(sealed_by, ceremony.sealer, spill, counts(burst)))


@pytest.fixture(scope="module")
def template(ceremony: Ceremony, tmp_path_factory) -> Ledger:
    """Everything that a chain can hold: rows from before sealing, without keys, of people, completed, opened."""
    where = f"sqlite:///{tmp_path_factory.mktemp('books')}/books.db"
    with Ledger.open(where, now_ns=lambda: NOW_NS) as ledger:
        ledger.commit(*make_spill(burst=1))
        with ledger._transaction(write_lock=True) as connection:
            for table in sealed_tables.BOOKS:
                table.drop(connection)
            older = schema.meta.update().where(schema.meta.c.key == "schema").values(value=schema.OLDER[-1])
            connection.execute(older)
    with Ledger.open(where, now_ns=lambda: NOW_NS) as ledger:
        book(ledger, ceremony, range(2, 8))
        book(ledger, ceremony, [9], **LOST)
        spill, tally = make_spill(burst=8)
        ledger.commit(spill.not_sealed(), tally)
        spill, tally = make_spill(burst=9)
        seal = partial(sealed_by, ceremony.sealer, spill, usual(9))
        ledger.upgrade(spill, tally, who="replay", why="found", seal=seal)
        ledger.correct((9001, 2), Note("ann", "T10 said so", "pot", None, "17"))
        ceremony.open(ledger)
        ceremony.open(ledger, "CR_VALIDATION")
        ceremony.open(ledger, "SR", expected="0.016")
        assert audit(ledger, ceremony.rings).faults == ()
        yield ledger


@pytest.mark.parametrize("ending", FORMATS)
def test_the_audit_of_a_copy_is_that_of_the_original(
    template: Ledger,
    ceremony: Ceremony,
    url: str,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ending: str,
) -> None:
    monkeypatch.setattr(sealed_tables, "PAGE", 3)
    first, second = tmp_path / f"first.{ending}", tmp_path / f"second.{ending}"
    assert export_books(template, first) == Exported(n_rows=11, n_sealed=8, n_openings=7)
    with Ledger.open(url) as copy:
        done = import_books(copy, first)
        assert (done.n_new, done.sealed, done.openings) == (11, Brought(8, 0), Brought(7, 0))
        again = import_books(copy, first)
        assert (again.n_new, again.sealed, again.openings) == (0, Brought(0, 8), Brought(0, 7))
        assert audit(copy, ceremony.rings) == audit(template, ceremony.rings)
        assert list(copy.sealed()) == list(template.sealed()) and copy.openings() == template.openings()
        assert list(copy.public_rows()) == list(template.public_rows()) and copy.verify().faults == []
        export_books(copy, second)
        for part in (sealed_file, openings_file):
            assert part(first).read_bytes() == part(second).read_bytes()
        # the chain goes on in the copy
        book(copy, ceremony, [20])
        assert audit(copy, ceremony.rings).faults == () and copy.n_sealed() == 9


def test_bytes_are_binary_in_parquet_and_base64_elsewhere(template: Ledger, tmp_path: Path) -> None:
    for ending in FORMATS:
        export_books(template, tmp_path / f"a.{ending}")
    head = next(template.sealed()).head
    table = parquet.read_table(tmp_path / "a.sealed.parquet")
    assert table["head"][0].as_py() == head and table.schema.field("records").type == pa.binary()
    assert json.loads((tmp_path / "a.sealed.json").read_text())[0]["head"] == base64.b64encode(head).decode()
    assert base64.b64encode(head).decode() in (tmp_path / "a.sealed.csv").read_text()
    for name in ("sealed", "openings"):  # neither packed nor with statistics: the size is that of the rows
        group = parquet.ParquetFile(tmp_path / f"a.{name}.parquet").metadata.row_group(0)
        columns = [group.column(i) for i in range(group.num_columns)]
        assert {(c.compression, c.statistics is None) for c in columns} == {("UNCOMPRESSED", True)}


@pytest.mark.parametrize("ending", FORMATS)
def test_the_size_of_the_sealed_file_depends_on_the_number_of_spills_alone(
    ceremony: Ceremony, tmp_path: Path, ending: str
) -> None:
    sizes = []
    for counts in (nothing, usual):
        with Ledger.open(f"sqlite:///{tmp_path}/{ending}{counts.__name__}.db", now_ns=lambda: NOW_NS) as ledger:
            book(ledger, ceremony, range(1, 9), counts)
            path = tmp_path / f"{counts.__name__}.{ending}"
            export_books(ledger, path)
            sizes.append([part(path).stat().st_size for part in (sealed_file, openings_file)])
    assert sizes[0] == sizes[1]


def test_an_export_is_of_one_moment(ceremony: Ceremony, url: str) -> None:  # noqa: F811
    with Ledger.open(url) as ledger:
        book(ledger, ceremony, range(1, 4))
        with ledger.contents() as found:
            rows = [next(found.rows)]
            with Ledger.open(url) as other:
                book(other, ceremony, [4])
            assert [row.spill.burst for row in (*rows, *found.rows)] == [1, 2, 3]
            assert [row.burst for row in found.sealed] == [1, 2, 3]


def test_an_export_of_an_older_version_still_comes_in_and_says_what_it_lacks(
    template: Ledger, ceremony: Ceremony, tmp_path: Path
) -> None:
    path, new = tmp_path / "a.csv", f"sqlite:///{tmp_path}/new.db"
    export_books(template, path)
    sealed_file(path).unlink()
    openings_file(path).unlink()
    result = CliRunner().invoke(build_app(), ["books", "import", str(path), "--ledger", new], catch_exceptions=False)
    assert result.exit_code == 0 and "11 rows booked" in result.output
    assert "a.sealed.csv is not there: an export of an older version, or a file left behind." in result.output
    with Ledger.open(new) as copy:
        assert copy.n_sealed() == 0
        assert "run 9001 burst 2 revision 0: has no sealed row" in audit(copy, ceremony.rings).faults[1]


def test_commands_name_the_three_files(template: Ledger, tmp_path: Path) -> None:
    def call(*args: str) -> str:
        result = CliRunner().invoke(build_app(), args, catch_exceptions=False, env={"COLUMNS": "300"})
        assert result.exit_code == 0, result.output
        return result.output

    path, new = tmp_path / "a.json", f"sqlite:///{tmp_path}/new.db"
    out = call("books", "export", str(path), "--ledger", f"sqlite:///{template.name}")
    assert out.splitlines() == [
        f"{path}: 11 rows",
        f"{tmp_path}/a.sealed.json: 8 sealed spills",
        f"{tmp_path}/a.openings.json: 7 lines of the opening log",
    ]
    out = call("books", "import", str(path), "--ledger", new)
    assert "sealed spills: 8 taken over, 0 were there already" in out and "opening log: 7 taken over" in out


@pytest.mark.parametrize("left", ["sealed", "openings", "a"])
def test_a_file_that_was_left_behind_is_named(template: Ledger, tmp_path: Path, left: str) -> None:
    path = tmp_path / "a.csv"
    export_books(template, path)
    (tmp_path / ("a.csv" if left == "a" else f"a.{left}.csv")).unlink()
    with Ledger.open(f"sqlite:///{tmp_path}/new.db") as copy:
        with pytest.raises((DataError, FileNotFoundError), match=r"a\.(sealed|openings)\.csv is missing|a\.csv"):
            import_books(copy, path)
        assert copy.last_entry() == copy.n_sealed() == 0


@pytest.mark.parametrize("left", ["", ".sealed", ".openings"])
def test_nothing_is_written_over(template: Ledger, tmp_path: Path, left: str) -> None:
    (tmp_path / f"a{left}.csv").write_text("mine")
    with pytest.raises(DataError, match="the file exists and was left as it is"):
        export_books(template, tmp_path / "a.csv")
    assert [path.name for path in tmp_path.iterdir()] == [f"a{left}.csv"]


def test_an_export_that_breaks_off_leaves_nothing(template: Ledger, tmp_path: Path, monkeypatch) -> None:
    def broken(_: object) -> dict:
        raise OSError("no space left")

    monkeypatch.setattr("offline.ledger_files.to_sealed", broken)
    with pytest.raises(OSError, match="no space"):
        export_books(template, tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []


def edited(path: Path, line: int, **values: object) -> None:
    """Change one row of a JSON file; b64 text is changed by hand."""
    lines = path.read_text().splitlines()
    row = json.loads(lines[line].removesuffix(","))
    lines[line] = json.dumps(row | values) + ("," if lines[line].endswith(",") else "")
    path.write_text("\n".join(lines) + "\n")


def other(path: Path, line: int, name: str) -> str:
    """Bytes of a row with one bit changed."""
    row = json.loads(path.read_text().splitlines()[line].removesuffix(","))
    data = bytearray(base64.b64decode(row[name]))
    data[len(data) // 2] ^= 1
    return base64.b64encode(bytes(data)).decode()


@pytest.fixture
def exported(template: Ledger, tmp_path: Path) -> Path:
    export_books(template, tmp_path / "a.json")
    return tmp_path / "a.json"


@pytest.mark.parametrize("name", ["records", "slots", "head", "keys_digest", "row_digest", "signature"])
def test_a_changed_sealed_spill_is_found_after_the_import(exported: Path, ceremony: Ceremony, name: str) -> None:
    path = sealed_file(exported)
    edited(path, 3, **{name: other(path, 3, name)})
    with Ledger.open(f"sqlite:///{exported.parent}/new.db") as copy:
        import_books(copy, exported)
        assert any("spill 2 (run 9001 burst 4): " in fault for fault in audit(copy, ceremony.rings).faults)


def test_other_changes_are_found_after_the_import(exported: Path, ceremony: Ceremony, tmp_path: Path) -> None:
    log, sealed = openings_file(exported), sealed_file(exported)
    whole = {path: path.read_text() for path in (log, sealed)}
    changes = {
        "count": lambda: log.write_text(whole[log].replace('\\"count\\":6', '\\"count\\":5')),
        "proof": lambda: edited(log, 3, proof=other(log, 3, "proof")),
        "when": lambda: edited(log, 2, booked_ns=NOW_NS + 1),
        "end of the log": lambda: log.write_text(cut(whole[log], -2)),
        "end of the chain": lambda: sealed.write_text(cut(whole[sealed], -2)),
        "swapped": lambda: edited(sealed, 2, run=9001, burst=4, revision=9),
    }
    head = template_heads(whole[sealed], whole[log])
    for what, change in changes.items():
        for path, text in whole.items():
            path.write_text(text)
        change()
        assert any(path.read_text() != text for path, text in whole.items()), what
        with Ledger.open(f"sqlite:///{tmp_path}/{what}.db") as copy:
            import_books(copy, exported)
            assert audit(copy, ceremony.rings, head).faults, what


def template_heads(sealed: str, log: str):
    from monitor.sealed.audit import Witness

    heads = [base64.b64decode(json.loads(text)[-1]["head"]) for text in (sealed, log)]
    return Witness(*heads)


def cut(text: str, line: int) -> str:
    lines = text.splitlines()
    del lines[line]
    lines[-2] = lines[-2].removesuffix(",")
    return "\n".join(lines) + "\n"


BAD = [
    ("sealed", {"run": -1}, "line 3: run is -1, wanted a number of 32 bits"),
    ("sealed", {"index": 1 << 63}, "line 3: index is 9223372036854775808, wanted a number of 63 bits"),
    ("sealed", {"index": "1"}, "line 3: index is '1', wanted a whole number"),
    ("sealed", {"slots": "@@"}, "line 3: slots is no base64"),
    ("sealed", {"index": 5}, "line 3: sealed spill 5, wanted 1: some are missing"),
    ("sealed", {"index": 0}, "line 3: sealed spill 0 is in ledger .* with other content"),
    ("openings", {"id": 9}, "line 3: line of the opening log 9, wanted 2: some are missing"),
    ("openings", {"booked_ns": -5}, "line 3: booked_ns is -5, wanted"),
    ("openings", {"body": None}, "line 3: body is None, wanted text"),
]


@pytest.mark.parametrize(("part", "values", "message"), BAD)
def test_bad_rows_of_the_sealed_part_are_named_and_nothing_is_imported(
    exported: Path, part: str, values: dict, message: str
) -> None:
    edited(exported.with_name(f"a.{part}.json"), 2, **values)
    with Ledger.open(f"sqlite:///{exported.parent}/new.db") as copy:
        with pytest.raises((DataError, StoreError, ContentConflict), match=f"{message}.*nothing was imported"):
            import_books(copy, exported)
        assert copy.last_entry() == copy.n_sealed() == 0 and copy.openings() == []


def test_sealed_spills_of_bursts_that_are_not_in_the_books(exported: Path) -> None:
    edited(sealed_file(exported), 2, burst=77)
    with Ledger.open(f"sqlite:///{exported.parent}/new.db") as copy:
        with pytest.raises(StoreError):
            import_books(copy, exported)
        assert copy.last_entry() == copy.n_sealed() == 0


def test_two_chains_are_not_put_together(exported: Path, ceremony: Ceremony) -> None:
    with Ledger.open(f"sqlite:///{exported.parent}/new.db") as mine:
        book(mine, ceremony, [1], run=1)
        before = audit(mine, ceremony.rings)
        with pytest.raises(ContentConflict, match="two chains cannot be put together, import into a new ledger"):
            import_books(mine, exported)
        assert audit(mine, ceremony.rings) == before and mine.last_entry() == 1


def test_a_later_export_continues_the_chain_of_an_earlier_one(ceremony: Ceremony, tmp_path: Path) -> None:
    with (
        Ledger.open(f"sqlite:///{tmp_path}/a.db", now_ns=lambda: NOW_NS) as ledger,
        Ledger.open(f"sqlite:///{tmp_path}/b.db") as copy,
    ):
        for n, path in ((3, tmp_path / "a.parquet"), (6, tmp_path / "b.parquet")):
            book(ledger, ceremony, range(n - 2, n + 1))
            export_books(ledger, path)
            import_books(copy, path)
            assert audit(copy, ceremony.rings) == audit(ledger, ceremony.rings)


def test_every_column_of_a_sealed_spill_is_in_the_file() -> None:
    assert SEALED.columns[3] == "index" and SEALED.integers == {"run", "burst", "revision", "index", "wall_ns"}
    assert SEALED.blobs == {"records", "slots", "head", "keys_digest", "row_digest", "signature"}
