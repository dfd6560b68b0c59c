"""The dead-man's switch as a process: what it says, whom it tells, what it refuses."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from daq.errors import StoreError
from dumpwatch import build_app
from monitor.ledger import Ledger
from tests.deploy.switch import switch, wait_for_state
from tests.monitor.synthetic import make_spill

TOKEN = "a-token-of-the-test-that-is-long-enough-0123"


def message(stamp: object, status: str = "firing") -> str:
    labels, notes = {"alertname": "Watchdog"}, {"heartbeat": str(stamp)}
    return json.dumps({"version": "4", "alerts": [{"status": status, "labels": labels, "annotations": notes}]})


def post(port: int, body: str, path: str = "/alertmanager", **headers: str) -> int:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        link.request("POST", path, body, headers)
        answer = link.getresponse()
        assert answer.read() in (b"{}",)
        return answer.status
    finally:
        link.close()


def health(port: int) -> int:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        link.request("GET", "/healthz")
        return link.getresponse().status
    finally:
        link.close()


def test_it_speaks_by_line_program_and_file_and_says_when_it_is_over(tmp_path: Path) -> None:
    tell, metrics = tmp_path / "tell", tmp_path / "deadman.prom"
    tell.write_text(f'#!/bin/sh\necho "$1|$2" >> {tmp_path}/told\n')
    tell.chmod(0o755)
    options = ("--silence", "1", "--repeat", "1", "--tell", str(tell), "--textfile", str(metrics))
    with switch(tmp_path, *options) as switched:
        assert health(switched.port) == 200
        assert "dumpwatch_deadman_alarm 0" in metrics.read_text()
        assert "no heartbeat" in wait_for_state(switched, "ALARM")
        assert health(switched.port) == 503
        assert "dumpwatch_deadman_alarm 1" in metrics.read_text()
        assert post(switched.port, message(1)) == 200
        wait_for_state(switched, "OK")
        assert post(switched.port, message(1, "resolved")) == 200
        assert wait_for_state(switched, "ALARM") == "Watchdog ended"
    told = (tmp_path / "told").read_text().splitlines()
    assert told[0] == "ALARM|silence: no heartbeat for more than 1 s"
    assert "OK|the heartbeat of Prometheus arrives" in told and "ALARM|Watchdog ended" in told


def test_it_can_end_with_an_alarm(tmp_path: Path) -> None:
    with switch(tmp_path, "--silence", "1", "--exit-on-alarm") as switched:
        assert switched.process.wait(20) == 1
        assert switched.state() == "ALARM"


def test_requests_are_bounded_and_need_the_token(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(TOKEN + "\n")
    token.chmod(0o600)
    good = {"Authorization": f"Bearer {TOKEN}"}
    with switch(tmp_path, "--token-file", str(token)) as switched:
        port = switched.port
        assert post(port, message(1)) == 401
        assert post(port, message(1), Authorization=f"Bearer {TOKEN}x") == 401
        assert post(port, message(1), "/other", **good) == 404
        assert post(port, "no json", **good) == 400
        assert post(port, "[" * 5000, **good) == 400
        assert post(port, "{}", **good) == 400
        assert post(port, message("x" * 300_000), **good) == 413
        assert post(port, message(1), **good) == 200


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--host", "0.0.0.0"), 1, "give --token-file"),
        (("--tell", "/nowhere/tell"), 2, "no program that can be run"),
        (("--silence", "0"), 2, "silence"),
    ],
)
def test_what_is_wrong_is_said_at_the_start(options: tuple[str, ...], code: int, words: str) -> None:
    command = [sys.executable, "-m", "dumpwatch", "deadman", "--port", "0", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code and words in done.stderr, done.stderr


def test_the_age_of_the_newest_row_is_a_second_path(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"

    def age(*options: str) -> tuple[int, str]:
        done = CliRunner().invoke(build_app(), ["ledger-age", "--ledger", url, *options])
        return done.exit_code, done.output

    with pytest.raises(StoreError, match="no such file"):
        CliRunner().invoke(build_app(), ["ledger-age", "--ledger", url], catch_exceptions=False)
    with Ledger.open(url) as ledger:
        assert age() == (1, "the ledger is empty\n")
        ledger.commit(*make_spill())
        code, text = age()
        assert code == 0 and text.startswith("run 9001 burst 1 was booked ")
    with Ledger.open(url, now_ns=lambda: time.time_ns() - 400 * 10**9) as ledger:
        ledger.commit(*make_spill(burst=2))
    assert age()[0] == 1 and age("--limit", "500")[0] == 0
