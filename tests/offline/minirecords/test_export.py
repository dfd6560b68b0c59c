"""Exports: every number comes back, by the tools that others use."""

import json

import awkward as ak
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import uproot

from daq.errors import StoreError
from offline.minirecords.export import MISSING_INT, export_records
from offline.minirecords.tables import NAMES, TABLES
from tests.offline.overlay.synthetic import H2, Q1, pairs, records, singles, spill


@pytest.fixture
def sample():
    blocks = [(burst, singles(np.linspace(0.1, 4.0, 50))) for burst in (1, 2)]
    return records(blocks, [spill(1), spill(2, pot=None, equivalent_pot=1e15)], [Q1, H2, Q1 | H2])


def test_root_round_trip(sample, tmp_path):
    (path,) = export_records(sample, tmp_path / "run.root", "root")
    with uproot.open(path) as file:
        codes = json.loads(str(file["codes"]))
        for table in TABLES:
            tree = file[table].arrays(library="np")
            given = getattr(sample, table).to_pandas()
            assert tree and all(len(values) == len(given) for values in tree.values())
            for column, values in tree.items():
                if isinstance(given[column].dtype, pd.CategoricalDtype):
                    names = codes[column.removesuffix("_1").removesuffix("_2")]
                    assert [names[str(value)] for value in values] == list(given[column])
                else:
                    absent = MISSING_INT if values.dtype.kind == "i" else np.nan
                    wanted = given[column].fillna(absent).to_numpy(float)
                    assert np.array_equal(values, wanted, equal_nan=True)
        assert file["singles"].arrays(["p_gev"])["p_gev"].ndim == 1
        text = json.loads(str(file["spills_text"]))
        assert [row["mode"] for row in text] == ["EMULATED"] * 2 and text[0]["selection_digest"] == "s"


def test_parquet_round_trip(sample, tmp_path):
    paths = export_records(sample, tmp_path / "out", "parquet")
    assert [path.stem for path in paths] == list(TABLES)
    for path in paths:
        assert pq.read_table(path).to_pandas().equals(getattr(sample, path.stem).to_pandas())
    array = ak.from_parquet(tmp_path / "out" / "singles.parquet")
    assert len(array) == 100 and set(ak.to_list(array.pid)) == {"muon"}


def test_tables_without_rows_have_their_columns(tmp_path):
    none = records([(1, singles(np.empty(0)))], [spill(1)])
    (path,) = export_records(none, tmp_path / "none.root", "root")
    with uproot.open(path) as file:
        assert set(pairs([])) <= set(file["pairs"].keys()) and file["pairs"].num_entries == 0


def test_a_place_that_cannot_be_written_is_named(sample, tmp_path):
    (tmp_path / "file").write_text("")
    for form in ("root", "parquet"):
        with pytest.raises(StoreError, match="cannot be written"):
            export_records(sample, tmp_path / "file" / "below", form)


def test_codes_of_a_file_are_those_of_the_program(sample, tmp_path):
    (path,) = export_records(sample, tmp_path / "run.root", "root")
    with uproot.open(path) as file:
        codes = json.loads(str(file["codes"]))
    assert {name: {int(k): v for k, v in names.items()} for name, names in codes.items()} == NAMES
