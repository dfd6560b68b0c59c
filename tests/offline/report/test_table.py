"""Tables: what people, spreadsheets and HEPData get is the same, and a masked cell has no number in any of them."""

import csv
import io
import math

import pytest
import yaml

from offline.report.hepdata import table_document, write_hepdata
from offline.report.page import Fact, Page, Section
from offline.report.table import MASKED, Column, Table, shown

COLUMNS = (Column("region", independent=True), Column("expected", "events"), Column("observed"))
TABLE = Table(
    "some",
    "Some <numbers>",
    COLUMNS,
    (("OCR1", 0.1 + 0.2, 3), ("SR", 1.6e-2, MASKED), ("CR", math.nan, None)),
    "a note",
)


def test_csv_keeps_every_digit():
    rows = list(csv.reader(io.StringIO(TABLE.csv())))
    assert rows[0] == ["region", "expected [events]", "observed"]
    assert float(rows[1][1]) == 0.1 + 0.2 and rows[2] == ["SR", "0.016", "masked"] and rows[3][2] == ""


@pytest.mark.parametrize(
    ("cell", "text"),
    [(None, "-"), (math.nan, "-"), (math.inf, "none"), (0.0123456, "0.0123"), (12345, "12,345"), ("masked", "masked")],
)
def test_cells_for_people(cell, text):
    assert shown(cell) == text


def test_columns_of_numbers_are_told_from_text():
    assert [TABLE.is_number(k) for k in range(3)] == [False, True, True] and not TABLE.is_long


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match="row 0 has 2 cells, wanted 3"):
        Table("wrong", "Wrong", COLUMNS, (("OCR1", 1.0),))


def test_hepdata_has_axes_and_values(tmp_path):
    document = table_document(TABLE)
    (axis,), (expected, observed) = document["independent_variables"], document["dependent_variables"]
    assert axis["header"] == {"name": "region"} and expected["header"] == {"name": "expected", "units": "events"}
    assert [v["value"] for v in observed["values"]] == [3, "masked", "-"]
    assert [v["value"] for v in expected["values"]] == [0.1 + 0.2, 0.016, "-"]
    submission, data = write_hepdata(tmp_path, [TABLE], "a comment")
    parts = list(yaml.safe_load_all(submission.read_text()))
    assert parts[0] == {"comment": "a comment"} and parts[1]["data_file"] == data.name
    assert list(yaml.safe_load_all(data.read_text())) == [document]


def test_an_empty_table_has_its_variables():
    document = table_document(Table("none", "None", COLUMNS, ()))
    assert [v["values"] for v in document["dependent_variables"]] == [[], []]


def test_the_page_escapes_what_comes_from_data():
    page = Page("<run>", "sub", ("a & b",), (Fact("n", "1"),), (Section("s", "S", ("<script>",), (TABLE,)),))
    html = page.html()
    assert "<run>" not in html and "&lt;run&gt;" in html and "&lt;script&gt;" in html and "a &amp; b" in html
    assert 'href="tables/some.csv"' in html and "<script" not in html
