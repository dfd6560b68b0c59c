"""`dumpwatch spills` and `dumpwatch pot`."""

from __future__ import annotations

import csv
import io
import json

import pytest
import typer
from typer.testing import CliRunner

from daq.errors import ConfigError, StoreError
from monitor.commands_ledger import register
from monitor.ledger import Ledger


def call(*args: str) -> str:
    app = typer.Typer()
    register(app)
    result = CliRunner().invoke(app, args, catch_exceptions=False, env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result.output


def test_spills_json_is_one_document(filled: Ledger, ledger_url: str) -> None:
    answer = json.loads(call("spills", "--json", "--last", "2", "--ledger", ledger_url))
    assert answer["spills"] == [spill.model_dump(mode="json") for spill in filled.spills()[1:]]
    assert answer["run"] is None and answer["totals"] == filled.totals().model_dump(mode="json")
    assert json.loads(call("spills", "--json", "--run", "17", "--ledger", ledger_url))["spills"] == []


def test_spills_table(filled: Ledger, ledger_url: str) -> None:
    text = call("spills", "--ledger", ledger_url)
    for word in ("9001/1", "9001/3", "INCOMPLETE", "NO_POT", "3 spills, 1 incomplete", "1 spills without POT"):
        assert word in text


@pytest.mark.parametrize(("by", "keys"), [("spill", 3), ("run", 1), ("day", 1), ("b2", 1)])
def test_pot(filled: Ledger, ledger_url: str, by: str, keys: int) -> None:
    answer = json.loads(call("pot", "--by", by, "--json", "--ledger", ledger_url))
    assert len(answer["rows"]) == keys and answer["totals"]["pot"] == 10**13
    table = list(csv.DictReader(io.StringIO(call("pot", "--by", by, "--csv", "--ledger", ledger_url))))
    assert [row["key"] for row in table] == [row["key"] for row in answer["rows"]]
    assert int(table[-1]["running_pot"]) == 10**13 and int(table[-1]["running_pot_error"]) == 2 * 10**12
    assert "1.000e+13" in call("pot", "--by", by, "--ledger", ledger_url)


def test_wrong_use(filled: Ledger, ledger_url: str) -> None:
    with pytest.raises(ConfigError, match="spill, run, day, b2"):
        call("pot", "--by", "week", "--ledger", ledger_url)
    with pytest.raises(ConfigError, match="--csv"):
        call("pot", "--json", "--csv", "--ledger", ledger_url)
    with pytest.raises(StoreError, match="no such file"):
        call("pot", "--ledger", ledger_url + ".none")
