"""`dumpwatch alarms calibrate` and `show`, on a ledger."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from daq.errors import ConfigError, DataError
from monitor.alarms.rebase import Line, reference_in_force
from monitor.alarms.reference import Reference
from monitor.commands_alarms import register
from monitor.ledger import Ledger
from streaming.tally import Tally
from tests.monitor.alarms.emulated import spill

CONFIG = """
[alarms]
reference_spills = 60
streams = ["muv3", "h2"]
ratios = ["h2/q1"]
"""


def call(*args: object) -> str:
    app = typer.Typer()
    register(app)
    words = [str(word) for word in args]
    result = CliRunner().invoke(app, words, catch_exceptions=False, env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def books(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'l.db'}"
    (tmp_path / "c.toml").write_text(CONFIG, encoding="utf-8")
    with Ledger.open(url) as ledger:
        for burst in range(1, 71):
            ledger.commit(spill(burst), Tally.zero())
        ledger.commit(spill(71, halo=2.0), Tally.zero())
    return url


def test_calibrate_writes_rebases_and_show_uses_it(books: str, tmp_path: Path) -> None:
    where = ("--ledger", books, "--config", tmp_path / "c.toml")
    out = tmp_path / "r.toml"
    answer = json.loads(call("alarms", "calibrate", *where, "-o", out, "--json"))
    assert 0 < answer["predicted_sum"] <= 0.5 and answer["in_force"] is False
    made = Reference.read(out.read_text(encoding="utf-8"), "r.toml")
    assert made.model_dump(mode="json") == answer["reference"]
    # the doubled spill is an outlier of this period
    assert made.n_spills == 70 and made.provenance.who == "not said"
    with Ledger.open(books, readonly=True) as ledger:
        assert ledger.log() == []
    text = call("alarms", "calibrate", *where, "--rebase", "--who", "eve", "--why", "new collimators")
    assert "in force from now on" in text and "muv3" in text and "predicted false pages" in text
    with Ledger.open(books, readonly=True) as ledger:
        (line,) = ledger.log(kind="rebase")
        assert (line.who, line.text, line.subject) == ("eve", "new collimators", "alarm-reference")
        found = reference_in_force([line])
        assert found is not None and found.streams == made.streams and found.provenance.why == "new collimators"
    shown = json.loads(call("alarms", "show", *where, "--json"))
    assert {one["name"]: one["state"] for one in shown["streams"]} == {"muv3": "ALARM", "h2": "ALARM"}
    assert "by eve" in shown["streams"][0]["reason"]
    assert "ALARM BackgroundRateExcursion:muv3 since 7001/71" in call("alarms", "show", *where)


def test_show_without_reference_uses_the_shipped_one(books: str) -> None:
    text = call("alarms", "show", "--ledger", books)
    assert "shipped with the program" in text and "No alarm exists" in text


def test_refused(books: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="good spills"):
        call("alarms", "calibrate", "--ledger", books)
    with pytest.raises(ConfigError, match="needs both"):
        call("alarms", "calibrate", "--ledger", books, "--rebase", "--who", "eve")
    with pytest.raises(DataError, match="0 good spills"):
        call("alarms", "calibrate", "--ledger", books, "--run", 17, "--config", tmp_path / "c.toml")


def test_the_newest_line_holds_and_a_broken_one_is_not_passed_over() -> None:
    from types import SimpleNamespace

    from monitor.alarms.rules import shipped_reference

    def line(number: int, document: object) -> Line:
        return SimpleNamespace(id=number, subject="alarm-reference", document=document)

    good = shipped_reference().model_dump(mode="json")
    other = {**good, "mean_pot": 17}
    assert reference_in_force([]) is None
    assert reference_in_force([line(2, other), line(1, good)]).mean_pot == 17
    for broken in (None, {}, {**good, "schema_version": 9}, {**good, "streams": 3}):
        with pytest.raises(ConfigError, match="line 3 of the operations log"):
            reference_in_force([line(1, good), line(3, broken)])
