"""`dumpwatch spills` and `dumpwatch pot`."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from daq.errors import ConfigError, StoreError
from monitor.commands_ledger import register
from monitor.ledger import Ledger
from tests.monitor.synthetic import make_spill


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


def test_judgements_are_shown_and_selected(filled: Ledger, ledger_url: str) -> None:
    at = ("--ledger", ledger_url)
    answer = json.loads(call("spills", "--json", *at))
    assert answer["judgements"]["9001/2"] == {"good": False, "reasons": ["INCOMPLETE"]}
    good = json.loads(call("spills", "--json", "--quality", "good", *at))
    assert [spill["burst"] for spill in good["spills"]] == [1] and good["totals"]["n_spills"] == 1
    assert json.loads(call("spills", "--json", "--b2", "770", *at))["spills"] == []
    rows = json.loads(call("pot", "--by", "spill", "--json", *at))
    assert rows["good"]["n_good"] == 1 and rows["good"]["reasons"] == {"INCOMPLETE": 1, "NO_POT": 1}
    first = rows["rows"][0]
    assert first["weights"] == {"H2": 1.0, "LKR": 1.0, "Q1": 20.0} and first["good"] and first["live_fraction"] > 0.9
    (run,) = json.loads(call("pot", "--quality", "good", "--json", *at))["rows"]
    assert (run["n_spills"], run["pot"], run["pot_spill_error"]) == (1, 5 * 10**12, 10**11)
    assert "good" in call("spills", *at)


def test_corrections_on_the_command_line(filled: Ledger, ledger_url: str) -> None:
    filled.close()
    at = ("--ledger", ledger_url)
    done = call(
        "spills", "correct", "9001/3", "--field", "pot", "--value", "49e11", "--who", "ann", "--why", "BCT", *at
    )
    assert "pot None -> 4900000000000, by ann: revision 1, good; the old row is kept" in done
    rows = json.loads(call("spills", "history", "9001/3", "--json", *at))["revisions"]
    assert [(row["who"], row["pot"], row["good"]) for row in rows] == [
        ("chain", None, False),
        ("ann", 4_900_000_000_000, True),
    ]
    assert "None -> 4900000000000" in call("spills", "history", "9001/3", *at)
    with pytest.raises(ConfigError, match="wanted RUN/BURST"):
        call("spills", "history", "9001-3", *at)
    with pytest.raises(StoreError, match="not booked"):
        call("spills", "history", "9001/99", *at)


def test_goals_gaps_and_k3pi(filled: Ledger, ledger_url: str, tmp_path: Path) -> None:
    filled.commit(*make_spill(burst=9, mode="KAON"))
    filled.commit(*make_spill(burst=9, mode="KAON"))
    filled.close()
    at = ("--ledger", ledger_url)
    answer = json.loads(call("pot", "goals", "--json", *at))
    assert [goal["goal"] for goal in answer["goals"]] == [1.4e17, 1e18]
    assert [goal["pot"] for goal in answer["goals"]] == [5 * 10**12] * 2 and answer["goals"][0]["date"] is None
    assert "1.4e+17" in call("pot", "goals", *at)
    found = json.loads(call("pot", "gaps", "--json", *at))
    assert [(g["first"], g["last"]) for g in found["absent"]] == [(4, 8)] and found["repeats"][0]["n"] == 1
    assert "burst 4 to 8 not in the ledger (5)" in call("pot", "gaps", *at)
    path = tmp_path / "k.csv"
    path.write_text("run,burst,n_k3pi,downscaling\n9001,9,2233,100\n9001,10,5,100\n")
    assert "2 rows, 2 of them new" in call("pot", "k3pi", "--import", str(path), "--who", "bob", *at)
    answer = json.loads(call("pot", "k3pi", "--json", *at))
    (row,) = answer["rows"]
    assert answer["n_without_pot"] == 1 and row["agrees"] and row["ratio"] == pytest.approx(1.0, abs=1e-3)
    assert "yes" in call("pot", "k3pi", *at)


def test_the_ledger_of_the_configuration_is_used(filled: Ledger, ledger_url: str, tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(f'[paths]\nledger = "{ledger_url}"\n[accounting]\nsem_relative_noise = 0.1\n')
    assert len(json.loads(call("spills", "--json", "--config", str(path)))["spills"]) == 3
    answer = json.loads(call("pot", "--json", "--config", str(path)))
    assert answer["good"]["pot_spill_error"] == 5 * 10**11
    with pytest.raises(StoreError, match="no such file"):  # a --ledger wins
        call("pot", "--config", str(path), "--ledger", f"sqlite:///{tmp_path}/none.db")


@pytest.mark.parametrize(
    ("option", "message"),
    [(("--quality", "fair"), "wanted good or all"), (("--day", "May"), "wanted a day as YYYY-MM-DD")],
)
def test_wrong_selections(filled: Ledger, ledger_url: str, option: tuple[str, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        call("pot", *option, "--ledger", ledger_url)
