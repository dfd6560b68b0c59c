"""`dumpwatch log`: what is written is listed; what cannot be is refused with one clear line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from daq.errors import ConfigError, StoreError
from dumpwatch import build_app
from monitor.ledger import Ledger
from tests.monitor.synthetic import make_spill


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with Ledger.open(url) as ledger:
        ledger.commit(*make_spill(burst=1))
    return url


def run(*words: str) -> str:
    result = CliRunner().invoke(build_app(), ["log", *words])
    if result.exception is not None:
        raise result.exception
    return result.stdout


def test_add_and_list(url: str) -> None:
    run("add", "MUV3 \x1b[31mnoisy", "--run", "9001", "--burst", "1", "--who", "ann", "--ledger", url)
    run("add", "shift begins", "--who", "ben", "--ledger", url)
    run("acknowledge", "BackgroundRateExcursion", "--stream", "muv3", "--text", "B2 tripped", "--ledger", url)
    rows = json.loads(run("list", "--json", "--ledger", url))["log"]
    assert [(r["kind"], r["subject"], r["run"], r["burst"]) for r in rows] == [
        ("comment", None, 9001, 1),
        ("comment", None, None, None),
        ("acknowledge", "BackgroundRateExcursion:muv3", None, None),
    ]
    assert rows[0]["text"] == "MUV3 [31mnoisy" and rows[2]["who"]  # who: the user of this session
    text = run("list", "--run", "9001", "--ledger", url)
    assert "run 9001 burst 1: MUV3" in text and "shift" not in text and "\x1b" not in text
    assert len(json.loads(run("list", "--last", "1", "--json", "--kind", "comment", "--ledger", url))["log"]) == 1


@pytest.mark.parametrize(
    "words",
    [
        ["add", "x", "--burst", "1"],
        ["add", "x", "--run", "5"],
        ["add", "x", "--run", "9001", "--burst", "2"],
        ["list", "--kind", "gossip"],
        ["acknowledge", "two words"],
    ],
)
def test_wrong_use(url: str, words: list[str]) -> None:
    with pytest.raises(ConfigError, match="log "):
        run(*words, "--ledger", url)


def test_no_ledger(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        run("add", "x", "--ledger", f"sqlite:///{tmp_path}/none.db")
    assert not (tmp_path / "none.db").exists()
