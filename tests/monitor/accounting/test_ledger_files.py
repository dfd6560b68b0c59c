"""Export and import: exact both ways, on both databases; a bad row is named and nothing is half imported."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from daq.errors import ConfigError, ContentConflict, DataError, StoreError
from dumpwatch import build_app
from monitor.ledger import Ledger, Note
from offline.ledger_columns import COLUMNS
from offline.ledger_csv import split_line
from offline.ledger_files import Exported, export_books, import_books
from tests.monitor.synthetic import make_spill

FORMATS = ("csv", "json", "parquet")
AWKWARD = 'T10 said "0",\nthen \\N,\r then µ'


@pytest.fixture
def books(tmp_path: Path) -> Ledger:
    with Ledger.open(f"sqlite:///{tmp_path}/books.db", now_ns=iter(range(10**6)).__next__) as ledger:
        lost = {"missing": ((1, 1, "no answer"),), "n_lost": 12_000}
        for burst, odd in ((1, {}), (2, {"t10": None}), (4, lost), (3, {"b2": None}), (5, {"mode": "BIASED"})):
            ledger.commit(*make_spill(burst=burst, fill=True, **odd))
        ledger.upgrade(*make_spill(burst=4, fill=True), who="replay", why="found")
        ledger.correct((9001, 2), Note("ann", AWKWARD, "pot", None, "17"))
        ledger.correct((9001, 1), Note("bob", "wrong TAX", "quality", None, "bad"))
        yield ledger


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("chunk", [3, 1000])
def test_exact_round_trip(
    books: Ledger, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, chunk: int
) -> None:
    for module in ("keeping", "rows", "derived"):
        monkeypatch.setattr(f"monitor.ledger.{module}.CHUNK", chunk)
    first, second = tmp_path / f"first.{ending}", tmp_path / f"second.{ending}"
    assert export_books(books, first) == Exported(8, 0, 0)
    with Ledger.open(url) as copy:
        assert (import_books(copy, first).n_new, import_books(copy, first).n_already) == (8, 8)
        assert list(copy.rows()) == list(books.rows()) and copy.entries_after(0) == books.entries_after(0)
        assert copy.totals() == books.totals() and copy.good() == books.good() and copy.pot("day") == books.pot("day")
        assert copy.history(9001, 2) == books.history(9001, 2) and copy.verify().faults == []
        export_books(copy, second)
    assert ending == "parquet" or first.read_bytes() == second.read_bytes()
    with pytest.raises(DataError, match="exists"):
        export_books(books, first)
    assert not list(tmp_path.glob("*.part"))


def test_every_file_says_the_same(books: Ledger, tmp_path: Path) -> None:
    ledgers = []
    for ending in FORMATS:
        export_books(books, tmp_path / f"a.{ending}")
        with Ledger.open(f"sqlite:///{tmp_path}/{ending}.db") as copy:
            import_books(copy, tmp_path / f"a.{ending}")
            ledgers.append(list(copy.rows()))
    assert ledgers[0] == ledgers[1] == ledgers[2] == list(books.rows())
    array = json.loads((tmp_path / "a.json").read_text())
    assert [row["burst"] for row in array] == [1, 2, 4, 3, 5, 4, 2, 1] and list(array[0]) == list(COLUMNS)


def test_an_empty_ledger(tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{tmp_path}/a.db") as ledger:
        for ending in FORMATS:
            path = tmp_path / f"none.{ending}"
            assert export_books(ledger, path) == Exported(0, 0, 0) and import_books(ledger, path).n_new == 0


def changed(row: dict, **values: object) -> dict:
    return {**row, **values}


BAD = [
    (lambda r: changed(r, pot=17), "line 4: column pot is 17, its document says 5000000000000"),
    (lambda r: changed(r, pot="17"), "line 4: pot is '17', wanted a whole number"),
    (lambda r: changed(r, burst=True), "line 4: burst is True, wanted a whole number"),
    (lambda r: changed(r, booked_ns=None), "line 4: booked_ns is None, wanted a whole number"),
    (lambda r: changed(r, document="{}"), "line 4: document: run: Field required"),
    (lambda r: changed(r, document=r["document"].replace('"n_missing":12000', '"n_missing":1')), "line 4: .*n_missing"),
    (lambda r: changed(r, tally="@@"), "line 4: tally is no base64"),
    (lambda r: changed(r, tally="QUJD"), "line 4: histograms cannot be read"),
    (lambda r: changed(r, good=1), "line 4: judged good with reasons INCOMPLETE"),
    (lambda r: changed(r, reasons=""), "line 4: judged not good with reasons none"),
    (lambda r: changed(r, revision=2), "line 4: revision 2 without a signature"),
    (lambda r: changed(r, revision=2, who="ann", why="x"), "line 4: revision 2 of run 9001 burst 4, wanted 0"),
    (lambda r: changed(r, revision=1, who=" ", why="x"), "line 4: a correction that nobody signed"),
    (lambda r: changed(r, revision=1, who="ann"), "line 4: who, why, field, old and new are given in part"),
    (lambda r: changed(r, field="pot", old="1", new="2"), "line 4: who, why, field, old and new are given in part"),
    (lambda r: changed(r, who="ann", why="x", new="2"), "line 4: who, why, field, old and new are given in part"),
    (lambda r: {"run": 1}, "line 4: wanted an object with run, burst"),
    (lambda r: [], "line 4: wanted an object"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_bad_rows_are_named_and_nothing_is_imported(
    books: Ledger, tmp_path: Path, change: object, message: str
) -> None:
    path = tmp_path / "a.json"
    export_books(books, path)
    lines = path.read_text().splitlines()
    lines[3] = json.dumps(change(json.loads(lines[3].removesuffix(",")))) + ","
    path.write_text("\n".join(lines))
    with Ledger.open(f"sqlite:///{tmp_path}/new.db") as ledger:
        with pytest.raises((DataError, StoreError), match=f"a.json {message}.*nothing was imported"):
            import_books(ledger, path)
        assert ledger.last_entry() == 0 and ledger.verify().n_rows == 0


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"run,burst\n1,2\n", "line 1: wanted the columns run,burst"),
        ("a.csv", ",".join(COLUMNS).encode() + b"\n1,2\n", "line 2: 2 values, wanted 26"),
        ("a.csv", ",".join(COLUMNS).encode() + b"\n\xff\xfe\n", "codec can.t decode"),
        ("a.json", b"{}", "line 1: wanted an array"),
        ("a.json", b"[\n{\n", "line 2: no JSON"),
        ("a.json", b"[\n", "the file was cut off"),
        ("a.json", b"", "the file was cut off"),
        ("a.json", b"[\n]\n[]", "line 3: wanted an array"),
        ("a.parquet", b"PAR1 is not enough", "a.parquet after row 0: "),
    ],
)
def test_files_that_are_something_else(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with Ledger.open(f"sqlite:///{tmp_path}/new.db") as ledger:
        with pytest.raises(DataError, match=message) as caught:
            import_books(ledger, tmp_path / name)
        assert "nothing was imported" in str(caught.value) and ledger.last_entry() == 0


def test_a_file_cut_off_anywhere_imports_nothing(books: Ledger, tmp_path: Path) -> None:
    for ending in FORMATS:
        path = tmp_path / f"a.{ending}"
        export_books(books, path)
        whole = path.read_bytes()
        for keep in (0.3, 0.7, 0.999):
            path.write_bytes(whole[: int(len(whole) * keep)])
            with Ledger.open(f"sqlite:///{tmp_path}/{ending}{keep}.db") as ledger:
                with pytest.raises((DataError, StoreError)):
                    import_books(ledger, path)
                assert ledger.last_entry() == 0


@settings(deadline=None)
@given(st.lists(st.text(st.sampled_from('a",{}\\\n\r'), max_size=6), min_size=1, max_size=4), st.booleans())
def test_quick_lines_are_split_as_csv_does(cells: list[str], fair: bool) -> None:
    cells = [*cells, '{"a": "b,c", "d": "}\\""}', "QUJD"] if fair else cells
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    quick = split_line(text.getvalue())
    assert quick is None or quick == next(csv.reader(io.StringIO(text.getvalue(), newline="")))
    if fair and not any(set(cell) & set('",\n\r') or not cell for cell in cells[:-2]):
        assert quick == cells


def test_a_row_that_is_there_twice(books: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    export_books(books, path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:3], *lines[2:]]))
    with Ledger.open(f"sqlite:///{tmp_path}/new.db") as ledger:
        with pytest.raises(StoreError, match="line 4: run 9001 burst 2 revision 0 is there twice"):
            import_books(ledger, path)
        assert ledger.last_entry() == 0


def test_numbers_too_large_for_the_database(books: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    export_books(books, path)
    path.write_text(path.read_text().replace('"booked_ns": 3', f'"booked_ns": {2**63}', 1))
    with Ledger.open(f"sqlite:///{tmp_path}/new.db") as ledger:
        with pytest.raises((DataError, StoreError), match="64 bits"):
            import_books(ledger, path)
        assert ledger.last_entry() == 0


def test_import_beside_other_books(books: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    export_books(books, path)
    with Ledger.open(f"sqlite:///{tmp_path}/new.db") as ledger:
        ledger.commit(*make_spill(run=1))
        assert import_books(ledger, path).n_new == 8 and ledger.verify().faults == []
        assert ledger.totals().n_spills == 6
    with Ledger.open(f"sqlite:///{tmp_path}/other.db") as ledger:
        ledger.commit(*make_spill(burst=3, t10=1.0))
        with pytest.raises(ContentConflict, match=r"line 5: run 9001 burst 3 revision 0 .* other content"):
            import_books(ledger, path)
        assert ledger.last_entry() == 1


def test_names_that_say_nothing(books: Ledger, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"wanted \.csv, \.json, \.parquet"):
        export_books(books, tmp_path / "a.xls")


def test_commands(books: Ledger, tmp_path: Path) -> None:
    def call(*args: str, code: int = 0) -> str:
        result = CliRunner().invoke(build_app(), args, catch_exceptions=False, env={"COLUMNS": "200"})
        assert result.exit_code == code, result.output
        return result.output

    books.close()
    there, new = f"sqlite:///{tmp_path}/books.db", f"sqlite:///{tmp_path}/new.db"
    assert "8 rows" in call("books", "export", str(tmp_path / "a.parquet"), "--ledger", there)
    assert "8 rows booked" in call("books", "import", str(tmp_path / "a.parquet"), "--ledger", new)
    assert "5 spills, 8 rows: all in order" in call("books", "verify", "--ledger", new)
    assert "all in order" in call("books", "backup", str(tmp_path / "b.db"), "--ledger", new)
    assert "up to date, 5 spills" in call("books", "upgrade", "--ledger", new)
    with Ledger.open(new) as ledger, ledger._transaction(write_lock=True) as connection:
        connection.exec_driver_sql("UPDATE run_sum SET last_burst = 99")
    answer = json.loads(call("books", "verify", "--json", "--ledger", new, code=1))
    assert not answer["sound"] and answer["n_faults"] == 2 and "run_sum" in answer["faults"][0]
    with pytest.raises(StoreError, match="nothing to bring up to date"):
        call("books", "upgrade", "--ledger", f"sqlite:///{tmp_path}/none.db")
