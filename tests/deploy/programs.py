"""The real Prometheus and Alertmanager on free ports, with the deployed files; only times and addresses are changed."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
ALERTMANAGER = ("alertmanager", "prometheus-alertmanager")
SPEED = 10
"""Waiting times of rules are divided by this in the tests."""


def find(*names: str) -> str:
    """Path of a program; without it the test is skipped, loudly, and fails in CI."""
    for name in names:
        if (path := shutil.which(name)) is not None:
            return path
    text = f"{names[0]} IS MISSING: what is deployed is NOT TESTED with it"
    if os.environ.get("CI"):
        pytest.fail(f"{text}, and in CI a skip is a failure")
    pytest.skip(text)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what: str, is_true: Callable[[], Any], seconds: float = 30.0, step: float = 0.1) -> Any:
    """Wait until something is there; a test must not depend on how fast it comes."""
    end = time.monotonic() + seconds
    while not (found := is_true()):
        if time.monotonic() > end:
            pytest.fail(f"waited {seconds:g} s for: {what}")
        time.sleep(step)
    return found


def ask(url: str, form: dict[str, str] | None = None) -> Any:
    """JSON answer of a program; None when it does not answer."""
    data = urllib.parse.urlencode(form).encode() if form else None
    try:
        with urllib.request.urlopen(url, data=data, timeout=5) as answer:
            return json.loads(answer.read() or b"null")
    except (OSError, ValueError):
        return None


class Program:
    """A process of the test; started again at the same place after a kill."""

    def __init__(self, arguments: Sequence[str], log: Path, ready: str) -> None:
        self._arguments, self._log, self._ready = list(arguments), log, ready
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for(f"{self._arguments[0]} to be ready, see {self._log}", self._is_ready)

    def kill(self) -> None:
        """Like a power cut."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)
            self._process = None

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def _is_ready(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            pytest.fail(f"{self._arguments[0]} ended: {self.log()[-2000:]}")
        try:
            with urllib.request.urlopen(self._ready, timeout=2) as answer:
                return answer.status == 200
        except urllib.error.HTTPError:
            return False
        except OSError:
            return False


class Prometheus(Program):
    """Scrapes the targets every second and evaluates the deployed rules as often."""

    def __init__(self, folder: Path, targets: dict[str, str], alertmanager_port: int = 9) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        _write_prometheus(folder, targets, alertmanager_port)
        arguments = [
            find("prometheus"),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--rules.alert.resend-delay=1s",
            "--log.level=warn",
        ]
        super().__init__(arguments, folder / "prometheus.log", f"{self.url}/-/ready")

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Instant vector; a refused query fails the test."""
        answer = ask(f"{self.url}/api/v1/query", {"query": expression})
        if answer is None:
            return []
        return answer["data"]["result"]

    def error(self, expression: str) -> str:
        """Why a query is refused; empty when it is not."""
        form = urllib.parse.urlencode({"query": expression}).encode()
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/query", data=form, timeout=5):
                return ""
        except urllib.error.HTTPError as error:
            return json.loads(error.read())["error"]

    def firing(self) -> dict[str, set[str]]:
        """Names of the firing alerts, by instance; that of no instance is under ''."""
        found: dict[str, set[str]] = {}
        for row in self.query('ALERTS{alertstate="firing"}'):
            found.setdefault(row["metric"].get("instance", ""), set()).add(row["metric"]["alertname"])
        return found


def _write_prometheus(folder: Path, targets: dict[str, str], alertmanager_port: int) -> None:
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{alertmanager_port}"]
    (job,) = config["scrape_configs"]
    job["static_configs"] = [_target(name, url) for name, url in targets.items()]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    for name in config["rule_files"]:
        rules = yaml.safe_load((DEPLOY / "prometheus" / name).read_text())
        for group in rules["groups"]:
            group["interval"] = "1s"
            for rule in group["rules"]:
                rule |= {key: _shorter(rule[key]) for key in ("for", "keep_firing_for") if key in rule}
        (folder / name).write_text(yaml.safe_dump(rules))


def _target(name: str, url: str) -> dict[str, Any]:
    address, _, path = url.removeprefix("http://").partition("/")
    return {"targets": [address], "labels": {"instance": name, "__metrics_path__": f"/{path}"}}


def _shorter(text: str) -> str:
    parts = {unit: int(n) for n, unit in re.findall(r"(\d+)([hms])", text)}
    seconds = parts.get("h", 0) * 3600 + parts.get("m", 0) * 60 + parts.get("s", 0)
    return f"{round(1000 * seconds / SPEED)}ms"


class Alertmanager(Program):
    """Routes and inhibits as deployed; every receiver is at an address of the test."""

    def __init__(self, folder: Path, page: str, deadman: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        (folder / "token").write_text("not-a-real-token-but-long-enough-for-one")
        config = yaml.safe_load((DEPLOY / "alertmanager" / "alertmanager.yml").read_text())
        for receiver in config["receivers"]:
            hook = dict(receiver["webhook_configs"][0])
            hook["url"] = deadman if receiver["name"] == "deadman" else page
            hook["http_config"] = {"authorization": {"type": "Bearer", "credentials_file": str(folder / "token")}}
            receiver["webhook_configs"] = [hook]
        for route in (config["route"], *config["route"]["routes"]):
            route |= {"group_wait": "0s", "group_interval": "1s", "repeat_interval": "1s"}
        (folder / "alertmanager.yml").write_text(yaml.safe_dump(config))
        arguments = [
            find(*ALERTMANAGER),
            f"--config.file={folder / 'alertmanager.yml'}",
            f"--storage.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=",
            "--log.level=warn",
        ]
        super().__init__(arguments, folder / "alertmanager.log", f"{self.url}/-/ready")

    def alerts(self) -> list[dict[str, Any]]:
        return ask(f"{self.url}/api/v2/alerts") or []


@contextmanager
def running(*programs: Program) -> Iterator[None]:
    """Start all, kill all."""
    try:
        for program in programs:
            program.start()
        yield
    finally:
        for program in programs:
            program.kill()
