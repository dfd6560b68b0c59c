"""A real Prometheus scrapes a real chain: every query of every dashboard, and every recording rule, gives data."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from monitor.alarms.rebase import rebase
from monitor.alarms.rules import shipped_reference
from monitor.ledger import Ledger
from tests.deploy.programs import DEPLOY, Prometheus, running, wait_for
from tools.grafana.boards import BOARDS

QUERIES = sorted(
    {query.expression for board in BOARDS for _, panels in board.rows for p in panels for query in p.queries}
)
RECORDED = [
    rule["record"]
    for group in yaml.safe_load((DEPLOY / "prometheus" / "recording.rules.yml").read_text())["groups"]
    for rule in group["rules"]
]


@dataclass
class Answers:
    """What Prometheus answered: rows by query, and refusals."""

    rows: dict[str, list[dict[str, Any]]]
    refusals: dict[str, str]
    firing: dict[str, set[str]]


def substituted(expression: str) -> str:
    """As Grafana fills in its variables, when All is chosen."""
    return expression.replace("$instance", ".*")


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    folder = tmp_path_factory.mktemp("live")
    log = folder / "live.log"
    url = f"sqlite:///{folder}/ledger.db"
    with Ledger.open(url) as ledger:
        # so that it holds whatever the configuration is that the shipped one was made with
        rebase(ledger, shipped_reference(), "the test", "the reference that comes with the program")
    command = [sys.executable, "-m", "dumpwatch", "live", "--spills", "500", "--speed", "max", "--port", "0"]
    command += ["--workers", "1", "--seed", "7", "--ledger", url, "--json"]
    with log.open("wb") as file:
        chain = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=file, cwd=folder)
    try:
        found = wait_for("the chain to be live", lambda: re.search(r"is live: (http://\S+)/", log.read_text()), 100)
        prometheus = Prometheus(folder / "prometheus", {"live": f"{found[1]}/metrics"})
        with running(prometheus):
            rows = _settled(prometheus)
            wrong = ("sum by (", "dumpwatch_no_such_metric")
            rows |= {query: prometheus.query(query) for query in wrong}
            refusals = {query: prometheus.error(substituted(query)) for query in (*QUERIES, *RECORDED, *wrong)}
            yield Answers(rows, refusals, _quiet(prometheus))
    finally:
        chain.send_signal(signal.SIGTERM)
        try:
            chain.wait(40)
        except subprocess.TimeoutExpired:
            chain.kill()
            chain.wait()


def _settled(prometheus: Prometheus) -> dict[str, list[dict[str, Any]]]:
    """Ask until all give data; gives up quietly, the tests say what is missing."""
    end = time.monotonic() + 40
    while True:
        rows = {query: prometheus.query(substituted(query)) for query in (*QUERIES, *RECORDED)}
        empty = [query for query, found in rows.items() if not found]
        if not empty or time.monotonic() > end:
            return rows
        time.sleep(0.5)


def _quiet(prometheus: Prometheus) -> dict[str, set[str]]:
    """What fires when the start is over: before the first spill, that there is none is told."""
    end = time.monotonic() + 20
    while (firing := prometheus.firing()) != {"": {"Watchdog"}} and time.monotonic() < end:
        time.sleep(0.5)
    return firing


@pytest.mark.timeout(240)
@pytest.mark.parametrize("query", [*QUERIES, *RECORDED])
def test_the_query_gives_data(answers: Answers, query: str) -> None:
    assert answers.refusals[query] == ""
    assert answers.rows[query]
    assert all("NaN" not in row["value"][1] for row in answers.rows[query])


def test_every_query_of_the_committed_files_was_asked() -> None:
    written = set()
    for file in (DEPLOY / "grafana" / "dashboards").glob("*.json"):
        for panel in json.loads(file.read_text())["panels"]:
            written |= {target["expr"] for target in panel.get("targets", [])}
    assert written == set(QUERIES)


def test_a_quiet_chain_raises_nothing_but_the_heartbeat(answers: Answers) -> None:
    assert answers.firing == {"": {"Watchdog"}}


def test_an_unknown_metric_gives_nothing_and_a_wrong_query_is_refused(answers: Answers) -> None:
    """So the tests above would see a dashboard that is wrong."""
    assert answers.rows["dumpwatch_no_such_metric"] == [] and answers.refusals["dumpwatch_no_such_metric"] == ""
    assert "parse error" in answers.refusals["sum by ("]
